"""The network during a replay: what leads away from this machine is refused, whoever asks for it.

The interpreter itself tells of each connection, each datagram and each look-up of a name, by audit events
(https://docs.python.org/3/library/audit_events.html): through `socket`, `_socket`, a subclass of either, a method that
was kept from before, asyncio, or gevent. A name in an address it looks up before it tells of the address; so a socket's
methods are replaced by some that are checked first. What libraries in other languages do, it does not see.
"""

from __future__ import annotations

import socket
import sys
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.clients.replacing import Replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

#: A host and its port.
Asked = tuple[Any, Any]

#: The families whose addresses are files, or parts of the kernel.
_INSIDE: Final = {getattr(socket, name, None) for name in ("AF_UNIX", "AF_NETLINK", "AF_ALG")}


def watch(check: Callable[[Asked | None], None]) -> None:
    """Have each event of the network checked from now on; a hook of the interpreter can't be taken off.

    Args:
        check: Raises an error if what is asked for is refused; it is called where no replay is under way too.
    """

    def hook(event: str, args: tuple[Any, ...]) -> None:
        asked = _ASKED.get(event)
        if asked is not None:
            check(asked(*args))

    sys.addaudithook(hook)


# --- what is asked for ---


def of_address(address: Any) -> Asked | None:
    """Return the host and port of an address; a Unix socket's is a path, and a datagram may have none of its own."""
    return (address[0], address[1]) if isinstance(address, tuple) and len(address) > 1 else None


def named(address: Any) -> Asked | None:
    """Return what is looked up of a server's own address: nobody is asked about one in numbers."""
    asked = of_address(address)
    return None if asked is None or _in_numbers(_text(asked[0])) else asked


def looked_up(host: Any, port: Any = None, *_: object, **__: object) -> Asked:
    """Return what a look-up of a name asks for."""
    return host, port


def found(result: Any) -> set[str]:
    """Return the addresses in what `getaddrinfo` returned."""
    return {str(address[0]) for *_, address in result}


def _connected(at: socket.socket, address: Any) -> Asked | None:
    return None if at.family in _INSIDE else of_address(address)


def _bound(at: socket.socket, address: Any) -> Asked | None:
    return None if at.family in _INSIDE else named(address)


_ASKED: Final[dict[str, Callable[..., Asked | None]]] = {
    "socket.connect": _connected,
    "socket.sendto": _connected,
    "socket.sendmsg": _connected,
    "socket.bind": _bound,
    "socket.getaddrinfo": looked_up,
    "socket.gethostbyname": looked_up,
    "socket.gethostbyaddr": looked_up,
    "socket.getnameinfo": of_address,
}

#: A socket's methods that take an address: its place among the arguments, and what is asked for by it.
_METHODS: Final = {
    "connect": (0, _connected),
    "connect_ex": (0, _connected),
    "bind": (0, _bound),
    "sendto": (-1, _connected),
    "sendmsg": (3, _connected),
}


def patches(check: Callable[[Asked | None], None]) -> Iterator[AbstractContextManager[None]]:
    """Yield the patches of sockets by which an address is checked before the name in it is looked up."""

    def checked(place: int, asked: Callable[..., Asked | None], real: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: socket.socket, *args: Any) -> Any:
            for address in args[place:][:1]:
                check(asked(self, address))
            return real(self, *args)

        return call

    for name, (place, asked) in _METHODS.items():
        yield Replaced(socket.socket, name, partial(checked, place, asked))


# --- this machine ---


def is_here(host: Any) -> bool:
    """Return whether a host is this machine.

    A name below `localhost` is looked up as any other where the system does not know better, so that it would be told
    to whoever answers.
    """
    name = _text(host) or "localhost"
    if name.lower() in ("localhost", socket.gethostname().lower()):
        return True
    address = _in_numbers(name)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _text(host: Any) -> str:
    return bytes(host).decode(errors="replace") if isinstance(host, bytes | bytearray) else str(host or "")


def _in_numbers(name: str) -> IPv4Address | IPv6Address | None:
    """Return an address in numbers, of which IPv4's may have fewer than four, as in `127.1`; `None` for a name."""
    try:
        address = ip_address(_in_full(name))
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _in_full(name: str) -> str:
    try:
        # It reads up to a white space, whatever comes behind.
        return name if name.split() != [name] else socket.inet_ntoa(socket.inet_aton(name))
    except (OSError, UnicodeError):
        return name
