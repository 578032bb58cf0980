"""uvloop, which connects and looks up in C: the methods of its loop are checked before they do."""

from __future__ import annotations

from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.clients import network
from pytest_interactions.clients.replacing import OnceImported, Replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from pytest_interactions.clients.replacing import Replacements

    #: Tells what a call reaches.
    Teller = Callable[..., Iterable[network.Asked | None]]


def patch(
    check: Callable[[network.Asked | None], None], learn: Callable[[set[str]], None]
) -> AbstractContextManager[None]:
    """Return the patch of uvloop's loop, which takes place once uvloop is imported.

    Args:
        check: Refuses what is not to be reached.
        learn: Takes the addresses that a look-up found.
    """

    def replace(module: Any, patches: Replacements) -> None:
        for name, told in _TOLD.items():
            patches.enter_context(Replaced(module.Loop, name, partial(_checked, told, check)))
        patches.enter_context(Replaced(module.Loop, "getaddrinfo", partial(_looking_up, check, learn)))

    return OnceImported("uvloop", replace)


def _checked(
    told: Teller, check: Callable[[network.Asked | None], None], real: Callable[..., Any]
) -> Callable[..., Any]:
    @wraps(real)
    async def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        for asked in told(*args, **kwargs):
            check(asked)
        return await real(self, *args, **kwargs)

    return call


def _looking_up(
    check: Callable[[network.Asked | None], None], learn: Callable[[set[str]], None], real: Callable[..., Any]
) -> Callable[..., Any]:
    @wraps(real)
    async def getaddrinfo(self: Any, *args: Any, **kwargs: Any) -> Any:
        check(network.looked_up(*args, **kwargs))
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
