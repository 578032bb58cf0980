"""Recorded streams know when each event came: when its last byte did, however it was framed and encoded."""

from __future__ import annotations

import asyncio
import http.client
import time
import urllib.request
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3

from pytest_interactions.api import arrivals, encodings, sse
from pytest_interactions.api.arrivals import Mark
from pytest_interactions.files import clock, storage
from tests.cassette.clients import MODEL, sdk
from tests.clients.paced_server import CODINGS, FRAMINGS, Clock, paced, written
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.server.emulator import Emulator

EVENTS = [b"event: a\ndata: 1\n\n", b": still here\n\n", b"event: b\ndata: 2\n\n", b"event: done\ndata: [DONE]\n\n"]
BROKEN = (
    *(httpx.HTTPError, httpx2.HTTPError, requests.RequestException),
    *(urllib3.exceptions.HTTPError, http.client.HTTPException, aiohttp.ClientError),
)


def _httpx(url: str) -> bytes:
    return httpx.get(url, timeout=5).content


def _httpx2(url: str) -> bytes:
    return httpx2.get(url, timeout=5).content


async def _in_async(http: Any, url: str) -> bytes:
    async with http.AsyncClient(timeout=5) as client:
        return bytes((await client.get(url)).content)


def _requests(url: str) -> bytes:
    return requests.get(url, timeout=5).content


def _urllib3(url: str) -> bytes:
    with urllib3.PoolManager(timeout=5) as pool:
        return pool.request("GET", url, retries=False).data


def _urllib(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as response:
        return bytes(response.read())


def _http_client(url: str) -> bytes:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
    connection.request("GET", "/")
    try:
        return connection.getresponse().read()
    finally:
        connection.close()


async def _aiohttp(url: str) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.read()


CLIENTS: dict[str, Callable[[str], bytes]] = {
    "httpx": _httpx,
    "httpx2": _httpx2,
    "httpx async": lambda url: asyncio.run(_in_async(httpx, url)),
    "httpx2 async": lambda url: asyncio.run(_in_async(httpx2, url)),
    "requests": _requests,
    "urllib3": _urllib3,
    "urllib": _urllib,
    "http.client": _http_client,
    "aiohttp": lambda url: asyncio.run(_aiohttp(url)),
}


def _recorded(path: Path, ask: Callable[[str], Any], url: str) -> Exchange:
    with use_cassette(path, record_mode="once") as cassette:
        ask(url)
    (exchange,) = cassette.exchanges
    (read,) = storage.load(path).exchanges
    assert read.times == exchange.times
    return read


def _exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[[str], Any], sent: Sequence[bytes]
) -> Exchange:
    """Record an answer of which the first thing is sent at once, and each further one a quarter of a second later."""
    watch = Clock()
    monkeypatch.setattr(clock, "seconds", watch.seconds)

    def send(write: Callable[[bytes], Any]) -> None:
        for number, data in enumerate(sent):
            with watch.at(number / 4):
                write(data)

    with paced(send) as url:
        return _recorded(tmp_path / "c.yaml", ask, url)


# --- to the millisecond, by a clock that the server sets ---


@pytest.mark.parametrize("coding", [coding for coding in CODINGS if coding != "gzip in members"])
@pytest.mark.parametrize("ask", CLIENTS.values(), ids=CLIENTS)
def test_each_event_has_the_time_when_it_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[[str], Any], coding: str
) -> None:
    """After that of the head; also in a compressed body, which is recorded decoded."""
    exchange = _exactly(tmp_path, monkeypatch, ask, written(EVENTS, coding))
    assert sse.split(exchange.response.body) == EVENTS
    assert exchange.times == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert "  events:\n    1: 0 250 250 250 250\ninteractions:\n" in (tmp_path / "c.yaml").read_text()


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("ask", CLIENTS.values(), ids=CLIENTS)
def test_an_event_came_with_its_last_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[[str], Any], framing: str
) -> None:
    """Pieces of the network hold half an event, or two and a half, whatever tells where the body ends."""
    a, b, c, d = EVENTS
    sent = written([a[:5], a[5:] + b + c[:3], c[3:-1], c[-1:] + d], "gzip", framing)
    assert _exactly(tmp_path, monkeypatch, ask, sent).times == (0.0, 0.5, 0.5, 1.0, 1.0)


@pytest.mark.parametrize("ask", CLIENTS.values(), ids=CLIENTS)
def test_a_chunk_of_http_may_come_in_pieces_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[[str], Any]
) -> None:
    """And its length, too."""
    head, *chunks = written(EVENTS)
    body = b"".join(chunks)
    sent = [head, body[:24], body[24:-5], body[-5:]]
    exchange = _exactly(tmp_path, monkeypatch, ask, sent)
    assert exchange.response.body == b"".join(EVENTS)
    assert exchange.times == (0.0, 0.25, 0.5, 0.5, 0.5)


@pytest.mark.parametrize("ask", [CLIENTS["requests"], CLIENTS["aiohttp"]], ids=["requests", "aiohttp"])
def test_gzip_may_begin_again_with_each_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[[str], Any]
) -> None:
    """Which these clients read on."""
    exchange = _exactly(tmp_path, monkeypatch, ask, written(EVENTS, "gzip in members"))
    assert exchange.times == (0.0, 0.25, 0.5, 0.75, 1.0)


@pytest.mark.parametrize("ask", CLIENTS.values(), ids=CLIENTS)
def test_an_answer_that_is_no_stream_has_no_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[[str], Any]
) -> None:
    """Nobody waits for a part of it."""
    head, *body = written([b"{}"])
    sent = [head.replace(b"text/event-stream", b"application/json") + b"".join(body)]
    assert _exactly(tmp_path, monkeypatch, ask, sent).times is None
    assert "events:" not in (tmp_path / "c.yaml").read_text()


@pytest.mark.parametrize("coding", ["", "gzip", "br"])
@pytest.mark.parametrize("ask", CLIENTS.values(), ids=CLIENTS)
def test_a_stream_that_breaks_has_the_times_of_what_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[[str], Any], coding: str
) -> None:
    """The piece of an event at its end is one of them."""

    def ask_in_vain(url: str) -> None:
        with pytest.raises(BROKEN):
            ask(url)

    a, b, c, _ = EVENTS
    exchange = _exactly(tmp_path, monkeypatch, ask_in_vain, written([a + b, c[:5], c[5:]], coding)[:3])
    assert exchange.cut is not None
    assert exchange.response.body == a + b + c[:5]
    assert exchange.times == (0.0, 0.25, 0.25, 0.5)


@pytest.mark.parametrize(
    ("name", "status"), [("httpx", 103), ("aiohttp", 103), ("requests", 100), ("http.client", 100), ("urllib3", 100)]
)
def test_what_comes_before_the_head_is_not_of_the_body(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, status: int
) -> None:
    """Such as what a server announces."""
    head, *chunks = written(EVENTS, "gzip")
    before = f"HTTP/1.1 {status} Wait\r\nlink: <x>\r\n\r\n".encode()
    exchange = _exactly(tmp_path, monkeypatch, CLIENTS[name], [before + head, *chunks])
    assert exchange.times == (0.0, 0.25, 0.5, 0.75, 1.0)


def test_an_empty_stream_has_the_time_of_its_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no other."""
    sent = [b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 0\r\n\r\n"]
    assert _exactly(tmp_path, monkeypatch, _httpx, sent).times == (0.0,)
    assert "  events:\n    1: 0\n" in (tmp_path / "c.yaml").read_text()


# --- what nobody knows ---


def test_a_body_that_can_t_be_decoded_has_the_times_of_its_own_bytes() -> None:
    """It is recorded as it came."""
    marks = [Mark(0.1, 0), Mark(0.2, 4)]
    assert arrivals.decoded({"content-encoding": ["gzip"]}, b"oops", b"oops", marks) == marks


@pytest.mark.parametrize("named", ["gzip", "br", "unheard-of"])
def test_what_no_decoder_makes_of_it_has_no_times(named: str) -> None:
    """Such as what a hook of the user's has made of a body."""
    marks = arrivals.decoded({"content-encoding": [named]}, b"oops", b"another", [Mark(0.1, 0), Mark(0.2, 4)])
    assert arrivals.times_of(b"another", marks) is None


def test_httpx2_is_not_required(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is missing, what httpx knows is known."""
    monkeypatch.setattr(encodings, "_LIBRARIES", ("no_such_library", "httpx"))
    _, *chunks = written(EVENTS, "br", "close")
    assert encodings.decoded_sizes(["br"], chunks, sum(map(len, EVENTS))) == list(map(len, EVENTS))


def test_times_need_the_marks_of_all_of_the_body() -> None:
    """They are those of each piece, or nobody's."""
    assert arrivals.times_of(b"data: 1\n\n", [Mark(0.1, 0), Mark(0.2, 8)]) is None
    assert arrivals.times_of(b"data: 1\n\n", []) is None


def test_a_hook_that_drops_an_event_drops_the_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that changes its text does not."""

    def ask_with(path: Path, old: bytes, new: bytes) -> Any:
        def hook(response: dict[str, Any]) -> dict[str, Any]:
            response["body"]["string"] = response["body"]["string"].replace(old, new)
            return response

        watch = Clock()
        monkeypatch.setattr(clock, "seconds", watch.seconds)
        with (
            paced(lambda write: write(b"".join(written(EVENTS)))) as url,
            use_cassette(path, record_mode="once", before_record_response=hook) as cassette,
        ):
            _httpx(url)
        return cassette.exchanges[0].times

    assert ask_with(tmp_path / "a.yaml", EVENTS[0], b"") is None
    assert ask_with(tmp_path / "b.yaml", b"data: 1", b"data: one") == (0.0,) * 5


# --- as it is, by the real clock ---


@pytest.mark.parametrize("coding", ["", "gzip"])
@pytest.mark.parametrize("ask", CLIENTS.values(), ids=CLIENTS)
def test_recorded_times_are_those_of_the_server(tmp_path: Path, ask: Callable[[str], Any], coding: str) -> None:
    """A server that waits 50 ms before an event is recorded as one that does."""

    def send(write: Callable[[bytes], Any]) -> None:
        for data in written(EVENTS, coding):
            write(data)
            time.sleep(0.05)

    with paced(send) as url:
        exchange = _recorded(tmp_path / "c.yaml", ask, url)
    times = exchange.times
    assert times is not None
    assert all(0.03 < later - earlier < 0.5 for earlier, later in pairwise(times))
    assert 0.15 < times[-1] <= (exchange.seconds or 0) + 0.001


def test_the_sdk_s_streams_have_times(emulator: Emulator, tmp_path: Path) -> None:
    """One for each event that the app sees, and for those that the SDK keeps."""
    emulator.on(input="Count").reply(text=["1", "2"], events_delay=0.02)

    def ask(url: str) -> None:
        with sdk(url) as client:
            list(client.interactions.create(model=MODEL, input="Count", stream=True))

    exchange = _recorded(tmp_path / "c.yaml", ask, emulator.url)
    assert exchange.times is not None
    assert len(exchange.times) == len(sse.split(exchange.response.body)) + 1
    assert exchange.times[-1] > 0.02 * (len(exchange.times) - 3)  # the first one may have come late


async def test_the_sdk_s_async_streams_have_times(emulator: Emulator, tmp_path: Path) -> None:
    """And one that the app leaves has those of what it read."""
    emulator.on(input="Count").reply(text=["1", "2"])
    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        async with sdk(emulator.url).aio as client:
            stream = await client.interactions.create(model=MODEL, input="Count", stream=True)
            await anext(stream)
            await stream.close()
    (exchange,) = storage.load(tmp_path / "c.yaml").exchanges
    assert exchange.cut is not None
    assert exchange.times is not None
    assert len(exchange.times) == len(sse.split(exchange.response.body)) + 1
