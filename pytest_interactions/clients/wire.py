"""The bytes of HTTP/1.1 on a connection, read and written. No I/O happens here.

What a client sends is read as a `Request`, what it receives as a `Response`; a tape is written as the bytes that its
client would receive, and the failure of a connection is named in a cassette and made again from its name.
"""

from __future__ import annotations

import builtins
import http.client
import re
import socket
import ssl
from dataclasses import dataclass, field
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pytest_interactions.api import sse
from pytest_interactions.api.encodings import decode
from pytest_interactions.api.exchange import Cut, Headers, Request, Response
from pytest_interactions.api.hosts import DEFAULT_PORTS
from pytest_interactions.cassette.tape import Ending, Tape
from pytest_interactions.files.convert import FRAMING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

#: The piece that ends a chunked body, and the header that announces one.
LAST: Final = b"0\r\n\r\n"
CHUNKED: Final = "transfer-encoding: chunked"
#: The answer to a client that asks first, before it sends the request's body.
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_END_OF_HEAD: Final = b"\r\n\r\n"
_FOLDED: Final = re.compile(rb"\r\n[ \t]+")  # a field's value that goes on in the next line


# --- what a client sends ---


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection leads: through its proxy, if it has a tunnel."""

    scheme: str
    host: str
    port: int | None

    def url(self, target: str) -> str:
        """The URL of a request's `target`."""
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
        self._target = ""
        self.method = ""

    def add(self, data: memoryview) -> None:
        """Take a piece."""
        self.raw += data
        if self._headers is None and _END_OF_HEAD in self.raw:
            self._read_head()

    def _read_head(self) -> None:
        """Read the method, the target and the headers; http.client's own reader takes 10 times as long."""
        head, _, _ = self.raw.partition(_END_OF_HEAD)
        line, *fields = _FOLDED.sub(b" ", head).split(b"\r\n")
        self.method, self._target, *_ = line.decode("latin-1").split()
        self._headers = {}
        for field_ in fields:
            name, _, value = field_.partition(b":")
            self._headers.setdefault(name.decode("latin-1").lower(), []).append(_text(value.strip()))
        self._body = len(head) + len(_END_OF_HEAD)

    @property
    def origin(self) -> tuple[str, int | None] | None:
        """The host and port that the request is for, as soon as they are known; a forward proxy is told them."""
        if self._headers is None:
            return None
        if self._target.startswith("/"):
            return self._connection.host, self._connection.port
        url = urlsplit(self._target)
        return url.hostname or self._connection.host, url.port or DEFAULT_PORTS.get(url.scheme)

    @property
    def is_complete(self) -> bool:
        """Whether no more is to come."""
        if self._headers is None:
            return False
        if self._is_chunked:
            return self.raw.endswith(LAST) and self._unchunked().error is None
        length = self._headers.get("content-length", ["0"])[0]
        return len(self.raw) - self._body >= int(length or 0)

    @property
    def _is_chunked(self) -> bool:
        return "chunked" in ",".join((self._headers or {}).get("transfer-encoding", [])).lower()

    def _unchunked(self) -> Incoming:
        return incoming(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + self.raw[self._body :], "POST")

    def request(self) -> Request:
        """The request, as far as it has come."""
        target = self._target or "/"
        return Request(
            method=self.method.upper(),
            uri=target if "://" in target.partition("?")[0] else self._connection.url(target),
            headers=self._headers or {},
            body=self._unchunked().response.body if self._is_chunked else bytes(self.raw[self._body :]),
        )


def _headers(message: Message) -> Headers:
    found: Headers = {}
    for name, value in message.items():
        found.setdefault(name.lower(), []).append(_text(value.encode("latin-1", "surrogateescape")))
    return found


def _text(value: bytes) -> str:
    """A header's value as httpx reads it."""
    try:
        return value.decode()
    except ValueError:
        return value.decode("latin-1")


# --- what it receives ---


@dataclass(slots=True, kw_only=True)
class Incoming:
    """What came of a response so far, and what http.client says of it.

    Attributes:
        response: The response; its status is 0 where there is none yet.
        error: What is wrong with it, if its connection ended here.
        is_open: Whether nothing but the connection's end ends it.
    """

    response: Response = field(default_factory=lambda: Response(status=0))
    error: http.client.HTTPException | None = None
    is_open: bool = False

    def end(self) -> Cut | None:
        """How it ended, if its connection ended here."""
        return None if self.error is None else failed(self.error)

    def left(self) -> Cut | None:
        """How it ended, if the app read no further; what it wants may be complete all the same."""
        missing = isinstance(self.error, (http.client.IncompleteRead, http.client.RemoteDisconnected))
        if not (missing or self.is_open):
            return self.end()
        return None if self.response.status and sse.closes(self.response.body) else Cut(by="app")


def incoming(raw: bytes, method: str) -> Incoming:
    """Read the response to a request of that method, as far as it has come."""
    message = http.client.HTTPResponse(
        SimpleNamespace(makefile=lambda _: BytesIO(raw)),  # type: ignore[arg-type] # all that it asks of its socket
        method=method,
    )
    try:
        message.begin()
    except http.client.HTTPException as error:
        return Incoming(error=error)
    if message.status // 100 == 1 and message.status != http.client.SWITCHING_PROTOCOLS:
        return incoming(raw.partition(_END_OF_HEAD)[2], method)  # it only announces another
    headers = _headers(message.headers)
    is_open = not message.chunked and message.length is None
    body, broken = _read(message)
    headers, body = decode(headers, body, whole=broken is None)
    response = Response(
        status=message.status,
        reason=message.reason,
        headers={name: values for name, values in headers.items() if name not in FRAMING},
        body=body,
    )
    return Incoming(response=response, error=broken, is_open=is_open)


def _read(message: http.client.HTTPResponse) -> tuple[bytes, http.client.HTTPException | None]:
    """The body without its framing, and what is wrong with it; of a chunk that is cut short, what is there."""
    pieces: list[bytes] = []
    try:
        while piece := message.read1(-1):
            pieces.append(piece)
    except (http.client.HTTPException, ValueError):
        return b"".join(pieces), http.client.IncompleteRead(b"".join(pieces))
    body = b"".join(pieces)
    return body, http.client.IncompleteRead(body, message.length) if message.length else None


# --- what a tape plays ---


def pieces(tape: Tape, method: str) -> Iterator[bytes]:
    """Write a recorded response as its client would receive it: the head, then the body's chunks.

    One that is not complete is chunked, so that all of it reaches the app before what it ended with does; but one that
    was too short for its content-length is so again.
    """
    chunks = filter(None, tape.chunks())
    promised = _MORE_EXPECTED.search(tape.exchange.cut.message) if tape.exchange.cut else None
    if not has_body(tape, method):
        yield head(tape)
    elif promised is None and (tape.response.is_stream or tape.ending is not Ending.COMPLETE):
        yield head(tape, CHUNKED)
        yield from map(chunk, chunks)
        if tape.ending is Ending.COMPLETE:
            yield LAST
    else:
        body = list(chunks)
        length = sum(map(len, body)) + int(promised[1] if promised else 0)
        yield head(tape, f"content-length: {length}")
        yield from body


_MORE_EXPECTED: Final = re.compile(r"(\d+) more expected")


def has_body(tape: Tape, method: str) -> bool:
    """Return whether HTTP lets this response to a request of that method have a body."""
    return method != "HEAD" and tape.response.status not in (204, 304)


def head(tape: Tape, *framing: str) -> bytes:
    """Return the status line and the headers of a tape's response, with the headers that frame its body."""
    response = tape.response
    headers = [f"{name}: {value}" for name, value in tape.headers() if name not in FRAMING]
    lines = [f"HTTP/1.1 {response.status} {response.reason}", *headers, *framing]
    on_one_line = (line.replace("\r", " ").replace("\n", " ") for line in lines)
    return "\r\n".join([*on_one_line, "", ""]).encode("utf-8", "surrogateescape")


def chunk(data: bytes) -> bytes:
    """Return one piece of a chunked body; nothing for an empty one, which would end the body."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


# --- failures ---

# What happens to a connection that stands. What comes while one is made has other names in a cassette.
_LATE: Final = (TimeoutError, ConnectionResetError, ConnectionAbortedError, http.client.HTTPException)
_SSL: Final = re.compile(r"\[(\w+): (\w+)\]")
_ERRNO: Final = re.compile(r"\[Errno (-?\d+)\] ([^)]*)")


def failed(error: BaseException, *, connecting: bool = False) -> Cut:
    """Name a failure for a cassette, by Python's own exception where the client library has put one around it."""
    name = type(error).__name__
    if connecting and isinstance(error, _LATE):  # httpx's names, which tell that it was early
        name = "ConnectTimeout" if isinstance(error, TimeoutError) else "ConnectError"
    return Cut(by="connection", error=name, message=str(error))


def failure(cut: Cut) -> Exception:
    """Make the exception again that Python raises for a failure, whichever client library has named it."""
    kind, numbered = _kind(cut.error), _ERRNO.search(cut.message)
    if issubclass(kind, http.client.HTTPException):
        error = kind.__new__(kind)  # each has another signature, and all that is shown are the arguments
        error.args = (cut.message,)
        return error
    if issubclass(kind, ssl.SSLError):
        broken = kind(1, cut.message)
        broken.library, broken.reason = _SSL.findall(cut.message)[0] if _SSL.search(cut.message) else ("", "")
        return broken
    return kind(int(numbered[1]), numbered[2]) if numbered else kind(cut.message)


def is_early(cut: Cut) -> bool:
    """Whether a failure came before there was a connection, or while the request was sent."""
    kind = _known(cut.error)
    return "Connect" in cut.error if kind is None else not issubclass(kind, _LATE)


def _kind(name: str) -> type[Exception]:
    kind = _known(name)
    if kind is not None:
        return kind
    if "Timeout" in name:
        return TimeoutError
    return OSError if "Connect" in name else ConnectionResetError


def _known(name: str) -> type[Exception] | None:
    for module in (builtins, socket, ssl, http.client):
        kind = getattr(module, name, None)
        if isinstance(kind, type) and issubclass(kind, (OSError, http.client.HTTPException)):
            return kind
    return None
