"""HTTP/1.1 on the wire: a recorded response as bytes, and the bytes of an answer as a response. No I/O happens here.

For clients whose own code is to read what we play, and whose traffic we see as bytes.
"""

from __future__ import annotations

import io
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.exchange import Headers, Response
from pytest_interactions.files.convert import TRANSFER

if TYPE_CHECKING:
    from pytest_interactions.cassette.tape import Tape

#: The end of a body that is sent in chunks.
LAST_CHUNK: Final = b"0\r\n\r\n"

#: What a client that asked first is told, so that it sends the request's body.
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

#: The framing of a body whose length is not known when it begins.
CHUNKED: Final = ("transfer-encoding", "chunked")

_NO_BODY: Final = frozenset({204, 304})


def has_body(method: str, status: int) -> bool:
    """Whether HTTP lets an answer to `method` with this status have a body."""
    return method != "HEAD" and status not in _NO_BODY


def head(tape: Tape, *framing: tuple[str, str]) -> bytes:
    """Write the status line and the headers of a tape's response, with the headers that frame its body."""
    response = tape.response
    lines = [f"HTTP/1.1 {response.status} {response.reason}"]
    kept = [(name, value) for name, value in tape.headers() if name not in TRANSFER]
    lines += [f"{name}: {value}" for name, value in (*kept, *framing)]
    clean = (line.replace("\r", " ").replace("\n", " ") for line in lines)
    return "".join(f"{line}\r\n" for line in (*clean, "")).encode("utf-8", "surrogateescape")


def chunk(data: bytes) -> bytes:
    """Frame one piece of a body; nothing for an empty one, which would be the body's end."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def response(raw: bytes, method: str) -> Response:
    """Read an answer to `method`, as far as its body came; that is unframed, and encoded as it was sent.

    Answers that only announce another (1xx) are passed over.

    Raises:
        http.client.HTTPException: This is no answer.
    """
    stream = io.BytesIO(raw)
    answer = HTTPResponse(_Received(stream), method=method)  # type: ignore[arg-type] # as good as a socket
    answer.begin()
    if answer.status < 200:  # noqa: PLR2004 - where the answers that end begin
        return response(raw[stream.tell() :], method)
    return Response(status=answer.status, reason=answer.reason, headers=_headers(answer), body=_body(answer, stream))


class _Received:
    """What was received, in the place of a socket."""

    def __init__(self, stream: io.BytesIO) -> None:
        self._stream = stream

    def makefile(self, *_: Any) -> io.BytesIO:
        """Return the bytes that came."""
        return self._stream


def _headers(answer: HTTPResponse) -> Headers:
    headers: Headers = {}
    for name, value in answer.headers.items():
        headers.setdefault(name.lower(), []).append(_text(value))
    return headers


def _text(value: str) -> str:
    """A header's value, which http.client takes for latin-1; UTF-8 where it is that."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _body(answer: HTTPResponse, stream: io.BytesIO) -> bytes:
    if not answer.chunked:
        return stream.read(-1 if answer.length is None else answer.length)
    pieces: list[bytes] = []
    with suppress(HTTPException):  # where it was cut short
        while piece := answer.read1():
            pieces.append(piece)
    return b"".join(pieces)
