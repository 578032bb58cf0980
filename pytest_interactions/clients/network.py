"""The network during a replay: what leads away from this machine is refused, whoever asks for it.

The interpreter itself tells of each connection, each datagram and each look-up of a name, by audit events
(https://docs.python.org/3/library/audit_events.html): through `socket`, `_socket`, a subclass of either, a method that
was kept from before, asyncio, or gevent. What libraries in other languages do, it does not see; of these, uvloop has
methods in Python's reach.
"""

from __future__ import annotations

import socket
import sys
from importlib import import_module
from importlib.util import find_spec
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.hosts import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    #: What takes a host, its port, and whether the name is looked up, and raises an error if that is refused.
    Check = Callable[[Any, Any, bool], None]

_ON_A_NETWORK: Final = (socket.AF_INET, socket.AF_INET6)


def watch(check: Callable[[], Check | None]) -> None:
    """Have each event of the network checked from now on; a hook of the interpreter can't be taken off.

    Args:
        check: Returns what checks here and now; `None` where nothing is checked.
    """

    def hook(event: str, args: tuple[Any, ...]) -> None:
        asked = _ASKED.get(event)
        if asked is None:
            return
        here = check()
        host_and_port = asked(*args) if here is not None else None
        if here is not None and host_and_port is not None:
            here(*host_and_port, event not in _CONNECTS)

    sys.addaudithook(hook)


def _of_address(_: object, address: Any, *__: object) -> tuple[Any, Any] | None:
    """Return the host and port of an address; a Unix socket's is a path, and a datagram may have none of its own."""
    return (address[0], address[1]) if isinstance(address, tuple | list) and len(address) > 1 else None


def _connected(at: socket.socket, address: Any) -> tuple[Any, Any] | None:
    return _of_address(at, address) if at.family in _ON_A_NETWORK else None


def _looked_up(host: Any, port: Any = None, *_: object) -> tuple[Any, Any]:
    return host, port


def _named(address: Any) -> tuple[Any, Any]:
    return address[0], address[1]


_CONNECTS: Final = ("socket.connect", "socket.sendto", "socket.sendmsg")
_ASKED: Final[dict[str, Callable[..., tuple[Any, Any] | None]]] = {
    **dict.fromkeys(_CONNECTS, _connected),
    "socket.getaddrinfo": _looked_up,
    "socket.gethostbyname": _looked_up,
    "socket.gethostbyaddr": _looked_up,
    "socket.getnameinfo": _named,
}


def of_uvloop(check: Callable[[], Check | None]) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """Yield what is replaced of uvloop, whose event loop is in C: the class, the name in it, and what is there then.

    Nothing is, where it is not installed.
    """
    if find_spec("uvloop") is None:
        return
    loop = import_module("uvloop").Loop

    def connecting(real: Callable[..., Any]) -> Callable[..., Any]:
        async def create_connection(self: Any, factory: Any, host: Any = None, port: Any = None, **more: Any) -> Any:
            _ask(check, host, port)
            return await real(self, factory, host, port, **more)

        return create_connection

    def sending(real: Callable[..., Any]) -> Callable[..., Any]:
        async def create_datagram_endpoint(
            self: Any, factory: Any, local_addr: Any = None, remote_addr: Any = None, **more: Any
        ) -> Any:
            _ask(check, *(remote_addr or (None, None))[:2])
            return await real(self, factory, local_addr, remote_addr, **more)

        return create_datagram_endpoint

    def looking_up(real: Callable[..., Any]) -> Callable[..., Any]:
        async def getaddrinfo(self: Any, host: Any, port: Any, **more: Any) -> Any:
            _ask(check, host, port)
            return await real(self, host, port, **more)

        return getaddrinfo

    def looking_back(real: Callable[..., Any]) -> Callable[..., Any]:
        async def getnameinfo(self: Any, address: Any, flags: int = 0) -> Any:
            _ask(check, *address[:2])
            return await real(self, address, flags)

        return getnameinfo

    yield loop, "create_connection", connecting(loop.create_connection)
    yield loop, "create_datagram_endpoint", sending(loop.create_datagram_endpoint)
    yield loop, "getaddrinfo", looking_up(loop.getaddrinfo)
    yield loop, "getnameinfo", looking_back(loop.getnameinfo)


def _ask(check: Callable[[], Check | None], host: Any, port: Any) -> None:
    here = check()
    if here is not None and host is not None:
        here(host, port, True)


def is_here(host: Any, *, looks_up: bool) -> bool:
    """Return whether a host is this machine.

    A name below `localhost` is looked up as any other where the system does not know better, so that it would be told
    to whoever answers.
    """
    name = host.decode(errors="replace") if isinstance(host, bytes | bytearray) else str(host or "localhost")
    if name in ("localhost", socket.gethostname()):
        return True
    try:
        address = ip_address(_in_full(name))
    except ValueError:
        return not looks_up and is_loopback(name)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_unspecified


def _in_full(name: str) -> str:
    """Return an IPv4 address with its four numbers, which may be written with fewer, as in `127.1`."""
    try:
        return socket.inet_ntoa(socket.inet_aton(name))
    except (OSError, UnicodeError):
        return name
