"""Streams: passed on as they come, cut where they were cut, replayed event by event."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest

from pytest_interactions import StreamEndedError
from pytest_interactions.api.encodings import stored
from pytest_interactions.api.exchange import Cut
from pytest_interactions.cassette import tape
from pytest_interactions.clients import httpx_recorded
from pytest_interactions.server.emulator import Hold
from tests.cassette.clients import MODEL, _post, sdk
from tests.clients.odd_server import Server, server
from tests.support import edit, use_cassette

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType

    from pytest_interactions.api.exchange import Headers
    from pytest_interactions.server.emulator import Emulator

__all__ = ["server"]

BOTH = pytest.mark.parametrize("http", [httpx, httpx2], ids=["httpx", "httpx2"])


def _events(url: str, prompt: str = "Count") -> Iterator[Any]:
    with sdk(url) as client:
        yield from client.interactions.create(model=MODEL, input=prompt, stream=True)


def test_the_first_event_arrives_before_the_server_sends_the_second(emulator: Emulator, tmp_path: Path) -> None:
    """While recording, the app holds event 1 while the server still stands before event 2."""
    gate = Hold(before=1)
    emulator.on(input="Count").reply(text=["1", "2"], hold=gate)
    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        events = _events(emulator.url)
        assert next(events).event_type == "interaction.created"
        gate.wait_reached()
        assert emulator.requests[0].events_sent == 1
        gate.release()
        assert list(events)[-1].event_type == "interaction.completed"


async def test_the_first_event_arrives_early_in_async_code_too(emulator: Emulator, tmp_path: Path) -> None:
    """While recording through the async client, event 1 is there while the server stands before event 2."""
    gate = Hold(before=1)
    emulator.on(input="Count").reply(text=["1", "2"], hold=gate)
    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        async with sdk(emulator.url).aio as client:
            stream = await client.interactions.create(model=MODEL, input="Count", stream=True)
            first = await anext(stream)
            assert first.event_type == "interaction.created"
            await asyncio.to_thread(gate.wait_reached)
            gate.release()
            assert [event.event_type async for event in stream][-1] == "interaction.completed"


def test_a_chunk_is_kept_in_few_steps_however_many_came_before(emulator: Emulator, tmp_path: Path) -> None:
    """While recording, a chunk is noted and passed on: nothing is joined, read or redacted before the end."""
    emulator.on(input="Count").reply(text=[str(n) for n in range(60)])
    called: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_globals["__name__"].startswith("pytest_interactions."):
            called.append(frame.f_code.co_qualname)

    with use_cassette(tmp_path / "c.yaml", record_mode="once"), httpx2.Client() as client:
        asked = _post(emulator.url, "Count", stream=True)
        with client.stream(**asked) as response:
            chunks = response.iter_raw()
            steps = []
            for _ in range(50):
                called.clear()
                sys.setprofile(note)
                try:
                    next(chunks)
                finally:
                    sys.setprofile(None)
                steps.append(len(called))
            list(chunks)
    assert max(steps[1:]) <= 9, called


def test_a_body_that_was_read_to_its_end_is_put_together_once(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the client closes after that, as it does at each end, is looked at no more."""
    put_together: list[bytes] = []

    def counted(headers: Headers, body: bytes, **how: Any) -> tuple[Headers, bytes]:
        put_together.append(body)
        return stored(headers, body, **how)

    monkeypatch.setattr(httpx_recorded, "stored", counted)
    with use_cassette(tmp_path / "c.yaml", record_mode="once"), httpx2.Client() as client:
        with client.stream(**_post(emulator.url, "Count", stream=True)) as response:
            sent = b"".join(response.iter_raw())
    assert put_together == [sent]


def test_leaving_a_stream_early_ends_it_at_the_server(emulator: Emulator, tmp_path: Path) -> None:
    """An app that breaks after 3 of 40 events stops the server, and its recording holds what it read."""
    gate = Hold(before=20)
    emulator.on(input="Count").reply(text=[str(n) for n in range(40)], hold=gate)
    cassette = tmp_path / "c.yaml"
    with use_cassette(cassette, record_mode="once"), sdk(emulator.url) as client:
        stream = client.interactions.create(model=MODEL, input="Count", stream=True)
        seen = [next(stream).event_type for _ in range(3)]
        stream.close()
        assert emulator.requests[0].disconnected.wait(5)
    assert emulator.requests[0].events_sent <= 20
    emulator.stop()
    assert "by: app" in cassette.read_text()
    with use_cassette(cassette), sdk(emulator.url) as client:
        replayed = client.interactions.create(model=MODEL, input="Count", stream=True)
        assert [next(replayed).event_type for _ in range(3)] == seen
        replayed.close()


@BOTH
def test_reading_on_where_the_recording_ends_is_an_error(http: Any, emulator: Emulator, tmp_path: Path) -> None:
    """A replayed stream that was left early says so when it is read further, and the test can't pass."""
    gate = Hold(before=3)
    emulator.on(input="Count").reply(text=["1", "2", "3"], hold=gate)
    cassette = tmp_path / "c.yaml"
    request = _post(emulator.url, "Count", stream=True)
    with use_cassette(cassette, record_mode="once"), http.Client() as client, client.stream(**request) as response:
        lines = response.iter_lines()
        first = [next(lines) for _ in range(2)]
    gate.release()
    seen: list[str] = []
    with (
        pytest.raises(StreamEndedError, match="recorded only up to here"),
        use_cassette(cassette),
        http.Client() as client,
        client.stream(**request) as response,
    ):
        try:
            seen.extend(response.iter_lines())
        except StreamEndedError:
            seen.append("swallowed")
    assert seen[:2] == first
    assert seen[-1] == "swallowed"


@BOTH
async def test_async_streams_end_where_they_were_left(
    http: Any, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An async app that leaves a stream early and reads on at replay gets the same error, if nothing stops it."""
    monkeypatch.setattr(tape, "READS_ON", 0.01)
    gate = Hold(before=3)
    emulator.on(input="Count").reply(text=["1", "2", "3"], hold=gate)
    cassette = tmp_path / "c.yaml"
    request = _post(emulator.url, "Count", stream=True)
    with use_cassette(cassette, record_mode="once"):
        async with http.AsyncClient() as client, client.stream(**request) as response:
            async for line in response.aiter_lines():
                assert line == "event: interaction.created"
                break
    gate.release()
    with pytest.raises(StreamEndedError), use_cassette(cassette):
        async with http.AsyncClient() as client, client.stream(**request) as response:
            async for _ in response.aiter_lines():
                pass


@pytest.mark.parametrize("http", ["httpx", "httpx2"])
def test_a_broken_connection_breaks_again_at_the_same_event(
    http: str, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that dies after 8 of 16 events gives 8 events and the SDK's own error, live and on replay."""
    monkeypatch.setenv("GOOGLE_GENAI_HTTP_CLIENT", http)
    emulator.on(input="Count").reply(text=[str(n) for n in range(9)], cut_after=8)
    cassette = tmp_path / "c.yaml"
    outcomes = []
    for mode in ("once", "none"):
        seen: list[Any] = []
        with use_cassette(cassette, record_mode=mode):
            try:
                seen.extend(event.event_type for event in _events(emulator.url))
            except Exception as error:
                outcomes.append((seen, type(error), str(error)))
        emulator.stop()
    assert len(outcomes[0][0]) == 8
    assert outcomes[1] == outcomes[0]
    assert outcomes[0][1].__module__.split(".")[0] in {"httpx", "httpx2", "google"}


@BOTH
async def test_a_broken_connection_breaks_async_clients_again(http: Any, emulator: Emulator, tmp_path: Path) -> None:
    """The client's own exception comes back in async code, with its words and its request."""
    emulator.on(input="Count").reply(text=["1", "2", "3"], cut_after=2)
    cassette = tmp_path / "c.yaml"
    request = _post(emulator.url, "Count", stream=True)
    raised = []
    for mode in ("once", "none"):
        with use_cassette(cassette, record_mode=mode):
            async with http.AsyncClient() as client, client.stream(**request) as response:
                with pytest.raises(http.RemoteProtocolError) as caught:
                    [chunk async for chunk in response.aiter_bytes()]
                raised.append((str(caught.value), str(caught.value.request.url)))
    assert raised[0] == raised[1]


def test_an_unknown_kind_of_break_is_the_clients_read_error(emulator: Emulator, tmp_path: Path) -> None:
    """A recording that broke in a way that this client has no name for breaks as its ReadError."""
    emulator.on(input="Count").reply(text=["1", "2", "3"], cut_after=2)
    cassette = tmp_path / "c.yaml"
    request = _post(emulator.url, "Count", stream=True)
    with use_cassette(cassette, record_mode="once"), httpx.Client() as client, client.stream(**request) as response:
        with pytest.raises(httpx.RemoteProtocolError):
            response.read()
    edit(cassette, "error: RemoteProtocolError", "error: ServerGone")
    with use_cassette(cassette), httpx.Client() as client, client.stream(**request) as response:
        with pytest.raises(httpx.ReadError):
            response.read()


def test_a_stream_left_open_is_recorded_when_the_test_ends(emulator: Emulator, tmp_path: Path) -> None:
    """A response that nobody closes is kept as far as it was read."""
    gate = Hold(before=2)
    emulator.on(input="Count").reply(text=["1"], hold=gate)
    cassette = tmp_path / "c.yaml"
    client = httpx.Client()
    with use_cassette(cassette, record_mode="once") as recording:
        response = client.send(client.build_request(**_post(emulator.url, "Count", stream=True)), stream=True)
        next(response.iter_raw())
        assert recording.exchanges == []
    assert recording.exchanges[0].cut is not None
    assert recording.exchanges[0].cut.by == "app"
    assert b"interaction.created" in recording.exchanges[0].response.body
    gate.release()
    client.close()


def test_a_stream_read_to_its_last_event_is_whole(emulator: Emulator, tmp_path: Path) -> None:
    """A client that stops at the closing event, before the connection's last bytes, has read all there is."""
    emulator.on(input="Count").reply(text=["1", "2"])
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording, httpx.Client() as client:
        with client.stream(**_post(emulator.url, "Count", stream=True)) as response:
            for line in response.iter_lines():
                if line == "data: [DONE]":
                    break
    assert recording.exchanges[0].cut is None


def test_a_unary_answer_not_read_is_cut(emulator: Emulator, tmp_path: Path) -> None:
    """A unary response that the app opens and never reads is recorded as left."""
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording, httpx.Client() as client:
        with client.stream(**_post(emulator.url, "Hi")):
            pass
    assert recording.exchanges[0].cut is not None


def _chunks(cassette: Path, url: str, **options: Any) -> list[bytes]:
    with use_cassette(cassette, **options), httpx.Client() as client:
        with client.stream(**_post(url, "Count", stream=True)) as response:
            return list(response.iter_raw())


@pytest.fixture
def stream(emulator: Emulator, tmp_path: Path) -> tuple[Path, str]:
    """A recorded stream of text, and the base URL it was asked of."""
    emulator.on(input="Count").reply(text=["1 ", "2 ", "3"])
    cassette = tmp_path / "c.yaml"
    _chunks(cassette, emulator.url, record_mode="once")
    return cassette, emulator.url


def test_a_replay_hands_out_one_event_a_chunk(stream: tuple[Path, str]) -> None:
    """By default each chunk of a replayed stream is one whole event."""
    chunks = _chunks(*stream)
    assert len(chunks) > 8
    assert all(chunk.startswith(b"event: ") and chunk.endswith(b"\n\n") for chunk in chunks)


@pytest.mark.parametrize(("size", "cut"), [(10, None), (10_000_000, Cut(by="app"))])
def test_a_body_is_whole_that_was_read_as_far_as_its_length(
    size: int, cut: Cut | None, server: Server, tmp_path: Path
) -> None:
    """An app that reads no further than that has all of it, though it was not told of the end."""
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording, httpx2.Client() as client:
        with client.stream("POST", f"{server.url}/echo/x", content=b"x" * size) as response:
            next(response.iter_raw())
    assert [exchange.cut for exchange in recording.exchanges] == [cut]


@pytest.mark.parametrize(("chunking", "sizes"), [("whole", None), (7, 7), ("7", 7)])
def test_chunking_cuts_a_replay_as_asked(chunking: Any, sizes: int | None, stream: tuple[Path, str]) -> None:
    """The option chunking gives the whole body at once, or chunks of so many bytes; the bytes are the same."""
    chunks = _chunks(*stream, chunking=chunking)
    assert b"".join(chunks) == b"".join(_chunks(*stream))
    assert [len(chunk) for chunk in chunks[:-1]] == [sizes] * (len(chunks) - 1)


def test_pace_waits_between_events(stream: tuple[Path, str]) -> None:
    """With the option pace events come that many seconds apart, where waiting isn't skipped."""
    with use_cassette(stream[0], pace=3, fast_forward=True) as cassette, httpx.Client() as client:
        with client.stream(**_post(stream[1], "Count", stream=True)) as response:
            count = len(list(response.iter_raw()))
    assert cassette.sleeps.seconds == pytest.approx(3 * (count - 1), abs=1)


async def test_pace_waits_in_async_code(stream: tuple[Path, str]) -> None:
    """The option pace sleeps without blocking the event loop."""
    with use_cassette(stream[0], pace=3, fast_forward=True) as cassette:
        async with httpx.AsyncClient() as client, client.stream(**_post(stream[1], "Count", stream=True)) as response:
            count = len([chunk async for chunk in response.aiter_raw()])
    assert cassette.sleeps.seconds == pytest.approx(3 * (count - 1), abs=1)
