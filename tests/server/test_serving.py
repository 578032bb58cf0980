"""The socket that both servers listen on."""

from __future__ import annotations

import asyncio
import socket
import sys
from asyncio import selector_events
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_interactions.server.serving import Serving
from tests.server.raw import connect, received

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What servers give to the system to send, call by call."""
    found: list[bytes] = []
    transport: Any = selector_events._SelectorSocketTransport  # type: ignore[attr-defined]
    write = transport.write

    def counted(self: Any, data: bytes) -> None:
        found.append(data)
        write(self, data)

    monkeypatch.setattr(transport, "write", counted)
    return found


async def _answer(send: Send, *chunks: bytes) -> None:
    await send({"type": "http.response.start", "status": 200})
    for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def test_an_answer_is_sent_in_one_piece_with_its_head_and_its_end(writes: list[bytes]) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await _answer(send, b"all of it")

    with Serving(app, name="test") as serving, httpx.Client() as client:
        for _ in range(2):
            assert client.get(serving.url).content == b"all of it"
    heads = [write.partition(b"\r\n\r\n")[0] for write in writes]
    bodies = [write.partition(b"\r\n\r\n")[2] for write in writes]
    assert all(head.startswith(b"HTTP/1.1 200") for head in heads)
    assert bodies == [b"9\r\nall of it\r\n0\r\n\r\n"] * 2


def test_the_chunks_of_a_stream_are_sent_one_by_one(writes: list[bytes]) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await _answer(send, b"1", b"2", b"3")

    with Serving(app, name="test") as serving:
        assert httpx.get(serving.url).content == b"123"
    assert [write[-6:] for write in writes] == [b"1\r\n1\r\n", b"1\r\n2\r\n", b"\n0\r\n\r\n"]


def test_a_head_is_sent_although_nothing_follows_it_yet() -> None:
    goes_on = asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        await goes_on.wait()
        await send({"type": "http.response.body", "body": b"late"})

    with Serving(app, name="test") as serving, httpx.stream("GET", serving.url) as response:

        async def go_on() -> None:
            goes_on.set()

        serving.call(go_on())  # a client that has the head
        assert response.read() == b"late"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no program can ask for an acknowledgement")
def test_the_first_part_of_a_request_is_acknowledged_before_the_second_comes() -> None:
    """A client that writes a head and a body apart waits with the body until then, if it has not set TCP_NODELAY."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        (connection,) = scope["state"]["connections"]
        accepted = connection.transport.get_extra_info("socket")
        at_once = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK)
        while (await receive())["more_body"]:
            ...
        await _answer(send, str(bool(at_once)).encode())

    head = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\n\r\n"
    with Serving(app, name="test") as serving, connect(serving.url) as client:
        for _ in range(3):  # the system itself puts off no acknowledgement of a connection's first bytes
            client.sendall(head)
            client.sendall(b"body")
            assert received(client)[2] == b"True"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_no_connection_waits_for_an_acknowledgement_before_it_sends(host: str) -> None:
    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        (connection,) = scope["state"]["connections"]
        accepted = connection.transport.get_extra_info("socket")
        no_delay = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": str(bool(no_delay)).encode()})

    with Serving(app, name="test", host=host) as serving, httpx.Client() as client:
        assert client.get(serving.url).text == "True"


def test_a_port_that_is_taken_is_an_error_and_leaves_no_socket_open() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None: ...

    with Serving(app, name="test") as serving, pytest.raises(OSError, match="in use"):
        Serving(app, name="second", port=serving.port)
