"""What http.client reads a response from: a socket whose bytes are kept, or a tape."""

from __future__ import annotations

import io
import time
from http.client import IncompleteRead, RemoteDisconnected
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_interactions.cassette.tape import Ending, Tape
from pytest_interactions.clients import failures, wire
from pytest_interactions.clients.chunks import LAST
from pytest_interactions.clients.played import pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_interactions.api.exchange import Cut
    from pytest_interactions.cassette.recorder import Recording


class Recorded(io.RawIOBase):
    """A live response: its bytes are passed on as they come, and kept."""

    def __init__(self, raw: Any, recording: Recording, method: str) -> None:
        """Read from `raw`, a socket's file without a buffer, the response to a request of that method."""
        self._raw = raw
        self._recording: Recording | None = recording
        self._method = method
        self._received: list[bytes] = []
        recording.leave = self._left

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return int(self._raw.fileno())

    def readinto(self, buffer: Any) -> int | None:
        """Read what has come, and wait only if nothing has."""
        try:
            count: int | None = self._raw.readinto(buffer)
        except OSError as error:
            cut = failures.failed(error, reading=True)
            self._finish(lambda _: cut)
            raise
        if count:
            self._received.append(bytes(buffer[:count]))
        elif count is not None:
            self._finish(wire.Incoming.end)
        return count

    def close(self) -> None:
        """Stop reading: the client has all of the response, or wants no more of it."""
        try:
            self._left()
        finally:
            self._raw.close()
            super().close()

    def _left(self) -> None:
        self._finish(wire.Incoming.left)

    def _finish(self, cut: Callable[[wire.Incoming], Cut | None]) -> None:
        recording, self._recording = self._recording, None
        if recording is not None:
            recording.leave = None
            incoming = wire.incoming(b"".join(self._received), self._method)
            recording.finish(incoming.response, cut(incoming))


class Replayed(io.RawIOBase):
    """A response that is played, piece by piece."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read from one piece."""
        if not self._rest:
            self._rest = memoryview(next(self._pieces, b""))
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def playing(tape: Tape, method: str) -> Iterator[bytes]:
    """Yield the bytes of a recorded response at its pace, and raise what it ended with, if it wasn't its end."""
    played = pieces(tape, method) if tape.response.status else ()
    for number, piece in enumerate(played):
        if tape.pace and number > 1 and piece != LAST:  # between two chunks: the first piece is the head
            time.sleep(tape.pace)
        yield piece
    error = None if tape.ending is Ending.COMPLETE else tape.error(failures.failure)
    # http.client raises these itself where nothing more comes.
    if error is not None and not isinstance(error, (IncompleteRead, RemoteDisconnected)):
        raise error


def failing(error: Exception) -> Iterator[bytes]:
    """Yield nothing, and raise `error` instead."""
    return map(_raise, [error])


def _raise(error: Exception) -> NoReturn:
    raise error
