"""What stands on http.client is recorded and played at its connection, in any thread."""

from __future__ import annotations

import http.client
import json
import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import requests
import urllib3

from tests.clients.odd_server import Server, server
from tests.clients.stdlib import Send, outcome, send, told, twice, with_urllib3
from tests.support import sockets, use_cassette

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

__all__ = ["send", "server"]


def test_each_request_of_many_threads_is_recorded_and_none_of_them_sent_again(
    send: Send, server: Server, tmp_path: Path
) -> None:
    def story() -> list[tuple[int, bytes]]:
        with ThreadPoolExecutor(8) as threads:
            return list(threads.map(lambda n: send("POST", f"{server.url}/echo/{n}", b"%d" % n), range(24)))

    with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording:
        live = story()
    assert len(recording.exchanges) == len(server.asked) == 24
    with use_cassette(tmp_path / "c.yaml") as replay, sockets() as opened:
        assert [json.loads(body) for _, body in story()] == [json.loads(body) for _, body in live]
    assert len(server.asked) == 24
    assert opened == []
    assert replay.all_played


def test_a_pool_that_was_used_before_goes_on_in_the_cassette_and_after_it(server: Server, tmp_path: Path) -> None:
    """One connection serves a session before a recording, in it, and after a replay; what is played needs none."""

    def answer(session: requests.Session) -> Any:
        return session.post(f"{server.url}/echo/x", data=b"x", timeout=5).json()

    seen = []
    with requests.Session() as session:
        seen.append(answer(session))
        with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording, sockets() as opened:
            seen += [answer(session), answer(session)]
        assert opened == []
        assert len(recording.exchanges) == 2
        with use_cassette(tmp_path / "c.yaml"):
            seen += [answer(session), answer(session)]
        assert len(server.asked) == 3
        seen.append(answer(session))
    assert len(server.asked) == 4
    assert all(each == seen[0] for each in seen)


def test_a_connection_is_kept_alive_while_it_is_recorded(server: Server, tmp_path: Path) -> None:
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording, urllib3.PoolManager() as pool:
        with sockets() as opened:
            for number in range(3):
                assert pool.request("GET", f"{server.url}/echo/{number}").status == 200
    assert len([each for each in opened if each.startswith("socket.connect")]) == 1
    assert len(recording.exchanges) == 3


def test_a_connection_is_kept_alive_while_it_is_played(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool takes its connection for an open one, so that it makes it once; what stands for its socket is closed."""
    made: list[socket.socket] = []

    def pair() -> tuple[socket.socket, socket.socket]:
        two = real()
        made.extend(two)
        return two

    real = socket.socketpair
    monkeypatch.setattr(socket, "socketpair", pair)
    for mode in ("once", "none"):
        with use_cassette(tmp_path / "c.yaml", record_mode=mode), urllib3.PoolManager() as pool:
            with caplog.at_level(logging.DEBUG, "urllib3"):
                for number in range(3):
                    assert pool.request("GET", f"{server.url}/echo/{number}").status == 200
    assert caplog.text.count("Starting new HTTP connection") == 2
    assert "dropped" not in caplog.text
    assert len(made) == 2
    assert [each.fileno() for each in made] == [-1, -1]


def test_a_connection_made_in_a_cassette_is_used_after_it(server: Server, tmp_path: Path) -> None:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording:
        connection.connect()
        assert server.asked == []
    for _ in range(2):
        connection.request("GET", "/echo/x")
        connection.getresponse().read()
    connection.putrequest("GET", "/echo/x")
    with use_cassette(tmp_path / "d.yaml", record_mode="once"):
        connection.endheaders()
        connection.getresponse().read()
    connection.close()
    assert len(server.asked) == 3
    assert recording.exchanges == []


def test_a_cassette_that_ends_within_a_request_lets_it_go(server: Server, tmp_path: Path) -> None:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording:
        connection.putrequest("POST", "/echo/x")
        connection.putheader("content-length", "4")
        connection.endheaders(b"12")
    connection.send(b"34")
    assert told((200, connection.getresponse().read())) == ("POST", b"1234")
    connection.close()
    assert recording.exchanges == []


def test_retries_are_played_as_retries(server: Server, tmp_path: Path) -> None:
    def story() -> tuple[int, bytes, int]:
        with urllib3.PoolManager(retries=urllib3.Retry(3, status_forcelist=[503], backoff_factor=0)) as pool:
            response = pool.request("GET", f"{server.url}/flaky")
            assert response.retries is not None
            return response.status, response.data, len(response.retries.history)

    assert twice(tmp_path, server, story) == ((200, b"2", 1), (200, b"2", 1))


def test_a_host_that_is_allowed_is_asked_as_ever(send: Send, server: Server, tmp_path: Path) -> None:
    with use_cassette(tmp_path / "c.yaml", record_mode="once", allowed_hosts="127.0.0.1") as recording:
        assert told(send("POST", f"{server.url}/echo/x", iter([b"a", b"b"]))) == ("POST", b"ab")
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
        with sockets() as opened:
            connection.connect()
        assert any(each.startswith("socket.connect") for each in opened)
        connection.request("GET", "/echo/x")
        assert connection.getresponse().read()
        connection.close()
    assert recording.exchanges == []


def test_a_request_that_no_hook_wants_recorded_is_sent(send: Send, server: Server, tmp_path: Path) -> None:
    with use_cassette(tmp_path / "c.yaml", record_mode="once", before_record_request=lambda _: None) as cassette:
        assert send("GET", f"{server.url}/echo/x")[0] == 200
    assert cassette.exchanges == []


def test_a_forward_proxy_is_told_the_whole_url(server: Server, tmp_path: Path) -> None:
    """What is recorded is the URL that is asked for, and not the proxy's."""

    def story() -> Any:
        with urllib3.ProxyManager(server.url) as proxy:
            return json.loads(proxy.request("GET", "http://api.example:8080/echo/x").data)["path"]

    server.RequestHandlerClass._http = server.RequestHandlerClass._echo  # type: ignore[attr-defined]
    assert twice(tmp_path, server, story) == ("http://api.example:8080/echo/x",) * 2
    assert "uri: http://api.example:8080/echo/x" in (tmp_path / "c.yaml").read_text()


def test_a_class_with_a_way_of_its_own_to_connect_needs_no_connection_on_replay(server: Server, tmp_path: Path) -> None:
    """Of whichever library it is, and whether it was there before the cassette or not."""

    def make() -> type[http.client.HTTPConnection]:
        class Own(http.client.HTTPConnection):
            def connect(self) -> None:
                super().connect()
                self.sock.setsockopt(6, 1, 1)

        return Own

    def story() -> list[int]:
        found = []
        for kind in (before, make(), Plain):
            connection = kind(server.url.removeprefix("http://"))
            connection.request("GET", "/echo/x")
            found.append(connection.getresponse().status)
            connection.close()
        return found

    class Plain(http.client.HTTPConnection):
        pass

    before = make()
    assert twice(tmp_path, server, story) == ([200] * 3, [200] * 3)


def test_a_path_that_holds_a_url_is_a_path(send: Send, server: Server, tmp_path: Path) -> None:
    """An archive's, say: the request is for the server that it goes to, and not for that other one."""

    def story() -> Any:
        return json.loads(send("GET", f"{server.url}/echo/http://api.example/x")[1])["path"]

    live, replayed = twice(tmp_path, server, story)
    assert live == replayed == "/echo/http://api.example/x"
    assert f"uri: {server.url}/echo/http://api.example/x" in (tmp_path / "c.yaml").read_text()


def test_an_ipv6_host_and_a_bare_target_have_their_url(tmp_path: Path) -> None:
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording:
        outcome(with_urllib3, "GET", "http://[::1]:9/x")
    assert {each.request.uri for each in recording.exchanges} == {"http://[::1]:9/x"}


def test_what_was_kept_of_the_patches_connects_and_sends_once_no_cassette_is_in_force(
    server: Server, tmp_path: Path
) -> None:
    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        kept = http.client.HTTPConnection.connect, http.client.HTTPConnection.putrequest
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
    kept[0](connection)
    assert connection.sock.getpeername()[1] == server.server_address[1]
    kept[1](connection, "GET", "/echo/x")
    connection.endheaders()
    assert connection.getresponse().read()
    connection.close()
