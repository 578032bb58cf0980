"""The demo: what it does, and that it says so when something does not hold."""

from __future__ import annotations

import subprocess
import sys
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions import demo
from pytest_interactions.commands import main
from pytest_interactions.demo import run
from pytest_interactions.demo.sections import MODEL, SECTIONS, Section

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_interactions.demo.sections import Connect


def test_all_sections_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All eleven are recorded and replayed, each with a line of its own, and the cassettes are there."""
    assert run(tmp_path)
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert lines[0].startswith("Recording with google-genai against the emulator at http://127.0.0.1:")
    assert [line[4:34].rstrip() for line in lines if "steps as expected" in line] == [
        section.title for section in SECTIONS
    ]
    assert "All 11 sections hold: 17 exchanges recorded, and replayed to the same values." in lines
    assert lines[-1] == f"The cassettes are in {tmp_path}"
    assert len(list(tmp_path.glob("*.yaml"))) == 11


@pytest.mark.parametrize(
    ("missing", "client"), [("google.genai", "httpx"), ("rich.progress", "google-genai")], ids=["sdk", "rich"]
)
def test_without_an_optional_library(missing: str, client: str) -> None:
    """Without the SDK the demo talks plain HTTP, without rich it prints plainly; all sections hold all the same."""
    code = f"""
import sys
sys.modules['{missing}'] = None
from pytest_interactions.commands import main
sys.exit(main(['demo']))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.startswith(f"Recording with {client} ")
    assert "All 11 sections hold" in ended.stdout


def test_updating_snapshots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The snapshots in the package are those that the demo writes."""
    packaged, written = demo._SNAPSHOTS, tmp_path / "snapshots"
    written.mkdir()
    monkeypatch.setattr(demo, "_SNAPSHOTS", written)
    assert run(tmp_path, update=True)
    assert _texts(written) == _texts(packaged)


def _texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def _ask(connect: Connect, text: str) -> dict[str, Any]:
    with connect(None) as api:
        return api.create(model=MODEL, input=text)


COUNTER = count()
BROKEN: dict[str, Callable[[Connect], list[Any]]] = {
    "CassetteMissError: ": lambda connect: [_ask(connect, f"Number {next(COUNTER)}")],
    "the replay differs from what was recorded": lambda connect: [_ask(connect, "Hello"), next(COUNTER)],
    "1 secrets are in ": lambda connect: [_ask(connect, "Hello"), {"signature": "Hello"}],
    "the steps differ from ": lambda connect: [_ask(connect, "Hello")],
}


@pytest.mark.parametrize("problem", BROKEN)
def test_what_does_not_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str], problem: str) -> None:
    """A section that does not hold has its reason in its line."""
    broken = Section(2, SECTIONS[1].title, BROKEN[problem])
    assert not run(tmp_path, sections=[SECTIONS[0], broken])
    printed = capsys.readouterr().out
    assert f" 2  {broken.title:30}FAILED: {problem}" in printed
    assert "1 of 2 sections failed." in printed


def test_recording_that_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A section that can't be recorded is not replayed."""
    (tmp_path / "file").write_text("")
    assert not run(tmp_path / "file", sections=SECTIONS[:1])
    assert "FAILED: " in capsys.readouterr().out


@pytest.mark.parametrize(("holds", "status"), [(True, 0), (False, 1)])
def test_the_command_s_status(holds: bool, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the command learns from its status whether all holds."""
    monkeypatch.setattr(demo, "run", lambda: holds)
    assert main(["demo"]) == status
