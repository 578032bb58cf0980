"""A network namespace of Linux: a network of this process and all that it starts, in which loopback alone is.

What is below Python, and other processes, is cut off there too. It can't be left again.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
import threading
from pathlib import Path
from typing import Any, Final

from pytest_interactions.errors import OptionError

_LOOPBACK: Final = "lo"
_UP: Final = 1
_GET_FLAGS: Final = 0x8913
_SET_FLAGS: Final = 0x8914
_NEW_USER: Final = 0x10000000
_NEW_NETWORK: Final = 0x40000000
_CAPABILITIES: Final = 0x20080522  # the version of the structure below


def enter() -> None:
    """Leave the network for one of this process's own, unless loopback is all there is already.

    So a worker of pytest-xdist stays where its controller has gone.

    Raises:
        OptionError: The system does not permit it; the message says why.
    """
    if sys.platform != "linux":
        raise _refused(f"only Linux has network namespaces, and this is {sys.platform}.")
    try:
        if _up() != {_LOOPBACK}:
            _begin()
    except OSError as error:
        raise _refused(
            f"the system permits no network namespace ({error.strerror}). A user without privileges needs user "
            "namespaces (sysctl user.max_user_namespaces above 0, and where they exist "
            "kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0); a container needs "
            "the capability SYS_ADMIN, or a network without interfaces (docker run --network none)."
        ) from None


def _refused(reason: str) -> OptionError:
    return OptionError(f"interactions_network_namespace: {reason}")


def _begin() -> None:
    _refuse_threads()
    try:
        _call("unshare", _NEW_NETWORK)
        _start_loopback()
    except PermissionError:
        user, group = os.geteuid(), os.getegid()
        _call("unshare", _NEW_USER | _NEW_NETWORK)
        own = Path("/proc/self")
        (own / "setgroups").write_text("deny")
        (own / "uid_map").write_text(f"{user} {user} 1")
        (own / "gid_map").write_text(f"{group} {group} 1")
        _start_loopback()
        # Who makes a user namespace may do all in it, and an app is to be denied there what it is denied elsewhere.
        _call("capset", struct.pack("=Ii", _CAPABILITIES, 0), bytes(24))


def _refuse_threads() -> None:
    number = sum(1 for _ in Path("/proc/self/task").iterdir())
    if number > 1:
        names = ", ".join(thread.name for thread in threading.enumerate())
        raise _refused(
            f"this process has {number} threads already ({names}), and a thread stays in the network that it began in. "
            "Start pytest without what begins them so early, such as a debugger or a plugin."
        )


def _call(function: str, *args: Any) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), function)(*args):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


# --- interfaces ---


def _up() -> set[str]:
    """Return the names of the interfaces that are up."""
    return {name for _, name in socket.if_nameindex() if _flags(_GET_FLAGS, name) & _UP}


def _start_loopback() -> None:
    _flags(_SET_FLAGS, _LOOPBACK, _UP)


def _flags(request: int, name: str, flags: int = 0) -> int:
    import fcntl  # which Windows has not

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        answer = fcntl.ioctl(any_socket, request, struct.pack("16sh14x", name.encode(), flags))
    return int(struct.unpack("16xh14x", answer)[0])
