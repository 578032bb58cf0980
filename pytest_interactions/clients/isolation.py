"""What a replay needs to need nothing: no network, no key, no waiting, no certificates."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from threading import RLock
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from pytest_interactions.cassette.matching import is_loopback
from pytest_interactions.errors import NetworkBlockedError
from pytest_interactions.redaction.secrets import PLACEHOLDER_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_KEYS: Final = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
_IDLE: Final = 1.0  # seconds of sleep in one replay that are worth a word


def is_allowed(host: str, port: int | None, allowed: Sequence[str]) -> bool:
    """Whether `host`, or `host:port`, is one of the names or shell-style patterns in `allowed`."""
    names = {host.lower(), f"{host.lower()}:{port}"}
    return any(fnmatchcase(name, pattern.lower()) for name in names for pattern in allowed)


class Sleeps:
    """Skips or measures what the app sleeps by `time.sleep` and `asyncio.sleep`.

    Attributes:
        skip: Whether sleeping is skipped.
        seconds: For how long the app slept, however many of its threads and tasks at once; if it is skipped, what it
            asked for.
    """

    def __init__(self, *, skip: bool) -> None:
        self.skip = skip
        self.seconds = 0.0
        self._sleepers = 0
        self._since = 0.0
        self._lock = RLock()

    @property
    def idle(self) -> bool:
        """Whether the test really slept for so long that it is worth skipping."""
        return not self.skip and self.seconds > _IDLE

    @contextmanager
    def one(self, asked: float) -> Iterator[float]:
        """One sleep of so many seconds; gives how long it is to be."""
        if self.skip:
            self.seconds += asked
            yield 0
            return
        with self._lock:
            if not self._sleepers:
                self._since = time.monotonic()
            self._sleepers += 1
        try:
            yield asked
        finally:
            with self._lock:
                self._sleepers -= 1
                if not self._sleepers:
                    self.seconds += time.monotonic() - self._since


@dataclass(eq=False, kw_only=True)
class Isolation:
    """How one replay is cut off.

    Attributes:
        allowed: Hosts that may be reached; where there are any, certificates are loaded, as they are needed.
        report: Takes each refusal, so that code that swallows it is found out.
        sleeps: What becomes of sleeping.
    """

    allowed: Sequence[str]
    report: Callable[[NetworkBlockedError], object]
    sleeps: Sleeps

    def check(self, host: Any, port: Any) -> None:
        """Refuse a host that is neither this machine nor allowed.

        Raises:
            NetworkBlockedError: The message names the host, and the way to allow it.
        """
        name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
        if is_loopback(name) or name == socket.gethostname() or name in _resolved:
            return
        if is_allowed(name, port, self.allowed):
            return
        error = NetworkBlockedError(
            f"A connection to {name} was refused: this test replays, and needs no network. If it must reach that "
            f"host, say so: allowed_hosts={name!r}."
        )
        self.report(error)
        raise error


# The replays under way, the innermost last; patches are in force while there is one, in whatever order they end.
_isolations: Final[list[Isolation]] = []
_resolved: Final[set[str]] = set()
_patches: Final = ExitStack()
_lock: Final = RLock()


@contextmanager
def isolated(isolation: Isolation) -> Iterator[None]:
    """Refuse sockets to other machines, watch or skip sleeps, and load no CA certificates, in all threads.

    A TLS context that is made without certificates trusts nobody: if it is ever used to connect, that fails.
    """
    with _lock:
        if not _isolations:
            for place, name, replacement in _replacements():
                _patches.enter_context(mock.patch.object(place, name, replacement))
        _isolations.append(isolation)
    try:
        yield
    finally:
        with _lock:
            _isolations.remove(isolation)
            if not _isolations:
                _resolved.clear()
                _patches.close()


def _replacements() -> Iterator[tuple[Any, str, Any]]:
    for name in ("connect", "connect_ex", "sendto", "sendmsg"):
        yield socket.socket, name, _guarded(getattr(socket.socket, name))
    yield socket, "getaddrinfo", _resolving(socket.getaddrinfo)
    yield socket, "gethostbyname", _resolving(socket.gethostbyname)
    sleep = _sleeping(asyncio.sleep)
    yield time, "sleep", _blocking(time.sleep)
    yield asyncio, "sleep", sleep
    yield asyncio.tasks, "sleep", sleep
    for name in ("load_verify_locations", "load_default_certs", "set_default_verify_paths"):
        yield ssl.SSLContext, name, _certificates(getattr(ssl.SSLContext, name))


def _guarded(real: Callable[..., Any]) -> Callable[..., Any]:
    def call(self: socket.socket, *args: Any) -> Any:
        # The address comes last; a Unix socket's is a path, and stays on this machine.
        if args and isinstance(args[-1], tuple):
            _isolations[-1].check(args[-1][0], args[-1][1])
        return real(self, *args)

    return call


def _resolving(real: Callable[..., Any]) -> Callable[..., Any]:
    def look_up(host: Any, port: Any = None, *args: Any, **kwargs: Any) -> Any:
        _isolations[-1].check(host, port)
        if real.__name__ == "gethostbyname":
            found = real(host)
            _resolved.add(found)
            return found
        found = real(host, port, *args, **kwargs)
        _resolved.update(str(address[4][0]) for address in found)
        return found

    return look_up


def _blocking(real: Callable[[float], None]) -> Callable[[float], None]:
    def sleep(seconds: float, /) -> None:
        with _isolations[-1].sleeps.one(seconds) as duration:
            real(duration)

    return sleep


def _sleeping(real: Callable[..., Any]) -> Callable[..., Any]:
    async def sleep(delay: float, result: Any = None) -> Any:
        with _isolations[-1].sleeps.one(delay) as duration:
            return await real(duration, result)

    return sleep


def _certificates(real: Callable[..., Any]) -> Callable[..., Any]:
    def load(self: ssl.SSLContext, *args: Any, **kwargs: Any) -> Any:
        return real(self, *args, **kwargs) if _isolations[-1].allowed else None

    return load


_placeholders: Final[list[str | None]] = []


@contextmanager
def placeholder_key() -> Iterator[None]:
    """Set an API key that is none, where there is none, so that a client can be made."""
    with _lock:
        ours = bool(_placeholders)
        needed = ours or not any(os.environ.get(name) for name in _KEYS)
        if needed:
            _placeholders.append(None if ours else os.environ.get("GEMINI_API_KEY"))
            os.environ.setdefault("GEMINI_API_KEY", PLACEHOLDER_KEY)
            os.environ["GEMINI_API_KEY"] = os.environ["GEMINI_API_KEY"] or PLACEHOLDER_KEY
    try:
        yield
    finally:
        if needed:
            with _lock:
                _take_back()


def _take_back() -> None:
    """Leave things as they were before the first placeholder, once the last is gone, unless the app has a key now."""
    if len(_placeholders) > 1:
        del _placeholders[-1]
        return
    before = _placeholders.pop()
    if os.environ.get("GEMINI_API_KEY") == PLACEHOLDER_KEY:
        del os.environ["GEMINI_API_KEY"]
        if before is not None:
            os.environ["GEMINI_API_KEY"] = before
