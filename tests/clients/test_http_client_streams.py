"""Streams through what stands on http.client: passed on as they come, cut where they were cut, played by the event."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any

import pytest
import requests
import urllib3

from pytest_interactions import StreamEndedError
from tests.clients.odd_server import EVENTS, Server, server
from tests.clients.stdlib import STREAMS, twice
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Stream = Callable[[str], Iterator[bytes]]

__all__ = ["server"]

DATA = [b"data: 1", b"data: 2", b"data: 3"]


@pytest.fixture(params=STREAMS)
def stream(request: pytest.FixtureRequest) -> Any:
    """One client's way of reading a stream."""
    return STREAMS[request.param]


def _up_to(pieces: Iterator[bytes], event: bytes) -> bytes:
    seen = b""
    while event not in seen:
        seen += next(pieces)
    return seen


def _all(stream: Stream, url: str) -> Any:
    """All that comes, and what it ends with."""
    seen: list[bytes] = []
    try:
        seen.extend(stream(url))
    except Exception as error:
        return b"".join(seen), type(error), str(error)
    return b"".join(seen)


def test_the_first_event_arrives_before_the_server_sends_the_second(
    stream: Stream, server: Server, tmp_path: Path
) -> None:
    """The server stands before event 2 until the app has event 1; the replay gives the same bytes."""
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording:
        pieces = stream(f"{server.url}/events")
        live = _up_to(pieces, DATA[0])
        assert recording.exchanges == []
        server.gate.set()
        live += b"".join(pieces)
    assert all(each in live for each in DATA)
    assert recording.exchanges[0].response.body == b"".join(EVENTS)
    server.stop()
    with use_cassette(tmp_path / "c.yaml"):
        assert _all(stream, f"{server.url}/events") == live


def test_reading_on_where_the_app_had_left_is_an_error(stream: Stream, server: Server, tmp_path: Path) -> None:
    """An app that breaks after the first event gets it on replay, and no more."""
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording:
        pieces: Any = stream(f"{server.url}/events")
        live = _up_to(pieces, DATA[0])
        pieces.close()
    assert recording.exchanges[0].response.body == EVENTS[0]
    server.stop()
    with use_cassette(tmp_path / "c.yaml"):
        pieces = stream(f"{server.url}/events")
        assert _up_to(pieces, DATA[0]) == live
        pieces.close()
    with pytest.raises(StreamEndedError, match="recorded only up to here"), use_cassette(tmp_path / "c.yaml"):
        assert _all(stream, f"{server.url}/events")[1] is StreamEndedError


@pytest.mark.parametrize("path", ["events/hangup", "events/reset", "short"])
def test_a_stream_that_broke_breaks_again_with_the_same_error(
    path: str, stream: Stream, server: Server, tmp_path: Path
) -> None:
    """The app gets what came before, and its client's own exception with the same words."""
    if path == "short" and stream is STREAMS["urllib3-chunked"]:
        pytest.skip("what has a content-length has no chunks")
    server.gate.set()
    bare = _all(stream, f"{server.url}/{path}")
    live, replayed = twice(tmp_path, server, lambda: _all(stream, f"{server.url}/{path}"))
    assert live == bare
    assert replayed == live
    if path != "short":
        assert b"data: 2" in (live if isinstance(live, bytes) else live[0])  # urllib's lines just end
    assert "by: connection" in (tmp_path / "c.yaml").read_text()


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"
BREAKS = {
    "no length": b"ZZ\r\nfoo\r\n",
    "less than no length": b"-5\r\nfoo\r\n",
    "within a chunk": b"3\r\nabc\r\n50\r\nhello",
    "within an event": b"16\r\ndata: 1\n\ndata: 2",
    "at a chunk": b"50\r\n",
    "after a chunk": b"",
}


@pytest.mark.parametrize("content_type", [b"text/plain", b"text/event-stream"])
@pytest.mark.parametrize("name", BREAKS)
def test_chunks_that_break_break_again_with_the_same_error(
    name: str, content_type: bytes, stream: Stream, server: Server, tmp_path: Path
) -> None:
    """The app gets of a chunk what its client gives out, and the client's own exception with the same words."""
    server.raw = HEAD % content_type + BREAKS[name]
    bare = _all(stream, f"{server.url}/raw")
    live, replayed = twice(tmp_path, server, lambda: _all(stream, f"{server.url}/raw"))
    assert live == bare
    assert replayed == live


def test_a_stream_left_open_is_recorded_when_the_test_ends(server: Server, tmp_path: Path) -> None:
    """A response that nobody closes is kept as far as it was read, and not read on after the cassette."""
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording:
        response = requests.get(f"{server.url}/events", stream=True, timeout=5)
        lines = response.iter_lines()
        assert next(lines) == b"event: a"
        assert recording.exchanges == []
    assert recording.exchanges[0].cut is not None
    assert recording.exchanges[0].cut.by == "app"
    server.gate.set()
    with pytest.raises(StreamEndedError, match=r"has closed, and the response to GET .*/events is read on"):
        list(lines)
    response.close()
    assert recording.exchanges[0].response.body == EVENTS[0]


def test_a_stream_read_to_its_last_event_is_whole(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An app that leaves at the closing event misses nothing, though the server has not ended the response."""
    monkeypatch.setattr("tests.clients.odd_server.EVENTS", [b"event: done\ndata: [DONE]\n\n", *EVENTS])
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording:
        with requests.get(f"{server.url}/events", stream=True, timeout=5) as response:
            assert next(response.iter_lines()) == b"event: done"
    assert recording.exchanges[0].cut is None


@pytest.mark.parametrize("path", ["whole", "old"])
def test_an_answer_that_came_whole_is_whole_read_or_not(path: str, server: Server, tmp_path: Path) -> None:
    """Where the bytes are there, it does not matter that the app looks at the head alone, if they say they are all."""
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording:
        with requests.get(f"{server.url}/{path}", stream=True, timeout=5) as response:
            assert response.status_code == 200
    cut = recording.exchanges[0].cut
    assert cut is None if path == "whole" else cut is not None


def test_an_answer_that_was_not_asked_for_is_left(server: Server, tmp_path: Path) -> None:
    """An app that closes its connection before it reads has no answer to be played."""
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording:
        connections = [http.client.HTTPConnection(server.url.removeprefix("http://")) for _ in range(2)]
        for connection in connections:
            connection.request("GET", "/echo/x")
        connections[0].close()
    connections[1].close()
    assert [each.response.status for each in recording.exchanges] == [0, 0]
    assert [each.cut.by for each in recording.exchanges if each.cut] == ["app", "app"]
    with pytest.raises(StreamEndedError), use_cassette(tmp_path / "c.yaml", unplayed="ignore"):
        requests.get(f"{server.url}/echo/x", timeout=5)


def test_pace_waits_between_events(server: Server, tmp_path: Path) -> None:
    """With the option pace events come that many seconds apart, where waiting isn't skipped."""
    server.gate.set()
    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        _all(STREAMS["requests-lines"], f"{server.url}/events")
    with use_cassette(tmp_path / "c.yaml", pace=3, fast_forward=True) as cassette:
        _all(STREAMS["requests-lines"], f"{server.url}/events")
    assert cassette.sleeps.seconds == pytest.approx(6, abs=1)


@pytest.mark.parametrize("chunking", ["event", "whole", 3])
def test_chunking_cuts_a_replay_as_asked(chunking: Any, server: Server, tmp_path: Path) -> None:
    """urllib3 hands out the chunks as they are played."""
    server.gate.set()
    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        _all(STREAMS["urllib3-chunked"], f"{server.url}/events")
    with use_cassette(tmp_path / "c.yaml", chunking=chunking), urllib3.PoolManager() as pool:
        response = pool.request("GET", f"{server.url}/events", preload_content=False)
        body, chunks = b"".join(EVENTS), list(response.read_chunked())
    cut = {"event": EVENTS, "whole": [body]}.get(chunking) or [body[at : at + 3] for at in range(0, len(body), 3)]
    assert chunks == cut
