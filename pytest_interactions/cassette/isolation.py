"""What a replay needs to need nothing: no network, no key, no waiting."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import time
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from pytest_interactions.cassette.matching import is_loopback
from pytest_interactions.errors import NetworkBlockedError
from pytest_interactions.redaction.secrets import PLACEHOLDER_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_KEYS: Final = ("GEMINI_API_KEY", "GOOGLE_API_KEY")


@contextmanager
def placeholder_key() -> Iterator[None]:
    """Set an API key that is none, where there is none, so that a client can be made."""
    if any(os.environ.get(name) for name in _KEYS):
        yield
        return
    before = os.environ.get("GEMINI_API_KEY")
    os.environ["GEMINI_API_KEY"] = PLACEHOLDER_KEY
    try:
        yield
    finally:
        if os.environ.get("GEMINI_API_KEY") == PLACEHOLDER_KEY:
            del os.environ["GEMINI_API_KEY"]
            if before is not None:
                os.environ["GEMINI_API_KEY"] = before


def is_allowed(host: str, port: int | None, allowed: Sequence[str]) -> bool:
    """Whether `host`, or `host:port`, is one of the names or shell-style patterns in `allowed`."""
    names = {host.lower(), f"{host.lower()}:{port}"}
    return any(fnmatchcase(name, pattern.lower()) for name in names for pattern in allowed)


@contextmanager
def network_refused(allowed: Sequence[str], report: Callable[[NetworkBlockedError], object]) -> Iterator[None]:
    """Refuse sockets to anything but loopback, other processes of this machine, and the `allowed` hosts.

    Each refusal raises a `NetworkBlockedError` that names the host, and hands it to `report`, so that code that
    swallows it is found out.
    """
    resolved: set[str] = set()

    def check(host: Any, port: Any) -> None:
        name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
        if is_loopback(name) or name in resolved or is_allowed(name, port, allowed):
            return
        error = NetworkBlockedError(
            f"A connection to {name} was refused: this test replays, and needs no network. If it must reach that "
            f"host, say so: allowed_hosts={name!r}."
        )
        report(error)
        raise error

    def guarded(name: str) -> Any:
        real = getattr(socket.socket, name)

        def call(self: socket.socket, *args: Any) -> Any:
            # sendto has its address last; a Unix socket's is a path, and stays on this machine.
            address = args[-1]
            if isinstance(address, tuple):
                check(address[0], address[1])
            return real(self, *args)

        return mock.patch.object(socket.socket, name, call)

    lookup = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        check(host, port)
        found = lookup(host, port, *args, **kwargs)
        resolved.update(str(address[4][0]) for address in found)
        return found

    with (
        guarded("connect"),
        guarded("connect_ex"),
        guarded("sendto"),
        mock.patch.object(socket, "getaddrinfo", getaddrinfo),
    ):
        yield


@contextmanager
def no_certificates() -> Iterator[None]:
    """Load no CA certificates, for every client made inside: a replay verifies no server, and loading takes long.

    A TLS context made so trusts nobody: if it is ever used to connect, it fails.
    """

    def skip(*_: Any, **__: Any) -> None:
        return None

    with ExitStack() as stack:
        for name in ("load_verify_locations", "load_default_certs", "set_default_verify_paths"):
            stack.enter_context(mock.patch.object(ssl.SSLContext, name, skip))
        yield


_IDLE: Final = 1.0  # seconds of sleep in one replay that are worth a word


class Sleeps:
    """Skips or measures what the app sleeps by `time.sleep` and `asyncio.sleep`; `seconds` is what it asked for."""

    def __init__(self, *, skip: bool) -> None:
        self.skip = skip
        self.seconds = 0.0

    @property
    def idle(self) -> bool:
        """Whether the test really slept for so long that it is worth skipping."""
        return not self.skip and self.seconds > _IDLE

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Do so inside the context, in all threads."""
        real_sleep, real_async_sleep = time.sleep, asyncio.sleep

        def sleep(seconds: float, /) -> None:
            self.seconds += seconds
            real_sleep(0 if self.skip else seconds)

        async def async_sleep(delay: float, result: Any = None) -> Any:
            self.seconds += delay
            return await real_async_sleep(0 if self.skip else delay, result)

        with (
            mock.patch.object(time, "sleep", sleep),
            mock.patch.object(asyncio, "sleep", async_sleep),
            mock.patch.object(asyncio.tasks, "sleep", async_sleep),
        ):
            yield
