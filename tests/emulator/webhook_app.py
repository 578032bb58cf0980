"""An app with a webhook, on a real socket."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from standardwebhooks import Webhook

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class App:
    """An app with a webhook, which answers with `status`."""

    port: int = 0
    status: int = 204
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def uri(self) -> str:
        """Where its webhook is."""
        return f"http://127.0.0.1:{self.port}/hook?of=app"

    def verified(self, secret: str, number: int = -1) -> Any:
        """The event of a delivery, if its signature is right."""
        headers, body = self.got[number]
        return Webhook(secret).verify(body, headers)

    def ids(self) -> list[str]:
        """The ids of the deliveries."""
        return [headers["webhook-id"] for headers, _ in self.got]


@contextmanager
def serving(app: App) -> Iterator[App]:
    """Serve an app on a real socket."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/hook?of=app"
            app.got.append((dict(self.headers), self.rfile.read(int(self.headers["content-length"]))))
            self.send_response_only(100)  # before its answer, as servers may
            self.end_headers()
            self.send_response(app.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        app.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield app
        finally:
            server.shutdown()
            thread.join()
