"""A server of this machine that gives the answers which doubles give, and those of an API that knows one of each."""

from __future__ import annotations

import itertools
import json
import re
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

#: The header of a request that says which answer it gets. No cassette has it, and none is compared by it.
ASKS_FOR: Final = "x-yardstick"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as it goes over the wire, or `breaks` after its body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    breaks: bool = False


class Wire:
    """The server. A replay makes it `silent`: then it has an address, and nothing is there."""

    def __init__(self, port: int, *, silent: bool) -> None:
        self.port = port
        self._answers: dict[str, Answer] = {}
        self._numbers = itertools.count()
        if not silent:
            server = _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"answers": self._answers}))
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def put(self, answer: Answer) -> str:
        """Keep an answer; what the request that is to get it has in its header."""
        number = str(next(self._numbers))
        self._answers[number] = answer
        return number


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answers: dict[str, Answer]

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        asked = self.headers.get(ASKS_FOR)
        answer = self.answers[asked] if asked else self._api()
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body) + answer.breaks))
        self.end_headers()
        self.wfile.write(answer.body)
        self.close_connection = self.close_connection or answer.breaks

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815 - the names that http.server calls

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    # --- an API that knows one answer of each kind ---

    def _api(self) -> Answer:
        path, _, query = self.path.partition("?")
        _, _, method = path.rpartition(":")
        if method == "streamGenerateContent" and "alt=sse" in query:
            events = b"".join(b"data: %b\r\n\r\n" % json.dumps(_candidate(text)).encode() for text in ("one ", "two"))
            return Answer(200, [("content-type", "text/event-stream")], events)
        kinds = re.split("[/:]", re.sub(r"^.*?/v\d\w*/", "", path))
        found = _METHODS.get(method) or next((_RESOURCES[kind] for kind in kinds[2::-2] if kind in _RESOURCES), None)
        if found is None:
            error = {"error": {"code": 404, "message": "This server does not know that.", "status": "NOT_FOUND"}}
            return Answer(404, _JSON, json.dumps(error).encode())
        if self.path.startswith("/upload/"):
            return self._upload()
        return Answer(200, _JSON, json.dumps(found).encode())

    def _upload(self) -> Answer:
        """Begin an upload, or end it."""
        if self.headers.get("x-goog-upload-command") == "start":
            where = f"http://127.0.0.1:{self.server.server_port}{self.path}/next"  # type: ignore[attr-defined]
            return Answer(200, [*_JSON, ("x-goog-upload-url", where), ("x-goog-upload-status", "active")], b"{}")
        ended = [*_JSON, ("x-goog-upload-status", "final")]
        return Answer(200, ended, json.dumps({"file": _RESOURCES["files"], **_METHODS["importFile"]}).encode())


def _candidate(text: str) -> dict[str, Any]:
    content = {"role": "model", "parts": [{"text": text}]}
    usage = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
    return {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], "usageMetadata": usage}


_JSON: Final = [("content-type", "application/json; charset=UTF-8")]
_METHODS: Final[dict[str, dict[str, Any]]] = {
    "generateContent": _candidate("Hello."),
    "countTokens": {"totalTokens": 7},
    "embedContent": {"embedding": {"values": [0.25, 0.5]}},
    "batchEmbedContents": {"embeddings": [{"values": [0.25, 0.5]}]},
    "predict": {"predictions": []},
    "batchGenerateContent": {"name": "batches/b", "metadata": {"displayName": "b", "state": "BATCH_STATE_PENDING"}},
    "asyncBatchEmbedContent": {"name": "batches/b", "metadata": {"displayName": "b", "state": "BATCH_STATE_PENDING"}},
    "importFile": {"name": "operations/o", "done": True},
    "uploadToFileSearchStore": {"name": "operations/o", "done": True},
}
_ONE_OF_EACH: Final[dict[str, dict[str, Any]]] = {
    "models": {"name": "models/m", "displayName": "M", "inputTokenLimit": 1000},
    "files": {"name": "files/f", "uri": "https://example.com/f", "mimeType": "text/plain", "state": "ACTIVE"},
    "cachedContents": {"name": "cachedContents/c", "model": "models/m"},
    "batches": {"name": "batches/b", "metadata": {"displayName": "b", "state": "BATCH_STATE_PENDING"}},
    "tunedModels": {"name": "tunedModels/t"},
    "fileSearchStores": {"name": "fileSearchStores/s"},
    "documents": {"name": "fileSearchStores/s/documents/d"},
    "operations": {"name": "operations/o", "done": True},
}
#: The same as it is listed, and as it is got.
_RESOURCES: Final = {kind: {kind: [resource], **resource} for kind, resource in _ONE_OF_EACH.items()}
