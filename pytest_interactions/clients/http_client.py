"""All clients that stand on http.client: requests, urllib3, urllib.request, httplib2, botocore, and http.client itself.

A facade stands where such a client has its socket. What the client sends is what is compared and recorded, what comes
back is recorded, or played, byte by byte; framing, decoding, exceptions, retries and redirects remain the client's own.
"""

from __future__ import annotations

import io
import socket
import ssl
import weakref
from contextlib import contextmanager, suppress
from functools import wraps
from http.client import HTTPConnection
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from pytest_interactions.api.exchange import Cut, Response
from pytest_interactions.cassette.tape import Ending, Tape
from pytest_interactions.clients import failures, wire
from pytest_interactions.clients.beneath import is_vcrpys
from pytest_interactions.clients.http_reading import Recorded, Replayed, failing, playing
from pytest_interactions.clients.urllib3_errors import cause_of, exceptions_of, unconnected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from pytest_interactions.cassette.guard import Answering
    from pytest_interactions.cassette.recorder import Recording
    from pytest_interactions.clients.in_force import InForce

#: Where a connection is marked that is being made for real.
_CONNECTING: Final = "_pytest_interactions_connecting"
_VERIFIED: Final = (ssl.CERT_REQUIRED, "CERT_REQUIRED", "REQUIRED")


def patches(cassettes: InForce[Answering]) -> Iterator[AbstractContextManager[object]]:
    """Yield the patches that bring traffic to the cassette in force: each class's own way to connect, and `putrequest`.

    A library that is imported later connects in its own way, unless `putrequest` comes first.
    """
    for name in ("urllib3.connection", "httplib2"):
        with suppress(ImportError):
            import_module(name)
    for each in {HTTPConnection: None} | dict.fromkeys(_subclasses(HTTPConnection)):
        if "connect" in vars(each):
            yield mock.patch.object(each, "connect", _connect(cassettes, each.connect))
    yield mock.patch.object(HTTPConnection, "putrequest", _putrequest(cassettes, HTTPConnection.putrequest))


def _subclasses(base: type[HTTPConnection]) -> Iterator[type[HTTPConnection]]:
    for each in base.__subclasses__():
        yield each
        yield from _subclasses(each)


def _connect(cassettes: InForce[Answering], real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def connect(self: Any) -> None:
        cassette, origin = cassettes.innermost, _origin(self)
        if cassette is None or vars(self).get(_CONNECTING) or cassette.passes(origin.host, origin.port):
            with _connecting(self):
                real(self)
            return
        self.sock = _Facade(self, cassettes)
        if hasattr(self, "cert_reqs"):  # urllib3's: it warns before it sends, if this is not to be
            self.is_verified = self.cert_reqs in _VERIFIED or bool(self.assert_fingerprint)

    return connect


def _putrequest(cassettes: InForce[Answering], real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def putrequest(self: Any, *args: Any, **kwargs: Any) -> None:
        real(self, *args, **kwargs)
        if cassettes.innermost is None or is_vcrpys():
            return
        if not isinstance(self.sock, _Facade):  # none yet, or one that was made before
            self.sock = _Facade(self, cassettes, self.sock)
        self.sock.begin()

    return putrequest


@contextmanager
def _connecting(connection: Any) -> Iterator[None]:
    """Mark the connection, so that its ways to connect, which call one another, do what they always do."""
    before = vars(connection).get(_CONNECTING, False)
    setattr(connection, _CONNECTING, True)
    try:
        yield
    finally:
        setattr(connection, _CONNECTING, before)


def _origin(connection: Any) -> wire.Origin:
    scheme = "https" if connection.default_port == 443 else "http"  # noqa: PLR2004 - as http.client tells them apart
    tunnel = vars(connection).get("_tunnel_host")
    if tunnel:
        return wire.Origin(scheme, tunnel, vars(connection)["_tunnel_port"])
    return wire.Origin(scheme, connection.host, connection.port)


class _Facade:
    """Stands for a connection's socket, which is connected only when a request is to be sent.

    Between two requests, and once no cassette is in force, all goes straight to the socket.
    """

    def __init__(self, connection: Any, cassettes: InForce[Answering], sock: Any = None) -> None:
        self._connection = weakref.ref(connection)
        self._cassettes = cassettes
        self._sock = sock
        self._timeout: tuple[float | None, ...] = ()
        self._request: wire.Outgoing | None = None
        self._method = ""
        self._tape: Tape | None = None
        self._recording: Recording | None = None
        self._failure: Exception | None = None
        self._asks: socket.socket | None = None

    def begin(self) -> None:
        """Expect a new request."""
        self._request = wire.Outgoing(_origin(self._connection()))
        self._tape = self._failure = None

    # --- what the client sends ---

    def sendall(self, data: Any, *flags: int) -> None:
        """Take a piece of a request; the one that completes it has it answered."""
        __tracebackhide__ = True
        if self._request is None:
            self._send(data, *flags)
            return
        self._request.add(memoryview(data).cast("B"))
        self._go_on(self._request, complete=self._request.is_complete)

    def _go_on(self, request: wire.Outgoing, *, complete: bool) -> None:
        __tracebackhide__ = True
        cassette, origin = self._cassettes.innermost, request.origin
        if cassette is None or (origin and cassette.passes(*origin)):
            self._request = None
            self._send(request.raw)
        elif complete:
            self._ask(cassette, request)

    def send(self, data: Any, *flags: int) -> int:
        """Take a piece of a request whole."""
        self.sendall(data, *flags)
        return len(data)

    def _ask(self, cassette: Answering, request: wire.Outgoing) -> None:
        __tracebackhide__ = True
        answer = cassette.answer(request.request())
        self._request, self._method = None, request.method
        if isinstance(answer, Tape):
            self._play(answer)
            return
        self._recording = answer
        if answer is not None:
            answer.leave = self._left
        self._send(request.raw)

    def _send(self, data: Any, *flags: int) -> None:
        """Send for real; nothing more is sent where a tape answers."""
        if self._tape is not None:
            return
        if self._sock is None:
            self._connect()
        if self._failure is None:
            try:
                self._sock.sendall(data, *flags)
            except OSError as error:  # urllib3 may read a response all the same
                self._failure = error
                raise

    def _connect(self) -> None:
        connection: Any = self._connection()
        connection.sock = None
        try:
            with _connecting(connection):
                connection.connect()
        except Exception as error:
            if connection.sock is not None:
                connection.sock.close()
            connection.sock = self
            self._failure = error
            # Of TLS that takes too long urllib3 makes a read time-out, but only where it reads.
            late = isinstance(error, TimeoutError) and exceptions_of(connection) is not None
            self._unanswered(failures.failed(cause_of(error), connecting=not late))
            if not late:
                raise
        else:
            self._sock, connection.sock = connection.sock, self
            for timeout in self._timeout:
                self._sock.settimeout(timeout)

    # --- what it receives ---

    def makefile(self, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        """Return what the response is read from, and what is raised where it is read.

        Whoever makes it is http.client's response, which is not ready to fail while it is made.
        """
        try:
            return self._file(mode, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - it is raised, later
            return io.BufferedReader(Replayed(failing(error)))

    def _file(self, mode: str, *args: Any, **kwargs: Any) -> Any:
        if self._asks is not None:
            self._asks.close()
            self._asks = None
            return io.BytesIO(wire.CONTINUE)
        if self._request is not None:  # by its own words it had more to come
            self._go_on(self._request, complete=True)
        if self._tape is not None:
            return self._played(self._tape)
        if self._failure is not None and self._sock is None:
            raise self._failure
        recording, self._recording = self._recording, None
        if recording is None:
            return self._sock.makefile(mode, *args, **kwargs)
        return io.BufferedReader(Recorded(self._sock.makefile("rb", buffering=0), recording, self._method))

    def _play(self, tape: Tape) -> None:
        connection, cut = self._connection(), tape.exchange.cut
        self._tape = tape
        if cut and not tape.response.status and tape.ending is Ending.BROKEN and failures.is_early(cut):
            self._failure = unconnected(connection, failures.failure(cut))
            raise self._failure
        if getattr(connection, "proxy", None):
            vars(connection)["_has_connected_to_proxy"] = True  # from here on no failure is the proxy's

    def _played(self, tape: Tape) -> io.BufferedReader:
        """Play, after which the connection is over: there is none that could be used again."""
        if self._failure is not None:  # urllib3 lets some go by while it sends
            raise self._failure
        connection: Any = self._connection()
        connection.sock = None
        self.close()
        return io.BufferedReader(Replayed(playing(tape, self._method)))

    # --- the end of a request that got no answer ---

    def _unanswered(self, cut: Cut) -> None:
        """Record what kept the answer away, if that is to be recorded."""
        recording, self._recording = self._recording, None
        if recording is not None:
            recording.leave = None
            recording.finish(Response(status=0), cut)

    def _left(self) -> None:
        self._unanswered(failures.failed(self._failure, connecting=True) if self._failure else Cut(by="app"))

    # --- what else is asked of a socket ---

    def close(self) -> None:
        """Close the socket, if there is one."""
        self._left()
        if self._asks is not None:
            self._asks.close()
        if self._sock is not None:
            self._sock.close()

    def fileno(self) -> int:
        """Return the socket's descriptor; within a request that of one from which `wire.CONTINUE` can be read.

        botocore waits for that before it sends a body, and the server is not asked before all of it is there.
        """
        if self._request is None and self._sock is not None:
            return int(self._sock.fileno())
        if self._asks is None:
            self._asks, other = socket.socketpair()
            other.close()
        return self._asks.fileno()

    def settimeout(self, timeout: float | None) -> None:
        """Set the time-out, also of a socket to come."""
        self._timeout = (timeout,)
        if self._sock is not None:
            self._sock.settimeout(timeout)

    def shutdown(self, how: int) -> None:
        """Shut the socket down, if there is one."""
        if self._sock is not None:
            self._sock.shutdown(how)

    def __getattr__(self, name: str) -> Any:
        if self._sock is None:
            raise AttributeError(f"there is no connection yet whose {name} there could be")
        return getattr(self._sock, name)
