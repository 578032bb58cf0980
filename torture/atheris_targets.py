"""What atheris calls with bytes. Run as `python -m torture.atheris_targets TARGET CORPUS [-options of libFuzzer]`."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import atheris
import h11

with atheris.instrument_imports(include=["pytest_interactions"]):
    from pytest_interactions.api.exchange import Exchange, Request, Response
    from pytest_interactions.server.emulator.app import Api
    from pytest_interactions.server.emulator.state import Store
    from torture import promises

if TYPE_CHECKING:
    from collections.abc import Callable

_TYPES: Final = ("application/json", "text/event-stream", "application/x-www-form-urlencoded", "text/plain", "")
_SERVERS_FAULT: Final = 500


def _codec(data: bytes) -> None:
    chunks, _, body = data.partition(b"|")
    promises.codec(body, list(chunks))


def _redactor(data: bytes) -> None:
    kind = _TYPES[data[0] % len(_TYPES)] if data else ""
    headers = {"content-type": [kind]} if kind else {}
    request = Request(method="POST", uri="https://h/v1/interactions", headers=headers, body=data[1:])
    promises.redactor(Exchange(request=request, response=Response(status=200, headers=headers, body=data[1:])))


def _server(data: bytes) -> None:
    """Read a request as uvicorn does, and have the emulator answer it."""
    connection = h11.Connection(h11.SERVER)
    try:
        connection.receive_data(data)
        request, body = connection.next_event(), b""
        while isinstance(piece := connection.next_event(), h11.Data):
            body += bytes(piece.data)
    except h11.RemoteProtocolError:
        return
    if not isinstance(request, h11.Request) or not isinstance(piece, h11.EndOfMessage):
        return
    raw, _, query = request.target.partition(b"?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": request.method.decode(),
        "scheme": "http",
        "path": raw.decode("latin-1"),
        "raw_path": raw,
        "query_string": query,
        "headers": [(name.lower(), value) for name, value in request.headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "state": {"connections": set(), "address": "http://127.0.0.1:2"},
    }
    statuses: list[int] = []
    asyncio.run(_answered(scope, body, statuses))
    if not statuses or statuses[0] >= _SERVERS_FAULT:
        raise AssertionError(f"the emulator answered {statuses}")


async def _answered(scope: dict[str, Any], body: bytes, statuses: list[int]) -> None:
    sent = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        if (message := next(sent, None)) is None:
            await asyncio.Event().wait()  # the client stays
        return message

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    app = Api(Store(0, lambda: datetime(2026, 1, 1, tzinfo=UTC)), [], []).app()
    await app(scope, receive, send)


def _corpus(target: str) -> list[bytes]:
    """Return what real input looks like."""
    from torture.fuzz import real_files

    files = real_files()
    if target == "loader":
        return files
    if target == "server":
        head = b"POST /v1beta/interactions HTTP/1.1\r\nhost: a\r\nx-goog-api-key: a\r\n"
        bodies = (
            b'{"model":"a","input":"b"}',
            b'{"model":"a","input":[{"type":"user_input","content":[]}],"stream":true}',
        )
        upload = (
            head.replace(b"/v1beta/interactions", b"/upload/v1beta/files") + b"x-goog-upload-command: start\r\n\r\n"
        )
        return [head + b"content-length: %d\r\n\r\n" % len(body) + body for body in bodies] + [upload]
    events = b'event: step.delta\ndata: {"index":0,"delta":{"type":"text","text":"a"},"event_type":"step.delta"}\n\n'
    return [b"\x01" + events * 2 + b"data: [DONE]\n\n", b"\x03\x01|" + events, *files]


_TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "codec": _codec,
    "loader": promises.loader,
    "redactor": _redactor,
    "server": _server,
}


def main() -> None:
    """Fill the corpus, and fuzz."""
    target, corpus = sys.argv[1:3]
    for number, data in enumerate(_corpus(target)):
        Path(corpus, str(number)).write_bytes(data)
    atheris.Setup([sys.argv[0], *sys.argv[2:]], _TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
