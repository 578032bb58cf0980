"""`gc` deletes what no branch names, and nothing else; what no test owns leaves the lock file by `unused`."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_interactions.store import objects
from tests.store.team import Team
from tests.support import use_cassette

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator


@pytest.fixture
def team(
    tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Team:
    """A project whose first commit has two cassettes, and the second one of these anew."""
    team = Team(tmp_path, emulator, monkeypatch, capsys)
    team.record("a", "b", picture=True)
    team.run("push")
    team.commit("first")
    team.record("a", text="Again")
    team.run("push")
    team.commit("second")
    return team


def _names(team: Team) -> set[str]:
    return {objects.of_cassette(team.entry(name).digest) for name in "ab"}


def test_what_no_branch_names_is_deleted(team: Team) -> None:
    """The old recording goes; media stay as long as a cassette that is kept refers to them."""
    team.age(31)
    told = team.run("gc")
    assert told.status == 1
    assert told.out.startswith("Kept by the working tree, refs/heads/main: 2 cassettes.\ncassettes/")
    assert "4 objects; named by none of these, and older: 1 object, " in told.out
    assert len(team.stored()) == 4
    assert team.run("gc", "--delete", "--yes").out.endswith("Deleted: 1.\n")
    assert set(team.stored()) == {*_names(team), *(name for name in team.stored() if name.startswith("media/"))}
    shutil.rmtree(team.cache)
    team.replay("b", picture=True)
    team.replay("a", text="Again")
    assert team.run("gc").status == 0


def test_media_go_with_the_last_cassette_that_refers_to_them(team: Team) -> None:
    team.record("b", text="Without")
    team.run("push")
    team.commit()
    team.age(31)
    shutil.rmtree(team.cache)
    assert team.run("gc", "--delete", "--yes").out.endswith("Deleted: 3.\n")
    assert set(team.stored()) == _names(team)


def test_what_is_new_stays(team: Team) -> None:
    """Somebody may be about to commit its line."""
    team.age(10)
    assert team.run("gc").status == 0
    assert team.run("gc", "--older-than", "9d").status == 1
    told = team.run("gc", "--older-than", "soon")
    assert (told.status, told.err.startswith("pytest-interactions: --older-than: ")) == (2, True)


def test_branches_and_tags_keep_what_they_name(team: Team) -> None:
    """All of them, or those that are chosen; and what their history names, if that is wanted."""
    team.git("branch", "old", "HEAD~1")
    team.age(31)
    assert team.run("gc").status == 0
    for pattern in ("refs/heads/main", "main", "m*"):
        assert team.run("gc", "--keep-refs", pattern).status == 1
    assert team.run("gc", "--keep-refs", "main", "--keep-history").status == 0
    told = team.run("gc", "--keep-refs", "main", "gone")
    assert (told.status, told.err) == (
        2,
        "pytest-interactions: --keep-refs: gone: there is no such branch or tag here, so nothing was deleted.\n",
    )


def test_both_sides_of_a_conflict_are_kept(team: Team) -> None:
    lines = [team.git("show", f"HEAD{which}:cassettes.lock").splitlines()[3] for which in ("", "~1")]
    (team.root / "cassettes.lock").write_text("\n".join(["<<<<<<<", lines[0], "=======", lines[1], ">>>>>>>", ""]))
    team.age(31)
    assert team.run("gc").status == 0


def test_a_repository_that_can_t_tell_deletes_nothing(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shallow clone, a directory without one, a machine without git."""
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{team.root}", str(shallow)], check=True)
    monkeypatch.chdir(shallow)
    told = team.run("gc")
    assert (told.status, "this clone is shallow" in told.err) == (2, True)
    monkeypatch.chdir(team.root)
    shutil.rmtree(team.root / ".git")
    told = team.run("gc")
    assert (told.status, "this is in no repository of git's" in told.err) == (2, True)
    monkeypatch.setenv("PATH", str(tmp_path))
    told = team.run("gc")
    assert (told.status, "git can't be run" in told.err) == (2, True)


def test_a_first_commit_may_be_missing(
    tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then the working tree alone keeps."""
    team = Team(tmp_path, emulator, monkeypatch, capsys)
    team.record("a")
    team.run("push")
    team.age(31)
    assert team.run("gc", "--keep-history").status == 0
    (team.root / "cassettes.lock").unlink()
    assert team.run("gc").status == 1


def test_media_stay_if_a_kept_cassette_can_t_be_read(team: Team) -> None:
    """As it may refer to any of them; cassettes go as ever."""
    team.record("b", text="Without")
    team.run("push")
    team.commit()
    lost = team.store / objects.of_cassette(team.entry("a").digest)
    raw = lost.read_bytes()
    lost.unlink()
    shutil.rmtree(team.cache)
    team.age(31)
    told = team.run("gc", "--delete", "--yes")
    assert (told.status, "media/" in told.out) == (2, False)
    assert "no media are listed or deleted, as it can't be told which are kept: " in told.err
    assert "is not there" in told.err
    assert told.out.endswith("Deleted: 2.\n")
    assert [name for name in team.stored() if name.startswith("media/")]
    lost.write_bytes(raw)
    told = team.run("gc", "--delete", "--yes", "--older-than", "0")
    assert (told.status, told.out.splitlines()[-1]) == (0, "Deleted: 1.")
    assert set(team.stored()) == _names(team)


def test_without_a_terminal_nothing_is_deleted(team: Team) -> None:
    team.age(31)
    told = team.run("gc", "--delete")
    assert (told.status, "to delete, add --yes" in told.err) == (2, True)
    assert len(team.stored()) == 4


def test_media_alone_are_kept_by_the_cassettes_of_branches(team: Team) -> None:
    """And by those of the working tree."""
    team.ini("interactions_store = ../store", "interactions_store_media = true")
    (team.root / ".gitignore").write_text("*.media/\n")
    shutil.rmtree(team.store)
    for name in ("m", "n"):
        with use_cassette(team.path(name), record_mode="once", **team.options(store_media=True)):
            team.post([{"type": "image", "mime_type": "image/png", "data": ("QUJ" + name.upper()) * 50}])
    team.run("push")
    team.commit()
    team.age(31)
    assert len(team.stored()) == 2
    team.path("m").unlink()
    assert team.run("gc").status == 0
    team.git("rm", "-q", "cassettes/m.yaml")
    team.commit()
    assert team.run("gc", "--delete", "--yes").out.endswith("Deleted: 1.\n")
    team.replay()
    assert len(team.stored()) == 1


def test_what_was_fetched_long_ago_leaves_the_cache(team: Team) -> None:
    """It can be fetched again."""
    team.age(31)
    told = team.run("gc", "--cache")
    assert (told.status, told.out) == (1, f"{team.cache}: 4 objects; fetched before: 4, {told.out.split(', ')[-1]}")
    assert team.run("gc", "--cache", "--delete", "--yes").out.endswith("Deleted: 4.\n")
    assert team.run("gc", "--cache").status == 0
    team.replay("b", picture=True)


# --- unused ---

TESTS = """
import pytest

@pytest.mark.interactions
def test_one(): ...
"""


def test_what_no_test_owns_leaves_the_lock_file(team: Team) -> None:
    """Of what is in the store, `unused` names the line, and deletes that."""
    (team.root / "test_it.py").write_text(TESTS)
    team.record("test_it/test_one", "test_it/test_two")
    team.run("push")
    told = team.run("unused")
    assert told.status == 1
    assert told.out.splitlines()[:3] == [
        "cassettes/a.yaml: no test owns it.",
        "cassettes/b.yaml: no test owns it.",
        "cassettes/test_it/test_two.yaml: no test owns it.",
    ]
    assert "(stored cassette: 3)" in told.out
    assert team.run("unused", "--delete", "--yes").out.endswith("Deleted: 3.\n")
    assert list(team.lock) == ["cassettes/test_it/test_one.yaml"]


# --- other commands see what is in the store ---


def test_commands_read_what_is_in_the_store(team: Team) -> None:
    """A cassette by its path, or all of a directory that is not even there."""
    shutil.rmtree(team.cache)
    told = team.run("show", "cassettes/a.yaml")
    assert (told.status, told.out.splitlines()[0]) == (0, "cassettes/a.yaml")
    assert f"{team.entry('a').size:,} bytes" in told.out
    assert [line for line in team.run("show", "cassettes").out.splitlines() if line.endswith(".yaml")] == [
        "cassettes/a.yaml",
        "cassettes/b.yaml",
    ]
    assert team.run("report", "cassettes", "-o", "report.json").out == "report.json: cassettes: 2\n"
    team.ini()
    told = team.run("show", "cassettes/a.yaml")
    assert (told.status, "no store is set" in told.err) == (2, True)


def test_a_broken_ini_file_is_none_of_a_cassette_s_that_is_shown(team: Team) -> None:
    (team.root / "pytest.ini").write_text("[pytest\n")
    team.record("c")
    assert team.run("show", "cassettes/c.yaml").status == 0


def test_new_recordings_come_before_what_is_in_the_store(team: Team) -> None:
    team.record("a", text="Newest")
    assert "Newest, a" in team.run("show", "cassettes").out
    assert "Hello, b" in team.run("show", "cassettes").out
