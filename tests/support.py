"""What several test modules share."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_watchers: list[list[str]] = []


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _watchers and event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
        for seen in _watchers:
            seen.append(f"{event} {args[1:]}")


sys.addaudithook(_audit)


@contextmanager
def sockets() -> Iterator[list[str]]:
    """List every socket that is connected, and every host that is looked up, inside: the interpreter itself says so."""
    seen: list[str] = []
    _watchers.append(seen)
    try:
        yield seen
    finally:
        _watchers.remove(seen)


def real_traffic(name: str) -> Path:
    """The file or folder `name` of the real traffic, or a skip that says that it is absent."""
    for parent in Path(__file__).resolve().parents:
        found = parent / "shared" / "real-traffic" / name
        if found.exists():
            return found
    pytest.skip(f"the real traffic ({name}) is not on this machine")


def require(program: str, *, found: object, otherwise: str) -> None:
    """Skip a test that needs `program`, saying why, if it is not `found`; where it must be there, fail."""
    if not found:
        must = program in os.environ.get("PYTEST_INTERACTIONS_REQUIRE", "").split(",")
        (pytest.fail if must else pytest.skip)(otherwise)


def program(name: str) -> str:
    """Where the program `name` is; a skip if it is nowhere."""
    found = shutil.which(name)
    require(name, found=found, otherwise=f"{name} is not installed")
    return str(found)


def node() -> str:
    """Where node is, with the packages of `tests/javascript`; a skip if it or they are not installed."""
    modules = Path(__file__).parent / "javascript" / "node_modules"
    found = program("node")
    require("node", found=modules.exists(), otherwise=f"the packages of {modules.parent} are not installed: npm ci")
    return found
