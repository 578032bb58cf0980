"""A web server for a directory that counts what it is asked for. Run as a module, it prints its port."""

from __future__ import annotations

import json
import sys
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Final

#: Where it tells what it was asked for, and forgets that: how often, and how many bytes it sent, by path.
COUNTS: Final = "/counts"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, directory: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.directory = directory
        self.turn = Lock()
        self.requests: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # the head and the body of an answer leave together
    server: _Server

    def do_GET(self) -> None:
        server = self.server
        if self.path == COUNTS:
            with server.turn:
                self._answer(200, json.dumps({"requests": server.requests, "bytes": server.bytes}).encode())
                server.requests.clear()
                server.bytes.clear()
            return
        file = server.directory / self.path.lstrip("/")
        data = file.read_bytes() if file.is_file() else None
        with server.turn:
            server.requests[self.path] += 1
            server.bytes[self.path] += len(data or b"")
        self._answer(404 if data is None else 200, data or b"")

    do_HEAD = do_GET  # noqa: N815 - as the library has it

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if self.command == "GET" else b"")
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    with _Server(Path(sys.argv[1])) as server:
        print(server.server_address[1], flush=True)  # noqa: T201 - this is how it says so
        server.serve_forever()
