"""The clients that stand on http.client, each asking in its own way."""

from __future__ import annotations

import base64
import http.client
import json
import re
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests
import urllib3

from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.clients.odd_server import Server


#: Sends a request and returns the status and the body.
Send = Any


def with_requests(method: str, url: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    response = requests.request(method, url, data=body, headers=headers, timeout=5)
    return response.status_code, response.content


def with_urllib3(method: str, url: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    with urllib3.PoolManager(timeout=5, headers=headers) as pool:
        response = pool.request(method, url, body=body)
        return response.status, response.data


def with_urllib(method: str, url: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def with_http_client(method: str, url: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    connection.request(method, urlsplit(url).path, body, headers)
    response = connection.getresponse()
    try:
        return response.status, response.read()
    finally:
        connection.close()


CLIENTS: dict[str, Send] = {
    "requests": with_requests,
    "urllib3": with_urllib3,
    "urllib": with_urllib,
    "http.client": with_http_client,
}


@pytest.fixture(params=CLIENTS)
def send(request: pytest.FixtureRequest) -> Any:
    """One client's way of sending a request."""
    return CLIENTS[request.param]


def told(answer: tuple[int, bytes]) -> tuple[str, bytes]:
    """The method and the body that `/echo` was sent."""
    echo = json.loads(answer[1])
    return echo["method"], base64.b64decode(echo["body"])


def requests_lines(url: str) -> Iterator[bytes]:
    with requests.get(url, stream=True, timeout=5) as response:
        yield from response.iter_lines()


def requests_content(url: str) -> Iterator[bytes]:
    with requests.get(url, stream=True, timeout=5) as response:
        yield from response.iter_content(chunk_size=None)


def _urllib3(read: Callable[[Any], Iterator[bytes]]) -> Callable[[str], Iterator[bytes]]:
    def pieces(url: str) -> Iterator[bytes]:
        with urllib3.PoolManager(timeout=5) as pool:
            response = pool.request("GET", url, preload_content=False, retries=False)
            try:
                yield from read(response)
            finally:
                response.close()

    return pieces


def urllib_lines(url: str) -> Iterator[bytes]:
    with urllib.request.urlopen(url, timeout=5) as response:
        yield from response


STREAMS: dict[str, Callable[[str], Iterator[bytes]]] = {
    "requests-lines": requests_lines,
    "requests-content": requests_content,
    "urllib3-stream": _urllib3(lambda response: response.stream()),
    "urllib3-chunked": _urllib3(lambda response: response.read_chunked()),
    "urllib-lines": urllib_lines,
}


def outcome(function: Callable[..., Any], *args: Any) -> Any:
    """What `function` returns, or what it raises."""
    try:
        return function(*args)
    except Exception as error:
        words = str(error), repr(getattr(error, "reason", None) or error.args)
        return type(error), *(re.sub("0x[0-9a-f]+", "0x", each) for each in words)


def twice(tmp_path: Path, server: Server, story: Callable[[], Any]) -> tuple[Any, Any]:
    """What `story` comes to while it is recorded, and what on replay, with the server gone."""
    cassette = tmp_path / "c.yaml"
    with use_cassette(cassette, record_mode="once"):
        live = story()
    server.stop()
    with use_cassette(cassette):
        return live, story()
