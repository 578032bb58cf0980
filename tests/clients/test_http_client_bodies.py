"""Requests and responses of every shape, through what stands on http.client."""

from __future__ import annotations

import http.client
import io
import json
import select
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
import urllib3

from pytest_interactions import CassetteMissError
from tests.clients.odd_server import ENCODED, JSON, Handler, Server, server
from tests.clients.stdlib import CLIENTS, Send, send, told, twice, with_requests
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["send", "server"]


BODIES: dict[str, tuple[str, Callable[[], Any], bytes]] = {
    "none": ("GET", lambda: None, b""),
    "empty": ("POST", lambda: b"", b""),
    "binary": ("POST", lambda: bytes(range(256)), bytes(range(256))),
    "ends like a chunked one": ("PUT", lambda: b"0\r\n\r\n", b"0\r\n\r\n"),
    "chunks": ("POST", lambda: iter([b"one ", b"0\r\n", b"\r\n three"]), b"one 0\r\n\r\n three"),
    "file": ("PUT", lambda: io.BytesIO(b"a line\n" * 9999), b"a line\n" * 9999),
}


@pytest.mark.parametrize("kind", BODIES)
def test_any_body_is_sent_and_compared(kind: str, send: Send, server: Server, tmp_path: Path) -> None:
    method, body, sent = BODIES[kind]

    def story() -> tuple[str, bytes]:
        return told(send(method, f"{server.url}/echo/x", body()))

    assert twice(tmp_path, server, story) == ((method, sent), (method, sent))


def test_a_body_that_differs_has_no_answer(send: Send, server: Server, tmp_path: Path) -> None:
    with use_cassette(tmp_path / "c.yaml", record_mode="once"):
        send("POST", f"{server.url}/echo/x", iter([b"on", b"e"]))
    with pytest.raises(CassetteMissError, match="one"), use_cassette(tmp_path / "c.yaml"):
        send("POST", f"{server.url}/echo/x", iter([b"tw", b"o"]))


def test_forms_and_files_are_the_same_each_time(server: Server, tmp_path: Path) -> None:
    """A boundary that is drawn by lot does not tell two uploads apart."""

    def story() -> list[Any]:
        url = f"{server.url}/echo/x"
        with urllib3.PoolManager() as pool:
            return [
                requests.post(url, data={"a": ["1", "ü"]}, timeout=5).status_code,
                requests.post(url, files={"f": ("f.bin", bytes(range(256)))}, timeout=5).status_code,
                pool.request("POST", url, fields={"f": ("f.bin", bytes(range(256)))}).status,
                pool.request("POST", url, fields={"a": "1"}, encode_multipart=False).status,
            ]

    assert twice(tmp_path, server, story) == ([200] * 4, [200] * 4)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("body", [None, b"body"])
def test_a_redirect_is_followed_again(
    code: int, body: bytes | None, send: Send, server: Server, tmp_path: Path
) -> None:
    def story() -> tuple[int, Any]:
        status, told = send("POST" if body else "GET", f"{server.url}/redirect/{code}", body)
        return status, json.loads(told or b"null")

    live, replayed = twice(tmp_path, server, story)
    assert replayed == live


@pytest.mark.parametrize("method", ["HEAD", "GET"])
@pytest.mark.parametrize("path", ["nothing", "old", "echo/x"])
def test_an_answer_with_or_without_a_body_is_the_same(
    method: str, path: str, send: Send, server: Server, tmp_path: Path
) -> None:
    """So are answers to HEAD, with status 204, and those of HTTP/1.0 that the connection's end ends."""

    def story() -> tuple[int, Any]:
        status, body = send(method, f"{server.url}/{path}")
        return status, json.loads(body or b"null")

    live, replayed = twice(tmp_path, server, story)
    assert replayed == live


@pytest.mark.parametrize("name", ["requests", "urllib3"])
@pytest.mark.parametrize("encoding", ENCODED)
def test_an_encoded_body_is_kept_decoded(name: str, encoding: str, server: Server, tmp_path: Path) -> None:
    def story() -> Any:
        status, body = CLIENTS[name]("GET", f"{server.url}/encoded/{encoding}", **{"accept-encoding": encoding})
        return status, json.loads(body)

    assert twice(tmp_path, server, story) == ((200, json.loads(JSON)),) * 2
    assert "hello: " in (tmp_path / "c.yaml").read_text() or '"hello"' in (tmp_path / "c.yaml").read_text()


def test_data_of_any_kind_can_be_sent(server: Server, tmp_path: Path) -> None:
    """http.client takes files, arrays and lists of bytes, and a socket's own `send` may be used."""

    def story() -> tuple[str, bytes]:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
        connection.putrequest("POST", "/echo/x")
        connection.putheader("content-length", "9")
        connection.endheaders()
        connection.send([b"ab", b"c"])
        connection.send(memoryview(b"def"))
        assert connection.sock.send(b"ghi") == 3
        connection.send(b"\r\n")  # one more than there should be, as old clients had it
        response = connection.getresponse()
        found = told((200, response.read()))
        connection.close()
        return found

    assert twice(tmp_path, server, story) == (("POST", b"abcdefghi"),) * 2


def test_a_head_may_come_in_pieces(server: Server, tmp_path: Path) -> None:
    def story() -> tuple[str, bytes]:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=5)
        connection.putrequest("PUT", "/echo/x")
        for piece in (b"PUT /echo/x HT", b"TP/1.1\r\ncontent-length: 3\r\n", b"\r\nab", b"c"):
            connection.send(piece)
        response = http.client.HTTPResponse(connection.sock, method="PUT")
        response.begin()
        found = told((200, response.read()))
        connection.close()
        return found

    assert twice(tmp_path, server, story) == (("PUT", b"abc"),) * 2


CHUNKED = {
    "all": (b"3\r\nabc\r\n0\r\n\r\n", "abc"),
    "a line of its own about each": (b"3;x=0\r\nabc\r\n4;\r\n0\r\n\r\r\n0\r\nx-sum: 1\r\n\r\n", "abc0\r\n\r"),
}


@pytest.mark.parametrize("step", [1, 2, 7, 100])
@pytest.mark.parametrize("name", CHUNKED)
def test_chunks_may_come_in_any_pieces(name: str, step: int, server: Server, tmp_path: Path) -> None:
    sent, body = CHUNKED[name]

    def story() -> tuple[str, bytes]:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=5)
        connection.putrequest("PUT", "/echo/x")
        connection.putheader("transfer-encoding", "chunked")
        connection.endheaders()
        for at in range(0, len(sent), step):
            connection.send(sent[at : at + step])
        found = told((200, connection.getresponse().read()))
        connection.close()
        return found

    assert twice(tmp_path, server, story) == (("PUT", body.encode()),) * 2


@pytest.mark.parametrize("sent", [b"ZZ\r\nabc\r\n", b"-3\r\nabc\r\n", b"5\r\nabc"])
def test_chunks_that_are_none_are_sent_as_they_are(sent: bytes, server: Server, tmp_path: Path) -> None:
    """What nobody can read is recorded as far as it can be read."""
    server.raw = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"
    with use_cassette(tmp_path / "c.yaml", record_mode="once") as recording:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=5)
        connection.putrequest("PUT", "/raw")
        connection.putheader("transfer-encoding", "chunked")
        connection.endheaders()
        connection.send(sent)
        connection.sock.makefile("rb").close()
        connection.close()
    assert [each.request.body for each in recording.exchanges] == [b"abc" if sent.startswith(b"5") else b""]


def test_an_upload_in_many_chunks_takes_time_in_proportion(server: Server, tmp_path: Path) -> None:
    """Rows that end as a chunked body does are not read anew with each row."""
    rows = [b"%d,0\r\n" % number for number in range(20_000)]

    def story() -> bytes:
        return told(with_requests("POST", f"{server.url}/echo/x", iter(rows)))[1]

    begun = time.process_time()
    assert twice(tmp_path, server, story) == (b"".join(rows),) * 2
    assert time.process_time() - begun < 20


def test_a_body_that_waits_to_be_asked_for_is_asked_for(server: Server, tmp_path: Path) -> None:
    """As botocore does it; the server gets all of the request at once."""

    def story() -> tuple[str, bytes]:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=5)
        for number in range(2):  # the second on the same connection, while it is recorded
            connection.putrequest("PUT", f"/echo/{number}")
            connection.putheader("expect", "100-continue")
            connection.putheader("content-length", "3")
            connection.endheaders()
            assert select.select([connection.sock], [], [], 5)[0]
            assert connection.sock.makefile("rb", 0).read() == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.send(b"abc")
            found = told((200, connection.getresponse().read()))
        connection.putrequest("PUT", "/echo/x")
        assert connection.sock.fileno() == connection.sock.fileno() > 0
        connection.close()
        return found

    assert twice(tmp_path, server, story) == (("PUT", b"abc"),) * 2


def test_a_header_that_is_latin_1_is_kept(server: Server, tmp_path: Path) -> None:
    def named(handler: Handler, *_: Any) -> None:
        handler.reply(b"{}", x_names="\u00e9")

    server.RequestHandlerClass._named = named  # type: ignore[attr-defined]
    with use_cassette(tmp_path / "c.yaml", record_mode="once", keep_headers=["x-names"]) as recording:
        requests.get(f"{server.url}/named", timeout=5)
    assert recording.exchanges[0].response.headers["x-names"] == ["\u00e9"]
