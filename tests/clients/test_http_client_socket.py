"""What an app does with http.client's `sock` itself: it works while recording, and needs no network on replay."""

from __future__ import annotations

import http.client
import json
import select
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.odd_server import Server, server
from tests.clients.stdlib import outcome, twice
from tests.support import sockets, use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["server"]

NO_DELAY = socket.IPPROTO_TCP, socket.TCP_NODELAY


def _read(connection: http.client.HTTPConnection) -> Any:
    return json.loads(connection.getresponse().read())


def _before(connection: Any) -> Any:
    connection.connect()
    connection.sock.setsockopt(*NO_DELAY, 1)
    connection.request("GET", "/echo/x")
    return _read(connection)


def _between(connection: Any) -> Any:
    connection.request("GET", "/echo/x")
    connection.sock.setsockopt(*NO_DELAY, 1)
    connection.sock.settimeout(4)
    return connection.sock.gettimeout(), _read(connection)


def _after(connection: Any) -> Any:
    connection.request("GET", "/echo/x")
    response = connection.getresponse()
    connection.sock.settimeout(3)
    return connection.sock.gettimeout(), json.loads(response.read())


def _twice(connection: Any) -> Any:
    first = _after(connection)
    select.select([connection.sock], [], [], 0)  # as one does to see whether the connection is lost
    return first, _after(connection)


def _peer(connection: Any) -> Any:
    connection.connect()
    host, port = connection.sock.getpeername()
    connection.request("GET", "/echo/x")
    return host, port, connection.sock.getsockname()[0], _read(connection)


def _given_up(connection: Any) -> Any:
    connection.auto_open = 0
    connection.request("GET", "/echo/x")


def _certificate(connection: Any) -> Any:
    connection.connect()
    with pytest.raises(AttributeError):
        connection.sock.getpeercert()
    with pytest.raises(AttributeError, match="nonsense"):
        connection.sock.nonsense()
    connection.request("GET", "/echo/x")
    return _read(connection)


STORIES = [_before, _between, _after, _twice, _peer, _given_up, _certificate]


@pytest.mark.parametrize("story", STORIES)
def test_a_socket_does_as_without_a_cassette(story: Callable[[Any], Any], server: Server, tmp_path: Path) -> None:
    """Its options, its time-out and its addresses are there before, during and after a request."""

    def run() -> Any:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=5)
        try:
            return outcome(story, connection)
        finally:
            connection.close()

    bare = run()
    live, replayed = twice(tmp_path, server, run)
    assert live == bare
    assert replayed == bare


def test_an_option_is_that_of_the_socket_to_come(server: Server, tmp_path: Path) -> None:
    """What is set before there is a socket holds once there is one."""
    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        connection: Any = http.client.HTTPConnection(server.url.removeprefix("http://"))
        connection.connect()
        connection.sock.shutdown(2)
        connection.sock.settimeout(5)
        connection.sock.setsockopt(*NO_DELAY, 1)
        connection.request("GET", "/echo/x")
        assert connection.sock.gettimeout() == 5
        assert connection.sock.getsockopt(*NO_DELAY) == 1
        connection.close()


def test_a_replay_tells_of_a_socket_without_one(tmp_path: Path) -> None:
    """What a server's name stands for is nobody's address, and what only a connection can tell is an error."""
    (tmp_path / "c.yaml").write_text("version: 1\ninteractions: []\n")
    with use_cassette(tmp_path / "c.yaml"), sockets() as opened:
        for host, address in (("api.example", "192.0.2.1"), ("localhost", "127.0.0.1"), ("::1", "::1")):
            connection: Any = http.client.HTTPSConnection(host, 443)
            connection.connect()
            assert connection.sock.getpeername() == (address, 443)
        assert connection.sock.getsockopt(*NO_DELAY) == 0
        assert connection.sock.gettimeout() is None
        with pytest.raises(AttributeError, match="on replay whose getpeercert"):
            connection.sock.getpeercert()
    assert opened == []


def test_a_server_that_is_not_there_is_missed_where_its_address_is_asked_for(tmp_path: Path) -> None:
    """While recording, what needs a connection fails as that does, and the request may still be sent later."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording:
        connection: Any = http.client.HTTPConnection("127.0.0.1", port)
        connection.connect()
        connection.putrequest("GET", "/echo/x")
        with pytest.raises(ConnectionRefusedError):
            connection.sock.getpeername()
        assert recording.exchanges == []
        with socket.create_server(("127.0.0.1", port)) as listening:
            connection.endheaders()
            far, _ = listening.accept()
            with far:
                far.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                assert _read(connection) == {}
    connection.close()
    assert [exchange.response.body for exchange in recording.exchanges] == [b"{}"]


def test_a_socket_is_read_without_a_response(server: Server, tmp_path: Path) -> None:
    """What there is of the socket while it is recorded is the real one's, and a read that finds nothing is no end."""
    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        connection: Any = http.client.HTTPConnection(server.url.removeprefix("http://"))
        connection.request("GET", "/late")
        facade = connection.sock
        facade.settimeout(0)
        file = facade.makefile("rb")
        assert not file.peek()
        server.gate.set()
        facade.settimeout(5)
        assert file.fileno() == facade.fileno()
        assert file.readline() == b"HTTP/1.1 200 OK\r\n"
        file.close()
        facade.shutdown(2)
        connection.close()
