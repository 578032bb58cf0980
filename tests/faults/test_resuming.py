"""What an app gets that goes on after a fault: the rest of a stream, the interaction, or all of it once more."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from google.genai import errors

from pytest_interactions import CassetteMissError, use_cassette
from pytest_interactions.api import sse
from tests.cassette.clients import MODEL, sdk
from tests.cassette.test_calls import WORDS
from tests.commands.showing import API, cassette, exchange

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator


def _background(url: str) -> list[Any]:
    with sdk(url) as client:
        return list(client.interactions.create(model=MODEL, input="Research", stream=True, background=True))


@pytest.fixture
def stream(emulator: Emulator, tmp_path: Path) -> tuple[str, Path, list[Any]]:
    """A recorded stream with ids, of work that goes on in the background: its URL, its cassette, and its events."""
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once"):
        _background(emulator.url)
    with use_cassette(path):  # without what is redacted
        return emulator.url, path, _background(emulator.url)


def test_a_stream_goes_on_after_the_last_event_that_came(stream: tuple[str, Path, list[Any]]) -> None:
    """As the API does for `last_event_id`: an app has each event once, and all of them."""
    url, path, expected = stream
    with use_cassette(path, fault={"cut_after": 4}) as played, sdk(url) as client:
        got: list[Any] = []
        with pytest.raises(Exception, match="peer closed connection"):
            for event in client.interactions.create(model=MODEL, input="Research", stream=True, background=True):
                got.append(event)  # noqa: PERF402 - what came before the connection broke is what counts
        name = got[0].interaction.id
        got += client.interactions.get(name, stream=True, last_event_id=got[-1].event_id)
    assert [event.model_dump() for event in got] == [event.model_dump() for event in expected]
    assert [call.id for call in played.interactions] == [name]
    assert played.all_played


def test_a_stream_goes_on_in_async_code(stream: tuple[str, Path, list[Any]]) -> None:
    """The same for an app that awaits it."""
    url, path, expected = stream

    async def app() -> list[Any]:
        got: list[Any] = []
        async with sdk(url).aio as client:
            with pytest.raises(Exception, match="timed out"):
                events = await client.interactions.create(model=MODEL, input="Research", stream=True, background=True)
                async for event in events:
                    got.append(event)  # noqa: PERF401 - what came before the time was out is what counts
            rest = await client.interactions.get(got[0].interaction.id, stream=True, last_event_id=got[-1].event_id)
            return got + [event async for event in rest]

    with use_cassette(path, fault={"hang_after": 2}, fast_forward=True):
        assert [event.model_dump() for event in asyncio.run(app())] == [event.model_dump() for event in expected]


def test_an_interaction_is_asked_for_after_its_stream_has_broken(stream: tuple[str, Path, list[Any]]) -> None:
    """An app that polls gets the interaction as a whole."""
    url, path, expected = stream
    with use_cassette(path, fault={"cut_after": 1}), sdk(url) as client:
        with pytest.raises(Exception, match="peer closed connection"):
            list(client.interactions.create(model=MODEL, input="Research", stream=True, background=True))
        whole = client.interactions.get(expected[0].interaction.id)
    assert (whole.status, whole.output_text) == ("completed", "".join(_texts(expected)))


def _texts(events: list[Any]) -> list[str]:
    return [text for event in events if (text := getattr(getattr(event, "delta", None), "text", None))]


def test_a_whole_stream_is_asked_for_again(stream: tuple[str, Path, list[Any]]) -> None:
    """Without the id of an event, or with one that was never sent, all events come."""
    url, path, expected = stream
    name, texts = expected[0].interaction.id, "".join(_texts(expected))
    with use_cassette(path, fault={"cut_after": 1}), sdk(url) as client:
        with pytest.raises(Exception, match="peer closed connection"):
            list(client.interactions.create(model=MODEL, input="Research", stream=True, background=True))
        assert "".join(_texts(list(client.interactions.get(name, stream=True)))) == texts
        assert "".join(_texts(list(client.interactions.get(name, stream=True, last_event_id="nope")))) == texts


def test_an_app_goes_on_by_a_token_of_the_stream(emulator: Emulator, tmp_path: Path) -> None:
    """A stream that breaks after it has given a `continuation_token` comes once more, as the API makes it anew."""
    emulator.on(input="Story").reply(text=WORDS, hops=2)

    def app(client: Any) -> list[Any]:
        return list(client.interactions.create(model=MODEL, input="Story", stream=True))

    with use_cassette(tmp_path / "c.yaml", record_mode="once"), sdk(emulator.url) as client:
        expected = "".join(_texts(app(client)))
    with use_cassette(tmp_path / "c.yaml", fault={"cut_after": 6}) as played, sdk(emulator.url) as client:
        with pytest.raises(errors.ContinuationInterruptedError) as caught:
            app(client)
        rest = client.interactions.create(
            model=MODEL,
            stream=True,
            previous_interaction_id=caught.value.interaction_id,
            continuation_token=caught.value.continuation_token,
        )
        assert "".join(_texts(list(rest))) == expected
    assert [exchange.response.status for exchange in played.exchanges] == [200, 200, 200]


def test_another_interaction_is_a_miss(stream: tuple[str, Path, list[Any]]) -> None:
    """What no fault has ended is not made up."""
    url, path, _ = stream
    with pytest.raises(CassetteMissError), use_cassette(path, fault={"cut_after": 1}), sdk(url) as client:
        with pytest.raises(Exception, match="peer closed connection"):
            list(client.interactions.create(model=MODEL, input="Research", stream=True, background=True))
        httpx.get(f"{url}/v1beta/interactions/another")


def test_an_answer_in_json_is_asked_for_by_its_id(tmp_path: Path) -> None:
    """An app whose answer was cut short may know the id; what has none can only be asked for again."""
    path = cassette(
        tmp_path / "c.yaml",
        exchange({"input": "a"}, {"id": "v1_a", "status": "completed"}),
        exchange({"input": "b"}, ["no interaction"]),
    )
    with use_cassette(path, fault={"stop_after_bytes": 12, "times": 2}):
        assert httpx.post(API, json={"input": "a"}).text == '{"id": "v1_a'
        assert httpx.get(f"{API}/v1_a").json() == {"id": "v1_a", "status": "completed"}
        assert httpx.post(API, json={"input": "b"}).text == '["no interac'
        assert httpx.post(API, json={"input": "b"}).json() == ["no interaction"]


def test_events_of_a_resumed_stream_are_those_of_the_file(stream: tuple[str, Path, list[Any]]) -> None:
    """They are the bytes that were recorded, for any client."""
    url, path, expected = stream
    name = expected[0].interaction.id
    body = {"model": MODEL, "input": "Research", "stream": True, "background": True}
    with use_cassette(path, fault={"stop_after": 3}):
        first = httpx.post(f"{url}/v1beta/interactions?alt=sse", json=body)
        last = json.loads(sse.decode(first.content)[-1].data or "")["event_id"]
        rest = httpx.get(f"{url}/v1beta/interactions/{name}", params={"alt": "sse", "last_event_id": last})
    with use_cassette(path):
        whole = httpx.post(f"{url}/v1beta/interactions?alt=sse", json=body)
    assert first.content + rest.content == whole.content
