"""The library's client for threads: how its connections are opened, and what its users are told."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from functools import partial, wraps
from socket import SHUT_RDWR, socket
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from websockets.exceptions import ConnectionClosed

from pytest_interactions.clients.replacing import Replaced
from pytest_interactions.clients.websockets import handshakes
from pytest_interactions.clients.websockets.asking import ask, check, refused
from pytest_interactions.clients.websockets.line import Line
from pytest_interactions.clients.websockets.peer import Peer
from pytest_interactions.clients.websockets.tap import Playing, awaiting, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_interactions.cassette.guard import Answering
    from pytest_interactions.clients.in_force import InForce
    from pytest_interactions.clients.websockets.asking import Asked


def patches(cassettes: InForce[Answering], module: Any) -> Iterator[AbstractContextManager[object]]:
    """Yield the patches of the module `websockets.sync.client`."""
    if hasattr(module, "reconnect"):
        yield Replaced(module.reconnect, "open_connection", partial(_opening, cassettes))
    else:  # before version 17 of the library, a function does it all
        yield _Within(module.connect, partial(_connecting, cassettes))
    yield Replaced(module.ClientConnection, "handshake", _shaking_hands)


# --- opening ---

#: What is asked for by who opens a connection in this context.
_ASKED: Final[ContextVar[tuple[Asked, Line | None] | None]] = ContextVar("_ASKED", default=None)


def _opening(cassettes: InForce[Answering], real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def open_connection(self: Any, deadline: Any) -> Any:
        __tracebackhide__ = True  # a miss points at the app's call
        offered = self.protocol_kwargs.get("subprotocols") or ()
        is_unix = bool(self.open_socket_kwargs.get("unix"))
        asked = None if is_unix else ask(cassettes.innermost, self.uri, self.additional_headers, offered)
        if asked is None:
            return real(self, deadline)
        with _asking(asked) as line:
            if line is None:
                return real(self, deadline)
            given = self.sock, self.ssl, self.proxy_ssl
            self.sock, self.ssl, self.proxy_ssl = line.socket, _Unwrapped(), None
            try:
                return real(self, deadline)
            finally:
                self.sock, self.ssl, self.proxy_ssl = given

    return open_connection


def _connecting(cassettes: InForce[Answering], real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def connect(uri: str, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        offered = kwargs.get("subprotocols") or ()
        is_unix = bool(kwargs.get("unix"))
        asked = None if is_unix else ask(cassettes.innermost, uri, kwargs.get("additional_headers"), offered)
        if asked is None:
            return real(uri, **kwargs)
        with _asking(asked) as line:
            if line is None:
                return real(uri, **kwargs)
            wrapping = {"ssl": _Unwrapped()} if uri.startswith("wss:") else {}
            proxy_ssl = {"proxy_ssl": None} if "proxy_ssl" in kwargs else {}
            return real(uri, **{**kwargs, "sock": line.socket, **wrapping, **proxy_ssl})

    return connect


@contextmanager
def _asking(asked: Asked) -> Iterator[Line | None]:
    """Open a connection inside the block: yield the line to the peer if it is played, `None` if it is recorded."""
    __tracebackhide__ = True
    tape, recording = asked.tape, asked.recording
    if tape is not None:
        check(tape)
    line = None if tape is None else Line(tape, Peer(tape, asked.cassette.redacted))
    token = _ASKED.set((asked, line))
    try:
        yield line
    except BaseException as error:
        if recording is not None:
            refused(recording, error)  # unless its handshake has told already
        raise
    finally:
        _ASKED.reset(token)


class _Unwrapped:
    """Stands for a context of TLS, which there is none of in this process."""

    def wrap_socket(self, sock: Any, **_: Any) -> Any:
        """Return the socket."""
        return sock


class _Within(AbstractContextManager[None]):
    """A function that does something else inside the block, by whatever name somebody has bound it."""

    def __init__(self, function: FunctionType, make: Callable[[Any], Any]) -> None:
        self._function = function
        self._code = function.__code__
        real = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__)
        real.__kwdefaults__ = function.__kwdefaults__
        self._name = f"_pytest_interactions_{function.__name__}"
        function.__globals__[self._name] = make(real)
        # The code has no closure, as the function's has none: it finds what to call among the module's names.
        names: dict[str, Any] = {}
        exec(f"def call(*args, **kwargs): return {self._name}(*args, **kwargs)", names)  # noqa: S102 - two lines above
        self._instead = names["call"].__code__

    def __enter__(self) -> None:
        self._function.__code__ = self._instead

    def __exit__(self, *_: object) -> None:
        self._function.__code__ = self._code


# --- what users call ---


def _shaking_hands(real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def handshake(self: Any, *args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        found = _ASKED.get()
        if found is not None:
            asked, line = found
            handshakes.expect(self, asked)
            tape = asked.tape
            if tape is not None and tape.dialogue is not None and line is not None:
                line.tap = Playing(self, line.end, tape.dialogue, line)
        with handshakes.shaken(self, partial(_shut, self.socket), _TELLING):
            real(self, *args, **kwargs)

    return handshake


def _shut(open_socket: socket) -> None:
    """End a connection: the library's thread finds its end. To close the socket here, it would wait for that thread."""
    with suppress(OSError):  # it has ended
        open_socket.shutdown(SHUT_RDWR)


def _sending(connection: Any, real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def send(*args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        try:
            real(*args, **kwargs)
        except ConnectionClosed:
            tell(connection)
            raise
        tell(connection)

    return send


def _receiving(connection: Any, real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def recv(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        try:
            with awaiting(connection):
                return real(*args, **kwargs)
        except ConnectionClosed:
            tell(connection)
            raise

    return recv


def _streaming(connection: Any, real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def recv_streaming(*args: Any, **kwargs: Any) -> Iterator[Any]:
        __tracebackhide__ = True
        try:
            with awaiting(connection):
                yield from real(*args, **kwargs)
        except ConnectionClosed:
            tell(connection)
            raise

    return recv_streaming


_TELLING: Final[handshakes.Telling] = {"send": _sending, "recv": _receiving, "recv_streaming": _streaming}
