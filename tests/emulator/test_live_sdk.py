"""Live interactions through google-genai, alone and recorded."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from google import genai

from pytest_interactions.server.emulator import Emulator
from tests.emulator.live import MODEL, WEATHER, talking
from tests.live.talk import live_sdk
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

live_sdk()

pytestmark = pytest.mark.filterwarnings("ignore:.*experimental:UserWarning")


@asynccontextmanager
async def connected(base: str, name: str, key: str = "any") -> AsyncIterator[Any]:
    """Take part in an interaction."""
    client = genai.Client(api_key=key, http_options={"base_url": base, "api_version": "v1beta"})
    async with client.aio.interactions.connect(name) as connection:
        yield connection
    await client.aio.aclose()


async def heard(connection: Any, stop: str = "usage") -> list[Any]:
    """Return the events up to the last one of an answer, or up to the end."""
    events = []
    async for event in connection.receive():
        events.append(event)
        if getattr(event, stop, None):
            break
    return events


def said(events: list[Any]) -> str:
    """Return the text of an answer."""
    return "".join(getattr(event.delta, "text", "") for event in events if event.event_type == "step.delta")


@pytest.fixture
def name(emulator: Emulator) -> str:
    """The id of a live interaction that has said nothing yet."""
    with talking(emulator) as talk:
        return talk.create(tools=[WEATHER])


async def test_an_app_talks(emulator: Emulator, name: str) -> None:
    """It says something, has a function called, brings the result, and completes."""
    async with connected(emulator.url, name) as connection:
        await connection.send("Hello")
        assert said(await heard(connection)) == "You said: Hello"
        await connection.send("What is the weather in Paris?")
        events = await heard(connection)
        steps = [event.step for event in events if event.event_type == "step.start"]
        [call] = [step for step in steps if step.type == "function_call"]
        result = {"type": "function_result", "call_id": call.id, "name": call.name, "result": "sun"}
        await connection.send({"event_type": "input", "content": [result]})
        assert said(await heard(connection)) == "get_weather returned sun."
        await connection.complete()
        [completed] = await heard(connection, "none")
    assert completed.event_type == "interaction.completed"
    assert completed.usage.total_tokens > 0


async def test_each_event_is_of_a_type_that_the_sdk_knows(emulator: Emulator, name: str) -> None:
    """No field of it is one that the SDK has no name for."""
    from tests.emulator.test_models import unknown

    async with connected(emulator.url, name) as connection:
        await connection.send([{"event_type": "input", "content": []}, {"event_type": "no"}])
        await connection.complete()
        events = await heard(connection, "none")
    assert {event.event_type for event in events} == {
        *("interaction.connected", "step.start", "step.delta", "step.stop", "error", "interaction.completed")
    }
    assert [unknown(event) for event in events] == [[]] * len(events)


async def test_an_app_detaches_and_comes_back(emulator: Emulator, name: str) -> None:
    for words in ("one", "two"):
        async with connected(emulator.url, name) as connection:
            await connection.send(words)
            await heard(connection)
    assert "Earlier you said: one" in said(await _rest(emulator, name))
    kinds = [event["event_type"] for event in emulator.requests[1].events]
    assert kinds == ["interaction.connect", "input", "interaction.disconnect"]


async def _rest(emulator: Emulator, name: str) -> list[Any]:
    async with connected(emulator.url, name) as connection:
        await connection.send("three")
        return await heard(connection)


async def test_an_app_cancels(emulator: Emulator, name: str) -> None:
    async with connected(emulator.url, name) as connection:
        await connection.send("one")
        await connection.cancel()
    assert await asyncio.to_thread(emulator.requests[1].ended.wait, 5)
    client = genai.Client(api_key="any", http_options={"base_url": emulator.url})
    assert client.interactions.get(name).status == "cancelled"
    client.close()


async def test_an_app_that_is_asked_to_reconnects(emulator: Emulator, name: str) -> None:
    emulator.on(operation="live").reply(text="one", reconnect=True, times=1)
    async with connected(emulator.url, name) as connection:
        await connection.send("Hi")
        events = await heard(connection, "none")
    assert events[-1].event_type == "reconnection_required"
    async with connected(emulator.url, name) as connection:
        await connection.send("Hi again")
        assert said(await heard(connection)) == "You said: Hi again Earlier you said: Hi"


async def test_errors_reach_the_app(emulator: Emulator, name: str) -> None:
    """One of the handshake, one of the connection."""
    from google.genai.interactions import APIWebSocketError

    emulator.on(operation="live.connect").reply(error=503, times=1)
    with pytest.raises(APIWebSocketError) as caught:
        async with connected(emulator.url, name):
            ...
    assert caught.value.http_status == 503
    emulator.on(operation="live").reply(text="a", cut_after=2)
    with pytest.raises(APIWebSocketError) as caught:
        async with connected(emulator.url, name) as connection:
            await connection.send("Hi")
            await heard(connection)
    assert caught.value.close_code == 1006


async def test_an_auth_token_of_the_sdk_lets_in(emulator: Emulator, client: Any, name: str) -> None:
    token = client.interactions.auth_tokens.create(name).auth_token
    async with connected(emulator.url, name, token) as connection:
        await connection.send("Hi")
        assert said(await heard(connection)) == "You said: Hi"


async def test_many_talk_at_once(emulator: Emulator) -> None:
    async def talk(number: int) -> str:
        with talking(emulator) as first:
            name = first.create()
        async with connected(emulator.url, name) as connection:
            await connection.send(f"I am {number}")
            return said(await heard(connection))

    assert await asyncio.gather(*map(talk, range(20))) == [f"You said: I am {number}" for number in range(20)]


def test_a_recording_is_played_with_the_emulator_gone(tmp_path: Path) -> None:
    async def app(base: str) -> list[str]:
        client: Any = genai.Client(api_key="any", http_options={"base_url": base, "api_version": "v1beta"})
        made = client.interactions.create(model=MODEL, input="Hello")
        answers = []
        async with connected(base, made.id) as connection:
            for words in ("one", "two"):
                await connection.send(words)
                answers.append(said(await heard(connection)))
            await connection.complete()
            answers += [event.event_type for event in await heard(connection, "none")]
        return answers

    path = tmp_path / "live.yaml"
    with Emulator.steady() as emulator:
        base = emulator.url
        with use_cassette(path, record_mode="once"):
            recorded = asyncio.run(app(base))
    with use_cassette(path):
        assert asyncio.run(app(base)) == recorded
    assert recorded[-1] == "interaction.completed"
