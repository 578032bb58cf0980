"""The chunks of HTTP/1.1 bodies, read as they come, and written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_interactions.api.arrivals import Mark

#: The piece that ends a chunked body, and the header that announces one.
LAST: Final = b"0\r\n\r\n"
CHUNKED: Final = "transfer-encoding: chunked"
_AFTER: Final = len(b"\r\n")  # what ends a chunk, and is thrown away unread


def chunk(data: bytes, *, missing: int = 0) -> bytes:
    """Return one piece of a chunked body, or its beginning, if so many bytes of it are missing.

    Nothing is returned for an empty one, which would end the body.
    """
    if not data and not missing:
        return b""
    return b"%x\r\n%b" % (len(data) + missing, data) + (b"" if missing else b"\r\n")


class Unchunked:
    """A chunked body without its framing; however often more of it comes, each byte is read once.

    Attributes:
        body: What has come of the body.
        begun: How many bytes have come of the chunk that was begun last.
        invalid: The line that should tell a chunk's length and does not: nothing can be read from there on.
        has_all: Whether no more of the body is to come.
        is_complete: Whether all that belongs to the body has come, the lines behind it too.
    """

    def __init__(self, raw: bytes | bytearray, start: int = 0) -> None:
        """Read the body that begins at `start` in `raw`, to which the caller may add."""
        self.body = bytearray()
        self.begun = 0
        self.invalid: bytes | None = None
        self.has_all = self.is_complete = False
        self._raw = raw
        self._at = start
        self._left = 0  # of a chunk and its line end

    @property
    def missing(self) -> int:
        """Return how many bytes are to come of the chunk that was begun last."""
        return max(0, self._left - _AFTER)

    def read(self) -> None:
        """Read on as far as there is anything."""
        while not self.is_complete and self.invalid is None and self._is_past_chunk() and self._has_read_line():
            pass

    def _is_past_chunk(self) -> bool:
        """Read on in the chunk that has begun; whether it is over."""
        came = self._raw[self._at : self._at + self._left]
        data = came[: self.missing]
        self.body += data
        self.begun += len(data)
        self._at += len(came)
        self._left -= len(came)
        return not self._left

    def _has_read_line(self) -> bool:
        """Read a line, if it is there as a whole; whether it is."""
        end = self._raw.find(b"\n", self._at)
        if end < 0:
            return False
        line = bytes(self._raw[self._at : end])
        self._at = end + 1
        if self.has_all:
            self.is_complete = not line.strip()
        else:
            self._begin_chunk(line)
        return True

    def _begin_chunk(self, line: bytes) -> None:
        length, _, _ = line.partition(b";")
        try:
            size = int(length, 16)
        except ValueError:
            size = -1
        if size < 0:
            self.invalid = length.rstrip(b"\r")
        elif size:
            self.begun, self._left = 0, size + _AFTER
        else:
            self.has_all = True


def unchunked(raw: bytes, marks: Sequence[Mark]) -> tuple[bytes, list[Mark]]:
    """Return a chunked body without its framing, and the marks in it of those in `raw`."""
    came = bytearray()
    chunks, found = Unchunked(came), []
    for mark in marks:
        came += raw[len(came) : mark.size]
        chunks.read()
        found.append(mark._replace(size=len(chunks.body)))
    return bytes(chunks.body), found
