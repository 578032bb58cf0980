"""aiohttp's requests and responses: whatever it sends and gets, it gets again with the server gone."""

from __future__ import annotations

import asyncio
import io
import json
import ssl
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import trustme
from aiohttp import web

from pytest_interactions import CassetteMissError
from tests.cassette.clients import MODEL, sdk
from tests.clients.aiohttp_server import again, echo, raw, served, twice
from tests.matrix.clients import AIOHTTP_KNOWS_ZSTD
from tests.matrix.server import ENCODERS
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

LARGE = b"a line of text\n" * 2**17


def _form() -> aiohttp.FormData:
    form = aiohttp.FormData({"a": "1"})
    form.add_field("file", b"\x00\xff", filename="x.bin", content_type="application/octet-stream")
    return form


def _parts() -> aiohttp.MultipartWriter:
    parts = aiohttp.MultipartWriter("mixed")
    parts.append("one")
    parts.append_json({"x": 1})
    return parts


async def _pieces() -> AsyncIterator[bytes]:
    yield b"one,"
    yield b"two"


BODIES: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "form": (lambda: {"data": {"a": "1", "b": "\u00e9"}}, "a=1&b=%C3%A9"),
    "FormData with a file": (lambda: {"data": _form()}, "\x00\xff"),
    "MultipartWriter": (lambda: {"data": _parts()}, '{"x": 1}'),
    "dict with a file": (lambda: {"data": {"a": "1", "f": io.BytesIO(b"bio")}}, "bio"),
    "Decimal": (lambda: {"json": {"d": Decimal("1.5")}}, '{"d": "1.5"}'),
    "generator": (lambda: {"data": _pieces()}, "one,two"),
    "bytes": (lambda: {"data": bytes(range(256))}, "\x00\x01"),
    "view": (lambda: {"data": memoryview(b"view")}, "view"),
    "text": (lambda: {"data": "\u00e9"}, "\xc3\xa9"),
    "file": (lambda: {"data": io.BytesIO(b"a file")}, "a file"),
    "nothing": (dict, ""),
    "asked first": (lambda: {"data": b"may I?", "expect100": True}, "may I?"),
    "compressed": (lambda: {"data": b"compressed", "compress": "deflate"}, "compressed"),
    "its length given": (lambda: {"data": b"abc", "headers": {"content-length": "3"}}, "abc"),
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_body_is_recorded_as_it_is_sent(name: str, tmp_path: Path) -> None:
    """Whatever a body is made from, the server gets it while recording, the cassette has it, and a replay matches."""
    make, text = BODIES[name]

    async def ask(url: str) -> Any:
        async with aiohttp.ClientSession(json_serialize=lambda value: json.dumps(value, default=str)) as session:
            async with session.post(url, **make()) as response:
                return await response.json()

    live, replayed = await twice(served(echo), tmp_path / "c.yaml", ask)
    assert live == replayed
    assert text in live["body"]


async def test_another_body_is_a_miss(tmp_path: Path) -> None:
    """A form that differs from the recorded one is never given its answer."""

    async def ask(url: str, file: bytes = b"one") -> Any:
        async with aiohttp.ClientSession() as session, session.post(url, data={"f": io.BytesIO(file)}) as response:
            return await response.json()

    live, replayed = await twice(served(echo), tmp_path / "c.yaml", ask)
    assert live == replayed
    with pytest.raises(CassetteMissError), use_cassette(tmp_path / "c.yaml"):
        await ask("http://127.0.0.1:1", b"two")


async def test_a_file_that_was_sent_is_closed(tmp_path: Path) -> None:
    """What aiohttp does with the app's file after sending it, it does with a cassette in force too."""
    files = []

    async def ask(url: str) -> Any:
        files.append((tmp_path / "up.txt").open("rb"))
        async with aiohttp.ClientSession() as session, session.post(url, data=files[-1]) as response:
            return await response.json()

    (tmp_path / "up.txt").write_bytes(b"up")
    live, replayed = await twice(served(echo), tmp_path / "c.yaml", ask)
    assert live == replayed
    await asyncio.sleep(0.01)
    assert [file.closed for file in files] == [True, True]


async def test_a_middleware_of_another_kind_reads_what_is_sent(tmp_path: Path) -> None:
    """The body of a request that was recorded still has a text."""
    bodies = []

    class Watched(aiohttp.ClientRequest):
        async def send(self, conn: Any) -> Any:
            bodies.append(self.body)
            return await super().send(conn)

    async def ask(url: str) -> Any:
        async with aiohttp.ClientSession(request_class=Watched) as session, session.post(url, data="text") as response:
            return await response.json()

    live, replayed = await twice(served(echo), tmp_path / "c.yaml", ask)
    assert live == replayed
    assert [body.decode() for body in bodies] == ["text", "text"]


async def test_a_large_body_waits_for_its_server(tmp_path: Path) -> None:
    """A body that the server is slow to read is sent whole, as fast as the server takes it."""
    large = bytes(2**24)

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.02)
        await reader.readexactly(len(large))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    async def ask(url: str) -> bytes:
        async with aiohttp.ClientSession() as session, session.post(url, data=io.BytesIO(large)) as response:
            return await response.read()

    def emptied(request: Any) -> Any:
        request.body = b""
        return request

    assert await twice(raw(slow), tmp_path / "c.yaml", ask, before_record_request=emptied) == (b"ok", b"ok")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed_as_before(status: int, method: str, tmp_path: Path) -> None:
    """A redirect leads to the same place by the same method, with or without the body."""

    async def redirect(request: web.Request) -> web.Response:
        if request.path == "/old":
            return web.Response(status=status, headers={"location": "/new"})
        return await echo(request)

    async def ask(url: str) -> Any:
        data = None if method == "GET" else b"body"
        async with aiohttp.ClientSession() as session, session.request(method, url + "/old", data=data) as response:
            return [r.status for r in response.history], response.url, response.method, await response.json()

    live, replayed = await twice(served(redirect), tmp_path / "c.yaml", ask)
    assert live == replayed
    assert live[0] == [status]


@pytest.mark.parametrize("encoding", ENCODERS)
async def test_an_encoded_response_is_stored_decoded(encoding: str, tmp_path: Path) -> None:
    """The app gets the same text, the cassette has it in the clear, and no header speaks of an encoding."""
    if encoding == "zstd" and not AIOHTTP_KNOWS_ZSTD:
        pytest.skip("aiohttp knows zstd since 3.13")
    body = ENCODERS[encoding](b'{"hello": "world"}')

    async def encoded(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json", headers={"content-encoding": encoding})

    async def ask(url: str) -> Any:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return await response.json()

    live, replayed = await twice(served(encoded), tmp_path / "c.yaml", ask)
    assert live == replayed == {"hello": "world"}
    assert '"hello": "world"' in (tmp_path / "c.yaml").read_text()
    assert "content-encoding" not in (tmp_path / "c.yaml").read_text()


RESPONSES: dict[str, Callable[[], web.Response]] = {
    "binary": lambda: web.Response(body=bytes(range(256))),
    "empty": web.Response,
    "large": lambda: web.Response(body=LARGE),
    "no content": lambda: web.Response(status=204),
    "not modified": lambda: web.Response(status=304),
    "a text of its own": lambda: web.Response(text="gr\u00fc\u00df", charset="latin-1"),
    "a reason of its own": lambda: web.Response(status=418, reason="Short and stout", text="tea"),
}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("name", RESPONSES)
async def test_a_response_comes_again(name: str, method: str, tmp_path: Path) -> None:
    """Status, reason, type and body are the same, and what has no body has none."""

    async def answer(_: web.Request) -> web.Response:
        return RESPONSES[name]()

    async def ask(url: str) -> Any:
        async with aiohttp.ClientSession() as session, session.request(method, url) as response:
            return response.status, response.reason, response.content_type, await response.read()

    live, replayed = await twice(served(answer), tmp_path / "c.yaml", ask)
    assert live == replayed


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
    ],
    ids=["announced", "until the end", "chunked"],
)
async def test_a_body_ends_where_it_did(answer: bytes, tmp_path: Path) -> None:
    """However the server marks a body's end, the body is recorded and comes again."""

    async def send(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    async def ask(url: str) -> Any:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return await response.read()

    assert await twice(raw(send), tmp_path / "c.yaml", ask) == (b"ok", b"ok")
    assert "cut" not in (tmp_path / "c.yaml").read_text()


@pytest.mark.parametrize("value", ["\u00e9\u65e5".encode(), b"\xe9"], ids=["utf-8", "latin-1"])
async def test_a_header_with_any_letters_survives(value: bytes, tmp_path: Path) -> None:
    """A header that is not ASCII comes again; one that is not even UTF-8 with the letters that it was meant to have."""

    async def send(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-disposition: " + value + b"\r\ncontent-length: 0\r\n\r\n")

    async def ask(url: str) -> Any:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return response.headers["content-disposition"]

    _, replayed = await twice(raw(send), tmp_path / "c.yaml", ask, keep_headers=["content-disposition"])
    assert replayed == (value.decode("utf-8" if len(value) > 1 else "latin-1"))


async def test_the_client_does_its_own_part(tmp_path: Path) -> None:
    """A base URL, query parameters, `raise_for_status` and tracing work on replay as they did."""
    seen: list[str] = []

    async def sent(*_: Any) -> None:
        seen.append("sent")

    async def ask(url: str) -> Any:
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(sent)
        async with aiohttp.ClientSession(url, trace_configs=[trace], raise_for_status=True) as session:
            async with session.post("/v1/echo", params={"q": "\u00e9"}, json=[1]) as response:
                return await response.json()

    live, replayed = await twice(served(echo), tmp_path / "c.yaml", ask)
    assert live == replayed
    assert live["path"] == "/v1/echo?q=%C3%A9"
    assert seen == ["sent", "sent"]


@pytest.mark.skipif(not hasattr(aiohttp, "UploadTracker"), reason="new in 3.14")
async def test_the_progress_of_an_upload_is_told(tmp_path: Path) -> None:
    """What an app sees of its upload's progress is the same on replay."""

    async def ask(url: str) -> Any:
        tracker, told = aiohttp.UploadTracker(), []

        async def piece(*_: Any) -> None:
            told.append(tracker.bytes_written)

        trace = aiohttp.TraceConfig()
        trace.on_request_chunk_sent.append(piece)
        async with aiohttp.ClientSession(trace_configs=[trace]) as session:
            async with session.post(url, data=_pieces(), upload_tracker=tracker) as response:
                await response.read()
        return told, tracker.bytes_written

    live, replayed = await twice(served(echo), tmp_path / "c.yaml", ask)
    assert live == replayed
    assert live[1] == len("one,two")


async def test_a_tracer_that_fails_fails_the_request(tmp_path: Path) -> None:
    """What an app's own code raises while a request is sent on replay reaches the app."""

    async def fail(*_: Any) -> None:
        raise ValueError("no")

    async def ask(url: str, trace: aiohttp.TraceConfig | None = None) -> Any:
        async with aiohttp.ClientSession(trace_configs=[trace] if trace else None) as session:
            return await _number(session, url, 1)

    async def ask_and_fail(url: str) -> None:
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(fail)
        with pytest.raises(ValueError, match="no"):
            await ask(url, trace)

    await twice(served(echo), tmp_path / "c.yaml", ask)
    await again(tmp_path / "c.yaml", ask_and_fail)


async def test_24_at_once_get_their_own_answers(tmp_path: Path) -> None:
    """Requests that run side by side on a few connections each get their own answer, live and on replay."""

    async def ask(url: str) -> Any:
        connector = aiohttp.TCPConnector(limit=8)
        async with aiohttp.ClientSession(connector=connector) as session:
            return await asyncio.gather(*(_number(session, url, number) for number in range(24)))

    live, replayed = await twice(served(echo), tmp_path / "c.yaml", ask)
    assert live == replayed == [str(number) for number in range(24)]


async def _number(session: aiohttp.ClientSession, url: str, number: int) -> Any:
    async with session.post(url, data=str(number)) as response:
        return (await response.json())["body"]


async def test_a_connection_is_used_again(tmp_path: Path) -> None:
    """A session that was used before the cassette keeps its connection, and only what is asked within is recorded."""
    peers = set()

    async def note(request: web.Request) -> web.Response:
        peers.add(request.transport and request.transport.get_extra_info("peername"))
        return await echo(request)

    async with served(note) as url, aiohttp.ClientSession() as session:
        await _number(session, url, 0)
        with use_cassette(tmp_path / "c.yaml", record_mode="once") as cassette:
            assert [await _number(session, url, number) for number in (1, 2)] == ["1", "2"]
        await _number(session, url, 3)
    assert len(peers) == 1
    assert [exchange.request.body for exchange in cassette.exchanges] == [b"1", b"2"]


async def test_https_is_recorded(tmp_path: Path) -> None:
    """A server with a certificate of its own is recorded, and replayed without it."""
    authority = trustme.CA()
    tls, trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.configure_trust(trust)

    async def ask(url: str) -> Any:
        async with aiohttp.ClientSession() as session, session.get(url, ssl=trust) as response:
            return await response.json()

    live, replayed = await twice(served(echo, tls), tmp_path / "c.yaml", ask)
    assert live == replayed


async def test_the_sdks_other_calls_go_through_aiohttp(tmp_path: Path) -> None:
    """The SDK's async calls outside of the Interactions API, which it makes by aiohttp, are recorded and replayed."""
    answer = {"candidates": [{"content": {"parts": [{"text": "Hi"}], "role": "model"}}]}

    async def generate(request: web.Request) -> web.Response:
        return web.json_response(answer if request.path.endswith(":generateContent") else {})

    async def ask(url: str) -> Any:
        async with sdk(url).aio as client:
            return (await client.models.generate_content(model=MODEL, contents="Hello")).text

    assert await twice(served(generate), tmp_path / "c.yaml", ask) == ("Hi", "Hi")


async def test_what_goes_past_the_cassette_is_not_recorded(tmp_path: Path) -> None:
    """WebSockets, allowed hosts, Unix sockets and requests that a hook drops reach their server, and leave nothing."""
    async with served(_conversation) as url, aiohttp.ClientSession() as session:
        with use_cassette(tmp_path / "c.yaml", record_mode="once", recorded_hosts=()) as cassette:
            async with session.ws_connect(url) as socket:
                await socket.send_str("Hi")
                assert (await socket.receive()).data == "Hi"
        with use_cassette(tmp_path / "c.yaml", allowed_hosts="127.0.0.1", unplayed="ignore") as allowed:
            assert await _number(session, url, 1) == "1"
        with use_cassette(tmp_path / "c.yaml", record_mode="once", before_record_request=lambda _: None) as dropped:
            assert await _number(session, url, 1) == "1"
    assert cassette.exchanges == allowed.exchanges == dropped.exchanges == []


async def _conversation(request: web.Request) -> web.StreamResponse:
    if "upgrade" not in request.headers:
        return await echo(request)
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_str((await socket.receive()).data)
    await socket.close()
    return socket


async def test_a_unix_socket_is_left_alone(tmp_path: Path) -> None:
    """A server behind a Unix socket is none of the cassette's business."""
    app = web.Application()
    app.router.add_post("/", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, tmp_path / "s").start()
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as cassette:
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(tmp_path / "s"))) as session:
            assert await _number(session, "http://any", 1) == "1"
    await runner.cleanup()
    assert cassette.exchanges == []


async def test_a_hook_that_fails_is_not_passed_over(tmp_path: Path) -> None:
    """What a hook raises while a response is recorded comes out at the cassette's end, as aiohttp swallows it."""

    def fail(_: Any) -> Any:
        raise ValueError("no")

    async with served(echo) as url, aiohttp.ClientSession() as session:
        with pytest.raises(ValueError, match="no"):
            with use_cassette(tmp_path / "c.yaml", record_mode="once", before_record_response=fail):
                await _number(session, url, 1)
