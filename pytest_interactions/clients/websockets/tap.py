"""What a client of the library sends and receives, seen where it becomes a frame or was one; ping and pong left out."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final, Protocol

from websockets.frames import Close, CloseCode, Opcode

from pytest_interactions.api.exchange import Cut
from pytest_interactions.api.websocket import Closed, Frame, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from websockets.client import ClientProtocol
    from websockets.frames import Frame as WireFrame

    from pytest_interactions.cassette.dialogue import Dialogue
    from pytest_interactions.cassette.listening import Listening

#: The attribute of a connection that is its tap.
_ATTRIBUTE: Final = "_pytest_interactions_tap"


def tap_of(connection: Any) -> Tap:
    """Return the tap of a connection that has one."""
    found: Tap = vars(connection)[_ATTRIBUTE]
    return found


def tell(connection: Any) -> None:
    """Raise our error by which a connection has ended, if there is one."""
    __tracebackhide__ = True
    failure = tap_of(connection).failure
    if failure is not None:
        raise failure


@contextmanager
def awaiting(connection: Any) -> Iterator[None]:
    """Wait for a message of a connection inside the block."""
    tap = tap_of(connection)
    tap.wait(1)
    try:
        yield
    finally:
        tap.wait(-1)


def closed(close: Close, *, by_app: bool) -> Closed:
    """Return what a close frame says, as a cassette has it."""
    return Closed(by_app, None if close.code == CloseCode.NO_STATUS_RCVD else close.code, close.reason)


class Tap:
    """The tap of one connection.

    Attributes:
        failure: Our error by which the connection has ended, if it has. The app is told at whatever it does with it.
        waiting: How many calls of the app wait for a message.
    """

    def __init__(self, connection: Any, end: Callable[[], None]) -> None:
        """See what passes through a connection, which `end` breaks off."""
        protocol: ClientProtocol = connection.protocol
        self.failure: Exception | None = None
        self.waiting = 0
        self._end = end
        self._sent, self._received = _Message(), _Message()
        self._send, self._receive = protocol.send_frame, protocol.recv_frame
        protocol.send_frame = self._sending  # type: ignore[method-assign] # the library has no hook
        protocol.recv_frame = self._receiving  # type: ignore[method-assign] # as above
        vars(connection)[_ATTRIBUTE] = self

    def wait(self, more: int) -> None:
        """Take note that so many more calls of the app wait for a message."""
        self.waiting += more

    def fail(self, error: Exception) -> None:
        """End the connection by an error, which the app is told; the first one counts."""
        self.failure = self.failure or error
        self._end()

    def _sending(self, frame: WireFrame) -> None:
        data = self._sent.add(frame)
        try:
            if data is not None:
                self.say(data)
            elif frame.opcode is Opcode.CLOSE:
                self.close(by_app=True, frame=frame)
        except Exception as error:  # noqa: BLE001 - the app is told when the library has returned from here
            self.fail(error)
            return
        self._send(frame)

    def _receiving(self, frame: WireFrame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self.close(by_app=False, frame=frame)  # before the library answers it by one of its own
        self._receive(frame)
        data = self._received.add(frame)
        if data is not None:
            self.hear(data)

    def say(self, data: str | bytes) -> None:
        """Take a message of the app."""

    def hear(self, data: str | bytes) -> None:
        """Take a message of the server."""

    def close(self, *, by_app: bool, frame: WireFrame) -> None:
        """Take a close frame."""


class Stage(Protocol):
    """Where a recording is played for a client."""

    def go_on(self) -> None:
        """Let come what is due now, as the app has said something, or waits, or waits no more."""

    def hurry(self) -> None:
        """Let come what is overdue, as the app is about to close the connection."""

    def change(self) -> None:
        """Begin to wait anew, as another recording is played than before; any thread may call this."""


class Playing(Tap):
    """The tap of a connection that is played.

    Attributes:
        dialogue: What is played.
    """

    def __init__(self, connection: Any, end: Callable[[], None], dialogue: Dialogue, stage: Stage) -> None:
        """See what the app says, and tell `stage`, from which the recording is played."""
        super().__init__(connection, end)
        self._connection = connection
        self._stage = stage
        self.dialogue = dialogue
        dialogue.use.refuse = self.fail
        dialogue.changed = stage.change

    def break_client(self, item: Closed) -> None:
        """Have the library close the connection itself, as it did when it could not take what came."""
        with getattr(self._connection, "protocol_mutex", nullcontext()):
            self._connection.protocol.fail(item.code, item.reason)
            self._connection.send_data()

    def wait(self, more: int) -> None:
        """Take note that so many more calls of the app wait, and go on."""
        super().wait(more)
        self._stage.go_on()

    def say(self, data: str | bytes) -> None:
        """Look for the message among what was recorded."""
        self.dialogue.say(written(Frame(sent=True, data=data)))

    def close(self, *, by_app: bool, frame: WireFrame) -> None:  # noqa: ARG002 - as the class above has it
        """Let come what had come before the app closed the connection."""
        if by_app:
            self._stage.hurry()


class Recording(Tap):
    """The tap of a connection that is recorded; its handshake may be still to come."""

    def __init__(self, connection: Any, end: Callable[[], None], listening: Listening) -> None:
        """See what both sides say, and tell `listening`."""
        super().__init__(connection, end)
        protocol: ClientProtocol = connection.protocol
        self._listening = listening
        self._connection = connection
        self._is_closed = False
        self._receive_eof = protocol.receive_eof
        protocol.receive_eof = self._ended  # type: ignore[method-assign] # the library has no hook

    def say(self, data: str | bytes) -> None:
        """Record the message."""
        self._listening.say(data)

    def hear(self, data: str | bytes) -> None:
        """Record the message."""
        self._listening.hear(data)

    def close(self, *, by_app: bool, frame: WireFrame) -> None:
        """Record who has closed first."""
        if not self._is_closed:
            self._is_closed = True
            self._listening.close(closed(Close.parse(frame.data), by_app=by_app))

    def _ended(self) -> None:
        self._receive_eof()
        self._listening.end(None if self._is_closed else broken(self._connection))


def broken(connection: Any) -> Cut:
    """Return how a connection broke that had no close frame."""
    # The library names it by one of these attributes, the older versions by the first.
    found = [getattr(connection, name, None) for name in ("recv_exc", "connection_exc")]
    error = next(filter(None, found), None)
    return Cut(by="connection", error=type(error or EOFError()).__name__, message=str(error or ""))


class _Message:
    """A message whose frames come one after the other."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._is_text = False

    def add(self, frame: WireFrame) -> str | bytes | None:
        """Return the message that a frame completes; `None` if it completes none."""
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return None
        if frame.opcode is not Opcode.CONT:
            self._is_text = frame.opcode is Opcode.TEXT
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return None
        data = b"".join(self._parts)
        self._parts.clear()
        return data.decode(errors="surrogateescape") if self._is_text else data
