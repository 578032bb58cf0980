"""During a replay nothing that Python sees leaves this machine; in a namespace of its own, nothing at all does."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions import NetworkBlockedError, OptionError
from pytest_interactions.clients import namespace, network
from tests.support import sockets, use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_interactions.cassette.cassette import Cassette

#: An address of a network for documentation (RFC 5737), which is nobody's.
ELSEWHERE = "192.0.2.1"
KEPT = socket.socket.connect


class _Own(socket.socket):
    def connect(self, address: Any) -> None:
        import _socket

        _socket.socket.connect(self, address)


def _udp() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def _raw() -> Any:
    import _socket

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


def test_the_addresses_of_an_allowed_host_are_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever looked them up; where no host is allowed, none of its addresses is."""
    found: tuple[str, list[str], list[str]] = ("api.example", [], [ELSEWHERE])
    monkeypatch.setattr(socket, "gethostbyname_ex", lambda _: found)
    with _replay(tmp_path, allowed_hosts="api.example"):
        assert socket.gethostbyname_ex("api.example") == found
        with socket.socket() as client:
            client.settimeout(0.01)
            assert client.connect_ex((ELSEWHERE, 9)) != 0
        with pytest.raises(NetworkBlockedError):
            _with(_udp, lambda s: s.sendto(b"x", ("192.0.2.2", 9)))


def test_the_interpreter_is_watched_once(tmp_path: Path) -> None:
    """After the replay nothing is refused, and a second one adds no hook."""
    for _ in range(2):
        with _replay(tmp_path):
            ...
    with sockets() as seen, socket.socket() as client:
        client.settimeout(0.01)
        client.connect_ex((ELSEWHERE, 9))
    assert len(seen) == 1


def test_uvloop_is_refused_by_its_methods(tmp_path: Path) -> None:
    """It connects in C, of which the interpreter does not tell."""
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed")

    async def all_ways() -> None:
        loop = asyncio.get_running_loop()
        for way in (
            loop.create_connection(asyncio.Protocol, ELSEWHERE, 9),
            loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(ELSEWHERE, 9)),
            loop.getaddrinfo("example.com", 80),
            loop.getnameinfo(("8.8.8.8", 53)),
        ):
            with pytest.raises(NetworkBlockedError):
                await way

    async def here(port: int) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
        transport.close()
        assert await loop.getnameinfo(("127.0.0.1", 80), socket.NI_NUMERICHOST)
        assert await loop.getaddrinfo("127.0.0.1", 80)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        with socket.create_server(("127.0.0.1", 0)) as server:
            with _replay(tmp_path):
                runner.run(all_ways())
                runner.run(here(server.getsockname()[1]))
            runner.run(here(server.getsockname()[1]))


def test_where_uvloop_is_not_installed_nothing_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "find_spec", lambda _: None)
    assert list(network.of_uvloop(lambda: None)) == []


# --- the namespace ---

_IN_A_NAMESPACE = """
import ctypes, socket, struct, subprocess, sys, threading

ADDRESS = struct.pack("=HH4s8x", socket.AF_INET, socket.htons(9), socket.inet_aton("192.0.2.1"))

def test_code_in_c_reaches_nothing():
    with socket.socket() as client:
        library = ctypes.CDLL(None, use_errno=True)
        assert library.connect(client.fileno(), ADDRESS, 16) == -1
        assert ctypes.get_errno() == 101  # the network is unreachable

def test_a_child_reaches_nothing():
    code = "import socket; socket.create_connection(('192.0.2.1', 9), 2)"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "Network is unreachable" in child.stderr

def test_what_listens_in_here_is_reached(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind("s")
        server.listen()
        client.connect("s")
"""


def _is_permitted() -> bool:
    code = "from pytest_interactions.clients import namespace; namespace.enter()"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


@pytest.fixture
def permitted() -> None:
    if not _is_permitted():
        pytest.skip("this system permits no network namespaces")


@pytest.mark.usefixtures("permitted")
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("given", ["flag", "ini"])
def test_in_a_namespace_of_its_own_a_replay_reaches_nothing(
    workers: int, given: str, pytester: pytest.Pytester
) -> None:
    """Nor do its children, nor code that is none of Python's; the loopback and Unix sockets stay."""
    pytester.makepyfile(_IN_A_NAMESPACE)
    if given == "ini":
        pytester.makeini("[pytest]\ninteractions_network_namespace = true\n")
    flags = ["--interactions-network-namespace"] if given == "flag" else []
    result = pytester.runpytest_subprocess("-p", "no:recording", f"-n{workers}", *flags)
    result.assert_outcomes(passed=3)


def test_a_run_that_records_stays_where_the_network_is(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It needs it."""
    pytester.makepyfile("import os\ndef test_it(): assert os.readlink('/proc/self/ns/net') == os.environ['HERE']")
    monkeypatch.setenv("HERE", str(Path("/proc/self/ns/net").readlink()))
    flags = ["--interactions-network-namespace", "--interactions-record-mode=once"]
    pytester.runpytest_subprocess("-p", "no:recording", *flags).assert_outcomes(passed=1)


def test_a_namespace_that_is_not_permitted_is_an_error_of_usage(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run goes on nowhere else."""
    monkeypatch.setattr(namespace, "_unshared", lambda _: 1)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    pytester.makepyfile("def test_it(): ...")
    result = pytester.runpytest_inprocess("-p", "no:recording", "--interactions-network-namespace")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: interactions_network_namespace: Operation not permitted. Run without it, *"])


def test_where_threads_run_or_the_system_is_another_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would stay outside; only Linux has namespaces."""
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    with pytest.raises(OptionError, match="other threads run already"):
        namespace.enter()
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    with pytest.raises(OptionError, match="only Linux"):
        namespace.enter()


_AS_NOBODY = """
import ctypes, encodings.idna, os, socket, sys
from pytest_interactions.clients import namespace

os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # so that it may write about itself
namespace.enter()
assert (os.getuid(), os.getgid()) == (65534, 65534)
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
    print("reached")
"""


def test_a_user_without_rights_has_one_too(tmp_path: Path) -> None:
    """Where the system lets users have namespaces; who they are stays."""
    if os.getuid():
        pytest.skip("only root can become somebody else")
    env = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    command = [sys.executable, "-c", _AS_NOBODY]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=env, cwd=tmp_path)
    if "Operation not permitted" in ended.stderr or "No space left" in ended.stderr:
        pytest.skip("this system lets no user have a namespace")
    assert ended.stdout == "reached\n", ended.stderr
