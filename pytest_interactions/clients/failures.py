"""The failures of a connection, named in a cassette, and made again from their names."""

from __future__ import annotations

import builtins
import http.client
import re
import socket
import ssl
from typing import Final

from pytest_interactions.api.exchange import Cut

# What happens to a connection that stands. What comes while one is made, and what else comes while an answer is read,
# has one of httpx's names in a cassette, which tell when it came.
_LATE: Final = (TimeoutError, ConnectionResetError, ConnectionAbortedError, http.client.HTTPException)
_SSL: Final = re.compile(r"\[(\w+): (\w+)\]")
_COUNTS: Final = re.compile(r"(\d+) bytes of a chunk read, (\d+) more missing")
# What httpx says of an answer that did not come, or not to its end.
_INCOMPLETE: Final = ("Server disconnected without sending", "peer closed connection without sending complete message")
_ERRNO: Final = re.compile(r"\[Errno (-?\d+)\] ([^)]*)")


class InvalidChunkLength(http.client.HTTPException):
    """A line that should tell the length of a chunk and does not. The argument is the line.

    urllib3 has an exception of that name, which shows the line; http.client says only that something is missing.
    """


class IncompleteChunk(http.client.IncompleteRead):
    """The connection's end within a chunk, of which bytes have come, and more are missing."""

    def __init__(self, body: bytes, begun: int, missing: int) -> None:
        super().__init__(body)
        self.begun, self.missing = begun, missing

    def __str__(self) -> str:
        return f"{self.begun} bytes of a chunk read, {self.missing} more missing"

    @classmethod
    def counts(cls, cut: Cut) -> tuple[int, int] | None:
        """Return how much of a chunk had come, and how much was missing; `None` if `cut` does not tell."""
        found = _COUNTS.match(cut.message) if cut.error == cls.__name__ else None
        return (int(found[1]), int(found[2])) if found else None


def failed(error: BaseException, *, connecting: bool = False, reading: bool = False) -> Cut:
    """Name a failure for a cassette, by Python's own exception where the client library has put one around it."""
    name, is_late = type(error).__name__, isinstance(error, _LATE)
    if connecting and is_late:
        name = "ConnectTimeout" if isinstance(error, TimeoutError) else "ConnectError"
    elif reading and not is_late:  # of TLS, say, whose handshake may fail as late as that
        name = "ReadError"
    return Cut(by="connection", error=name, message=str(error))


def failure(cut: Cut) -> Exception:
    """Make the exception again that Python raises for a failure, whichever client library has named it."""
    kind, numbered = _kind(cut), _ERRNO.search(cut.message)
    if issubclass(kind, http.client.HTTPException):
        error = kind.__new__(kind)  # each has another signature, and all that is shown are the arguments
        error.args = (cut.message,)
        return error
    if issubclass(kind, ssl.SSLError):
        broken, found = kind(1, cut.message), _SSL.search(cut.message)
        vars(broken).update(zip(("library", "reason"), found.groups() if found else ("", ""), strict=True))
        return broken
    return kind(int(numbered[1]), numbered[2]) if numbered else kind(cut.message)


def is_early(cut: Cut) -> bool:
    """Whether a failure came before there was a connection, or while the request was sent."""
    kind = _known(cut.error)
    return "Connect" in cut.error if kind is None else not issubclass(kind, _LATE)


def _kind(cut: Cut) -> type[Exception]:
    name = cut.error
    kind = _known(name)
    if kind is not None:
        return kind
    if name in (InvalidChunkLength.__name__, IncompleteChunk.__name__):  # which http.client makes of both
        return http.client.IncompleteRead
    if name == "RemoteProtocolError" and cut.message.startswith(_INCOMPLETE):
        return http.client.IncompleteRead if "complete message" in cut.message else http.client.RemoteDisconnected
    if "Timeout" in name:
        return TimeoutError
    if _SSL.search(cut.message):
        return ssl.SSLError
    # Python itself knows which kind of an OSError has that number.
    return OSError if "Connect" in name or _ERRNO.search(cut.message) else ConnectionResetError


def _known(name: str) -> type[Exception] | None:
    for module in (builtins, socket, ssl, http.client):
        kind = getattr(module, name, None)
        if isinstance(kind, type) and issubclass(kind, (OSError, http.client.HTTPException)):
            return kind
    return None
