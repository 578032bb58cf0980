"""A WebSocket while it is recorded: what both sides have said so far, in its order, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.api.exchange import SWITCHED, Cut, Headers, Response
from pytest_interactions.api.websocket import Closed, Frame, written

if TYPE_CHECKING:
    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.cassette.recording import Recording


class Listening:
    """The recording of one WebSocket, whose handshake may be still to come."""

    def __init__(self, cassette: Cassette, recording: Recording) -> None:
        """Record for a cassette."""
        self._cassette = cassette
        self._recording = recording
        self._opened: tuple[Headers, str] | None = None
        self._events: list[bytes] = []

    def open(self, headers: Headers, reason: str) -> None:
        """Take the answer to the handshake: its headers, and its reason phrase. Messages may have come with it."""
        self._opened = headers, reason
        self._recording.is_awaited = False
        self._recording.leave = self._left
        self._recording.check()

    def say(self, data: str | bytes) -> None:
        """Take what the app is about to send.

        Raises:
            PlaceholderError: It carries a placeholder of redaction, which only replay can answer.
            StreamEndedError: The cassette has closed.
        """
        __tracebackhide__ = True
        self._recording.check()
        event = written(Frame(sent=True, data=data))
        self._cassette.check_message(event, self._recording.request)
        self._add(event)

    def hear(self, data: str | bytes) -> None:
        """Take what the server has sent."""
        self._add(written(Frame(sent=False, data=data)))

    def close(self, item: Closed) -> None:
        """Take the close frame that was sent first."""
        self._add(written(item))

    def end(self, cut: Cut | None = None) -> None:
        """Keep the recording, as the connection has ended; without a close frame, `cut` says how it broke.

        Nothing is kept if it was never opened: whoever wanted to open it knows why.
        """
        if self._opened is None:
            return
        headers, reason = self._opened
        response = Response(status=SWITCHED, reason=reason, headers=headers, body=b"".join(self._events))
        self._recording.finish(response, cut, self._recording.marks)

    def _left(self) -> None:
        self.end(Cut(by="app"))

    def _add(self, event: bytes) -> None:
        with self._recording.turn:
            if not self._recording.is_over:
                self._events.append(event)
                self._recording.came(len(event))
