"""Hosts and ports: those of this machine, and those that are allowed by name."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The port of a URL that names none.
DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Return whether `host` is this machine's own address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_allowed(host: str, port: int | None, allowed: Iterable[str]) -> bool:
    """Return whether `host`, or `host:port`, is one of the names or shell-style patterns in `allowed`."""
    names = {host.lower(), f"{host.lower()}:{port}"}
    return any(fnmatchcase(name, pattern.lower()) for pattern in allowed for name in names)
