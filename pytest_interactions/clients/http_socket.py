"""What stands where http.client has its socket: it takes a request whole, and has it sent or answered."""

from __future__ import annotations

import io
import ssl
import weakref
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.exchange import Cut, Response
from pytest_interactions.api.hosts import is_loopback
from pytest_interactions.cassette.cassette import Cassette
from pytest_interactions.cassette.tape import Ending, Tape
from pytest_interactions.clients import failures, pauses, upgrades, wire
from pytest_interactions.clients.descriptors import Descriptors
from pytest_interactions.clients.http_reading import Failing, File, Recorded, Replayed
from pytest_interactions.clients.urllib3_errors import cause_of, exceptions_of, unconnected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.cassette.guard import Answering
    from pytest_interactions.cassette.recording import Recording
    from pytest_interactions.clients.in_force import InForce

#: Where a connection is marked that is being made for real.
_CONNECTING: Final = "_pytest_interactions_connecting"


@contextmanager
def connecting(connection: Any) -> Iterator[None]:
    """Mark the connection, so that its ways to connect, which call one another, do what they always do."""
    before = vars(connection).get(_CONNECTING, False)
    setattr(connection, _CONNECTING, True)
    try:
        yield
    finally:
        setattr(connection, _CONNECTING, before)


def is_connecting(connection: Any) -> bool:
    """Return whether one of the connection's ways to connect is at work."""
    return bool(vars(connection).get(_CONNECTING))


def origin_of(connection: Any) -> wire.Origin:
    """Return where a connection leads."""
    scheme = "https" if connection.default_port == 443 else "http"  # noqa: PLR2004 - as http.client tells them apart
    tunnel = vars(connection).get("_tunnel_host")
    if tunnel:
        return wire.Origin(scheme, tunnel, vars(connection)["_tunnel_port"])
    return wire.Origin(scheme, connection.host, connection.port)


def _address(host: str) -> str:
    """The address of a host; nobody is asked for that of a name, which is given one that is reserved for examples."""
    try:
        return str(ip_address(host))
    except ValueError:
        return "127.0.0.1" if is_loopback(host) else "192.0.2.1"


class Facade:
    """Stands for a connection's socket, which is connected only when a request is to be sent.

    Between two requests, and once no cassette is in force, all goes straight to the socket.
    """

    def __init__(self, connection: Any, cassettes: InForce[Answering], sock: Any = None) -> None:
        self._connection = weakref.ref(connection)
        self._cassettes = cassettes
        self._sock = sock
        self._settings: list[tuple[str, tuple[Any, ...]]] = []
        self._request: wire.Outgoing | None = None
        self._method = ""
        self._tape: Tape | None = None
        self._recording: Recording | None = None
        self._failure: Exception | None = None
        self._descriptors = Descriptors()

    def begin(self) -> None:
        """Expect a new request."""
        self._request = wire.Outgoing(origin_of(self._connection()))
        self._tape = self._failure = None
        self._descriptors.ask_no_more()

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
        answer = upgrades.answer(cassette, request.request(), type(self._connection()).__module__)
        self._request, self._method = None, request.method
        if isinstance(answer, Tape):
            self._play(answer)
            return
        self._recording = answer
        if answer is None:
            self._send(request.raw)
            return
        answer.leave = self._left
        with answer.awaited():
            self._send(request.raw)

    def _send(self, data: Any, *flags: int) -> None:
        """Send for real; nothing more is sent where a tape answers."""
        if self._tape is not None:
            return
        if self._sock is None:
            try:
                self._connect()
            except TimeoutError:
                if not self._is_urllib3s:  # which makes a read time-out of TLS that takes too long, where it reads
                    raise
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
            with connecting(connection):
                connection.connect()
        except Exception as error:
            if connection.sock is not None:
                connection.sock.close()
            connection.sock = self
            self._failure = error
            late = isinstance(error, TimeoutError) and self._is_urllib3s
            self._unanswered(failures.failed(cause_of(error), connecting=not late))
            raise
        self._sock, connection.sock, self._failure = connection.sock, self, None
        for name, args in self._settings:
            getattr(self._sock, name)(*args)

    @property
    def _is_urllib3s(self) -> bool:
        return exceptions_of(self._connection()) is not None

    # --- what it receives ---

    def makefile(self, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        """Return what the response is read from, and what is raised where it is read.

        Whoever makes it is http.client's response, which is not ready to fail while it is made.
        """
        try:
            return self._file(mode, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - it is raised, later
            return io.BufferedReader(Failing(error))

    def _file(self, mode: str, *args: Any, **kwargs: Any) -> Any:
        if self._descriptors.asks:
            self._descriptors.ask_no_more()
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
        return File(Recorded(self._sock.makefile("rb", buffering=0), recording, self._method))

    def _play(self, tape: Tape) -> None:
        connection: Any = self._connection()
        cut = tape.exchange.cut
        self._tape = tape
        tape.use.is_awaited = False
        if cut and not tape.response.status and tape.ending is Ending.BROKEN and failures.is_early(cut):
            pauses.wait(tape, tape.pause_at_end(pauses.patience_of(connection.timeout)), failures.failure)
            self._failure = unconnected(connection, failures.failure(cut))
            raise self._failure
        if getattr(connection, "proxy", None):
            vars(connection)["_has_connected_to_proxy"] = True  # from here on no failure is the proxy's

    def _played(self, tape: Tape) -> File:
        """Play, after which the facade stands for a socket to come: none that was there can be used again."""
        if self._failure is not None:  # urllib3 lets some go by while it sends
            raise self._failure
        if self._sock is not None:
            self._sock.close()
        self._sock = self._tape = None
        return File(Replayed(tape, self._method, self._patience))

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
        self._descriptors.close()
        if self._sock is not None:
            self._sock.close()

    def fileno(self) -> int:
        """Return the socket's descriptor, or that of one which says as much.

        Within a request, `wire.CONTINUE` can be read from it: botocore waits for that before it sends a body, and the
        server is not asked before all of it is there. After a tape nothing can, as on a connection that stays open.
        """
        if self._request is not None:
            return self._descriptors.readable()
        return int(self._sock.fileno()) if self._sock else self._descriptors.silent()

    def settimeout(self, timeout: float | None) -> None:
        """Set the time-out, also of a socket to come."""
        self._set("settimeout", timeout)

    def setsockopt(self, *option: Any) -> None:
        """Set an option, also of a socket to come."""
        self._set("setsockopt", *option)

    def _set(self, name: str, *args: Any) -> None:
        if self._sock is None:
            self._settings.append((name, args))
        else:
            getattr(self._sock, name)(*args)

    def shutdown(self, how: int) -> None:
        """Shut the socket down, if there is one."""
        if self._sock is not None:
            self._sock.shutdown(how)

    def __getattr__(self, name: str) -> Any:
        """Ask the socket, which is connected for that, unless there is to be none."""
        if name.startswith("_") or not hasattr(ssl.SSLSocket, name):
            raise AttributeError(f"a socket has no attribute {name!r}")
        if self._sock is None:
            if self._needs_none:
                return self._told(name)
            self._connect()
        return getattr(self._sock, name)

    @property
    def _needs_none(self) -> bool:
        """Whether what is asked is answered without a connection, as that is to be without a network."""
        cassette = self._cassettes.innermost
        return self._tape is not None or (isinstance(cassette, Cassette) and cassette.replays_only)

    @property
    def _patience(self) -> float | None:
        """The seconds for which the client waits for what it reads; `None` if it waits for ever."""
        connection: Any = self._connection()
        timeouts = [connection.timeout, *(args[0] for setting, args in self._settings if setting == "settimeout")]
        return pauses.patience_of(timeouts[-1])

    def _told(self, name: str) -> Any:
        """What a socket tells that is connected to nothing."""
        connection: Any = self._connection()
        told = {
            "getpeername": (_address(connection.host), connection.port),
            "getsockname": (_address("localhost"), 0),
            "getsockopt": 0,
            "gettimeout": self._patience,
        }
        if name not in told:
            raise AttributeError(f"there is no connection on replay whose {name} there could be")
        return lambda *_: told[name]
