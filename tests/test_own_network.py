"""A run in a network of its own: what is below Python, and other processes, is cut off there too."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest

from pytest_interactions import OptionError
from pytest_interactions.clients import namespace
from tests.support import require

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Runner

FLAG = "--interactions-network-namespace"
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has network namespaces")

#: What is to be done before pytest runs.
PLAIN = ""
WITHOUT_PRIVILEGES = """
import ctypes, os, struct
if os.geteuid() == 0:  # as a root who may do nothing but have itself mapped, which is asked of no other user
    kept = {kept}
    data = struct.pack("=6I", kept, kept, 0, 0, 0, 0)
    assert not ctypes.CDLL(None).capset(struct.pack("=Ii", 0x20080522, 0), data)
"""
SETFCAP = 1 << 31
WITH_A_THREAD = """
import threading
threading.Thread(target=threading.Event().wait, name="early bird", daemon=True).start()
"""

CUT_OFF = """
import os, socket, subprocess, sys

CONNECT = '''
import ctypes, errno, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
address = struct.pack("=HH4s8x", socket.AF_INET, socket.htons(9), socket.inet_aton("192.0.2.1"))
with socket.socket(type=socket.SOCK_DGRAM) as connection:
    assert libc.connect(connection.fileno(), address, 16) == -1, "it was reached"
    assert ctypes.get_errno() == errno.ENETUNREACH
'''

def test_it(interactions, interactions_server, tmp_path):
    ask()
    exec(CONNECT)
    subprocess.run([sys.executable, "-c", CONNECT], check=True)

    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind("s")  # a path of its own would be too long
        server.listen()
        client.connect("s")
    host, port = interactions_server.url.removeprefix("http://").split(":")
    child = f"import socket; socket.create_connection(('{host}', {port}))"
    subprocess.run([sys.executable, "-c", child], check=True)

    (tmp_path / "mine").touch()
    mine = os.stat(tmp_path / "mine")
    assert (mine.st_uid, mine.st_gid) == (os.geteuid(), os.getegid())
    assert mine.st_uid == os.stat(os.environ["OWNED"]).st_uid
"""
CAPABILITIES = """

def test_capabilities():
    with open("/proc/self/status") as status:
        assert "CapEff:\\t0000000000000000\\n" in status
"""


@cache
def _refused() -> str:
    """Why this system permits no network of its own; `""` if it does."""
    enter = "from pytest_interactions.clients.namespace import enter; enter()"
    ran = subprocess.run([sys.executable, "-c", enter], capture_output=True, text=True, check=False)
    return ran.stderr[-500:]


@pytest.fixture
def permitted() -> None:
    require("namespaces", found=not _refused(), otherwise=_refused())


def _pytest(directory: Path, *args: str, before: str = "") -> subprocess.CompletedProcess[str]:
    program = f"import sys, pytest\n{before}\nsys.exit(pytest.main(sys.argv[1:]))"
    options = ["-p", "no:cacheprovider", "-o", "asyncio_default_fixture_loop_scope=function", *args]
    command = [sys.executable, "-c", program, *options]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("permitted")
@pytest.mark.parametrize(
    ("before", "more", "args"),
    [(PLAIN, "", ()), (PLAIN, "", ("-n1",)), (WITHOUT_PRIVILEGES.format(kept=SETFCAP), CAPABILITIES, ())],
    ids=["as who runs it", "in a worker", "without privileges"],
)
def test_all_is_cut_off_but_this_machine(
    before: str, more: str, args: tuple[str, ...], run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below Python and in other processes too; and files keep their owner, and the process gains no rights."""
    run.test("def test_it(interactions): ask()")
    run.record().assert_outcomes(passed=1)
    run.test(CUT_OFF + more)
    monkeypatch.setenv("OWNED", str(run.pytester.path))
    ran = _pytest(run.pytester.path, FLAG, *args, before=before)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "passed" in ran.stdout


@pytest.mark.usefixtures("permitted")
def test_a_plugin_that_a_conftest_brings_is_in_time(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where plugins are not loaded by themselves, ours is loaded after its first hook was called."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    run.pytester.makeconftest('pytest_plugins = ["syrupy", "pytest_interactions.plugin"]')
    run.test("def test_it():\n    import socket\n    assert socket.if_nameindex() == [(1, 'lo')]")
    ran = _pytest(run.pytester.path, FLAG)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.usefixtures("permitted")
def test_the_ini_file_may_ask_for_it(run: Runner) -> None:
    run.pytester.makeini("[pytest]\ninteractions_network_namespace = true")
    run.test("def test_it():\n    import socket\n    assert socket.if_nameindex() == [(1, 'lo')]")
    assert _pytest(run.pytester.path).returncode == 0


@linux
def test_a_system_that_does_not_permit_it_is_an_error_that_says_why(run: Runner) -> None:
    if os.geteuid():
        pytest.skip("only of root it is known how to forbid it")
    ran = _pytest(run.pytester.path, FLAG, before=WITHOUT_PRIVILEGES.format(kept=0))
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert (
        "ERROR: interactions_network_namespace: the system permits no network namespace (Operation not permitted)"
        in ran.stderr
    )


@linux
def test_threads_that_began_before_are_an_error_that_names_them(run: Runner) -> None:
    """They would stay where they are."""
    ran = _pytest(run.pytester.path, FLAG, before=WITH_A_THREAD)
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert (
        "ERROR: interactions_network_namespace: this process has 2 threads already (MainThread, early bird)"
        in ran.stderr
    )


def test_a_run_that_records_stays_where_the_network_is(run: Runner) -> None:
    """It needs it."""
    run.test(f"import socket\ndef test_net(): assert socket.if_nameindex() == {socket.if_nameindex()}")
    ran = _pytest(run.pytester.path, FLAG, "--interactions-record-mode=once")
    assert ran.returncode == 0, ran.stdout


def test_other_systems_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(OptionError, match="only Linux has network namespaces, and this is darwin"):
        namespace.enter()


_AS_NOBODY = """
import ctypes, encodings.idna, fcntl, os, socket, sys
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
