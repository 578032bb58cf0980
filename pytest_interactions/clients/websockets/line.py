"""A socket whose other end is in this process, for a client that reads it in a thread of its own."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any

from websockets.uri import parse_uri

from pytest_interactions.clients import threads
from pytest_interactions.errors import InteractionsError

if TYPE_CHECKING:
    from pytest_interactions.api.websocket import Item
    from pytest_interactions.cassette.tape import Tape
    from pytest_interactions.clients.websockets.peer import Peer
    from pytest_interactions.clients.websockets.tap import Playing


class Line:
    """The line from one client to its peer.

    Attributes:
        socket: The client's end.
        tap: What sees the messages; `None` for a handshake that opens nothing.
    """

    def __init__(self, tape: Tape, peer: Peer) -> None:
        """Lead to a peer, whose side runs in a thread that is none of the app's."""
        ours, theirs = socket.socketpair()
        self.socket = _Socket(theirs, self, parse_uri(tape.exchange.request.uri))
        self.tap: Playing | None = None
        self._ours = ours
        self._peer = peer
        self._coming: list[bytes] = []
        self._is_over = False
        self._changed = Condition()
        threads.start_apart(Thread(target=self._run, daemon=True))

    def receive(self, data: bytes) -> None:
        """Take what the client sends."""
        with self._changed:
            self._peer.receive(data)
            self._forward()

    def receive_eof(self) -> None:
        """Take note that the client sends no more."""
        with self._changed:
            self._peer.receive_eof()
            self._forward()

    def hurry(self) -> None:
        """Let come what is overdue, as the app is about to close the connection."""
        tap = self.tap
        assert tap is not None, "it tells of the app"  # noqa: S101 - for the type checker
        with self._changed:
            for item in tap.dialogue.overdue():
                self._send(item)
            self._changed.notify()

    def _send(self, item: Item) -> None:
        self._peer.send(item)
        self._coming += self._peer.output()

    def _forward(self) -> None:
        self._coming += self._peer.output()
        self._changed.notify()

    def go_on(self) -> None:
        """Let come what is due now, as the app has said something, or waits, or waits no more."""
        with self._changed:
            self._changed.notify()

    def change(self) -> None:
        """Begin to wait anew, as another recording is played than before; any thread may call this."""
        self.go_on()

    def end(self) -> None:
        """End the connection."""
        with self._changed:
            self._is_over = True
            if self.tap is not None:
                self.tap.dialogue.left()
            self._changed.notify()
        with suppress(OSError):  # it has ended
            self._ours.shutdown(socket.SHUT_RDWR)

    # --- the thread ---

    def _run(self) -> None:
        with suppress(OSError):  # the client has gone
            while (data := self._next()) is not None:
                if data:
                    self._ours.sendall(data)
                else:
                    self.end()
        self._ours.close()

    def _next(self) -> bytes | None:
        """Return what is to be sent to the client, once there is anything; `None` at the end."""
        while True:
            with self._changed:
                if self._is_over:
                    return None
                if self._coming:
                    return self._coming.pop(0)
                tap = self.tap if self._peer.is_open and not self._peer.is_closed_by_app else None
                if tap is None:
                    self._changed.wait()
                    continue
                is_due, failed = tap.dialogue.is_due, tap.dialogue.failed
                if not is_due and failed is None:
                    self._wait(tap)
                    continue
            if failed is not None:
                tap.break_client(failed)  # not inside, as it waits for the library's own lock
            else:
                time.sleep(tap.dialogue.pause())  # which a test may skip
                self._take(tap)

    def _take(self, tap: Playing) -> None:
        try:
            with self._changed:
                for item in [] if self._is_over or self._peer.is_closed_by_app else tap.dialogue.take():
                    self._send(item)
        except InteractionsError as error:
            tap.fail(error)

    def _wait(self, tap: Playing) -> None:
        """Wait for the app, which has something to say before anything comes; the connection may break instead."""
        if tap.dialogue.break_off is not None:
            self.end()
        elif not self._changed.wait(tap.dialogue.patience if tap.waiting else None):
            tap.fail(tap.dialogue.lost_patience())


class _Socket(socket.socket):
    """The client's end of a line: what it sends goes to the peer at once, what comes it reads as from any socket."""

    def __init__(self, real: socket.socket, line: Line, uri: Any) -> None:
        super().__init__(real.family, real.type, real.proto, fileno=real.detach())
        self._line = line
        self._address = uri.host, uri.port

    def getpeername(self) -> Any:
        """Return the address of the server that was recorded."""
        return self._address

    def setsockopt(self, *args: Any) -> None:
        """Set an option, unless it is one of TCP, which this is none of."""
        if self.family in (socket.AF_INET, socket.AF_INET6):  # pragma: no cover - such a pair is TCP on Windows alone
            super().setsockopt(*args)

    def sendall(self, data: Any, *_: Any) -> None:
        """Give data to the peer."""
        self._line.receive(bytes(data))

    def shutdown(self, how: int) -> None:
        """End one side, or both."""
        if how == socket.SHUT_WR:
            self._line.receive_eof()
        else:
            with suppress(OSError):  # it has ended, as it does when it was recorded that somebody has shut it
                super().shutdown(how)
            self._line.end()

    def close(self) -> None:
        """End both sides."""
        self._line.end()
        super().close()
