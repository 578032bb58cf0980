"""Ways to the network during a replay: what Python sees is refused, and the rest reaches nothing from a namespace.

Run as `python -m torture.guard '["a way", "its host", 80]'`, it tries that way from a network of its own.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from pytest_interactions import InteractionsError, OptionError, use_cassette
from pytest_interactions.clients import namespace
from torture import NotHereError
from torture.ways_out import BENEATH, LOOK_UPS, SEEN, Worker, is_installed

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from torture import Outcome
    from torture.ways_out import Host

_NOT_PERMITTED: Final = 3  # the status of a process that may not leave the network


def guard() -> Outcome:
    """Try all ways to the network for which there are libraries here; return how many, and those that led out."""
    ways: dict[str, Callable[[Host], None]] = {name: way for name, way in SEEN.items() if is_installed(name)}
    ways["a thread from before"] = Worker()
    look_ups = {name: way for name, way in LOOK_UPS.items() if is_installed(name)}
    with _Elsewhere() as elsewhere:
        failed = [f"{name}: nothing arrives even without a replay" for name in ways if not elsewhere.sees(ways[name])]
        failed += [f"{name}: {told}" for name in ways if (told := _replayed(ways[name], elsewhere))]
        failed += [f"{name}: {told}" for name in look_ups if (told := _replayed(look_ups[name], elsewhere))]
        passed, told_wrong = _local()
        beneath, reached = _from_a_namespace(elsewhere)
    return len(ways) + len(look_ups) + passed + beneath, [*failed, *told_wrong, *reached]


class _Elsewhere:
    """A server at an address of this machine that is not its loopback: it stands for another machine."""

    def __init__(self) -> None:
        self.host: Host = (_own_address(), 0)
        self._seen = threading.Event()
        self._tcp = socket.create_server(self.host)
        self.host = self._tcp.getsockname()[:2]
        self._udp = socket.socket(type=socket.SOCK_DGRAM)
        self._udp.bind(self.host)

    def __enter__(self) -> Self:
        for serve in (self._serve, self._receive):
            threading.Thread(target=serve, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._tcp.close()
        self._udp.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            self._seen.set()
            connection.settimeout(1)
            with connection:
                try:
                    connection.recv(1000)
                    connection.sendall(b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi")
                except OSError:
                    continue

    def _receive(self) -> None:
        while True:
            try:
                self._udp.recv(10)
            except OSError:
                return
            self._seen.set()

    def sees(self, way: Callable[[Host], None], seconds: float = 5) -> bool:
        """Return whether anything arrives by a way, which may fail afterwards."""
        self._seen.clear()
        try:
            way(self.host)
        except Exception:  # noqa: BLE001 - what arrives is what counts
            return self._seen.wait(0.2)
        return self._seen.wait(seconds)


def _own_address() -> str:
    """Return an address of this machine that is not its loopback; nothing is sent to find it."""
    with socket.socket(type=socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))
        except OSError:
            raise NotHereError("this machine has no address but its loopback") from None
        return str(asking.getsockname()[0])


def _replayed(way: Callable[[Host], None], elsewhere: _Elsewhere) -> str:
    """Try a way during a replay; return what went wrong, or nothing."""
    raised: list[BaseException] = []

    def noting(host: Host) -> None:
        try:
            way(host)
        except BaseException as error:
            raised.append(error)
            raise

    with tempfile.TemporaryDirectory(prefix="torture-") as scratch:
        path = Path(scratch, "c.yaml")
        path.write_text("interactions: []\n", encoding="utf-8")
        with use_cassette(path, unplayed="ignore") as cassette:
            arrived = elsewhere.sees(noting, 0.05)
            remembered = [*cassette.failures]
            cassette.failures.clear()
    if arrived:
        return "it arrived"
    is_child = isinstance(next(iter(raised), None), ConnectionError) and not remembered  # whose cassette is its own
    if not is_child and not any(isinstance(each, InteractionsError) for each in remembered):
        return f"nothing was remembered: {raised}"
    return ""


def _local() -> Outcome:
    """Try what stays on this machine, which is to pass."""
    failed = []
    with tempfile.TemporaryDirectory(prefix="torture-") as scratch, socket.create_server(("127.0.0.1", 0)) as server:
        path, port = Path(scratch, "c.yaml"), server.getsockname()[1]
        path.write_text("interactions: []\n", encoding="utf-8")
        here = os.path.join(scratch, "s")  # noqa: PTH118 - what a socket takes is a text
        ways: dict[str, Callable[[], object]] = {
            "127.0.0.1": lambda: socket.create_connection(("127.0.0.1", port)).close(),
            "localhost": lambda: socket.create_connection(("localhost", port)).close(),
            "::ffff:127.0.0.1": lambda: socket.create_connection(("::ffff:127.0.0.1", port)).close(),
            "its own name": lambda: socket.getaddrinfo(socket.gethostname(), port),
            "a Unix socket": lambda: _unix(here),
        }
        with use_cassette(path) as cassette:
            for name, way in ways.items():
                try:
                    way()
                except Exception as error:  # noqa: BLE001 - none is right
                    failed.append(f"{name}, which is here: {error}")
            cassette.failures.clear()
    return len(ways), failed


def _unix(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)


# --- beneath Python ---


def _from_a_namespace(elsewhere: _Elsewhere) -> Outcome:
    """Try the ways beneath Python from a network of its own; each is known to lead out without one."""
    ways = [name for name, way in BENEATH.items() if is_installed(name) and elsewhere.sees(way)]
    failed = []
    for name in ways:
        tried: list[int] = []

        def way(host: Host, name: str = name, tried: list[int] = tried) -> None:
            command = [sys.executable, "-m", "torture.guard", json.dumps([name, *host])]
            tried.append(subprocess.run(command, check=False, timeout=60).returncode)  # noqa: S603 - it is this module

        if elsewhere.sees(way, 0.05):
            failed.append(f"{name}: it arrived from a namespace")
        elif tried == [_NOT_PERMITTED]:
            return 0, []
        elif tried != [0]:
            failed.append(f"{name}: it could not be tried from a namespace")
    return len(ways), failed


def _main(name: str, host: str, port: int) -> int:
    try:
        namespace.enter()
    except OptionError:
        return _NOT_PERMITTED
    try:
        BENEATH[name]((host, port))
    except Exception:  # noqa: BLE001 - it may fail as it likes: what arrives is counted by others
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(_main(*json.loads(sys.argv[1])))
