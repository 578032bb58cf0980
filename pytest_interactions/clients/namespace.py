"""A network of this process's own, in which there is nothing but this machine's loopback; Linux alone has such."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
import threading
from pathlib import Path
from typing import Final

from pytest_interactions.errors import OptionError

if sys.platform != "win32":  # pragma: no branch - which has no namespaces either
    import fcntl

# Of sched.h, if.h and sockios.h.
_NEW_USER: Final = 0x10000000
_NEW_NETWORK: Final = 0x40000000
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1
_LINUX_ALONE: Final = "only Linux has networks of a process's own"
_REQUEST: Final = "16sh14x"  # struct ifreq: a name, and flags


def enter() -> None:
    """Leave the network of this machine, for good: this process, and all that it starts from now on.

    Unix sockets and what listens on the loopback in here are reached as before; nothing else is, whoever tries.

    Raises:
        OptionError: The system does not permit it; nothing has changed.
    """
    if sys.platform == "win32":  # pragma: no cover - where the tests don't run
        raise _refused(_LINUX_ALONE)
    if threading.active_count() > 1:
        raise _refused("other threads run already, and they would stay outside")
    user, group = os.getuid(), os.getgid()
    if _unshared(_NEW_NETWORK) and (number := _unshared(_NEW_USER | _NEW_NETWORK)):
        raise _refused(os.strerror(number))
    if os.getuid() != user:  # pragma: no cover - done as another user, who may not write what coverage writes
        # The user of a namespace of its own is nobody until the system is told who it is.
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _bring_up("lo")


def _refused(reason: str) -> OptionError:
    return OptionError(f"interactions_network_namespace: {reason}. Run without it, or where it is permitted.")


def _unshared(flags: int) -> int:
    """Leave what `flags` name; return 0, or the number of the system's error."""
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "unshare"):
        raise _refused(_LINUX_ALONE)
    return ctypes.get_errno() if library.unshare(flags) else 0


def _bring_up(interface: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack(_REQUEST, interface.encode(), 0)
        _, flags = struct.unpack(_REQUEST, fcntl.ioctl(any_socket, _GET_FLAGS, request))
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack(_REQUEST, interface.encode(), flags | _UP))
