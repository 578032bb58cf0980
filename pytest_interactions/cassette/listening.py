"""A WebSocket while it is recorded: what both sides have said so far, in its order, and how it ended."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from pytest_interactions.api.arrivals import Mark
from pytest_interactions.api.exchange import SWITCHED, Cut, Headers, Response
from pytest_interactions.api.websocket import Closed, Frame, written

if TYPE_CHECKING:
    from pytest_interactions.api.websocket import Item
    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.cassette.recording import Recording


class Listening:
    """The recording of one WebSocket, whose handshake may be still to come."""

    def __init__(self, cassette: Cassette, recording: Recording) -> None:
        """Record for a cassette."""
        self._cassette = cassette
        self._recording = recording
        self._opened: tuple[float, Headers, str] | None = None
        self._said: list[tuple[float, Item]] = []  # laid out at the end, as many may come at once

    def open(self, headers: Headers, reason: str) -> None:
        """Take the answer to the handshake: its headers, and its reason phrase. Messages may have come with it."""
        self._opened = self._recording.since(), headers, reason
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
        frame = Frame(sent=True, data=data)
        self._cassette.sockets.check(written(frame), self._recording.request)
        self._add(frame)

    def hear(self, data: str | bytes) -> None:
        """Take what the server has sent."""
        self._add(Frame(sent=False, data=data))

    def close(self, item: Closed) -> None:
        """Take the close frame that was sent first."""
        self._add(item)

    def end(self, cut: Cut | None = None) -> None:
        """Keep the recording, as the connection has ended; without a close frame, `cut` says how it broke.

        Nothing is kept if it was never opened: whoever wanted to open it knows why.
        """
        if self._opened is None:
            return
        opened, headers, reason = self._opened
        events = [written(item) for _, item in self._said]
        marks = [Mark(opened, 0), *(map(Mark, (at for at, _ in self._said), accumulate(map(len, events))))]
        response = Response(status=SWITCHED, reason=reason, headers=headers, body=b"".join(events))
        self._recording.finish(response, cut, marks)

    def _left(self) -> None:
        self.end(Cut(by="app"))

    def _add(self, item: Item) -> None:
        if not self._recording.is_over:
            self._said.append((self._recording.since(), item))
