"""The head of a response to what stands on http.client: it comes again byte for byte."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.clients.odd_server import Server, server
from tests.support import use_cassette

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["server"]

HEADS = {
    "Latin-1": b"HTTP/1.1 200 OK\r\nx-names: \xe9\r\ncontent-length: 2\r\n\r\nhi",
    "UTF-8": b"HTTP/1.1 200 OK\r\nx-names: \xc3\xa9\r\ncontent-length: 2\r\n\r\nhi",
    "folded": b"HTTP/1.1 200 OK\r\nx-names: a;\r\n b\r\ncontent-length: 2\r\n\r\nhi",
    "a reason in no encoding": b"HTTP/1.1 200 \xc3\xa9t\xe9\r\ncontent-length: 2\r\n\r\nhi",
    "announced": b"HTTP/1.1 103 Early Hints\r\nx-names: a\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nx-names: a\r\n\r\nhello",
}


def _http_client(url: str) -> Any:
    connection = http.client.HTTPConnection(url.split("/")[2], timeout=5)
    try:
        connection.request("GET", "/raw")
        response = connection.getresponse()
        return response.status, response.reason, response.getheader("x-names"), response.read()
    finally:
        connection.close()


def _requests(url: str) -> Any:
    response = requests.get(url, timeout=5)
    return response.status_code, response.reason, response.headers.get("x-names"), response.content


@pytest.mark.parametrize("ask", [_http_client, _requests])
@pytest.mark.parametrize("name", HEADS)
def test_a_head_is_read_as_it_was(name: str, ask: Any, server: Server, tmp_path: Path) -> None:
    """Whatever http.client makes of letters beyond ASCII, folded values and early hints, it makes of them again."""
    server.raw = HEADS[name]
    bare = ask(f"{server.url}/raw")
    with use_cassette(tmp_path / "c.yaml", record_mode="once", keep_headers=["x-names"]):
        live = ask(f"{server.url}/raw")
    server.stop()
    with use_cassette(tmp_path / "c.yaml", keep_headers=["x-names"]):
        assert ask(f"{server.url}/raw") == live == bare


def test_a_head_that_another_client_has_recorded_is_one(tmp_path: Path) -> None:
    """Letters that Latin-1 lacks are sent in UTF-8, and a line break in a value begins no other header."""
    (tmp_path / "c.yaml").write_text(
        "version: 1\ninteractions:\n"
        "- request: {method: GET, uri: 'http://api.example/raw', headers: {}, body: ''}\n"
        '  response: {status: {code: 200, message: "O\\n K"}, headers: {x-names: ["\u65e5", "a\\nb"]}, '
        "body: {string: hi}}\n",
        encoding="utf-8",
    )
    with use_cassette(tmp_path / "c.yaml"):
        assert _http_client("http://api.example/raw") == (
            200,
            "O K",
            "\u65e5".encode().decode("latin-1") + ", a b",
            b"hi",
        )
