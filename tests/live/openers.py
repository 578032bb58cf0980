"""The clients whose WebSockets are not recorded, each with its ways to open one: they say Hi, and return the answer."""

from __future__ import annotations

import asyncio
import http.client
import warnings
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx2
import pytest
import requests
import trio
import trio_websocket
import websocket
from tornado.websocket import websocket_connect
from trio_websocket import connect_websocket  # which stays the library's own, whatever is patched later

if TYPE_CHECKING:
    from collections.abc import Callable

#: The headers of a handshake that an app writes itself (RFC 6455, section 1.3).
HANDSHAKE = {
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
}
#: A text that says Hi, as a client frames it with a mask of zeros, and as a server does.
MASKED, FRAMED = b"\x81\x82\0\0\0\0Hi", b"\x81\x02Hi"


def _said(frame: bytes) -> str:
    assert frame == FRAMED
    return "Hi"


# --- websocket-client ---


def websocket_client(url: str) -> Any:
    """Its function."""
    connection = websocket.create_connection(url, timeout=5)
    try:
        connection.send("Hi")
        return connection.recv()
    finally:
        connection.close()


def websocket_client_socket(url: str) -> Any:
    """Its class."""
    connection = websocket.WebSocket()
    connection.connect(url)  # type: ignore[no-untyped-call]
    try:
        connection.send("Hi")
        return connection.recv()
    finally:
        connection.close()


def websocket_client_app(url: str) -> Any:
    """Its app, which tells a function of errors, and goes on."""
    said: list[Any] = []

    def stop(app: Any, what: Any) -> None:
        said.append(what)
        app.close()

    app = websocket.WebSocketApp(
        url, on_open=lambda each: each.send("Hi"), on_message=stop, on_error=lambda _, error: said.append(error)
    )
    app.run_forever()
    if isinstance(said[0], Exception):
        raise said[0]
    return said[0]


# --- trio ---


async def _say(connection: Any) -> Any:
    await connection.send_message("Hi")
    said = await connection.get_message()
    await connection.aclose()
    return said


def trio_websocket_url(url: str) -> Any:
    """Its usual way."""

    async def talk() -> Any:
        async with trio_websocket.open_websocket_url(url) as connection:
            return await _say(connection)

    return trio.run(talk)


def _in_nursery(connect: Callable[[Any], Any], say: Callable[[Any], Any] = _say) -> Any:
    async def talk() -> Any:
        failed: list[Exception] = []
        async with trio.open_nursery() as nursery:
            try:
                return await say(await connect(nursery))
            except Exception as error:
                failed.append(error)
        raise failed[0]

    return trio.run(talk)


def trio_websocket_nursery(url: str) -> Any:
    """In a nursery of the app's."""
    return _in_nursery(lambda nursery: trio_websocket.connect_websocket_url(nursery, url))


def _of_parts(connect: Any, url: str) -> Any:
    parts = urlsplit(url)
    port = parts.port or 443
    return _in_nursery(lambda each: connect(each, parts.hostname, port, parts.path, use_ssl=parts.scheme == "wss"))


def trio_websocket_host(url: str) -> Any:
    """To a host by its name."""
    return _of_parts(trio_websocket.connect_websocket, url)


def trio_websocket_kept(url: str) -> Any:
    """By a function that was imported by its name."""
    return _of_parts(connect_websocket, url)


def trio_websocket_stream(url: str) -> Any:
    """On a stream that the app has opened."""
    parts, streams = urlsplit(url), list[Any]()

    async def connect(nursery: Any) -> Any:
        stream = await trio.open_tcp_stream("127.0.0.1", parts.port or 0)
        streams.append(stream)
        return await trio_websocket.wrap_client_stream(nursery, stream, parts.netloc, parts.path)

    async def say(connection: Any) -> Any:
        async with streams[0]:
            return await _say(connection)

    return _in_nursery(connect, say)


def websockets_trio(url: str) -> Any:
    """The one that websockets has for trio."""
    client = pytest.importorskip("websockets.trio.client", reason="websockets has it since version 16")

    async def talk() -> Any:
        async with client.connect(url) as connection:
            await connection.send("Hi")
            return await connection.recv()

    return trio.run(talk)


# --- asyncio ---


def websockets_legacy(url: str) -> Any:
    """The one that websockets had before, which it warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from websockets.legacy.client import connect

    async def talk() -> Any:
        async with connect(url) as connection:
            await connection.send("Hi")
            return await connection.recv()

    return asyncio.run(talk())


def aiohttp_session(url: str) -> Any:
    """The one of aiohttp."""

    async def talk() -> Any:
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as connection:
            await connection.send_str("Hi")
            return (await connection.receive()).data

    return asyncio.run(talk())


def tornado(url: str) -> Any:
    """The one of tornado."""

    async def talk() -> Any:
        connection = await websocket_connect(url)
        await connection.write_message("Hi")
        said = await connection.read_message()
        connection.close()
        await connection.read_message()  # which tells that it is closed
        return said

    return asyncio.run(talk())


# --- requests that ask for an upgrade, as httpx-ws sends them ---


def httpx_upgrade(library: Any, url: str) -> Any:
    """By a client of httpx's."""
    with library.Client() as client, client.stream("GET", _as_http(url), headers=HANDSHAKE) as response:
        assert response.status_code == 101
        stream = response.extensions["network_stream"]
        stream.write(MASKED)
        return _said(stream.read(len(FRAMED)))


def httpx_async_upgrade(library: Any, url: str) -> Any:
    """By one for event loops."""

    async def talk() -> Any:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(library.AsyncClient())
            response = await stack.enter_async_context(client.stream("GET", _as_http(url), headers=HANDSHAKE))
            stream = response.extensions["network_stream"]
            await stream.write(MASKED)
            return _said(await stream.read(len(FRAMED)))

    return asyncio.run(talk())


def http_client(url: str) -> Any:
    """By http.client, on whose socket the app talks on."""
    parts = urlsplit(_as_http(url))
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=5)
    try:
        connection.request("GET", parts.path, headers=HANDSHAKE)
        connection.send(MASKED)
        with connection.getresponse() as response:
            assert response.status == 101
            return _said(response.fp.read(len(FRAMED)))
    finally:
        connection.close()


def requests_upgrade(url: str) -> Any:
    """By requests, of which nobody reads on."""
    with requests.get(_as_http(url), headers=HANDSHAKE, stream=True, timeout=5) as response:
        assert response.status_code == 101
        return "Hi"


def _as_http(url: str) -> str:
    return "http" + url.removeprefix("ws")


#: Each way, and how the refusal names its client.
WAYS: dict[str, tuple[Callable[[str], Any], str]] = {
    **{
        way.__name__: (way, "websocket-client")
        for way in (websocket_client, websocket_client_socket, websocket_client_app)
    },
    **{
        way.__name__: (way, "trio-websocket")
        for way in (trio_websocket_url, trio_websocket_nursery, trio_websocket_host)
    },
    "websockets_trio": (websockets_trio, "websockets.trio.client"),
    "websockets_legacy": (websockets_legacy, "websockets.legacy.client"),
    "aiohttp_session": (aiohttp_session, "aiohttp"),
    "tornado": (tornado, "tornado"),
    "httpx_upgrade": (partial(httpx_upgrade, httpx), "httpx"),
    "httpx2_upgrade": (partial(httpx_upgrade, httpx2), "httpx2"),
    "httpx_async_upgrade": (partial(httpx_async_upgrade, httpx), "httpx"),
    "http_client": (http_client, "http.client"),
    "requests_upgrade": (requests_upgrade, "urllib3.connection"),
}
#: Those that have a connection before they are seen, so that a replay without a server fails before.
LATE: dict[str, tuple[Callable[[str], Any], str]] = {
    "trio_websocket_kept": (trio_websocket_kept, "trio-websocket"),
    "trio_websocket_stream": (trio_websocket_stream, "trio-websocket"),
}
