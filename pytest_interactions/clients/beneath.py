"""Other tools beside a cassette, above and beneath a client's transport, which may answer a request in its place.

A request that another tool answers (respx, pytest_httpx, ...) is none of the cassette's, whether it records or replays.
Where such a tool may be between the transport and the network, the cassette is asked as late as can be: when httpcore
is about to connect or to send, of which its `trace` extension tells.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.cassette.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_interactions.cassette.recording import Recording

_OURS: Final = __name__.partition(".")[0]
_NETWORK: Final = {"httpx", "httpx2", "httpcore", "httpcore2"}  # libraries whose own code is no other tool


def sender(method: Callable[..., Any]) -> Callable[..., Any]:
    """What sends a request in place of a transport's `method`, as that was found.

    vcrpy's is passed over, as what is inside our cassette is not to be recorded into that one around it.
    """
    while _home(method) in ("vcr", _OURS):
        method = method.__wrapped__  # type: ignore[attr-defined] # what vcrpy has put itself before
    return method


def is_vcrpys() -> bool:
    """Whether vcrpy sends what is being sent: it keeps it, and answers it on replay, in place of the client."""
    frame = sys._getframe() if "vcr.stubs" in sys.modules else None  # noqa: SLF001 - the interpreter's own
    while frame is not None and not frame.f_globals.get("__name__", "").startswith("vcr.stubs"):
        frame = frame.f_back
    return frame is not None


def is_shared(transport: Any, send: Callable[..., Any]) -> bool:
    """Whether another tool may answer what is sent by `send` through `transport`."""
    pool = type(getattr(transport, "_pool", None))
    method: Any = getattr(pool, "handle_request", None) or getattr(pool, "handle_async_request", send)
    if is_ours(method):
        method = method.__wrapped__
    return _home(send) not in _NETWORK or _home(method) not in _NETWORK


def is_ours(function: Any) -> bool:
    """Whether a method is what this package has put in its place, and no other tool has put itself before it."""
    return _home(function) == _OURS


def _home(function: Any) -> str:
    """The package whose code a function is, whatever it was given for a name."""
    return str(getattr(function, "__globals__", {}).get("__name__", "")).partition(".")[0]


_SENDING: Final[ContextVar[Any]] = ContextVar("_SENDING", default=None)


def is_sending() -> bool:
    """Whether what reaches httpcore comes by a transport that has asked the cassette, or is about to."""
    return _SENDING.get() is not None


def is_sent(request: Any) -> bool:
    """Whether `request` is being sent already, by another tool that has kept what this package put in place before."""
    return _SENDING.get() is request


@contextmanager
def sending(request: Any) -> Iterator[None]:
    """Let requests inside through to httpcore, where `request` is sent."""
    token = _SENDING.set(request)
    try:
        yield
    finally:
        _SENDING.reset(token)


class _Reached(BaseException):
    """A request has reached the network, for which there is a recording: it goes no further."""


class Asked:
    """What a cassette answers to a request, asked once, at once or when the request reaches the network.

    Attributes:
        tape: The recorded response to replay.
        recording: Where the live response is recorded.
    """

    def __init__(self, ask: Callable[[], Tape | Recording | None]) -> None:
        self.tape: Tape | None = None
        self.recording: Recording | None = None
        self._ask = ask
        self._is_asked = False

    def now(self) -> None:
        """Ask; raises as `Cassette.answer` does."""
        __tracebackhide__ = True
        self._is_asked = True
        answer = self._ask()
        if isinstance(answer, Tape):
            self.tape = answer
        else:
            self.recording = answer

    @contextmanager
    def sending(self, request: Any) -> Iterator[None]:
        """Send httpx's `request` inside the block, which ends early where a recording answers it."""
        __tracebackhide__ = True
        if self._is_asked:
            with sending(request):
                yield
            return
        given = request.extensions
        request.extensions = {**given, "trace": self._trace(given.get("trace"))}
        try:
            with sending(request):
                yield
        except _Reached:
            pass
        finally:
            request.extensions = given

    def _trace(self, others: Any) -> Callable[[str, dict[str, Any]], Any]:
        def trace(name: str, info: dict[str, Any]) -> None:
            self._reached()
            if others is not None:
                others(name, info)

        return trace

    def _reached(self) -> None:
        __tracebackhide__ = True
        if not self._is_asked:
            self.now()
            if self.tape is not None:
                raise _Reached


class AsyncAsked(Asked):
    """The same for a client whose httpcore tells coroutines what it does."""

    def _trace(self, others: Any) -> Callable[[str, dict[str, Any]], Any]:
        async def trace(name: str, info: dict[str, Any]) -> None:
            self._reached()
            if others is not None:
                await others(name, info)

        return trace
