"""Ways to the network during a replay: all that Python sees is refused; in a namespace of its own, all is."""

from __future__ import annotations

import asyncio
import ctypes
import importlib.util
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions import NetworkBlockedError, use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable

    from torture import Outcome

#: An address of a network for documentation (RFC 5737), which is nobody's.
_ELSEWHERE: Final = ("192.0.2.1", 9)
_KEPT: Final = socket.socket.connect
_PROGRAM: Final = "from torture.guard import in_namespace; in_namespace()"
_CHILD: Final = f"import socket; socket.create_connection({_ELSEWHERE!r}, 2)"


def guard() -> Outcome:
    """Try each way out, as far as what it needs is installed, then those that only a namespace holds."""
    ways = {**_ways(), **(_ways_of_uvloop() if importlib.util.find_spec("uvloop") else {})}
    failed = [problem for name, way in ways.items() if (problem := _problem(name, way))]
    command = [sys.executable, "-c", _PROGRAM]
    held = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - this program's own
    is_permitted = "interactions_network_namespace" not in held.stderr
    if is_permitted and held.returncode:
        failed.append(f"the namespace: {held.stdout}{held.stderr.strip().splitlines()[-1:]}")
    return len(ways) + len(_IN_NAMESPACE) * is_permitted, failed


def _problem(name: str, way: Callable[[], object]) -> str:
    """Return what is wrong with the guard of one way; "" if it is refused, and remembered."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.yaml"
        path.write_text("version: 1\ninteractions: []\n")
        with use_cassette(path) as cassette:
            try:
                way()
            except NetworkBlockedError:
                problem = "" if cassette.failures else f"{name}: its refusal was forgotten"
            except Exception as error:  # noqa: BLE001 - whatever it is, the way was tried
                problem = f"{name}: {type(error).__name__}: {error}"
            else:
                problem = f"{name}: it went through"
            cassette.failures.clear()
    return problem


def _tcp(call: Callable[[Any], object]) -> Callable[[], object]:
    def way() -> None:
        with socket.socket() as client:
            call(client)

    return way


def _udp(call: Callable[[Any], object]) -> Callable[[], object]:
    def way() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            call(client)

    return way


def _beneath() -> None:
    import _socket

    client = _socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        client.connect(_ELSEWHERE)
    finally:
        client.close()


async def _connect() -> None:
    await asyncio.open_connection(*_ELSEWHERE)


async def _send() -> None:
    await asyncio.get_running_loop().create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=_ELSEWHERE)


def _ways() -> dict[str, Callable[[], object]]:
    return {
        "connect": _tcp(lambda client: client.connect(_ELSEWHERE)),
        "connect_ex": _tcp(lambda client: client.connect_ex(_ELSEWHERE)),
        "connect that was kept": _tcp(lambda client: _KEPT(client, _ELSEWHERE)),
        "connect by bytes": _tcp(lambda client: client.connect((b"192.0.2.1", 9))),
        "_socket": _beneath,
        "sendto": _udp(lambda client: client.sendto(b"x", _ELSEWHERE)),
        "sendmsg": _udp(lambda client: client.sendmsg([b"x"], [], 0, _ELSEWHERE)),
        "create_connection": lambda: socket.create_connection(_ELSEWHERE),
        "asyncio": lambda: asyncio.run(_connect()),
        "datagrams of asyncio": lambda: asyncio.run(_send()),
        "getaddrinfo": lambda: socket.getaddrinfo("example.com", 80),
        "getaddrinfo below localhost": lambda: socket.getaddrinfo("secret.localhost", 80),
        "gethostbyname": lambda: socket.gethostbyname("example.com"),
        "gethostbyname_ex": lambda: socket.gethostbyname_ex("example.com"),
        "gethostbyaddr": lambda: socket.gethostbyaddr("8.8.8.8"),
        "getnameinfo": lambda: socket.getnameinfo(("8.8.8.8", 53), 0),
        "getfqdn": lambda: socket.getfqdn("example.com"),
    }


def _ways_of_uvloop() -> dict[str, Callable[[], object]]:
    uvloop: Any = importlib.import_module("uvloop")

    def within(main: Callable[[], Any]) -> Callable[[], object]:
        def way() -> None:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(main())

        return way

    return {"uvloop": within(_connect), "datagrams of uvloop": within(_send)}


# --- in a network of its own ---


def _by_c() -> bool:
    with socket.socket() as client:
        address = struct.pack("=HH4s8x", socket.AF_INET, socket.htons(9), socket.inet_aton(_ELSEWHERE[0]))
        return bool(ctypes.CDLL(None).connect(client.fileno(), address, 16) == 0)


def _by_child() -> bool:
    command = [sys.executable, "-c", _CHILD]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - its own too


def _not_here() -> bool:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        return False


_IN_NAMESPACE: Final[dict[str, Callable[[], bool]]] = {
    "code in C went out": _by_c,
    "a child went out": _by_child,
    "the loopback was not reached": _not_here,
}


def in_namespace() -> None:
    """Leave the network, and exit with what is wrong then."""
    from pytest_interactions.clients import namespace

    namespace.enter()
    if wrong := [what for what, is_wrong in _IN_NAMESPACE.items() if is_wrong()]:
        sys.exit(", ".join(wrong))
