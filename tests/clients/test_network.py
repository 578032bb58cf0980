"""During a replay nothing that Python sees leaves this machine."""

from __future__ import annotations

import _socket
import asyncio
import gc
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions import NetworkBlockedError
from pytest_interactions.clients import isolation, network
from pytest_interactions.clients.isolation import Isolation, isolated
from tests.support import sockets, use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_interactions.cassette.cassette import Cassette

#: An address of a network for documentation (RFC 5737), which is nobody's.
ELSEWHERE = "192.0.2.1"
KEPT = socket.socket.connect
LOOK_UP = _socket.getaddrinfo


class _Own(socket.socket):
    def connect(self, address: Any) -> None:
        _socket.socket.connect(self, address)


def _udp() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def _raw() -> Any:
    return _socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def _with(make: Callable[[], Any], call: Callable[[Any], object]) -> None:
    with make() as made:
        call(made)


def _closing(made: Any, call: Callable[[Any], object]) -> None:
    try:
        call(made)
    finally:
        made.close()


async def _datagrams() -> None:
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(ELSEWHERE, 9))


async def _connected() -> None:
    await asyncio.open_connection(ELSEWHERE, 9)


WAYS: dict[str, Callable[[], object]] = {
    "connect": lambda: _with(socket.socket, lambda s: s.connect((ELSEWHERE, 9))),
    "connect_ex": lambda: _with(socket.socket, lambda s: s.connect_ex((ELSEWHERE, 9))),
    "connect, kept from before": lambda: _with(socket.socket, lambda s: KEPT(s, (ELSEWHERE, 9))),
    "connect of _socket": lambda: _closing(_raw(), lambda s: s.connect((ELSEWHERE, 9))),
    "connect of a subclass": lambda: _with(_Own, lambda s: s.connect((ELSEWHERE, 9))),
    "connect by bytes": lambda: _with(socket.socket, lambda s: s.connect((ELSEWHERE.encode(), 9))),
    "connect by IPv6": lambda: _with(
        lambda: socket.socket(socket.AF_INET6), lambda s: s.connect((f"::ffff:{ELSEWHERE}", 9, 0, 0))
    ),
    "sendto": lambda: _with(_udp, lambda s: s.sendto(b"x", (ELSEWHERE, 9))),
    "sendto, with flags": lambda: _with(_udp, lambda s: s.sendto(b"x", 0, (ELSEWHERE, 9))),
    "sendmsg": lambda: _with(_udp, lambda s: s.sendmsg([b"x"], [], 0, (ELSEWHERE, 9))),
    "create_connection": lambda: socket.create_connection((ELSEWHERE, 9)),
    "asyncio": lambda: asyncio.run(_connected()),
    "datagrams of asyncio": lambda: asyncio.run(_datagrams()),
    "getaddrinfo": lambda: socket.getaddrinfo("example.com", 80),
    "getaddrinfo of _socket": lambda: _socket.getaddrinfo("example.com", 80),
    "getaddrinfo, kept from before": lambda: LOOK_UP("example.com", 80),
    "getaddrinfo below localhost": lambda: socket.getaddrinfo("secret.localhost", 80),
    "gethostbyname": lambda: socket.gethostbyname("example.com"),
    "gethostbyname_ex": lambda: socket.gethostbyname_ex("example.com"),
    "gethostbyaddr": lambda: socket.gethostbyaddr("8.8.8.8"),
    "getnameinfo": lambda: socket.getnameinfo(("8.8.8.8", 53), 0),
    "getfqdn": lambda: socket.getfqdn("example.com"),
}


@contextmanager
def _replay(tmp_path: Path, **options: Any) -> Iterator[Cassette]:
    path = tmp_path / "c.yaml"
    path.write_text("interactions: []\n")
    with use_cassette(path, **options) as cassette:
        yield cassette
        cassette.failures.clear()


@pytest.mark.parametrize("way", WAYS)
def test_every_way_that_python_sees_is_refused(way: str, tmp_path: Path) -> None:
    """And remembered, as the app may swallow the error."""
    with _replay(tmp_path) as cassette:
        with pytest.raises(NetworkBlockedError):
            WAYS[way]()
        assert isinstance(cassette.failures[0], NetworkBlockedError)
    gc.collect()


def test_a_thread_that_was_there_before_is_refused_too(tmp_path: Path) -> None:
    begin, errors = threading.Event(), []

    def connect() -> None:
        begin.wait()
        try:
            WAYS["connect"]()
        except NetworkBlockedError as error:
            errors.append(error)

    thread = threading.Thread(target=connect)
    thread.start()
    with _replay(tmp_path):
        begin.set()
        thread.join()
    assert len(errors) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "0.0.0.0", "localhost", socket.gethostname()])
def test_this_machine_is_reached_by_all_its_names(host: str, tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as server, _replay(tmp_path) as cassette:
        with socket.create_connection((host, server.getsockname()[1])):
            ...
        assert not cassette.failures


def test_an_ipv4_address_in_ipv6_is_the_same_host(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, _replay(tmp_path):
        with socket.socket(socket.AF_INET6) as client:
            client.connect(("::ffff:127.0.0.1", server.getsockname()[1], 0, 0))


def test_a_unix_socket_and_a_datagram_without_an_address_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They lead to nobody else."""
    with socket.socket(socket.AF_UNIX) as server, _replay(tmp_path):
        monkeypatch.chdir(tmp_path)  # as the path may not be long
        server.bind("s")
        server.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("s")
        first, second = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with first, second:
            first.sendmsg([b"x"])
            assert second.recv(1) == b"x"


def test_a_name_in_an_address_is_refused_before_python_looks_it_up(tmp_path: Path) -> None:
    """Else the error would be the look-up's, and the name would have been told."""
    with _replay(tmp_path) as cassette, socket.socket() as tcp, _udp() as udp:
        calls: tuple[Callable[[Any], object], ...] = (
            tcp.connect,
            tcp.connect_ex,
            tcp.bind,
            lambda address: udp.sendto(b"x", address),
            lambda address: udp.sendto(b"x", 0, address),
            lambda address: udp.sendmsg([b"x"], [], 0, address),
        )
        for call in calls:
            with pytest.raises(NetworkBlockedError, match=r"secret\.invalid"):
                call(("secret.invalid", 80))
        assert len(cassette.failures) == len(calls)


async def test_what_a_library_swallows_is_remembered(tmp_path: Path) -> None:
    """The transports of asyncio log what sending raises, and go on."""
    loop = asyncio.get_running_loop()
    with _replay(tmp_path) as cassette:
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("0.0.0.0", 0))
        transport.sendto(b"x", (ELSEWHERE, 9))
        transport.close()
        assert len(cassette.failures) == 1


HERE = ("127.0.0.1", "127.9.9.9", "127.1", "0x7f.1", "2130706433", "0.0.0.0", "::", "::1", "::1%lo", "::ffff:127.0.0.1")
NAMES_HERE = ("localhost", "LOCALHOST", b"localhost", bytearray(b"::1"), "", None, socket.gethostname())
ELSEWHERES = ("10.0.0.1", "::ffff:192.0.2.1", "fe80::1%eth0", "<broadcast>", "a.localhost", "localhost.", b"\xff", 7)
HALF_NUMBERS = ("127.0.0.1 secret.example", "127.1\tsecret.example", b"127.0.0.1\0.example", "127.0.0.1.example")


@pytest.mark.parametrize("host", [*HERE, *NAMES_HERE])
def test_what_is_surely_of_this_machine_is_let_through(host: Any) -> None:
    _isolation().check(host, 80)


@pytest.mark.parametrize("host", [*ELSEWHERES, *HALF_NUMBERS])
def test_what_others_are_asked_about_or_reached_by_is_not(host: Any) -> None:
    with pytest.raises(NetworkBlockedError):
        _isolation().check(host, 80)


def _isolation() -> Isolation:
    return Isolation(allowed=(), report=lambda _: None)


def test_the_addresses_of_what_was_looked_up_are_reached() -> None:
    """Those of a host that is allowed, or of this machine by its own name, whichever function was asked for them."""
    for look_up in (
        lambda: socket.getaddrinfo(host="localhost", port=80, family=socket.AF_INET),
        lambda: _socket.getaddrinfo("localhost", 80, socket.AF_INET),
        lambda: socket.gethostbyname("localhost"),
        lambda: _socket.gethostbyname("localhost"),
        lambda: socket.gethostbyname_ex("localhost"),
        lambda: _socket.gethostbyname_ex("localhost"),
    ):
        here = _isolation()
        with isolated(here):
            look_up()
        assert here.resolved == {"127.0.0.1"}
    here.resolved.add(ELSEWHERE)
    here.check(ELSEWHERE, 80)


def test_a_server_binds_to_any_address_of_this_machine(tmp_path: Path) -> None:
    with _replay(tmp_path):
        for host in ("0.0.0.0", "", "127.0.0.1", "localhost"):
            with socket.create_server((host, 0)) as server, socket.socket() as client:
                client.connect(("127.0.0.1", server.getsockname()[1]))
        with socket.socket() as server, pytest.raises(OSError, match="assign"):
            server.bind((ELSEWHERE, 0))  # which asks nobody


def test_buffers_are_no_address_and_the_kernel_is_here(tmp_path: Path) -> None:
    one, other = socket.socketpair()
    with _replay(tmp_path), one, other:
        assert one.sendmsg((b"a", b"b")) == 2
        assert other.recv(2) == b"ab"
        if hasattr(socket, "AF_NETLINK"):
            with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) as kernel:
                kernel.bind((0, 0))
                kernel.connect((0, 0))


def test_an_address_that_is_none_is_python_s_own_error(tmp_path: Path) -> None:
    addresses: tuple[Any, ...] = ((), (ELSEWHERE,), [ELSEWHERE, 80], ELSEWHERE)
    with _replay(tmp_path) as cassette, socket.socket() as client:
        for address in addresses:
            with pytest.raises(TypeError):
                client.connect(address)
        with pytest.raises(TypeError):
            client.connect()  # type: ignore[call-arg] # which is its point
        assert not cassette.failures


def test_the_interpreter_is_watched_once(tmp_path: Path) -> None:
    """After the replay nothing is refused, and a second one adds no hook."""
    for _ in range(2):
        with _replay(tmp_path):
            ...
    with sockets() as seen, socket.socket() as client:
        client.settimeout(0.01)
        client.connect_ex((ELSEWHERE, 9))
    assert len(seen) == 1


_TO_THE_END = """
import _socket, atexit, socket, sys
from pathlib import Path
from pytest_interactions import use_cassette

Path("c.yaml").write_text("interactions: []")
with use_cassette("c.yaml"):
    pass

class Late:
    def __del__(self):
        with socket.socket() as late:
            late.connect_ex(("127.0.0.1", 9))

late = sys.late = Late()
atexit.register(lambda: _socket.gethostbyname("192.0.2.1"))
print("well")
"""


def test_the_hook_bears_the_end_of_the_process(tmp_path: Path) -> None:
    """It stays after all that it uses has gone."""
    command = [sys.executable, "-c", _TO_THE_END]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("well\n", "", 0)


def test_a_hook_sees_what_the_interpreter_sees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No tracer sees the hook at work, so it is called here as the interpreter does."""
    hooks: list[Callable[[str, tuple[Any, ...]], None]] = []
    monkeypatch.setattr(sys, "addaudithook", hooks.append)
    network.watch(isolation._check)
    with _replay(tmp_path) as cassette, _udp() as udp:
        hooks[0]("open", ("a file", "r", 0))
        hooks[0]("socket.sendmsg", (udp, None))
        hooks[0]("socket.gethostbyname", ("localhost",))
        with pytest.raises(NetworkBlockedError):
            hooks[0]("socket.connect", (udp, (ELSEWHERE, 9)))
        assert len(cassette.failures) == 1
    hooks[0]("socket.connect", (udp, (ELSEWHERE, 9)))
