"""Whatever is sent to a local server: it answers, or closes the connection, and goes on."""

from __future__ import annotations

import logging
import socket
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

import httpx
from h11 import LocalProtocolError
from hypothesis import strategies as st

from pytest_interactions import Emulator, ReplayServer
from pytest_interactions.clients.context import open_cassette
from pytest_interactions.options import resolve
from torture import strategies
from torture.cassettes import PATH, recorded
from torture.fuzz import drawn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torture import Outcome

_SECONDS: Final = 10
_SERVERS_FAULT: Final = 500
_PATHS: Final = st.sampled_from(
    [
        *(PATH, f"{PATH}/v1_a", f"{PATH}/v1_a/cancel", "/v1/interactions", "/upload/v1beta/files", "/v1beta/files"),
        *("/v1beta/files/a", "/", "*", "//", "/%00", "/v1beta/interactions/..%2f..", "/healthz", "http://h:x/", "a"),
    ]
)
_METHODS: Final = st.sampled_from(
    ["POST", "POST", "GET", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS", "CONNECT", "\xff"]
)
_QUERY: Final = st.sampled_from(["", "", "?alt=sse", "?stream=true&last_event_id=%ff", "?include_input=true", "?&=%zz"])
_LINES: Final = st.sampled_from(
    [
        *(b"host: a", b"host: ", b"content-length: 5", b"content-length: -1", b"content-length: 99999999999999"),
        *(b"transfer-encoding: chunked", b"expect: 100-continue", b"connection: upgrade", b"upgrade: websocket"),
        *(b"content-type: application/json", b"accept-encoding: gzip", b"x-goog-api-key: a", b"x-goog-api-key: \xff"),
        *(b": a", b"a", b" folded", b"a: " + b"a" * 70_000, b"x-goog-upload-command: start, upload, finalize, query"),
        *(b"x-goog-upload-offset: x", b"x-goog-upload-protocol: resumable", b"range: bytes=9-1", b"\x00: a"),
    ]
)
_REQUEST: Final = st.builds(
    lambda method, path, query, lines, end, body: (
        f"{method} {path}{query} HTTP/1.1\r\n".encode("latin-1") + b"".join(line + end for line in lines) + end + body
    ),
    _METHODS,
    _PATHS,
    _QUERY,
    st.lists(_LINES, max_size=5).map(lambda lines: [b"host: localhost", b"x-goog-api-key: a", *lines]),
    st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r"]),
    strategies.BODY | st.sampled_from([b"5\r\nhello\r\n0\r\n\r\n", b"ffffffffffffffff\r\n", b"-1\r\n", b"x"]),
)
_BYTES: Final = st.builds(b"".join, st.lists(_REQUEST | st.binary(max_size=30), min_size=1, max_size=3))


def emulator(examples: int, seed: int = 0) -> Outcome:
    """Send bytes and JSON to the emulator."""
    with Emulator() as server:
        return _asked(server.url, examples, seed)


def replay_server(examples: int, seed: int = 0) -> Outcome:
    """Send bytes and JSON to the replay server of a cassette."""
    with TemporaryDirectory(prefix="torture-") as scratch:
        path = recorded(Path(scratch))[0].path
        cassette = open_cassette(path, resolve(("torture", {"record_mode": "none"})), rerecord=str)
        with ReplayServer(cassette) as server:
            return _asked(server.url, examples, seed)


def _asked(url: str, examples: int, seed: int) -> Outcome:
    host = urlsplit(url)
    with _log() as logged, httpx.Client(verify=False, timeout=_SECONDS) as client:  # noqa: S501 - it is this machine

        def raw(sent: bytes) -> None:
            _judge(_received((str(host.hostname), host.port or 0), sent))
            client.get(f"{url}/healthz")  # it goes on
            _judge_log(logged)

        def parsed(method: str, path: str, query: str, body: bytes, name: str) -> None:
            target = path.replace("v1_a", quote(name, safe="", errors="surrogatepass"))
            target = target if target.startswith("/") else "/"
            got = client.request(
                method.replace("\xff", "POST").replace("CONNECT", "POST"),
                f"{url}{target}{query}",
                content=body,
                headers={"x-goog-api-key": "a", "content-type": "application/json"},
            )
            _judge(f"HTTP/1.1 {got.status_code}\r\n\r\n{got.text[:500]}".encode())
            _judge_log(logged)

        outcomes = (
            drawn(raw, examples // 2, seed, _BYTES),
            drawn(parsed, examples // 2, seed, _METHODS, _PATHS, _QUERY, strategies.JSON_TEXT, strategies.TEXTS),
        )
    return sum(cases for cases, _ in outcomes), [problem for _, failed in outcomes for problem in failed]


def _received(address: tuple[str, int], sent: bytes) -> bytes:
    """Send bytes on a connection of their own, and return all that comes until it is closed.

    Raises:
        TimeoutError: It was not closed.
    """
    received = []
    with socket.create_connection(address, timeout=_SECONDS) as connection:
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                received.append(piece)
        except ConnectionError:
            pass  # closed before all was read
    return b"".join(received)


@contextmanager
def _log() -> Iterator[list[BaseException]]:
    """Collect the errors that the server logs, and print nothing."""
    log, errors = logging.getLogger("uvicorn.error"), list[BaseException]()

    class _Errors(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            # An answer to what is no HTTP any more is h11's to refuse.
            if record.exc_info and record.exc_info[1] and not isinstance(record.exc_info[1], LocalProtocolError):
                errors.append(record.exc_info[1])

    handler, propagates = _Errors(), log.propagate
    log.propagate = False
    log.addHandler(handler)
    try:
        yield errors
    finally:
        log.removeHandler(handler)
        log.propagate = propagates


def _judge_log(errors: list[BaseException]) -> None:
    """Raise the first error that the server has logged."""
    found, errors[:] = errors[:], []
    if found:
        raise found[0]


def _judge(received: bytes) -> None:
    """Raise an error if the server says that it failed."""
    if received.startswith(b"HTTP/") and int(received[9:12]) >= _SERVERS_FAULT:
        raise AssertionError(f"the server failed: {received[:500]!r}")
