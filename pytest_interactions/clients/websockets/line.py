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
    from pytest_interactions.api.websocket import Closed
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
        self._dialogue = tape.dialogue
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

    def _forward(self) -> None:
        self._coming += self._peer.output()
        self._changed.notify()

    def go_on(self) -> None:
        """Let come what is due now, as the app has said something, or waits, or waits no more."""
        with self._changed:
            self._changed.notify()

    def end(self) -> None:
        """End the connection."""
        with self._changed:
            self._is_over = True
            if self._dialogue is not None:
                self._dialogue.left()
            self._changed.notify()
        with suppress(OSError):  # it has ended
            self._ours.shutdown(socket.SHUT_RDWR)

    # --- the thread ---

    def _run(self) -> None:
        try:
            while (data := self._next()) is not None:
                if data:
                    self._ours.sendall(data)
                else:
                    self.end()
        except OSError:  # the client has gone
            self.end()
        finally:
            self._ours.close()

    def _next(self) -> bytes | None:
        """Return what is to be sent to the client, once there is anything; `None` at the end."""
        while True:
            with self._changed:
                if self._is_over:
                    return None
                if self._coming:
                    return self._coming.pop(0)
                seconds, failed = self._until_due(), self._failed()
                if seconds is None and failed is None:
                    self._wait()
                    continue
            if failed is not None and self.tap is not None:
                self.tap.break_client(failed)  # not inside, as it waits for the library's own lock
                continue
            if seconds:
                time.sleep(seconds)  # which a test may skip
            self._take()

    def _until_due(self) -> float | None:
        dialogue = self._dialogue
        if dialogue is None or not self._peer.is_open or self._peer.is_closed_by_app or not dialogue.is_due:
            return None
        return dialogue.pause()

    def _failed(self) -> Closed | None:
        is_open = self._peer.is_open and not self._peer.is_closed_by_app
        return self._dialogue.failed if self._dialogue is not None and is_open else None

    def _take(self) -> None:
        assert self._dialogue is not None, "a connection without one is not open"  # noqa: S101 - for the type checker
        try:
            with self._changed:
                if not (self._is_over or self._peer.is_closed_by_app):
                    self._peer.send(self._dialogue.take())
                    self._coming += self._peer.output()
        except InteractionsError as error:
            self._fail(error)

    def _wait(self) -> None:
        """Wait for the app, which has something to say before anything comes; the connection may break instead."""
        dialogue = self._dialogue
        if dialogue is not None and self._peer.is_open and dialogue.break_off is not None:
            self.end()
            return
        is_awaited = self.tap is not None and self.tap.waiting > 0 and self._peer.is_open
        patience = dialogue.patience if is_awaited and dialogue is not None else None
        if not self._changed.wait(patience) and dialogue is not None:
            self._fail(dialogue.lost_patience())

    def _fail(self, error: Exception) -> None:
        if self.tap is not None:
            self.tap.fail(error)


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
        if self.family in (socket.AF_INET, socket.AF_INET6):
            super().setsockopt(*args)

    def sendall(self, data: Any, *_: Any) -> None:
        """Give data to the peer."""
        self._line.receive(bytes(data))

    def shutdown(self, how: int) -> None:
        """End one side, or both."""
        if how == socket.SHUT_WR:
            self._line.receive_eof()
        else:
            self._line.end()
            super().shutdown(how)

    def close(self) -> None:
        """End both sides."""
        self._line.end()
        super().close()
