"""What agents do with the API: tool loops, resent history, polling, retries, many at once."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from google import genai

from pytest_interactions import CassetteMissError
from pytest_interactions.server.emulator import Hold
from tests.cassette.clients import KEY, MODEL, _post, sdk
from tests.support import real_traffic, sockets, use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator

WEATHER = {
    "type": "function",
    "name": "get_current_temperature",
    "description": "Gets the current temperature for a given location.",
    "parameters": {
        "type": "object",
        "properties": {"location": {"type": "string", "description": "The city name, e.g. San Francisco"}},
        "required": ["location"],
    },
}
QUESTION = "What is the temperature in London?"


def _result(step: Any) -> dict[str, Any]:
    result = {"location": step.arguments["location"], "temperature": "22", "unit": "celsius"}
    return {
        "type": "function_result",
        "name": step.name,
        "call_id": step.id,
        "result": [{"type": "text", "text": json.dumps(result)}],
    }


def stateful(url: str) -> list[Any]:
    """The quickstart's tool loop, with the history kept by the server."""
    client, user_input, previous, seen = sdk(url), QUESTION, None, []
    while True:
        interaction = client.interactions.create(
            model=MODEL, input=user_input, tools=[WEATHER], previous_interaction_id=previous
        )
        seen.append((interaction.status, interaction.output_text))
        results = [_result(step) for step in interaction.steps if step.type == "function_call"]
        if not results:
            return seen
        user_input, previous = results, interaction.id  # type: ignore[assignment]


def stateless(url: str) -> list[Any]:
    """The quickstart's tool loop, with the history, signatures and all, resent each turn."""
    client, seen = sdk(url), []
    history: list[Any] = [{"type": "user_input", "content": [{"type": "text", "text": QUESTION}]}]
    while True:
        interaction = client.interactions.create(model=MODEL, store=False, input=history, tools=[WEATHER])
        seen.append((interaction.status, interaction.output_text))
        results = []
        for step in interaction.steps:
            history.append(step.model_dump())
            if step.type == "function_call":
                results.append(_result(step))
                history.append(results[-1])
        if not results:
            return seen


def background(url: str) -> list[Any]:
    """The quickstart's background job, polled until it is completed."""
    client = sdk(url)
    job = client.interactions.create(model=MODEL, input="Analyse healthcare.", background=True)
    seen = [job.status]
    while seen[-1] != "completed":
        time.sleep(0)
        seen.append(client.interactions.get(job.id).status)
    return seen


@pytest.mark.parametrize("conversation", [stateful, stateless, background])
def test_a_conversation_replays(conversation: Callable[[str], list[Any]], emulator: Emulator, tmp_path: Path) -> None:
    """A tool loop, stateful and not, and a background job replay with the server gone."""
    cassette = tmp_path / "c.yaml"
    with use_cassette(cassette, record_mode="once"):
        first = conversation(emulator.url)
    assert len(first) >= 2
    emulator.stop()
    with use_cassette(cassette) as replay, sockets() as opened:
        assert conversation(emulator.url) == first
    assert replay.all_played
    assert opened == []


def test_the_sdks_retries_replay(emulator: Emulator, tmp_path: Path) -> None:
    """A 503 that the SDK retried is recorded and retried again on replay, without the wait."""
    emulator.on(input="Hello").reply(error=503, retry_after=0.01, times=2)

    def ask() -> Any:
        client: Any = genai.Client(
            api_key=KEY,
            http_options={"base_url": emulator.url, "retry_options": {"attempts": 4, "initial_delay": 0.01}},
        )
        return client.interactions.create(model=MODEL, input="Hello").output_text

    cassette = tmp_path / "c.yaml"
    with use_cassette(cassette, record_mode="once") as recording:
        first = ask()
    assert [exchange.response.status for exchange in recording.exchanges] == [503, 503, 200]
    emulator.stop()
    with use_cassette(cassette, fast_forward=True) as replay:
        assert ask() == first
    assert replay.all_played
    assert replay.sleeps.seconds > 0


async def test_gathered_requests_get_each_their_own_answer(emulator: Emulator, tmp_path: Path) -> None:
    """A slow and a fast request at once: recorded in the order of their requests, replayed unswapped."""
    gate = Hold(before=0)
    emulator.on(input="slow").reply(text="the slow answer", hold=gate)
    emulator.on(input="fast").reply(text="the fast answer")
    cassette = tmp_path / "c.yaml"

    async def ask(prompt: str) -> Any:
        async with sdk(emulator.url).aio as client:
            text = (await client.interactions.create(model=MODEL, input=prompt)).output_text
            if prompt == "fast":
                gate.release()
            return text

    with use_cassette(cassette, record_mode="once") as recording:
        first = await asyncio.gather(ask("slow"), ask("fast"))
    assert list(first) == ["the slow answer", "the fast answer"]
    assert [e.request.json()["input"] for e in recording.exchanges] == ["slow", "fast"]
    emulator.stop()
    with use_cassette(cassette):
        assert await asyncio.gather(ask("slow"), ask("fast")) == first


def test_identical_requests_replay_in_recorded_order(emulator: Emulator, tmp_path: Path) -> None:
    """The same prompt asked twice gets its two answers in order, and a third time is a miss."""
    emulator.on(input="Roll").reply(text="one", times=1)
    emulator.on(input="Roll").reply(text="six")
    cassette = tmp_path / "c.yaml"
    with use_cassette(cassette, record_mode="once"), sdk(emulator.url) as client:
        rolls = [client.interactions.create(model=MODEL, input="Roll").output_text for _ in range(2)]
    assert rolls == ["one", "six"]
    with pytest.raises(CassetteMissError, match="asked for it 3 times, with 2 recorded"), use_cassette(cassette):
        for expected in ["one", "six", "none"]:
            assert sdk(emulator.url).interactions.create(model=MODEL, input="Roll").output_text == expected


def _poll(client: httpx.Client, url: str, job: str) -> str:
    return str(client.get(f"{url}/v1beta/interactions/{job}", headers={"x-goog-api-key": KEY}).json()["status"])


def test_a_poll_beyond_the_last_keeps_saying_completed(emulator: Emulator, tmp_path: Path) -> None:
    """A fourth poll of three recorded ones says completed still; fewer polls than recorded are no failure."""
    emulator.on(input="Analyse").reply(text="Done.", statuses=["queued", "in_progress"])
    cassette = tmp_path / "c.yaml"
    request = _post(emulator.url, "Analyse")
    request["json"]["background"] = True
    with use_cassette(cassette, record_mode="once"), httpx.Client() as client:
        job = client.request(**request).json()["id"]
        polls = [_poll(client, emulator.url, job) for _ in range(3)]
    assert polls[-1] == "completed"
    assert polls[0] != "completed"
    emulator.stop()
    with use_cassette(cassette), httpx.Client() as client:
        assert client.request(**request).json()["id"] == job
        assert [_poll(client, emulator.url, job) for _ in range(5)] == [*polls, "completed", "completed"]
    with use_cassette(cassette) as replay, httpx.Client() as client:
        client.request(**request)
        assert not replay.all_played


@pytest.mark.parametrize("status", ["requires_continuation", "idle"])
def test_a_poll_settles_where_the_client_goes_on(emulator: Emulator, tmp_path: Path, status: str) -> None:
    """By a new interaction, so that this one says the same for ever."""
    emulator.on(input="Analyse").reply(status=status)
    cassette = tmp_path / "c.yaml"
    request = _post(emulator.url, "Analyse")
    with use_cassette(cassette, record_mode="once"), httpx.Client() as client:
        job = client.request(**request).json()["id"]
        assert _poll(client, emulator.url, job) == status
    with use_cassette(cassette), httpx.Client() as client:
        client.request(**request)
        assert [_poll(client, emulator.url, job) for _ in range(2)] == [status, status]


def test_a_poll_beyond_an_unfinished_last_is_a_miss(emulator: Emulator, tmp_path: Path) -> None:
    """Polling further than was recorded, when the last one said in_progress, is loud."""
    emulator.on(input="Analyse").reply(text="Done.", statuses=["in_progress", "in_progress", "in_progress"])
    cassette = tmp_path / "c.yaml"
    request = _post(emulator.url, "Analyse")
    request["json"]["background"] = True
    with use_cassette(cassette, record_mode="once"), httpx.Client() as client:
        job = client.request(**request).json()["id"]
        _poll(client, emulator.url, job)
    with pytest.raises(CassetteMissError, match="2 times, with one recorded"), use_cassette(cassette):
        with httpx.Client() as client:
            client.request(**request)
            _poll(client, emulator.url, job)
            _poll(client, emulator.url, job)


# --- cassettes of the live API, recorded by another tool with an older SDK ---

REAL = "braintrust-sdk-python"
MODEL_THEN = "gemini-2.5-flash"


TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the current weather for a location.",
    "parameters": {
        "type": "object",
        "properties": {"location": {"type": "string"}},
        "required": ["location"],
    },
}


def _create_and_get(client: Any) -> None:
    created = client.interactions.create(model=MODEL_THEN, input="What is the capital of France?")
    got = client.interactions.get(created.id, include_input=True)
    assert got.id == created.id
    assert "Paris" in (created.output_text or "")


def _stream(client: Any) -> None:
    stream = client.interactions.create(model=MODEL_THEN, input="Say hi in five words or less.", stream=True)
    assert [event.event_type for event in stream][-1] == "interaction.completed"


def _async_stream(client: Any) -> None:
    async def ask() -> None:
        stream = await client.aio.interactions.create(model=MODEL_THEN, input="Say hi shortly.", stream=True)
        assert [event.event_type async for event in stream][-1] == "interaction.completed"

    asyncio.run(ask())


def _async_round_trip(client: Any) -> None:
    async def ask() -> None:
        created = await client.aio.interactions.create(model=MODEL_THEN, input="What is the capital of Italy?")
        assert (await client.aio.interactions.get(created.id, include_input=True)).id == created.id
        await client.aio.interactions.delete(created.id)

    asyncio.run(ask())


def _delete(client: Any) -> None:
    created = client.interactions.create(model=MODEL_THEN, input="Reply with exactly ok.")
    client.interactions.delete(created.id)


def _tool_loop(client: Any) -> None:
    first = client.interactions.create(
        model=MODEL_THEN, input="What is the weather like in Paris? Use the tool.", tools=[TOOL]
    )
    assert first.status == "requires_action"
    call = next(step for step in first.steps if step.type == "function_call")
    result = {"type": "function_result", "name": call.name, "call_id": call.id, "result": {"forecast": "sunny"}}
    second = client.interactions.create(
        model=MODEL_THEN, input=[result], tools=[TOOL], previous_interaction_id=first.id
    )
    assert "sunny" in (second.output_text or "")


def _legacy(client: Any) -> None:
    url = "https://generativelanguage.googleapis.com/v1beta/interactions"
    body = {"model": MODEL_THEN, "input": "What is the capital of France?"}
    first = httpx.post(url, json=body).json()
    assert "Paris" in first["outputs"][-1]["text"]
    assert httpx.get(f"{url}/{first['id']}?include_input=true").json()["status"] == "completed"
    for _ in range(2):
        with pytest.raises(Exception, match="legacy Interactions API schema is no longer"):
            client.interactions.create(**body)


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("test_interactions_create_and_get", _create_and_get),
        ("test_interactions_create_stream", _stream),
        ("test_interactions_async_stream", _async_stream),
        ("test_interactions_async_round_trip", _async_round_trip),
        ("test_interactions_delete", _delete),
        ("test_interactions_tool_call_and_follow_up", _tool_loop),
        ("test_interactions_tool_span_stays_active_during_local_tool_work", _tool_loop),
        ("legacy_create_and_get", _legacy),
    ],
)
def test_real_recordings_of_another_tool_replay(name: str, calls: Callable[[Any], None]) -> None:
    """What vcrpy recorded from the live API, on /v1beta with an older SDK, replays through today's SDK, with no key."""
    with use_cassette(real_traffic(f"{REAL}/{name}.yaml")) as cassette:
        calls(genai.Client())
    assert cassette.all_played
