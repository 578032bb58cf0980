"""A project below another one: each has a lock file and a store of its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_interactions.store import lock_file
from pytest_interactions.store.project import Project
from pytest_interactions.store.store import Store
from tests.store.team import Team
from tests.support import use_cassette

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator


@pytest.fixture
def team(
    tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Team:
    """A project whose store is a directory."""
    return Team(tmp_path, emulator, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pytest.ini", "[pytest]\ninteractions_store = ../substore\n"),
        ("pyproject.toml", '[tool.pytest.ini_options]\ninteractions_store = "../substore"\n'),
    ],
)
def test_a_project_with_a_store_begins_a_lock_file_below_another_one(team: Team, file: str, text: str) -> None:
    """What is pushed from it is in its own store alone, and replayed from there."""
    team.record("a")
    team.run("push")
    before = (team.root / lock_file.NAME).read_bytes()
    sub = team.root / "sub"
    (sub / "tests").mkdir(parents=True)
    (sub / file).write_text(text)
    os.chdir(sub / "tests")
    with use_cassette(sub / "cassettes/b.yaml", record_mode="once", store=str(team.root / "substore")):
        team.post(team.body("Hello, b")["input"])
    assert team.run("push").out.endswith("Pushed 1 cassette: 1 object sent. Commit cassettes.lock.\n")
    assert (team.root / lock_file.NAME).read_bytes() == before
    lock = Project.at(sub).lock()
    assert list(lock) == ["cassettes/b.yaml"]
    assert (team.root / "substore" / f"cassettes/{lock.entry('cassettes/b.yaml').digest}.yaml").exists()
    assert len(team.stored()) == 1
    assert Store.at(str(team.root / "substore")).find(sub / "cassettes/b.yaml", records=False).file.is_file()


@pytest.mark.parametrize("text", ["[pytest]\n", "[pytest]\ninteractions_store =\n", "no ini file [pytest]"])
def test_a_configuration_without_a_store_begins_no_project(team: Team, text: str) -> None:
    """The cassettes of its tests are in the lock file above it."""
    team.record("a")
    team.run("push")
    sub = team.root / "sub"
    sub.mkdir()
    (sub / "pytest.ini").write_text(text)
    assert Project.at(sub).root == team.root
    assert lock_file.nearest(sub / "cassettes/b.yaml") == team.root / lock_file.NAME
