"""A real HTTP server whose answers a test writes as one function."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

from tests import http_handler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Asked:
    """A request, as it came."""

    method: str
    path: str
    headers: Any
    body: bytes


@dataclass(frozen=True)
class Answer:
    """An answer: a body in bytes, a document for JSON, or a list of documents or bytes for a stream of events."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()
    kind: str = "application/json; charset=UTF-8"


class Scripted(ThreadingHTTPServer):
    """A running server: its address, what it was asked, and its end."""

    daemon_threads = True

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.answer = answer
        self.asked: list[Asked] = []
        self._thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self) -> None:
        """Stop, for good."""
        if self._thread.is_alive():
            self.shutdown()
            self.server_close()
            self._thread.join()


class _Handler(http_handler.Handler):
    server: Scripted

    def _answer(self) -> None:
        asked = Asked(self.command, self.path, self.headers, self.body())
        self.server.asked.append(asked)
        answer = self.server.answer(asked)
        body, kind = _written(answer)
        self.send_response_only(answer.status)
        for name, value in {"content-type": kind, **answer.headers}.items():
            self.send_header(name, value)
        for cookie in answer.cookies:
            self.send_header("set-cookie", cookie)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _answer  # noqa: N815 - http.server's names


@contextmanager
def scripted(answer: Callable[[Asked], Answer]) -> Iterator[Scripted]:
    """Serve what `answer` makes of each request, until the end or `stop`."""
    server = Scripted(answer)
    try:
        yield server
    finally:
        server.stop()


def _written(made: Answer) -> tuple[bytes, str]:
    if isinstance(made.body, bytes):
        return made.body, made.kind
    if isinstance(made.body, list):
        pieces = (each if isinstance(each, bytes) else _event(each) for each in made.body)
        return b"".join(pieces), "text/event-stream"
    return json.dumps(made.body).encode(), made.kind


def _event(document: dict[str, Any]) -> bytes:
    kind = document.get("event_type")
    name = f"event: {kind}\n" if kind else ""
    return f"{name}data: {json.dumps(document)}\n\n".encode()
