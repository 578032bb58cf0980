"""A real HTTP server whose answers are chosen by the path, for every client alike."""

from __future__ import annotations

import base64
import gzip
import json
import re
import threading
import time
import zlib
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar, Final

import brotli
import zstandard

from tests import http_handler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BINARY: Final = bytes(range(256)) * 4
EVENTS: Final[list[dict[str, Any]]] = [
    {"event_type": "interaction.created", "interaction": {"id": "v1_x", "status": "in_progress"}},
    {"event_type": "step.start", "index": 0, "step": {"type": "model_output"}},
    {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "héllo "}},
    {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "wörld"}},
    {"event_type": "step.stop", "index": 0},
    {"event_type": "interaction.completed", "interaction": {"id": "v1_x", "status": "completed"}},
]
CANDIDATES: Final[list[dict[str, Any]]] = [
    {"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}}]} for text in "abc"
]
ENCODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


class Handler(http_handler.Handler):
    """Answers by the path: `/echo`, `/redirect/CODE`, `/stream`, `/broken`, `/encoded/NAME`, and the API."""

    over: ClassVar[threading.Event]

    def answer(self) -> None:
        """Read the request, and answer it by the first part of its path."""
        body = self.body()
        _, operation, *rest = self.path.partition("?")[0].split("/")
        if "key" not in rest and operation.startswith("v1"):
            self._api(rest, json.loads(body))
        else:
            getattr(self, f"_{operation}")(body, *rest)

    do_GET = do_POST = do_PUT = do_HEAD = answer  # noqa: N815 - the names that http.server calls

    # --- what is answered ---

    def _echo(self, body: bytes, *_: str) -> None:
        kind = self.headers.get("content-type", "")
        boundary = re.search("boundary=(.*)", kind)
        if boundary:  # which clients draw by lot
            body, kind = body.replace(boundary[1].encode(), b"boundary"), "multipart"
        told = {"method": self.command, "path": self.path, "type": kind, "body": base64.b64encode(body).decode()}
        self._send(json.dumps(told).encode())

    def _redirect(self, _: bytes, code: str) -> None:
        self._send(b"", status=int(code), location="/echo/after")

    def _stream(self, _: bytes) -> None:
        self._events(EVENTS)

    def _broken(self, _: bytes) -> None:
        self._events(EVENTS[:3], ends=False)

    def _slow(self, _: bytes) -> None:
        self.over.wait()
        self.close_connection = True

    def _encoded(self, _: bytes, name: str) -> None:
        self._compressed(json.dumps(EVENTS, ensure_ascii=False).encode(), name)

    def _binary(self, _: bytes) -> None:
        self._send(BINARY, kind="application/octet-stream")

    def _empty(self, _: bytes) -> None:
        self.send_response(204)
        self.end_headers()

    def _api(self, rest: list[str], request: Any) -> None:
        """The Interactions API and generateContent; the prompt may be the name of another answer."""
        prompt = str(request.get("input") or request["contents"][0]["parts"][0]["text"])
        if prompt in ("slow", "broken") or prompt.startswith("encoded/"):
            if prompt == "broken" and rest[-1].endswith("streamGenerateContent"):
                self._events(CANDIDATES[:1], ends=False)
                return
            name, *more = prompt.split("/")
            if more:
                self._compressed(_interaction(name), more[0])
            else:
                getattr(self, f"_{name}")(b"")
        elif rest[-1].endswith("streamGenerateContent"):
            self._events(CANDIDATES)
        elif request.get("stream"):
            self._events(EVENTS)
        elif rest[0] == "interactions":
            self._send(_interaction(prompt))
        else:
            self._send(json.dumps(CANDIDATES[0]).encode())

    # --- how ---

    def _compressed(self, body: bytes, name: str) -> None:
        """Send `body` so encoded, if the client takes that."""
        if name in self.headers.get("accept-encoding", ""):
            self._send(ENCODERS[name](body), encoding=name)
        else:
            self._send(body)

    def _send(
        self, body: bytes, *, status: int = 200, kind: str = "application/json", location: str = "", encoding: str = ""
    ) -> None:
        self.send_response(status)
        headers = {"content-type": kind, "content-length": str(len(body))}
        headers |= {"location": location, "content-encoding": encoding, "x-sent-as": encoding}
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body if self.command != "HEAD" else b"")

    def _events(self, events: list[dict[str, Any]], *, ends: bool = True) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for event in events:
            name = f"event: {event['event_type']}\n" if "event_type" in event else ""
            self._chunk(f"{name}data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())
        if ends:
            if "event_type" in events[0]:
                self._chunk(b"event: done\ndata: [DONE]\n\n")
            self._chunk(b"")
        else:
            self.close_connection = True

    def _chunk(self, data: bytes) -> None:
        time.sleep(0.002)  # so that it comes by itself
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))


def _interaction(prompt: str) -> bytes:
    steps = [{"type": "model_output", "content": [{"type": "text", "text": f"You said: {prompt}"}]}]
    return json.dumps({"id": f"v1_{prompt}", "status": "completed", "steps": steps}).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def serving() -> Iterator[str]:
    """Serve on a free port of this machine inside the block; the base URL."""
    over = threading.Event()
    server = _Server(("127.0.0.1", 0), type("Handler", (Handler,), {"over": over}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()
