"""The servers that a test has started itself: those that listen in this process, or in one that it has started."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_LISTENS: Final = "0A"  # a connection's state in /proc/net/tcp, see proc(5)


def is_own(port: int) -> bool:
    """Return whether this process, or one below it, listens on a TCP port; `True` where the system does not tell.

    Linux tells. Elsewhere every server of this machine counts as the test's own.
    """
    if not (_PROC / "self/net/tcp").exists():
        return True
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    return bool(sockets) and any(not sockets.isdisjoint(_open_by(process)) for process in _processes())


def _listening(port: int) -> set[str]:
    """Return the inodes of the sockets that listen on a port."""
    found = set()
    for name in ("tcp", "tcp6"):
        table = _PROC / "self/net" / name
        for line in table.read_text("ascii").splitlines()[1:] if table.exists() else ():
            _, local, _, state, *rest = line.split()
            if state == _LISTENS and int(local.rpartition(":")[2], 16) == port:
                found.add(rest[5])
    return found


def _processes() -> list[str]:
    """Return the ids of this process and of all that it has started, and these in turn."""
    children: dict[str, list[str]] = {}
    for stat in _PROC.glob("[0-9]*/stat"):
        children.setdefault(_parent(stat), []).append(stat.parent.name)
    found = [str(os.getpid())]
    for process in found:  # which grows meanwhile
        found += children.get(process, [])
    return found


def _parent(stat: Path) -> str:
    try:
        return stat.read_text("utf-8", errors="replace").rpartition(")")[2].split()[1]
    except OSError:  # it has ended meanwhile
        return ""


def _open_by(process: str) -> set[str]:
    """Return the targets of a process's open files."""
    found = set()
    try:
        for file in (_PROC / process / "fd").iterdir():
            found.add(str(file.readlink()))
    except OSError:  # it has ended meanwhile, or the file was closed
        pass
    return found
