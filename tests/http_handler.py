"""What the HTTP servers of the tests share: a request read whole, and clients that may leave."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler


class Handler(BaseHTTPRequestHandler):
    """Answers nothing by itself; says nothing of what it is asked."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def handle(self) -> None:
        """Let clients leave when they like."""
        try:
            super().handle()
        except (ConnectionError, ValueError):
            self.close_connection = True

    def body(self) -> bytes:
        """Read the body, in one piece or in chunks."""
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body
