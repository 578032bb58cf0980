"""Streams through aiohttp: passed on as they come, cut where they were cut, replayed event by event."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from pytest_interactions import CassetteFormatError, StreamEndedError
from pytest_interactions.cassette import tape
from tests.clients.aiohttp_server import again, origin, raw, twice
from tests.support import edit, use_cassette

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"


def _event(number: int, filling: str = "") -> bytes:
    event = b"event: step.delta\ndata: %d%b\n\n" % (number, filling.encode())
    return b"%x\r\n%b\r\n" % (len(event), event)


def _streaming(count: int, end: bytes = LAST, filling: str = "") -> Any:
    """A server that sends so many events, each by itself, and then `end`."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        for number in range(count):
            writer.write(_event(number, filling))
            await writer.drain()
            await asyncio.sleep(0.002)
        writer.write(end)
        await writer.drain()

    return raw(answer)


async def _any(content: aiohttp.StreamReader) -> list[Any]:
    return [piece async for piece in content.iter_any()]


async def _chunks(content: aiohttp.StreamReader) -> list[Any]:
    return [piece async for piece, _ in content.iter_chunks() if piece]


async def _lines(content: aiohttp.StreamReader) -> list[Any]:
    return [line async for line in content]


async def _slowly(content: aiohttp.StreamReader) -> list[Any]:
    pieces = []
    async for piece in content.iter_any():
        pieces.append(piece)
        await asyncio.sleep(0)
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.001)
    return pieces


async def _whole(content: aiohttp.StreamReader) -> list[Any]:
    return [await content.read()]


async def _in_the_end(content: aiohttp.StreamReader) -> list[Any]:
    await content.wait_eof()
    return [await content.read()]


def _reading(read: Callable[[aiohttp.StreamReader], Awaitable[Any]]) -> Callable[[str], Awaitable[Any]]:
    async def ask(url: str) -> Any:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return await read(response.content)

    return ask


@pytest.mark.parametrize("read", [_any, _chunks, _lines, _slowly, _in_the_end])
async def test_a_stream_is_read_in_the_same_pieces(read: Any, tmp_path: Path) -> None:
    """However an app reads a stream, it gets the same pieces on replay: one an event, where it takes what there is."""
    live, replayed = await twice(_streaming(8), tmp_path / "c.yaml", _reading(read))
    assert live == replayed
    assert len(live) == {_lines: 24, _in_the_end: 1}.get(read, 8)


async def test_events_of_any_size_come_whole(tmp_path: Path) -> None:
    """Events that are larger than what aiohttp buffers come again to the last byte."""
    live, replayed = await twice(_streaming(3, filling="long " * 10**5), tmp_path / "c.yaml", _reading(_whole))
    assert live == replayed
    assert len(live[0]) > 15 * 10**5


async def test_the_first_event_arrives_before_the_server_sends_the_second(tmp_path: Path) -> None:
    """While recording, the app holds event 1 while the server still stands before event 2."""
    taken = asyncio.Event()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + _event(1))
        await asyncio.wait_for(taken.wait(), 5)
        writer.write(_event(2) + LAST)

    async def read(content: aiohttp.StreamReader) -> list[bytes]:
        first = await content.readany()
        taken.set()
        return [first, await content.read()]

    live, replayed = await twice(raw(answer), tmp_path / "c.yaml", _reading(read))
    assert live == replayed
    assert b"data: 1" in live[0]
    assert b"data: 2" in live[1]


async def _first(content: aiohttp.StreamReader) -> list[bytes]:
    return [await content.readline()]


async def test_leaving_early_is_recorded_and_replayed(tmp_path: Path) -> None:
    """An app that breaks after the first line stops the server, and does the same on replay."""
    hung_up = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + _event(1))
        await reader.read()
        hung_up.set()
        writer.write(_event(2))

    live, replayed = await twice(raw(answer), tmp_path / "c.yaml", _reading(_first))
    assert live == replayed
    await asyncio.wait_for(hung_up.wait(), 5)
    assert "by: app" in (tmp_path / "c.yaml").read_text()


async def test_reading_on_where_the_recording_ends_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replayed stream that was left early says so when it is read further."""
    monkeypatch.setattr(tape, "READS_ON", 0.01)
    await twice(_held(HEAD + _event(1)), tmp_path / "c.yaml", _reading(_first))
    with pytest.raises(StreamEndedError, match="recorded only up to here"):
        await again(tmp_path / "c.yaml", _reading(_lines))


def _held(sent: bytes) -> Any:
    """A server that sends this, and then waits to be left."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await reader.read()

    return raw(answer)


async def test_an_app_that_takes_its_time_to_leave_has_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replayed stream that nobody reads does not fail because it is closed late."""
    monkeypatch.setattr(tape, "READS_ON", 0.005)

    async def read(content: aiohttp.StreamReader) -> list[bytes]:
        line = await content.readline()
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.02)
        return [line]

    live, replayed = await twice(_held(HEAD + _event(1)), tmp_path / "c.yaml", _reading(read))
    assert live == replayed


async def test_a_task_is_stopped_as_before(tmp_path: Path) -> None:
    """A task that another one cancels in the middle of a stream is cancelled there on replay too."""

    async def ask(url: str) -> Any:
        lines: list[bytes] = []
        begun = asyncio.Event()

        async def read(content: aiohttp.StreamReader) -> None:
            async for line in content:
                lines.append(line)
                begun.set()

        task = asyncio.ensure_future(_reading(read)(url))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return lines[:1]

    live, replayed = await twice(_held(HEAD + _event(1)), tmp_path / "c.yaml", ask)
    assert live == replayed


async def test_a_stream_left_open_is_recorded_when_the_test_ends(tmp_path: Path) -> None:
    """A response that nobody closes is kept as far as it came, and not read on after the cassette."""
    go_on = asyncio.Event()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + _event(1))
        await go_on.wait()
        writer.write(_event(2) + LAST)

    async with raw(answer) as url, aiohttp.ClientSession() as session:
        with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording:
            response = await session.get(url)
            await response.content.readline()
            assert recording.exchanges == []
        go_on.set()
        with pytest.raises(StreamEndedError, match=r"has closed, and the response to GET .* is read on"):
            await response.content.read()
        response.close()
    [exchange] = recording.exchanges
    assert exchange.cut is not None
    assert exchange.cut.by == "app"
    assert exchange.response.body == b"event: step.delta\ndata: 1\n\n"


async def test_a_stream_read_to_its_last_event_is_whole(tmp_path: Path) -> None:
    """A client that stops at the closing event, before the connection's last bytes, has read all there is."""
    done = b"%x\r\n%b\r\n" % (14, b"data: [DONE]\n\n")

    async def read(content: aiohttp.StreamReader) -> list[bytes]:
        return [await content.readuntil(b"[DONE]\n")]

    live, replayed = await twice(_held(HEAD + _event(1) + done), tmp_path / "c.yaml", _reading(read))
    assert live == replayed
    assert "cut" not in (tmp_path / "c.yaml").read_text()


async def test_a_session_that_is_closed_ends_what_it_reads(tmp_path: Path) -> None:
    """Closing a session over an open stream fails its reader, live and on replay."""

    async def ask(url: str) -> Any:
        session = aiohttp.ClientSession()
        response = await session.get(url)
        line = await response.content.readline()
        await session.close()
        with pytest.raises((aiohttp.ClientError, RuntimeError)) as caught:
            await response.content.read()
        response.close()
        return line, type(caught.value)

    live, replayed = await twice(_held(HEAD + _event(1)), tmp_path / "c.yaml", ask)
    assert live == replayed


BREAKS = {"in a chunk": b"5\r\nab", "between chunks": b""}


@pytest.mark.parametrize("seconds", [0, 0.001])
@pytest.mark.parametrize("name", BREAKS)
async def test_a_broken_stream_breaks_again(name: str, seconds: float, tmp_path: Path) -> None:
    """A server that hangs up within a stream gives the same pieces and aiohttp's own error, live and on replay."""

    async def ask(url: str) -> Any:
        pieces: list[bytes] = []
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            with pytest.raises(aiohttp.ClientPayloadError) as caught:
                async for piece in response.content.iter_any():
                    pieces.append(piece)
                    await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=seconds)
        return pieces, type(caught.value), str(caught.value)

    live, replayed = await twice(_streaming(4, BREAKS[name]), tmp_path / "c.yaml", ask)
    assert live == replayed


@pytest.mark.parametrize("limit", [{"sock_read": 0.05}, {"total": 0.05}], ids=["of a read", "of all"])
async def test_a_stream_that_stalls_times_out_again(limit: Any, tmp_path: Path) -> None:
    """A time-out in the middle of a stream comes again after the same pieces, and is not waited for."""

    async def ask(url: str) -> Any:
        timeout = aiohttp.ClientTimeout(**limit)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as response:
            line = await response.content.readline()
            with pytest.raises(TimeoutError) as caught:
                await response.content.read()
        return line, type(caught.value), str(caught.value)

    live, replayed = await twice(_held(HEAD + _event(1)), tmp_path / "c.yaml", ask)
    assert live == replayed


async def test_a_break_that_another_client_saw_is_one_of_the_payload(tmp_path: Path) -> None:
    """A recording that broke in a way that aiohttp has no name for breaks as its error of the payload."""

    async def ask(url: str) -> Any:
        with pytest.raises(aiohttp.ClientPayloadError):
            await _reading(_any)(url)

    await twice(_streaming(2, b""), tmp_path / "c.yaml", ask)
    edit(tmp_path / "c.yaml", "error: ClientPayloadError", "error: RemoteProtocolError")
    await again(tmp_path / "c.yaml", ask)


async def test_pace_waits_between_events(tmp_path: Path) -> None:
    """With the option pace events come that many seconds apart, where waiting isn't skipped."""
    await twice(_streaming(5), tmp_path / "c.yaml", _reading(_any))
    with use_cassette(tmp_path / "c.yaml", pace=3, fast_forward=True) as cassette:
        await _reading(_any)(origin(tmp_path / "c.yaml"))
    assert cassette.sleeps.seconds == pytest.approx(3 * 4, abs=1)


@pytest.mark.parametrize("end", [LAST, b""], ids=["whole", "broken"])
async def test_what_an_app_does_not_wait_for_skips_no_time(end: bytes, tmp_path: Path) -> None:
    """An app that reads slowly skips its own sleeps, however long, and nothing looks meanwhile whether it reads on."""

    async def ask(url: str) -> int:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()) as session, session.get(url) as response:
            async for _ in response.content:
                await asyncio.sleep(seconds)
        return response.status

    async def broken(url: str) -> int:
        with pytest.raises(aiohttp.ClientPayloadError):
            await ask(url)
        return 200

    seconds, app = 0, ask if end else broken
    assert await twice(_streaming(2, end), tmp_path / "c.yaml", app) == (200, 200)
    seconds = 3600
    with use_cassette(tmp_path / "c.yaml", fast_forward=True) as cassette:
        await app(origin(tmp_path / "c.yaml"))
    assert cassette.sleeps.seconds == pytest.approx(6 * 3600, abs=1)
    assert cassette.sleeps.count < 12


async def test_media_that_is_missing_is_the_apps_to_know(tmp_path: Path) -> None:
    """A media file that is gone is an error at the request that needs it."""
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(300))
    image = b'{"type": "image", "mime_type": "image/png", "data": "%b"}' % data

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(image)
        writer.write(head + image)

    async with raw(answer) as url:
        with use_cassette(tmp_path / "c.yaml", record_mode="once", media_threshold=100):
            await _reading(_any)(url)
    [media] = (tmp_path / "c.media").iterdir()
    media.unlink()
    with pytest.raises(CassetteFormatError), use_cassette(tmp_path / "c.yaml"):
        await _reading(_any)(url)
