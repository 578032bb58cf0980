"""The examples hold: replayed from their own directories and from the top, and recorded anew to the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from pytest_interactions.server.emulator import Emulator
from tests.support import without_origin

EXAMPLES = Path(__file__).parents[1] / "examples"
#: Whether google-genai has live interactions, as since version 3.6.
HAS_LIVE = find_spec("google.genai._interactions_websocket") is not None
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/pytest.ini") if HAS_LIVE or path.parent.name != "live")
# The run's own notes on the network: a host name that is looked up, or a connection beyond this machine, fails a test.
_AUDIT = """
import sys
def audit(event, arguments):
    address = arguments[1] if event == "socket.connect" else "here"
    if isinstance(address, tuple) and not address[0].startswith(("127.", "::1")):
        raise RuntimeError(f"{event} {address}")
sys.addaudithook(audit)
"""


def _pytest(*arguments: str, directory: Path, **environment: str) -> str:
    """Run pytest, in an environment without a key, and return what it prints; it must succeed."""
    ours = ("GEMINI_", "GOOGLE_", "PYTEST_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:recording"]
    command += ["-W", "default", *arguments]  # other libraries' warnings are not the examples'
    result = subprocess.run(
        command, cwd=directory, env=clean | environment, capture_output=True, text=True, check=False, timeout=100
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def _files(directory: Path) -> dict[str, bytes]:
    """Return the files of cassettes and snapshots."""
    paths = [path for name in ("cassettes", "__snapshots__") for path in (directory / name).rglob("*.*")]
    return {str(path.relative_to(directory)): path.read_bytes() for path in paths if path.is_file()}


@pytest.fixture
def watched(tmp_path: Path) -> dict[str, str]:
    """An environment in which no process of Python connects beyond this machine."""
    (tmp_path / "sitecustomize.py").write_text(_AUDIT)
    return {"PYTHONPATH": str(tmp_path)}


def test_there_are_examples_of_nine_shapes() -> None:
    assert len(NAMES) == 8 + HAS_LIVE
    assert all(f"[{name}]({name})" in (EXAMPLES / "README.md").read_text("utf-8") for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_replays_in_its_own_directory(name: str, watched: dict[str, str]) -> None:
    assert " passed" in _pytest(directory=EXAMPLES / name, **watched)


def test_all_examples_replay_from_the_top(watched: dict[str, str]) -> None:
    directories = [f"examples/{name}" for name in NAMES]
    assert f"{26 + 3 * HAS_LIVE} passed" in _pytest(*directories, directory=EXAMPLES.parent, **watched)


def test_examples_recorded_anew_hold_the_same(tmp_path: Path) -> None:
    """Byte for byte, but for the block that says when, and where threads ask in another order."""
    copy = tmp_path / "examples"
    shutil.copytree(EXAMPLES, copy, ignore=shutil.ignore_patterns("__pycache__"))
    with Emulator.steady() as emulator:
        flags = ["--interactions-record-mode=rewrite", "--snapshot-update"]
        _pytest(*flags, *NAMES, directory=copy, RECORD_MODE="rewrite", **emulator.env)
    for name in NAMES:
        recorded, committed = _files(copy / name), _files(EXAMPLES / name)
        assert recorded.keys() == committed.keys() != set()
        if name != "worker":
            assert {key: _without_port(body) for key, body in recorded.items()} == {
                key: _without_port(body) for key, body in committed.items()
            }


def _without_port(text: bytes) -> bytes:
    """Return the text without what is by chance: a port, and which end of a WebSocket closes first."""
    of_it = (b"uri: ", b"digest: ", b'{"by": ')
    return b"\n".join(line for line in without_origin(text).splitlines() if not line.strip().startswith(of_it))
