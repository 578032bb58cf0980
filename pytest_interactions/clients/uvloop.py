"""uvloop, which connects and looks up in C: the methods of its loop are checked before they do."""

from __future__ import annotations

from functools import cache, wraps
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.clients import network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    #: Tells what a call reaches.
    Teller = Callable[..., Iterable[network.Asked | None]]


@cache
def _is_installed() -> bool:
    """Whether uvloop is there: an app that is yet to import it is to be checked too."""
    return find_spec("uvloop") is not None


def replacements(
    check: Callable[[network.Asked | None], None], learn: Callable[[set[str]], None]
) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """Yield what is replaced of uvloop: its loop, the name in it, and what stands there during a replay.

    Nothing is, where it is not installed.

    Args:
        check: Refuses what is not to be reached.
        learn: Takes the addresses that a look-up found.
    """
    if not _is_installed():
        return
    loop = import_module("uvloop").Loop
    for name, told in _TOLD.items():
        yield loop, name, _checked(getattr(loop, name), told, check)
    looking_up = _checked(loop.getaddrinfo, lambda *args, **named: [network.looked_up(*args, **named)], check)
    yield loop, "getaddrinfo", _learning(looking_up, learn)


def _checked(
    real: Callable[..., Any], told: Teller, check: Callable[[network.Asked | None], None]
) -> Callable[..., Any]:
    @wraps(real)
    async def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        for asked in told(*args, **kwargs):
            check(asked)
        return await real(self, *args, **kwargs)

    return call


def _learning(real: Callable[..., Any], learn: Callable[[set[str]], None]) -> Callable[..., Any]:
    @wraps(real)
    async def getaddrinfo(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = await real(self, *args, **kwargs)
        learn(network.found(result))
        return result

    return getaddrinfo


# --- what each method reaches, by the names of its arguments ---


def _connection(
    _: Any, host: Any = None, port: Any = None, *, local_addr: Any = None, **__: Any
) -> list[network.Asked | None]:
    return [(host, port), network.named(local_addr)]


def _endpoint(_: Any, local_addr: Any = None, remote_addr: Any = None, **__: Any) -> list[network.Asked | None]:
    return [network.named(local_addr), network.of_address(remote_addr)]


def _server(_: Any, host: Any = None, port: Any = None, **__: Any) -> list[network.Asked | None]:
    hosts = [host] if host is None or isinstance(host, str | bytes) else host
    return [network.named((each, port)) for each in hosts]


def _asked_back(sockaddr: Any, *_: Any, **__: Any) -> list[network.Asked | None]:
    return [network.of_address(sockaddr)]


_TOLD: Final[Mapping[str, Teller]] = {
    "create_connection": _connection,
    "create_datagram_endpoint": _endpoint,
    "create_server": _server,
    "getnameinfo": _asked_back,
}
