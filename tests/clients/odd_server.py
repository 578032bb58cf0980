"""A real server with odd ways, which also serves as a proxy."""

from __future__ import annotations

import base64
import gzip
import json
import os
import socket
import struct
import zlib
from http.server import ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import brotli
import pytest

from tests import http_handler

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

EVENTS = [b"event: a\ndata: 1\n\n", b"event: b\ndata: 2\n\n", b"event: c\ndata: 3\n\n"]
JSON = b'{"hello":"w\xc3\xb6rld"}'
ENCODED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
}


class Handler(http_handler.Handler):
    """Answers by path; `/v1/echo` tells what it was sent."""

    server: Server

    def _answer(self) -> None:
        if self.command == "CONNECT":
            self.send_response(200)
            self.end_headers()
            self.server.tunnelled(self.connection, self.path)
            self.close_connection = True
            return
        body = self.body()
        self.server.asked.append(self.path)
        name, _, argument = urlsplit(self.path).path.strip("/").partition("/")
        getattr(self, f"_{name}")(argument, body)

    do_GET = do_POST = do_PUT = do_HEAD = do_CONNECT = _answer  # noqa: N815 - http.server's names

    def reply(self, body: bytes = b"", status: int = 200, *, length: int | None = None, **headers: str) -> None:
        """Send a whole response, which may promise more than there is."""
        self.send_response(status)
        self.send_header("content-type", "application/json")
        for header, value in headers.items():
            self.send_header(header.replace("_", "-"), value)
        self.send_header("content-length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _echo(self, _: str, body: bytes) -> None:
        told = {"method": self.command, "path": self.path, "body": base64.b64encode(body).decode()}
        self.reply(json.dumps(told).encode())

    def _redirect(self, argument: str, _: bytes) -> None:
        self.reply(status=int(argument), location="/echo/after")

    def _nothing(self, *_: Any) -> None:
        self.send_response(204)
        self.end_headers()

    def _encoded(self, argument: str, _: bytes) -> None:
        self.reply(ENCODED[argument](JSON), content_encoding=argument)

    def _flaky(self, *_: Any) -> None:
        times = len([path for path in self.server.asked if path.startswith("/flaky")])
        self.reply(json.dumps(times).encode(), 503 if times == 1 else 200)

    def _old(self, *_: Any) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + JSON)
        self.close_connection = True

    def _whole(self, *_: Any) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(JSON), JSON))

    def _events(self, argument: str, _: bytes) -> None:
        """Stream, standing before the second event until it is let go on; then do as `argument` says."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for number, event in enumerate(EVENTS):
            if number == 1:
                self.server.gate.wait(5)
            if number == 2 and argument:
                getattr(self, f"_{argument}")("", b"")
                return
            self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
        self.wfile.write(b"0\r\n\r\n")

    def _hangup(self, *_: Any) -> None:
        self.close_connection = True

    def _reset(self, *_: Any) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        os.close(self.connection.detach())

    def _short(self, *_: Any) -> None:
        self.reply(b"12345", length=12)
        self.close_connection = True

    def _garbage(self, *_: Any) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH\r\n")
        self.close_connection = True

    def _raw(self, *_: Any) -> None:
        self.wfile.write(self.server.raw)
        self.close_connection = True

    def _beneath(self, *_: Any) -> None:
        """Answer in plain text on a connection that speaks TLS."""
        with socket.socket(fileno=os.dup(self.connection.fileno())) as connection:
            connection.sendall(b"SSH-2.0-OpenSSH\r\n")
        self.close_connection = True

    def _late(self, *_: Any) -> None:
        self.server.gate.wait(5)
        self.reply(JSON)

    def _silence(self, *_: Any) -> None:
        self.server.gate.wait(5)
        self.close_connection = True


class Server(ThreadingHTTPServer):
    """The server, running from `with` to `stop`."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.server_address[1]}"
        self.asked: list[str] = []
        self.raw = b""
        self.gate = Event()
        self._thread = Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""

    def tunnelled(self, connection: socket.socket, target: str) -> None:
        """Pass bytes between a proxy's client and `target`."""
        host, _, port = target.partition(":")
        with socket.create_connection((host, int(port))) as far:
            back = Thread(target=_pass_on, args=(far, connection), daemon=True)
            back.start()
            _pass_on(connection, far)
            back.join()

    def stop(self) -> None:
        """Be gone."""
        self.gate.set()
        self.shutdown()
        self.server_close()
        self._thread.join()


def _pass_on(near: socket.socket, far: socket.socket) -> None:
    try:
        while data := near.recv(65536):
            far.sendall(data)
        far.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on a real socket."""
    running = Server()
    yield running
    running.stop()
