"""A server on this machine that gives one planned answer after another."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from pytest_interactions.api.exchange import Response

if TYPE_CHECKING:
    from collections.abc import Iterator


class Server(ThreadingHTTPServer):
    """A server that answers any request with `planned`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        #: The answer to the next request.
        self.planned = Response(status=200)

    @property
    def url(self) -> str:
        """Return the server's base URL."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet, as the second would wait for the client to acknowledge the first
    server: Server

    def do_GET(self) -> None:
        planned = self.server.planned
        self.rfile.read(int(self.headers["content-length"] or 0))
        self.send_response_only(planned.status, planned.reason)
        for name, values in planned.headers.items():
            for value in values:
                self.send_header(name, value)
        self.send_header("content-length", str(len(planned.body)))
        self.end_headers()
        self.wfile.write(planned.body)

    do_POST = do_GET  # noqa: N815 - the name that is looked for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Server]:
    """Run a server in a thread."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
