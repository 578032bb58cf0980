"""The bytes of HTTP/1.1 on a connection, read and written. No I/O happens here.

What a client sends is read as a `Request`, what it receives as a `Response`; a tape is written as the bytes that its
client would receive.
"""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from pytest_interactions.api import arrivals, sse
from pytest_interactions.api.encodings import stored
from pytest_interactions.api.exchange import Cut, Headers, Request, Response
from pytest_interactions.api.hosts import DEFAULT_PORTS
from pytest_interactions.clients.chunks import Unchunked, unchunked
from pytest_interactions.clients.failures import IncompleteChunk, InvalidChunkLength, failed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_interactions.api.arrivals import Mark

#: The answer to a client that asks first, before it sends the request's body.
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_END_OF_HEAD: Final = b"\r\n\r\n"
_FOLDED: Final = re.compile(rb"\r\n[ \t]+")  # a field's value that goes on in the next line
_ABSOLUTE: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


# --- what a client sends ---


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection leads: through its proxy, if it has a tunnel."""

    scheme: str
    host: str
    port: int | None

    def url(self, target: str) -> str:
        """The URL of a request's `target`, which a forward proxy is given as one."""
        if _ABSOLUTE.match(target):
            return target
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port in (None, DEFAULT_PORTS[self.scheme]) else f":{self.port}"
        return f"{self.scheme}://{host}{port}{target}"


class Outgoing:
    """A request on its way to `origin`, which comes in pieces."""

    def __init__(self, origin: Origin) -> None:
        self.raw = bytearray()
        self._connection = origin
        self._headers: Headers | None = None
        self._body = 0
        self._chunks: Unchunked | None = None
        self._target = ""
        self.method = ""

    def add(self, data: memoryview) -> None:
        """Take a piece."""
        self.raw += data
        if self._headers is None and _END_OF_HEAD in self.raw:
            self._read_head()
        if self._chunks is not None:
            self._chunks.read()

    def _read_head(self) -> None:
        """Read the method, the target and the headers; http.client's own reader takes 10 times as long."""
        head, _, _ = self.raw.partition(_END_OF_HEAD)
        line, *fields = _FOLDED.sub(b" ", head).split(b"\r\n")
        self.method, self._target, *_ = line.decode("latin-1").split()
        self._headers = {}
        for field_ in fields:
            name, _, value = field_.partition(b":")
            self._headers.setdefault(name.decode("latin-1").lower(), []).append(text(value.strip()))
        self._body = len(head) + len(_END_OF_HEAD)
        if "chunked" in ",".join(self._headers.get("transfer-encoding", [])).lower():
            self._chunks = Unchunked(self.raw, self._body)

    @property
    def origin(self) -> tuple[str, int | None] | None:
        """The host and port that the request is for, as soon as they are known; a forward proxy is told them."""
        if self._headers is None:
            return None
        if not _ABSOLUTE.match(self._target):
            return self._connection.host, self._connection.port
        url = urlsplit(self._target)
        return url.hostname or self._connection.host, url.port or DEFAULT_PORTS.get(url.scheme)

    @property
    def is_complete(self) -> bool:
        """Whether no more is to come."""
        if self._headers is None:
            return False
        if self._chunks is not None:
            return self._chunks.is_complete
        length = self._headers.get("content-length", ["0"])[0]
        return len(self.raw) - self._body >= int(length or 0)

    def request(self) -> Request:
        """The request, as far as it has come."""
        return Request(
            method=self.method.upper(),
            uri=self._connection.url(self._target or "/"),
            headers=self._headers or {},
            body=bytes(self.raw[self._body :] if self._chunks is None else self._chunks.body),
        )


def text(value: bytes) -> str:
    """Return a header's value as httpx reads it."""
    try:
        return value.decode()
    except ValueError:
        return value.decode("latin-1")


# --- what it receives ---


def has_body(method: str, status: int) -> bool:
    """Return whether HTTP lets a response of that status to a request of that method have a body."""
    return method != "HEAD" and status >= HTTPStatus.OK and status not in (204, 304)


@dataclass(slots=True, kw_only=True)
class Incoming:
    """What came of a response so far, and what http.client says of it.

    Attributes:
        response: The response; its status is 0 where there is none yet.
        error: What is wrong with it, if its connection ended here.
        is_open: Whether nothing but the connection's end ends it.
        marks: When its body came, if it is a stream.
    """

    response: Response = field(default_factory=lambda: Response(status=0))
    error: http.client.HTTPException | None = None
    is_open: bool = False
    marks: list[Mark] = field(default_factory=list)

    def end(self) -> Cut | None:
        """How it ended, if its connection ended here."""
        return None if self.error is None else failed(self.error)

    def left(self) -> Cut | None:
        """How it ended, if the app read no further; what it wants may be complete all the same."""
        missing = isinstance(self.error, (http.client.IncompleteRead, http.client.RemoteDisconnected))
        if not (missing or self.is_open):
            return self.end()
        return None if self.response.status and sse.closes(self.response.body) else Cut(by="app")


def incoming(raw: bytes, method: str, marks: Sequence[Mark] = ()) -> Incoming:
    """Read the response to a request of that method, as far as it has come, and as http.client reads it.

    So what announces another answer (103) is one itself, and letters beyond ASCII are those of Latin-1. `marks` say
    when its bytes came.
    """
    message: Any = http.client.HTTPResponse(
        SimpleNamespace(makefile=lambda _: BytesIO(raw)),  # type: ignore[arg-type] # all that it asks of its socket
        method=method,
    )
    try:
        message.begin()
    except http.client.HTTPException as error:
        return Incoming(error=error)
    headers: Headers = {}
    for name, value in message.headers.items():
        headers.setdefault(name.lower(), []).append(value)
    is_chunked = message.chunked and method != "HEAD"
    head = message.fp.tell()
    body, broken = unframed(message.fp.read(), is_chunked=is_chunked, length=message.length)
    response = decoded(message.status, message.reason, headers, body, whole=broken is None)
    return Incoming(
        response=response,
        error=broken,
        is_open=not is_chunked and message.length is None,
        marks=marks_in(response, headers, raw, head, marks, is_chunked=is_chunked),
    )


def unframed(raw: bytes, *, is_chunked: bool, length: int | None) -> tuple[bytes, http.client.HTTPException | None]:
    """Return the body that begins `raw`, without its framing, and what is wrong with it, if its connection ended here.

    Of a chunk that is cut short, there is what has come.
    """
    if not is_chunked:
        body = raw[:length]
        missing = (length or 0) - len(body)
        return body, http.client.IncompleteRead(body, missing) if missing > 0 else None
    chunks = Unchunked(raw)
    chunks.read()
    body = bytes(chunks.body)
    if chunks.invalid is not None:
        return body, InvalidChunkLength(chunks.invalid.decode("latin-1"))
    if chunks.missing:
        return body, IncompleteChunk(body, chunks.begun, chunks.missing)
    return body, None if chunks.has_all else http.client.IncompleteRead(body)


def marks_in(  # noqa: PLR0913 - what a response says of itself, and what came
    response: Response, headers: Headers, raw: bytes, head: int, marks: Sequence[Mark], *, is_chunked: bool
) -> list[Mark]:
    """Return when the body of a stream came; nothing for another response, or if nobody knows.

    Args:
        response: The response as it is recorded.
        headers: Its headers as they came.
        raw: All that came.
        head: How many bytes of that are before the body.
        marks: When it came.
        is_chunked: Whether the body is framed in chunks.
    """
    if not (marks and response.is_stream):
        return []
    framed, marks = raw[head:], arrivals.behind(marks, head)
    if is_chunked:
        framed, marks = unchunked(framed, marks)
    return arrivals.decoded(headers, framed, response.body, marks)


def decoded(status: int, reason: str, headers: Headers, body: bytes, *, whole: bool) -> Response:
    """Return a response as it is recorded: its body without encodings, its headers without those that frame it."""
    headers, body = stored(headers, body, whole=whole)
    return Response(status=status, reason=reason, headers=headers, body=body)
