"""Requests that got no answer, and answers that clients are not ready for."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest
import requests
from vcr.serializers import yamlserializer

from pytest_interactions import StreamEndedError
from pytest_interactions.files import reading
from pytest_interactions.server import ReplayServer
from tests.accepting import answering, refusing
from tests.cassette.clients import CLIENTS, MODEL, _post
from tests.support import sockets, use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator

BOTH = pytest.mark.parametrize("http", [httpx, httpx2], ids=["httpx", "httpx2"])


def _sync(http: Any, url: str) -> Exception:
    with http.Client(timeout=0.1) as client, pytest.raises(http.TransportError) as caught:
        client.request(**_post(url, "Hi"))
    error: Exception = caught.value
    return error


def _async(http: Any, url: str) -> Exception:
    async def ask() -> None:
        async with http.AsyncClient(timeout=0.1) as client:
            await client.request(**_post(url, "Hi"))

    with pytest.raises(http.TransportError) as caught:
        asyncio.run(ask())
    error: Exception = caught.value
    return error


FAILURES: dict[str, Callable[[socket.socket], object]] = {
    "RemoteProtocolError": lambda connection: connection.shutdown(socket.SHUT_RDWR),
    "ReadTimeout": lambda connection: connection.recv(1),
}


@BOTH
@pytest.mark.parametrize("ask", [_sync, _async])
@pytest.mark.parametrize("name", [*FAILURES, "ConnectError"])
def test_a_request_without_an_answer_fails_again(http: Any, ask: Any, name: str, tmp_path: Path) -> None:
    """What a client raises when its request is refused, hung up on or not answered in time, it raises on replay."""
    cassette = tmp_path / "c.yaml"
    with use_cassette(cassette, record_mode="once") as recording:
        if name in FAILURES:
            with answering(FAILURES[name]) as url:
                live = ask(http, url)
        else:
            url = refusing()
            live = ask(http, url)
    with use_cassette(cassette) as replay, sockets() as opened:
        replayed = ask(http, url)
    assert type(live).__name__ == name
    assert (type(replayed), str(replayed), replayed.request.url) == (type(live), str(live), live.request.url)
    assert opened == []
    assert recording.interactions == replay.interactions == []


@pytest.fixture
def unanswered(tmp_path: Path) -> tuple[Path, str]:
    """The cassette of a request that was refused, and where it was sent to."""
    cassette, url = tmp_path / "c.yaml", refusing()
    with use_cassette(cassette, record_mode="once"):
        _sync(httpx, url)
    return cassette, url


def test_a_request_without_an_answer_is_one_of_vcrpys(unanswered: tuple[Path, str]) -> None:
    """A failure is written as an exchange that vcrpy reads too, with a status that is a number and an empty body."""
    [item] = yamlserializer.deserialize(unanswered[0].read_text())["interactions"]
    assert item["response"] == {"status": {"code": 0, "message": ""}, "headers": {}, "body": {"string": ""}}
    assert item["cut"]["error"] == "ConnectError"
    assert reading.read(unanswered[0].read_bytes()) is not None


def test_another_client_gets_a_failure_in_its_own_way(unanswered: tuple[Path, str]) -> None:
    """A failure that httpx recorded is a connection error to requests."""
    with use_cassette(unanswered[0]), pytest.raises((requests.ConnectionError, ConnectionError)):
        requests.request(**_post(unanswered[1], "Hi"), timeout=5)


@pytest.mark.parametrize("name", ["requests", "urllib3", "aiohttp"])
def test_a_client_that_reads_on_anyway_gets_no_half_answer(
    name: str, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A response that httpx left unread is an error to a client that reads all there is, not a shorter answer."""
    monkeypatch.setattr("pytest_interactions.cassette.tape.READS_ON", 0.05)
    cassette = tmp_path / "c.yaml"
    with use_cassette(cassette, record_mode="once"), httpx.Client() as client:
        with client.stream(**_post(emulator.url, "Hi")):
            pass
    with pytest.raises(StreamEndedError, match="recorded only up to here"), use_cassette(cassette):
        CLIENTS[name](emulator.url, "Hi")


@BOTH
@pytest.mark.parametrize(("url", "port"), [("http://api.example", 80), ("https://api.example", 443)])
def test_a_port_that_goes_without_saying_is_allowed(http: Any, url: str, port: int, tmp_path: Path) -> None:
    """A host allowed with its scheme's own port is passed to the network, also where the URL names no port."""
    with use_cassette(tmp_path / "c.yaml", allowed_hosts=f"api.example:{port}") as cassette:
        with http.Client(timeout=5, trust_env=False) as client, pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket, "create_connection", _unreachable)
            with pytest.raises(http.ConnectError):
                client.get(url)
    assert cassette.failures == []


def _unreachable(*_: object, **__: object) -> None:
    raise OSError("unreachable")


def test_a_server_resets_the_connection_where_there_was_none(unanswered: tuple[Path, str]) -> None:
    """A client of the replay server loses its connection where a request was refused one."""
    with use_cassette(unanswered[0]) as cassette, ReplayServer(cassette) as server, httpx.Client() as client:
        with pytest.raises(httpx.ReadError, match="reset"):
            client.request(**_post(server.url, "Hi"))


def test_a_client_that_tries_again_does_so_on_replay(tmp_path: Path) -> None:
    """A client that is hung up on once and answered the second time goes the same way on replay."""
    cassette = tmp_path / "c.yaml"
    first = iter([True])

    def moody(connection: socket.socket) -> None:
        if not next(first, False):
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")

    with answering(moody) as url, use_cassette(cassette, record_mode="once"):
        _sync(httpx, url)
        assert httpx.request(**_post(url, "Hi")).text == "ok"
    with use_cassette(cassette):
        _sync(httpx, url)
        assert httpx.request(**_post(url, "Hi")).text == "ok"


def test_a_request_that_no_hook_wants_recorded_fails_unrecorded(tmp_path: Path) -> None:
    """A request that is sent past the cassette and fails leaves nothing."""
    with use_cassette(tmp_path / "c.yaml", record_mode="once", before_record_request=lambda _: None) as cassette:
        _sync(httpx, refusing())
    assert cassette.exchanges == []


NAMED = 'attachment; filename="\u00e9\u65e5.pdf"'


def _named(connection: socket.socket) -> None:
    head = f"HTTP/1.1 200 OK\r\ncontent-disposition: {NAMED}\r\ncontent-length: 2\r\n\r\nok"
    connection.sendall(head.encode())


@BOTH
def test_a_header_with_any_letters_survives(http: Any, tmp_path: Path) -> None:
    """A response header that is not ASCII comes back, from the cassette and from a server over it."""
    cassette = tmp_path / "c.yaml"
    options = {"keep_headers": ["content-disposition"]}
    with answering(_named) as url, use_cassette(cassette, record_mode="once", **options):
        live = http.get(f"{url}/v1beta/models/{MODEL}").headers["content-disposition"]
    with use_cassette(cassette, **options) as replay, ReplayServer(replay) as server:
        replayed = http.get(f"{url}/v1beta/models/{MODEL}").headers["content-disposition"]
    with use_cassette(cassette, **options) as replay, ReplayServer(replay) as server:
        served = http.get(f"{server.url}/v1beta/models/{MODEL}").headers["content-disposition"]
    assert live == replayed == served == NAMED
