"""A store over a real socket that does to some requests what stores do on bad days, and passes all others on."""

from __future__ import annotations

import socket
import ssl
import struct
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httpx
import trustme

from tests import http_handler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: What a client hears of a request: the status, the headers and the body.
Answer = tuple[int, dict[str, str], bytes]
#: What is done to a request, with the answer that it would have had.
Fault = Any


@dataclass
class _Rule:
    part: str
    methods: str
    fault: Any
    times: int


class Faulty(ThreadingHTTPServer):
    """A running server before a store: another server, or a directory that is only read."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, behind: str | Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.behind = behind
        #: The requests that came, as `METHOD path`.
        self.asked: list[str] = []
        self.ended = Event()
        self._rules: list[_Rule] = []

    def on(self, part: str, fault: Any, *, methods: str = "GET HEAD PUT POST DELETE", times: int = 10**6) -> None:
        """Do `fault` to the next requests whose path or query has `part` in it."""
        self._rules.append(_Rule(part, methods, fault, times))

    @property
    def missing(self) -> Fault:
        """What S3 says of an object that is not there."""
        return xml(404, "NoSuchKey")

    @property
    def busy(self) -> Fault:
        """What S3 says when it has trouble."""
        return xml(500, "InternalError")

    @property
    def shrunk(self) -> Fault:
        """An object that has less bytes than it should."""
        return lambda handler, _: handler.answer(200, {"content-length": "3"}, b"")

    @property
    def slow(self) -> Fault:
        """An answer that comes when the server ends, and says that nothing is there."""

        def answer(handler: _Handler, _: object) -> None:
            handler.server.ended.wait()
            self.missing(handler, _)

        return answer

    def heal(self) -> None:
        """Be a good store again, and forget what was asked."""
        self._rules.clear()
        self.asked.clear()

    def fault_of(self, method: str, path: str) -> Any:
        """Return the fault that a request has now."""
        self.asked.append(f"{method} {path}")
        for rule in self._rules:
            if rule.part in unquote(path) and method in rule.methods.split() and rule.times > 0:
                rule.times -= 1
                return rule.fault
        return None

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that leave."""


@contextmanager
def with_tls(directory: Path) -> Iterator[Faulty]:
    """Serve a directory by TLS, with the certificate of an authority that nobody knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with before(directory, context) as server:
        yield server


@contextmanager
def before(behind: str | Path, tls: ssl.SSLContext | None = None) -> Iterator[Faulty]:
    """Serve what is at a URL, or in a directory, by a server that may fail."""
    with Faulty(behind) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
            server.url = server.url.replace("http:", "https:")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            server.shutdown()
            thread.join()


# --- what it may do ---


def status(code: int, body: bytes = b"", **headers: str) -> Any:
    """Answer with a status."""
    return lambda handler, _: handler.answer(code, headers, body)


def xml(code: int, name: str, message: str = "It is so.") -> Any:
    """Answer with an error of S3's."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{name}</Code><Message>{message}</Message></Error>'
    return status(code, body.encode(), **{"content-type": "application/xml"})


def bytes_(change: Callable[[bytes], bytes]) -> Any:
    """Answer with other bytes than those of the object."""

    def answer(handler: _Handler, passed: Callable[[], Answer]) -> None:
        code, _, body = passed()
        handler.answer(code, {}, change(body))

    return answer


def cut(handler: _Handler, passed: Callable[[], Answer]) -> None:
    """Leave in the middle of the body."""
    code, headers, body = passed()
    handler.answer(code, headers, body[: len(body) // 2], length=len(body))
    handler.close_connection = True


def reset(handler: _Handler, _: Callable[[], Answer]) -> None:
    """Break the connection before an answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.shutdown(socket.SHUT_RD)
    handler.close_connection = True
    handler.connection.close()


def without_length(handler: _Handler, passed: Callable[[], Answer]) -> None:
    """Answer without saying how much comes."""
    handler.send_response(200)
    handler.send_header("connection", "close")
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(passed()[2])
    handler.close_connection = True


def never(handler: _Handler, _: Callable[[], Answer]) -> None:
    """Answer when nobody waits any more."""
    handler.server.ended.wait()
    handler.close_connection = True


def endless(handler: _Handler, _: Callable[[], Answer]) -> None:
    """Send a body without an end."""
    handler.send_response(200)
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    while not handler.server.ended.is_set():
        handler.wfile.write(b"100000\r\n" + bytes(2**20) + b"\r\n")


class _Handler(http_handler.Handler):
    server: Faulty

    def _any(self) -> None:
        sent = self.body()

        def passed() -> Answer:
            behind = self.server.behind
            return _of_file(behind, self.path) if isinstance(behind, Path) else self._forwarded(behind, sent)

        fault = self.server.fault_of(self.command, self.path)
        if fault is None:
            self.answer(*passed())
        else:
            fault(self, passed)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _any  # noqa: N815 - as the library has it

    def _forwarded(self, url: str, sent: bytes) -> Answer:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OF_THE_HOP}
        got = httpx.request(self.command, url + self.path, headers=headers, content=sent)
        return got.status_code, {n: v for n, v in got.headers.items() if n not in _OF_THE_HOP}, got.content

    def answer(self, code: int, headers: dict[str, str], body: bytes, length: int | None = None) -> None:
        """Send an answer; of one to HEAD, no body."""
        self.send_response(code)
        for name, value in headers.items():
            if not (name == "content-length" and self.command != "HEAD"):
                self.send_header(name, value)
        if self.command != "HEAD" or "content-length" not in headers:
            self.send_header("content-length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


_OF_THE_HOP = {"connection", "transfer-encoding", "expect", "host", "date", "server"}


def _of_file(directory: Path, path: str) -> Answer:
    file = directory / unquote(path.partition("?")[0]).lstrip("/")
    return (200, {}, file.read_bytes()) if file.is_file() else (404, {}, b"there is none")
