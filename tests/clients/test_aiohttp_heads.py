"""Heads of aiohttp's that others would not take: large answers, and requests for another protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from pytest_interactions import UnsupportedClientError
from tests.clients.aiohttp_server import echo, raw, served, twice
from tests.support import use_cassette

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

LENGTH = b"content-length: 2\r\n\r\nok"
ANSWERS = {
    "115 headers": b"HTTP/1.1 200 OK\r\n%b%b" % (b"".join(b"x-%d: %d\r\n" % (n, n) for n in range(115)), LENGTH),
    "a header of 70 KB": b"HTTP/1.1 200 OK\r\nx-0: %b\r\n%b" % (b"y" * 70_000, LENGTH),
    "many headers after an announcement": b"HTTP/1.1 103 Early Hints\r\nx-0: no\r\n\r\nHTTP/1.1 200 OK\r\n%b%b"
    % (b"".join(b"x-%d: %d\r\n" % (n, n) for n in range(115)), LENGTH),
    "a reason in no encoding": b"HTTP/1.1 200 \xc3\xa9t\xe9\r\nx-0: 0\r\n" + LENGTH,
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nx-0: 0\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_a_head_that_aiohttp_takes_is_recorded(name: str, tmp_path: Path) -> None:
    """Whatever http.client would say to it: what the app got is what it gets again."""

    async def send(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(ANSWERS[name])

    async def ask(url: str) -> Any:
        async with aiohttp.ClientSession(max_field_size=100_000, max_line_size=100_000) as session:
            headers = {"connection": "upgrade", "upgrade": "h2c"}
            async with session.get(url, headers=headers) as response:
                return response.status, response.headers["x-0"], await response.read()

    live, replayed = await twice(raw(send), tmp_path / "c.yaml", ask, keep_headers=["x-0", "upgrade", "connection"])
    assert live == replayed
    assert live[0] in {101, 200}


async def test_a_request_that_offers_another_protocol_is_a_request(tmp_path: Path) -> None:
    """It is recorded and replayed, as a server need not take up the offer."""

    async def ask(url: str) -> Any:
        headers = {"connection": "upgrade", "upgrade": "h2c"}
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
            return await response.json()

    live, replayed = await twice(served(echo), tmp_path / "c.yaml", ask)
    assert live == replayed


class _Here(aiohttp.abc.AbstractResolver):
    """Finds each host on this machine."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> Any:
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        """Close nothing."""


@pytest.mark.parametrize("mode", ["once", "none"])
async def test_a_websocket_to_another_machine_is_refused(mode: str, tmp_path: Path) -> None:
    """As nothing of it is recorded, it goes live only where that is allowed, or to a server of the test's own."""
    (tmp_path / "c.yaml").write_text("version: 1\ninteractions: []\nmetadata: {incomplete: true}\n")
    async with served(_conversation) as url:
        far = url.replace("127.0.0.1", "far.example")
        host = far.removeprefix("http://")
        with pytest.raises(UnsupportedClientError, match=f"WebSocket to {host} .*allowed_hosts='{host}'"):
            with use_cassette(tmp_path / "c.yaml", record_mode=mode):
                with pytest.raises(UnsupportedClientError):
                    await _talk(far)
        with use_cassette(tmp_path / "c.yaml", record_mode=mode, allowed_hosts=host):
            assert await _talk(far) == "Hi"
        with use_cassette(tmp_path / "c.yaml", record_mode=mode, recorded_hosts=()):
            assert await _talk(url) == "Hi"


async def _talk(url: str) -> Any:
    connector = aiohttp.TCPConnector(resolver=_Here())
    async with aiohttp.ClientSession(connector=connector) as session, session.ws_connect(url) as socket:
        await socket.send_str("Hi")
        return (await socket.receive()).data


async def _conversation(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_str((await socket.receive()).data)
    await socket.close()
    return socket
