"""HTTP as it goes over a socket, for requests that no client sends."""

from __future__ import annotations

import json
import socket
from http.client import HTTPResponse
from typing import Any


def connect(url: str) -> socket.socket:
    """A connection to the server at `url`."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=30)


def send(url: str, text: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    """Send a request line with headers, each line of `text` one of them, and return what came back until the end."""
    lines = [line.strip() for line in text.strip().splitlines()]
    with connect(url) as client:
        client.sendall("\r\n".join([*lines, "connection: close", "", ""]).encode("latin-1") + body)
        return received(client)


def received(client: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Read one answer from a connection."""
    answer = HTTPResponse(client)
    answer.begin()
    content = answer.read()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content


def error(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    """The status and the message of an answer that is an error in the API's shape."""
    status, headers, content = answer
    assert headers["content-type"].startswith("application/json"), answer
    told: dict[str, Any] = json.loads(content)["error"]
    assert set(told) == {"code", "message"}
    assert "Traceback" not in told["message"]
    return status, told["message"]
