"""aiohttp's requests that get no answer: they fail again, in aiohttp's own words."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver

from pytest_interactions.api.exchange import Cut
from tests.clients.aiohttp_server import again, echo, raw, served, twice
from tests.support import edit, use_cassette

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path


class _Resolver(AbstractResolver):
    """Finds no host, at once or ever."""

    def __init__(self, error: OSError | None = None) -> None:
        self._error = error

    async def resolve(self, *_: Any, **__: Any) -> Any:
        if self._error is not None:
            raise self._error
        await asyncio.get_running_loop().create_future()

    async def close(self) -> None:
        """Close nothing."""


def _failing(method: str = "POST", **options: Any) -> Callable[[str], Awaitable[Any]]:
    """How a request fails: with which exception, which words and which cause."""

    async def ask(url: str) -> Any:
        timeout = options.get("timeout", aiohttp.ClientTimeout())
        connector = aiohttp.TCPConnector(resolver=options.get("resolver"), use_dns_cache=False)
        way = {"proxy": options.get("proxy"), "ssl": options.get("ssl", True)}
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            with pytest.raises((aiohttp.ClientError, TimeoutError)) as caught:
                await session.request(method, options.get("url", url), data=b"Hi" if method == "POST" else None, **way)
        return _described(caught.value)

    return ask


def _described(error: BaseException) -> Any:
    names = (
        "os_error",
        "certificate_error",
        "errno",
        "strerror",
        "status",
        "message",
        "host",
        "port",
        "expected",
        "got",
    )
    return [type(error), str(error), *(repr(getattr(error, name, None)) for name in names)]


async def _hang_up(*_: Any) -> None:
    """Send nothing."""


async def _wait(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def _reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    linger = bytes([1, 0, 0, 0, 0, 0, 0, 0])
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def _garbage(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")


async def _half_a_head(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nset-cookie: a=secret\r\ncontent-")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("answer", [_hang_up, _reset, _garbage])
async def test_an_answer_that_is_none_is_none_again(answer: Any, method: str, tmp_path: Path) -> None:
    """A server that hangs up, resets or talks another protocol makes the same exception on replay."""
    live, replayed = await twice(raw(answer), tmp_path / "c.yaml", _failing(method))
    assert live == replayed


async def test_half_a_head_is_no_answer(tmp_path: Path) -> None:
    """A server that breaks off within the head hung up; what it said of itself is in no cassette."""
    live, replayed = await twice(raw(_half_a_head), tmp_path / "c.yaml", _failing())
    assert live[0] is replayed[0] is aiohttp.ServerDisconnectedError
    assert "a=secret" not in (tmp_path / "c.yaml").read_text()


@pytest.mark.parametrize(
    ("limits", "kind"),
    [({"sock_read": 0.05}, aiohttp.SocketTimeoutError), ({"total": 0.05}, TimeoutError)],
    ids=["of a read", "of all"],
)
async def test_an_answer_that_comes_too_late_comes_never(limits: Any, kind: Any, tmp_path: Path) -> None:
    """A time-out before any answer is recorded, and raised again at once."""
    ask = _failing(timeout=aiohttp.ClientTimeout(**limits))
    live, replayed = await twice(raw(_wait), tmp_path / "c.yaml", ask)
    assert live == replayed
    assert live[0] is kind


CONNECTIONS: dict[str, tuple[Any, dict[str, Any]]] = {
    "refused": (aiohttp.ClientConnectorError, {}),
    "unknown": (aiohttp.ClientConnectorDNSError, {"resolver": _Resolver(OSError(-2, "Name or service not known"))}),
    "unknown, without a number": (aiohttp.ClientConnectorDNSError, {"resolver": _Resolver(OSError("Nobody"))}),
    "too slow": (aiohttp.ConnectionTimeoutError, {"timeout": aiohttp.ClientTimeout(connect=0.05)}),
    "too slow in all": (TimeoutError, {"timeout": aiohttp.ClientTimeout(total=0.05)}),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", CONNECTIONS)
async def test_a_connection_that_fails_does_so_again(name: str, method: str, tmp_path: Path) -> None:
    """What keeps a connection from being made is raised again, with its cause, its number and its words."""
    kind, options = CONNECTIONS[name]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host = "127.0.0.1" if name == "refused" else "nowhere.example"
        url = f"http://{host}:{listening.getsockname()[1]}/?key=secret-of-the-url"
    outcomes = []
    for mode in ("once", "none"):
        with use_cassette(tmp_path / "c.yaml", record_mode=mode):
            outcomes.append(await _failing(method, url=url, **{"resolver": _Resolver()} | options)(url))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] is kind
    assert "secret-of-the-url" not in (tmp_path / "c.yaml").read_text().partition("cut:")[2]


async def test_a_certificate_that_is_not_trusted_is_so_again(tmp_path: Path) -> None:
    """An untrusted certificate, and a server that speaks no TLS, fail with aiohttp's exceptions for them."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    live, replayed = await twice(served(echo, tls), tmp_path / "c.yaml", _failing())
    assert live == replayed
    assert live[0] is aiohttp.ClientConnectorCertificateError
    async with served(echo) as url:
        plain = url.replace("http:", "https:")
        with use_cassette(tmp_path / "plain.yaml", record_mode="once"):
            live = await _failing(url=plain)(plain)
    assert live == await again(tmp_path / "plain.yaml", _failing())
    assert issubclass(live[0], aiohttp.ClientConnectorError)


async def test_a_certificate_that_is_not_the_expected_one_is_so_again(tmp_path: Path) -> None:
    """What the app expects and what it got are told as they were."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    ask = _failing(ssl=aiohttp.Fingerprint(b"x" * 32))
    live, replayed = await twice(served(echo, tls), tmp_path / "c.yaml", ask)
    assert live == replayed
    assert live[0] is aiohttp.ServerFingerprintMismatch
    assert (await again(tmp_path / "c.yaml", _failing()))[-2:] == ["b''", live[-1]]


async def test_a_proxy_that_makes_no_tunnel_makes_none_again(tmp_path: Path) -> None:
    """Its status and its reason are those that it gave; the key in its URL is in no cassette."""

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 407 Who are you?\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")

    outcomes = []
    async with raw(refuse) as url:
        proxy = f"{url}/?key=secret-of-the-proxy"
        ask = _failing(url="https://far.example/x", proxy=proxy)
        for mode in ("once", "none"):
            with use_cassette(tmp_path / "c.yaml", record_mode=mode):
                outcomes.append(await ask(url))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] is aiohttp.ClientHttpProxyError
    assert "secret-of-the-proxy" not in (tmp_path / "c.yaml").read_text()
    assert (await again(tmp_path / "c.yaml", _failing(url="https://far.example/x")))[0] is aiohttp.ClientHttpProxyError


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_is_not_there_is_missed_again(scheme: str, tmp_path: Path) -> None:
    """The error names the proxy, and not the server behind it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        proxy = f"http://127.0.0.1:{listening.getsockname()[1]}"
    ask = _failing(url=f"{scheme}://far.example/x", proxy=proxy)
    outcomes = []
    for mode in ("once", "none"):
        with use_cassette(tmp_path / "c.yaml", record_mode=mode):
            outcomes.append(await ask(""))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] is aiohttp.ClientProxyConnectionError


async def test_a_request_that_is_tried_again_goes_the_same_way(tmp_path: Path) -> None:
    """A second attempt of aiohttp's, after a server that hung up, is recorded and replayed as that."""
    first = iter([True])

    async def moody(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not next(first, False):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    async def ask(url: str) -> Any:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return await response.text()

    assert await twice(raw(moody), tmp_path / "c.yaml", ask) == ("ok", "ok")
    assert (tmp_path / "c.yaml").read_text().count("error: ServerDisconnectedError") == 1


@pytest.mark.parametrize("server", [_wait, None], ids=["after it was sent", "before it was connected"])
async def test_a_request_that_the_app_gives_up_gets_no_answer_on_replay(server: Any, tmp_path: Path) -> None:
    """A task that is cancelled before its request has an answer waits on replay too, until it is cancelled."""
    async with raw(server or _wait) as url:
        for mode in ("once", "none"):
            with use_cassette(tmp_path / "c.yaml", record_mode=mode) as cassette:
                async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=_Resolver())) as session:
                    task = asyncio.create_task(session.get(url if server else "http://nowhere.example")._coro)
                    await asyncio.wait([task], timeout=0.05)
                    assert not task.done()
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task
            [exchange] = cassette.exchanges
            assert exchange.response.status == 0
            assert exchange.cut == Cut(by="app")


async def test_an_error_of_somebody_else_s_is_no_open_request(tmp_path: Path) -> None:
    """What a connector of the app's own raises is the app's business, and leaves nothing to wait for."""

    class Connector(aiohttp.TCPConnector):
        async def _create_connection(self, *_: Any) -> Any:
            raise ZeroDivisionError

    options: Any = {"before_record_request": lambda _: None}
    for cassette in (
        use_cassette(tmp_path / "c.yaml", record_mode="once"),
        use_cassette(tmp_path / "c.yaml", record_mode="once", **options),
    ):
        with cassette as opened:
            async with aiohttp.ClientSession(connector=Connector()) as session:
                with pytest.raises(ZeroDivisionError):
                    await session.get("http://nowhere.example")
        assert opened.exchanges == []


async def test_a_body_that_cant_be_made_is_sent_nowhere(tmp_path: Path) -> None:
    """A body whose making fails is aiohttp's error of a connection, and no request."""

    async def broken() -> AsyncIterator[bytes]:
        yield b"one"
        raise ValueError("two")

    async with served(echo) as url, aiohttp.ClientSession() as session:
        with use_cassette(tmp_path / "c.yaml", record_mode="once") as cassette:
            with pytest.raises(aiohttp.ClientConnectionError, match="two"):
                await session.post(url, data=broken())
    assert cassette.exchanges == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ReadTimeout", aiohttp.SocketTimeoutError),
        ("ConnectError", aiohttp.ClientConnectionError),
        ("ClientHttpProxyError", aiohttp.ClientConnectionError),
        ("ServerFingerprintMismatch", aiohttp.ClientConnectionError),
    ],
)
async def test_another_clients_failure_is_the_nearest_one(name: str, kind: Any, tmp_path: Path) -> None:
    """A failure that aiohttp has no name for, or not enough of, is raised as what comes nearest to it."""
    await twice(raw(_hang_up), tmp_path / "c.yaml", _failing())
    edit(tmp_path / "c.yaml", "error: ServerDisconnectedError", f"error: {name}")
    assert (await again(tmp_path / "c.yaml", _failing()))[0] is kind


async def test_a_request_that_no_hook_wants_recorded_fails_unrecorded(tmp_path: Path) -> None:
    """A request that is sent past the cassette and gets no connection leaves nothing."""
    options = {"before_record_request": lambda _: None}
    with use_cassette(tmp_path / "c.yaml", record_mode="once", **options) as cassette:
        await _failing(resolver=_Resolver(OSError("Nobody")))("http://nowhere.example")
    assert cassette.exchanges == []


async def test_a_redirect_with_a_body_that_is_gone_fails_as_without_a_cassette(tmp_path: Path) -> None:
    """A body that can be made only once is sent only once, though the cassette has it."""

    async def redirect(_: web.Request) -> web.Response:
        return web.Response(status=307, headers={"location": "/new"})

    async def once() -> AsyncIterator[bytes]:
        yield b"one"

    async def ask(url: str) -> Any:
        async with aiohttp.ClientSession() as session:
            # It sends no body the second time before 3.12, and is redirected until that is too much.
            with pytest.raises((aiohttp.ClientPayloadError, aiohttp.TooManyRedirects)) as caught:
                await session.post(url, data=once())
        return type(caught.value), str(caught.value)

    live, replayed = await twice(served(redirect), tmp_path / "c.yaml", ask)
    assert live == replayed
