"""What a replay needs to need nothing: no network, no key, no certificates."""

from __future__ import annotations

import _socket
import os
import socket
import ssl
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.hosts import is_allowed
from pytest_interactions.cassette import messages
from pytest_interactions.clients import network, uvloop
from pytest_interactions.clients.in_force import InForce
from pytest_interactions.clients.replacing import Replaced
from pytest_interactions.errors import NetworkBlockedError
from pytest_interactions.options import KEYS
from pytest_interactions.redaction.placeholders import LOCATION, PLACEHOLDER_KEY, PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager


@dataclass(eq=False, kw_only=True)
class Isolation:
    """How one replay is cut off.

    Attributes:
        allowed: Hosts that may be reached; where there are any, certificates are loaded, as they are needed.
        report: Takes each refusal, so that code that swallows it is found out.
        resolved: The addresses that the allowed hosts turned out to have.
    """

    allowed: Sequence[str]
    report: Callable[[NetworkBlockedError], object]
    resolved: set[str] = field(default_factory=set)

    def check(self, host: Any, port: Any) -> None:
        """Refuse a host that is neither this machine nor allowed.

        Raises:
            NetworkBlockedError: The message names the host, and the way to allow it.
        """
        if network.is_here(host):
            return
        name = host.decode(errors="replace") if isinstance(host, bytes | bytearray) else str(host)
        if name in self.resolved or is_allowed(name, port, self.allowed):
            return
        error = NetworkBlockedError(messages.blocked(name))
        self.report(error)
        raise error


def isolated(isolation: Isolation | None, *, yields: bool = False) -> AbstractContextManager[None]:
    """Refuse sockets to other machines, and load no CA certificates, in the block's context.

    A TLS context that is made without certificates trusts nobody: if it is ever used to connect, that fails. Inside a
    block of `None` nothing is cut off, whatever is outside. If it `yields`, what is cut off in there goes first.
    """
    return _isolations.hold(isolation, yields=yields)


@cache
def _watch() -> None:
    """Watch the network from the first replay on."""
    network.watch(_check)


def _check(asked: network.Asked | None) -> None:
    isolation = _isolations.innermost if asked is not None else None
    if isolation is not None and asked is not None:
        isolation.check(*asked)


def _learn(addresses: set[str]) -> None:
    """Take note of addresses that a name was found to have that was not refused."""
    isolation = _isolations.innermost
    if isolation is not None:
        isolation.resolved.update(addresses)


def _patches() -> Iterator[AbstractContextManager[object]]:
    _watch()
    yield from network.patches(_check)
    # What a look-up finds, the hook is not told. Those of socket and of gevent ask this one.
    yield Replaced(_socket, "getaddrinfo", partial(_resolving, network.found))
    for module in (socket, _socket):
        yield Replaced(module, "gethostbyname", partial(_resolving, lambda address: {address}))
        yield Replaced(module, "gethostbyname_ex", partial(_resolving, lambda found: set(found[2])))
    yield uvloop.patch(_check, _learn)
    for name in ("load_verify_locations", "load_default_certs", "set_default_verify_paths"):
        yield Replaced(ssl.SSLContext, name, _certificates)


def _all_of(isolations: Sequence[Isolation]) -> Isolation:
    """Cut off code that may be any replay's as all of them are: what one refuses is refused."""

    def report(error: NetworkBlockedError) -> None:
        for isolation in isolations:
            isolation.report(error)

    first, *others = isolations
    allowed = [host for host in first.allowed if all(host in other.allowed for other in others)]
    resolved = first.resolved.intersection(*(other.resolved for other in others))
    return Isolation(allowed=allowed, report=report, resolved=resolved)


_isolations: Final[InForce[Isolation]] = InForce(_patches, _all_of, may_stay=True)


def _resolving(addresses: Callable[[Any], set[str]], real: Callable[..., Any]) -> Callable[..., Any]:
    def look_up(*args: Any, **kwargs: Any) -> Any:
        result = real(*args, **kwargs)
        _learn(addresses(result))
        return result

    return look_up


def _certificates(real: Callable[..., Any]) -> Callable[..., Any]:
    def load(self: ssl.SSLContext, *args: Any, **kwargs: Any) -> Any:
        isolation = _isolations.innermost
        return real(self, *args, **kwargs) if isolation is None or isolation.allowed else None

    return load


# --- the environment ---


@contextmanager
def placeholder_key() -> Iterator[None]:
    """Set an API key that is none, where there is none, so that a client can be made."""
    if _VARIABLES["GEMINI_API_KEY"].innermost is None and any(map(os.environ.get, KEYS)):
        yield
        return
    with _set("GEMINI_API_KEY"):
        yield


@contextmanager
def placeholder_project() -> Iterator[None]:
    """Have clients use Vertex AI, and a project that is none, as far as the environment says nothing else."""
    with ExitStack() as stack:
        for name in ("GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION"):
            stack.enter_context(_set(name))
        if not os.environ.get("GOOGLE_GENAI_USE_ENTERPRISE"):
            stack.enter_context(_set("GOOGLE_GENAI_USE_VERTEXAI"))
        yield


@contextmanager
def _set(name: str) -> Iterator[None]:
    with _VARIABLES[name].hold(_PLACEHOLDERS[name]):
        os.environ[name] = os.environ.get(name) or _PLACEHOLDERS[name]
        yield


@contextmanager
def _restored(name: str) -> Iterator[None]:
    """Leave the variable as it was before, unless the app gave it another value meanwhile."""
    before = os.environ.get(name)
    yield
    if os.environ.get(name) == _PLACEHOLDERS[name]:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


_PLACEHOLDERS: Final = {
    "GEMINI_API_KEY": PLACEHOLDER_KEY,
    "GOOGLE_CLOUD_PROJECT": PROJECT,
    "GOOGLE_CLOUD_LOCATION": LOCATION,
    "GOOGLE_GENAI_USE_VERTEXAI": "true",
}


def _variable(name: str) -> InForce[str]:
    return InForce(lambda: [_restored(name)])


_VARIABLES: Final = {name: _variable(name) for name in _PLACEHOLDERS}
