"""A transport of asyncio whose other end is in this process: what an app writes goes to a peer, whose answers come."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from websockets.uri import parse_uri

from pytest_interactions.clients.failures import failure
from pytest_interactions.clients.loop_clock import Waking
from pytest_interactions.errors import InteractionsError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, TimerHandle

    from pytest_interactions.api.websocket import Item
    from pytest_interactions.cassette.tape import Tape
    from pytest_interactions.clients.websockets.peer import Peer
    from pytest_interactions.clients.websockets.tap import Playing


class Transport(asyncio.Transport):
    """The transport of one connection that is played.

    Attributes:
        tap: What sees the messages; `None` for a handshake that opens nothing.
    """

    def __init__(self, loop: AbstractEventLoop, connection: Any, peer: Peer, tape: Tape) -> None:
        """Lead from a connection to its peer."""
        uri = parse_uri(tape.exchange.request.uri)
        super().__init__({"peername": (uri.host, uri.port), "sockname": ("127.0.0.1", 0)})
        self.tap: Playing | None = None
        self._loop = loop
        self._connection = connection
        self._peer = peer
        self._coming: deque[bytes] = deque()
        self._is_paused = self._is_over = self._is_called = False
        self._timer: TimerHandle | None = None
        self._patience: TimerHandle | None = None

    # --- what the library asks for ---

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Take what the client sends."""
        if not self._is_over:
            self._peer.receive(bytes(data))
            self._forward()

    def can_write_eof(self) -> bool:
        """Return that it can be closed on one side, as TCP can."""
        return True

    def write_eof(self) -> None:
        """Take note that the client sends no more."""
        self._peer.receive_eof()
        self._forward()

    def close(self) -> None:
        """End the connection."""
        self._end(None)

    def abort(self) -> None:
        """End the connection at once."""
        self.close()

    def is_closing(self) -> bool:
        """Return whether it has ended, or is about to."""
        return self._is_over

    def pause_reading(self) -> None:
        """Let nothing more come."""
        self._is_paused = True

    def resume_reading(self) -> None:
        """Let what is left come."""
        self._is_paused = False
        self._call()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Do nothing: nothing waits to be sent."""

    # --- what comes ---

    def go_on(self) -> None:
        """Let come what is due now, as the app has said something, or waits, or waits no more."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        self._call()

    def hurry(self) -> None:
        """Let come what is overdue, as the app is about to close the connection."""
        tap = self.tap
        assert tap is not None, "it tells of the app"  # noqa: S101 - for the type checker
        if self._timer is not None:
            self._timer.cancel()
        for item in tap.dialogue.overdue():
            self._send(item)

    def change(self) -> None:
        """Begin to wait anew, as another recording is played than before; any thread may call this."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._change)

    def _change(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.go_on()

    def _forward(self) -> None:
        self._coming += self._peer.output()
        self.go_on()

    def _call(self) -> None:
        if not (self._is_called or self._is_over or self._loop.is_closed()):
            self._is_called = True
            self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        """Give the connection what is there for it, one after the other, until it wants no more."""
        self._is_called = False
        while not (self._is_paused or self._is_over) and (self._coming or self._take()):
            data = self._coming.popleft()
            if data:
                self._connection.data_received(data)
            else:
                self._end_of_data()

    def _take(self) -> bool:
        """Take what comes next of the recording; return whether anything has come."""
        tap, peer = self.tap, self._peer
        if tap is None or self._timer is not None or not peer.is_open or peer.is_closed_by_app:
            return False
        if not tap.dialogue.is_due:
            self._wait(tap)
            return False
        seconds = tap.dialogue.pause()
        if seconds > 0:
            self._timer = self._loop.call_later(seconds, Waking(self._in_time, tap))
            return False
        return self._next(tap)

    def _in_time(self, tap: Playing) -> None:
        self._timer = None
        self._next(tap)
        self._call()

    def _next(self, tap: Playing) -> bool:
        """Take one item; return whether anything has come."""
        try:
            for item in tap.dialogue.take():
                self._send(item)
        except InteractionsError as error:
            tap.fail(error)
        return bool(self._coming)

    def _send(self, item: Item) -> None:
        self._peer.send(item)
        self._coming += self._peer.output()

    def _wait(self, tap: Playing) -> None:
        """Wait for the app, which has something to say before anything comes; the connection may break instead."""
        cut, failed = tap.dialogue.break_off, tap.dialogue.failed
        if failed is not None:
            tap.break_client(failed)
        elif cut is not None:
            if cut.error == "EOFError":
                self._end_of_data()
            else:
                self._end(failure(cut))
        elif tap.waiting and self._patience is None:
            self._patience = self._loop.call_later(tap.dialogue.patience, self._lose_patience, tap)

    def _lose_patience(self, tap: Playing) -> None:
        tap.fail(tap.dialogue.lost_patience())

    def _end_of_data(self) -> None:
        self._connection.eof_received()
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        if self._is_over:
            return
        self._is_over = True
        for timer in filter(None, (self._timer, self._patience)):
            timer.cancel()
        if self.tap is not None:
            self.tap.dialogue.left()
        if not self._loop.is_closed():  # it may run in another thread than the one that closes the cassette
            self._loop.call_soon_threadsafe(self._connection.connection_lost, error)
