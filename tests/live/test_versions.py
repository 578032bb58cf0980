"""Versions of the websockets library before the one that is installed: their ways to open a connection, by stand-ins.

The tests with the lowest versions of all that is needed run the real one.
"""

from __future__ import annotations

import asyncio
import socket
import ssl as ssl_module
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import trustme
import websockets.asyncio.client
import websockets.sync.client
from websockets.client import ClientProtocol
from websockets.sync.server import unix_serve
from websockets.uri import parse_uri

from pytest_interactions import UnsupportedClientError
from tests.live.talk import Server, server, serving
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["server"]


def connect_before_17(
    uri: str,
    *,
    sock: Any = None,
    ssl: Any = None,
    proxy_ssl: Any = None,
    additional_headers: Any = None,
    subprotocols: Any = None,
    unix: bool = False,
    path: str | None = None,
    **kwargs: Any,
) -> Any:
    """Do what the function did that opened a connection for a thread."""
    address = parse_uri(uri)
    if unix:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect(path)
    elif sock is None:
        sock = socket.create_connection((address.host, address.port))
    if not unix:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if address.secure and proxy_ssl is None:
        sock = ssl.wrap_socket(sock, server_hostname=address.host)
    protocol = ClientProtocol(address, subprotocols=subprotocols, **kwargs)
    connection = websockets.sync.client.ClientConnection(sock, protocol)
    connection.pending_legacy_warning = False
    connection.handshake(additional_headers, None, 10)
    return connection


class BeforeSeventeen(websockets.asyncio.client.connect):
    """What opened a connection in an event loop, whose attributes had other names."""

    def __init__(self, uri: str, *, additional_headers: Any = None, **kwargs: Any) -> None:
        super().__init__(uri, **kwargs)
        self.protocol_factory = vars(self).pop("factory")
        self.handshake_args = (additional_headers, None)
        del self.additional_headers

    async def create_connection(self) -> Any:
        """Open a connection that is still to shake hands."""
        address = parse_uri(self.uri)
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: self.protocol_factory(address), address.host, address.port)
        return connection

    async def connect(self) -> Any:
        """Open a connection."""
        connection = await self.create_connection()
        try:
            await connection.handshake(*self.handshake_args)
        except Exception:
            connection.transport.abort()
            raise
        return connection


class Thirteen:
    """What opened one in version 13.0."""

    def __init__(self, uri: str, **kwargs: Any) -> None:
        self.uri, self.kwargs = uri, kwargs


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The library as it was before version 17."""
    if not hasattr(websockets.sync.client, "reconnect"):
        pytest.skip("it is such a version itself")
    monkeypatch.delattr(websockets.sync.client, "reconnect")
    monkeypatch.setattr(websockets.sync.client, "connect", connect_before_17)
    monkeypatch.setattr(websockets.asyncio.client, "connect", BeforeSeventeen)
    code = connect_before_17.__code__
    yield
    assert connect_before_17.__code__ is code


@pytest.mark.usefixtures("before")
def test_a_function_that_somebody_has_imported_is_recorded_and_played(server: Server, path: Path) -> None:
    """By whatever name it is called, with headers and subprotocols; and does what it does where no cassette is."""

    def app() -> Any:
        headers = {"x-goog-api-key": "AIza" + "SyA1234567890abcdefghijklmnopqrstuv"}
        with connect_before_17(
            server.url, additional_headers=headers, subprotocols=["a"], proxy_ssl=None
        ) as connection:
            connection.send("one")
            return connection.recv()

    assert app() == "one"
    with use_cassette(path, record_mode="once"):
        assert app() == "one"
    server.stop()
    with use_cassette(path):
        assert app() == "one"
    assert "AIza" not in path.read_text("utf-8")


@pytest.mark.usefixtures("before")
def test_a_function_opens_what_is_none_of_the_cassettes(server: Server, path: Path) -> None:
    """It leads to an allowed host."""
    with use_cassette(path, record_mode="once", allowed_hosts=["127.0.0.1"]) as cassette:
        with connect_before_17(server.url) as connection:
            connection.send("one")
            assert connection.recv() == "one"
    assert cassette.exchanges == []


@pytest.mark.usefixtures("before")
def test_a_function_opens_tls(path: Path) -> None:
    """A replay needs no certificate."""
    authority = trustme.CA()
    context = ssl_module.SSLContext(ssl_module.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl_module.create_default_context()
    authority.configure_trust(trusting)
    with serving(ssl=context) as running:
        url = running.url.replace("ws:", "wss:")
        with use_cassette(path, record_mode="once"), connect_before_17(url, ssl=trusting) as connection:
            connection.send("one")
            assert connection.recv() == "one"
    with use_cassette(path), connect_before_17(url) as connection:
        connection.send("one")
        assert connection.recv() == "one"


@pytest.mark.usefixtures("before")
def test_what_opens_one_in_a_loop_is_recorded_and_played(server: Server, path: Path) -> None:
    """Its headers are where that version has them."""

    async def app() -> Any:
        headers = {"x-goog-api-key": "AIza" + "SyA1234567890abcdefghijklmnopqrstuv"}
        async with BeforeSeventeen(server.url, additional_headers=headers) as connection:
            await connection.send("one")
            return await connection.recv()

    with use_cassette(path, record_mode="once"):
        assert asyncio.run(app()) == "one"
    server.stop()
    with use_cassette(path):
        assert asyncio.run(app()) == "one"
    assert "AIza" not in path.read_text("utf-8")


def test_the_oldest_version_is_refused(server: Server, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it can be recorded, so the error says which version can."""
    monkeypatch.setattr(websockets.asyncio.client, "connect", Thirteen)
    with pytest.raises(UnsupportedClientError, match=r"13\.1 at least"), use_cassette(path, record_mode="once"):
        Thirteen(server.url)
    with use_cassette(path, record_mode="once", allowed_hosts=["127.0.0.1"]):
        assert Thirteen(server.url, ping_interval=3).kwargs == {"ping_interval": 3}
    assert Thirteen(server.url).uri == server.url


def _echo_once(connection: Any) -> None:
    connection.send(connection.recv())


def test_a_unix_socket_is_none_of_the_apis(path: Path, tmp_path: Path) -> None:
    """It goes past the cassette, in both ways."""

    async def app(at: str) -> Any:
        async with websockets.asyncio.client.unix_connect(at) as connection:
            await connection.send("one")
            return await connection.recv()

    at = str(tmp_path / "s")
    with unix_serve(_echo_once, at) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        with use_cassette(path, record_mode="once") as cassette:
            assert asyncio.run(app(at)) == "one"
            with websockets.sync.client.unix_connect(at) as connection:
                connection.send("two")
                assert connection.recv() == "two"
            assert cassette.exchanges == []
        running.shutdown()
        thread.join()


def test_a_handshake_that_is_cancelled_is_recorded_so(path: Path) -> None:
    """The app waited no longer; so does its replay, by the app's own time-out."""

    def silent(_: Any, __: Any) -> Any:
        time.sleep(0.3)
        return None

    async def app(url: str) -> None:
        async with asyncio.timeout(0.1), websockets.asyncio.client.connect(url):
            pass

    with serving(process_request=silent) as running, use_cassette(path, record_mode="once") as cassette:
        with pytest.raises(TimeoutError):
            asyncio.run(app(running.url))
    assert [exchange.response.status for exchange in cassette.exchanges] == [0]
