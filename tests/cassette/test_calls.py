"""One call of the app is one interaction, however many exchanges it took: the real SDK over real sockets."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from google import genai

from pytest_interactions import use_cassette
from pytest_interactions.api.transcript import transcript
from tests.cassette.clients import sdk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.server.emulator import Emulator

MODEL = "gemini-3.5-flash"
STORY = "Once upon a time a test was written, and it passed for ever after."
WORDS = [word + " " for word in STORY.split(" ")]
EXPECTED = f"turn 1: completed\n  thought\n  model_output: {STORY}\n"


def unary(url: str, prompt: str, **more: Any) -> Any:
    """An interaction of the SDK's synchronous client."""
    with sdk(url) as client:
        return client.interactions.create(model=MODEL, input=prompt, **more)


def streamed(url: str, prompt: str, **more: Any) -> Any:
    """The events of that client."""
    with sdk(url) as client:
        return list(client.interactions.create(model=MODEL, input=prompt, stream=True, **more))


def unary_async(url: str, prompt: str, **more: Any) -> Any:
    """An interaction of the asynchronous client."""
    return asyncio.run(_unary(url, prompt, **more))


def streamed_async(url: str, prompt: str, **more: Any) -> Any:
    """The events of that client."""
    return asyncio.run(_streamed(url, prompt, **more))


async def _unary(url: str, prompt: str, **more: Any) -> Any:
    client = genai.Client(api_key="k", http_options={"base_url": url}).aio
    try:
        return await client.interactions.create(model=MODEL, input=prompt, **more)
    finally:
        await client.aclose()


async def _streamed(url: str, prompt: str, **more: Any) -> Any:
    client: Any = genai.Client(api_key="k", http_options={"base_url": url}).aio
    try:
        return [e async for e in await client.interactions.create(model=MODEL, input=prompt, stream=True, **more)]
    finally:
        await client.aclose()


def both(path: Path, app: Callable[[], Any], check: Callable[[Cassette, Any], None]) -> None:
    """Record `app` and replay it, with a check of what the cassette shows each time."""
    for mode in ("once", "none"):
        with use_cassette(path, record_mode=mode) as cassette:
            check(cassette, app())


@pytest.mark.parametrize("store", [True, False], ids=["stored", "stateless"])
@pytest.mark.parametrize("ask", [unary, streamed, unary_async, streamed_async])
def test_a_call_is_one_turn_in_one_hop_or_in_ten(emulator: Emulator, tmp_path: Path, ask: Any, store: bool) -> None:
    """The fixture and the SDK's own object give the same text, which does not tell the number of hops."""
    for hops in range(1, 11) if ask in (unary, streamed) and store else (1, 2, 10):
        prompt = f"Tell a story in {hops:02}"
        emulator.on(input=prompt).reply(text=STORY, hops=hops)

        def check(cassette: Cassette, answer: Any, hops: int = hops, prompt: str = prompt) -> None:
            assert len(cassette.exchanges) == hops
            (interaction,) = cassette.interactions
            assert transcript(cassette) == transcript(answer) == EXPECTED
            assert interaction.input == prompt
            assert interaction.output_text == STORY

        both(tmp_path / f"{hops}.yaml", partial(ask, emulator.url, prompt, store=store), check)


@pytest.mark.parametrize("store", [True, False], ids=["stored", "stateless"])
def test_calls_at_once_are_told_apart(emulator: Emulator, tmp_path: Path, store: bool) -> None:
    """Each hop goes to the call that it goes on with, also among calls that say the same, streamed or not."""
    numbers = [3, 1, 4, 1, 5, 3, 3]
    for hops in {*numbers}:
        emulator.on(input=f"in {hops}").reply(text=f"{hops}: {STORY}", hops=hops)

    async def ask() -> list[Any]:
        kinds = (_unary, _streamed)
        asked = [kinds[n % 2](emulator.url, f"in {hops}", store=store) for n, hops in enumerate(numbers)]
        return await asyncio.gather(*asked)

    def check(cassette: Cassette, answers: list[Any]) -> None:
        assert len(cassette.exchanges) == sum(numbers)
        found = sorted(transcript(interaction) for interaction in cassette.interactions)
        assert found == sorted(map(transcript, answers))

    both(tmp_path / "c.yaml", lambda: asyncio.run(ask()), check)


def test_the_usage_of_a_call_is_that_of_its_hops(emulator: Emulator, tmp_path: Path) -> None:
    """The interaction is what the SDK makes of the hops, field by field."""
    emulator.on(input="story").reply(text=STORY, hops=4)

    def check(cassette: Cassette, answer: Any) -> None:
        (interaction,) = cassette.interactions
        left_out = {"output_text", "steps", "continuation_token"}
        made = json.loads(answer.model_dump_json(exclude_unset=True, exclude=left_out))
        assert {name: interaction.model_dump().get(name) for name in made} == made
        assert len(interaction.steps or []) == len(answer.steps)

    both(tmp_path / "c.yaml", lambda: unary(emulator.url, "story"), check)


@pytest.mark.parametrize("hops", [1, 3])
def test_a_conversation_goes_on_after_a_call_of_several_hops(emulator: Emulator, tmp_path: Path, hops: int) -> None:
    """The next turn shows its own input alone, whether the history is stored or sent again."""
    emulator.on(input="story").reply(text=STORY, hops=hops)

    def stored(client: Any) -> None:
        first = client.interactions.create(model=MODEL, input="A story")
        client.interactions.create(model=MODEL, input="Thanks", previous_interaction_id=first.id)

    def resent(client: Any) -> None:
        first = client.interactions.create(model=MODEL, input="A story", store=False)
        history = [{"type": "user_input", "content": [{"type": "text", "text": "A story"}]}]
        history += [step.model_dump() for step in first.steps]
        thanks = {"type": "user_input", "content": [{"type": "text", "text": "Thanks"}]}
        client.interactions.create(model=MODEL, input=[*history, thanks], store=False)

    def check(cassette: Cassette, _answer: None) -> None:
        assert transcript(cassette) == (
            f"{EXPECTED}turn 2: completed\n  user_input: Thanks\n  thought\n"
            "  model_output: You said: Thanks Earlier you said: A story\n"
        )

    for app in (stored, resent):

        def run(app: Callable[[Any], None] = app) -> None:
            with sdk(emulator.url) as client:
                app(client)

        both(tmp_path / f"{app.__name__}.yaml", run, check)


@pytest.mark.parametrize("ask", [streamed, streamed_async])
def test_a_stream_that_reconnects_is_one_call(emulator: Emulator, tmp_path: Path, ask: Any) -> None:
    """The SDK goes on from a checkpoint after a break, inside one `create`."""
    emulator.on(input="story").reply(text=STORY, hops=2, cut_after=2)

    def check(cassette: Cassette, events: Any) -> None:
        assert len(cassette.exchanges) == 3
        assert len(cassette.interactions) == 1
        assert transcript(cassette) == transcript(events) == EXPECTED

    both(tmp_path / "c.yaml", lambda: ask(emulator.url, "story"), check)


def test_retries_are_no_calls(emulator: Emulator, tmp_path: Path) -> None:
    """The SDK asks again after an error that may pass."""
    emulator.on(input="story").reply(error=503, times=1)
    emulator.on(input="story").reply(error=429, times=1)
    emulator.on(input="story").reply(text=STORY)

    def ask() -> Any:
        options: Any = {"base_url": emulator.url, "retry_options": {"attempts": 4, "initial_delay": 0.01}}
        with genai.Client(api_key="k", http_options=options) as client:
            return client.interactions.create(model=MODEL, input="story")

    def check(cassette: Cassette, answer: Any) -> None:
        assert len(cassette.exchanges) == 3
        assert transcript(cassette) == transcript(answer) == EXPECTED

    both(tmp_path / "c.yaml", ask, check)


def test_polls_are_no_calls(emulator: Emulator, tmp_path: Path) -> None:
    """Background work is one interaction, in its last state."""
    emulator.on(input="story").reply(text=STORY)

    def ask() -> Any:
        with sdk(emulator.url) as client:
            job = client.interactions.create(model=MODEL, input="story", background=True)
            while job.status != "completed":
                job = client.interactions.get(job.id)
            return job

    def check(cassette: Cassette, answer: Any) -> None:
        assert len(cassette.exchanges) > 2
        assert [interaction.input for interaction in cassette.interactions] == ["story"]
        assert transcript(cassette) == transcript(answer) == EXPECTED

    both(tmp_path / "c.yaml", ask, check)


@pytest.mark.parametrize("new", [19, 7, 4, 1])
@pytest.mark.parametrize("again", [0, 1, 2])
def test_a_stream_that_is_resumed_is_one_call(emulator: Emulator, tmp_path: Path, new: int, again: int) -> None:
    """A middle piece has no end that tells its id, and events may be sent again."""
    emulator.on(input="story").reply(text=WORDS, cut_after=3)
    emulator.on(operation="get").reply(cut_after=again + new)

    def check(cassette: Cassette, events: list[Any]) -> None:
        assert len(cassette.exchanges) - 1 == -(-19 // new)
        (interaction,) = cassette.interactions
        assert interaction.id == events[0]["interaction"]["id"]
        assert transcript(cassette) == transcript(events) == EXPECTED

    both(tmp_path / "c.yaml", lambda: resumed(emulator.url, again), check)


def resumed(url: str, again: int) -> list[Any]:
    """The events of a background stream, which is resumed when it breaks, each time from `again` events before."""
    events: list[Any] = []
    body = {"model": MODEL, "input": "story", "background": True, "stream": True}
    url = f"{url}/v1beta/interactions"
    with httpx.Client(headers={"x-goog-api-key": "k"}) as client:
        response = client.stream("POST", url, json=body)
        while not events or events[-1]["event_type"] != "interaction.completed":
            with suppress(httpx.RemoteProtocolError), response as stream:
                for line in stream.iter_lines():
                    events += [json.loads(line.removeprefix("data: "))] if line.startswith("data: {") else []
            last = events[max(0, len(events) - 1 - again)]["event_id"]
            name = events[0]["interaction"]["id"]
            response = client.stream("GET", f"{url}/{name}", params={"stream": "true", "last_event_id": last})
    return events


def test_the_sdk_s_resumed_stream_is_one_call(emulator: Emulator, tmp_path: Path) -> None:
    """Its asynchronous client resumes background work three times."""
    emulator.on(input="story").reply(text=WORDS, stop_after=3)
    emulator.on(operation="get").reply(stop_after=5, times=2)

    async def ask() -> list[Any]:
        client: Any = genai.Client(api_key="k", http_options={"base_url": emulator.url}).aio
        events: list[Any] = []
        stream = await client.interactions.create(model=MODEL, input="story", background=True, stream=True)
        try:
            while True:
                events += [event async for event in stream]
                if events[-1].event_type == "interaction.completed":
                    return events
                name = events[0].interaction.id
                stream = await client.interactions.get(name, stream=True, last_event_id=events[-1].event_id)
        finally:
            await client.aclose()

    def check(cassette: Cassette, events: list[Any]) -> None:
        assert len(cassette.exchanges) == 4
        assert len(cassette.interactions) == 1
        assert transcript(cassette) == transcript(events) == EXPECTED

    both(tmp_path / "c.yaml", lambda: asyncio.run(ask()), check)
