"""What http.client reads a response from: a socket whose bytes are kept, or a tape."""

from __future__ import annotations

import io
from http.client import IncompleteRead, RemoteDisconnected
from threading import Event
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_interactions.api.exchange import Cut
from pytest_interactions.cassette.tape import Ending, Tape
from pytest_interactions.clients import failures, pauses, wire
from pytest_interactions.clients.played import pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pytest_interactions.cassette.recording import Recording


class File(io.BufferedReader):
    """What http.client reads a response from; it tells at once if it is closed, also while another thread reads it."""

    raw: Recorded | Replayed

    def close(self) -> None:
        """Close it, as soon as no other thread reads it."""
        self.raw.closing()
        super().close()


class Recorded(io.RawIOBase):
    """A live response: its bytes are passed on as they come, and kept."""

    def __init__(self, raw: Any, recording: Recording, method: str) -> None:
        """Read from `raw`, a socket's file without a buffer, the response to a request of that method."""
        self._raw = raw
        self._recording = recording
        self._method = method
        self._received: list[bytes] = []
        self._is_closed_while_read = False
        recording.leave = self._left

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return int(self._raw.fileno())

    def readinto(self, buffer: Any) -> int | None:
        """Read what has come, and wait only if nothing has.

        Raises:
            StreamEndedError: The cassette has closed.
        """
        try:
            with self._recording.awaited():
                count: int | None = self._raw.readinto(buffer)
        except OSError as error:
            cut = failures.failed(error, reading=True)
            self._finish(lambda _: cut)
            raise
        if count:
            self._recording.came(count)
            self._received.append(bytes(buffer[:count]))
        elif count is not None:
            self._finish(wire.Incoming.end)
        return count

    def closing(self) -> None:
        """Take note that it is to be closed, as soon as nobody reads it."""
        self._is_closed_while_read |= self._recording.is_awaited

    def close(self) -> None:
        """Stop reading: the client has all of the response, or wants no more of it."""
        try:
            self._left()
        finally:
            self._raw.close()
            super().close()

    def _left(self) -> None:
        self._finish(self._cut)

    def _cut(self, incoming: wire.Incoming) -> Cut | None:
        # Closed while it was read: the app may not have got all that has come.
        return Cut(by="app", error="ReadError") if self._is_closed_while_read else incoming.left()

    def _finish(self, cut: Callable[[wire.Incoming], Cut | None]) -> None:
        with self._recording.turn:
            if not self._recording.is_over:
                incoming = wire.incoming(b"".join(self._received), self._method, self._recording.marks)
                self._recording.finish(incoming.response, cut(incoming), incoming.marks)


class _Played(io.RawIOBase):
    """What is played, piece by piece."""

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


class Failing(_Played):
    """A response whose reading fails with `error`."""

    def __init__(self, error: Exception) -> None:
        super().__init__(map(_raise, [error]))


def _raise(error: Exception) -> NoReturn:
    raise error


class Replayed(_Played):
    """A tape, which is played at its pace, and ends as it ended."""

    def __init__(self, tape: Tape, method: str, patience: float | None) -> None:
        """Play the response to a request of that method; who reads has the `patience` of so many seconds."""
        super().__init__(self._playing(tape, method))
        self._tape = tape
        self._patience = patience
        self._closing = Event() if tape.closed_by else None  # made for the few that need it

    def _playing(self, tape: Tape, method: str) -> Iterator[bytes]:
        if not tape.response.status:
            played: Iterable[bytes] = ()
        elif self._closing is None:
            played = pieces(tape, method)
        else:
            played = _lingering(tape, method, self._closing)
        for piece in played:
            if tape.pacing is not None:
                pauses.wait(tape, tape.pause(self._patience), failures.failure)
            yield piece
        pauses.wait(tape, tape.pause_at_end(self._patience), failures.failure)
        error = None if tape.ending is Ending.COMPLETE else tape.error(failures.failure)
        # http.client raises these itself where nothing more comes.
        if error is not None and not isinstance(error, (IncompleteRead, RemoteDisconnected)):
            raise error

    def closing(self) -> None:
        """Take note that it is to be closed, as soon as nobody reads it."""
        if self._closing is not None:
            self._closing.set()

    def close(self) -> None:
        """Stop playing: the client has all of the response, or wants no more of it."""
        self._tape.left()
        super().close()


def _lingering(tape: Tape, method: str, closing: Event) -> Iterator[bytes]:
    """Write a tape, and wait before its last piece until another thread closes it, as one did."""
    written = pieces(tape, method)
    piece = next(written)
    for following in written:
        yield piece
        piece = following
    with tape.use.awaited():
        closing.wait(tape.lingers)
    yield piece
