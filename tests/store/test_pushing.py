"""What a push leaves alone, sends again, and brings back."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from pytest_interactions.store import objects
from tests.store.team import Team

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator


@pytest.fixture
def team(
    tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Team:
    """A project with git, and a directory as its store."""
    return Team(tmp_path, emulator, monkeypatch, capsys)


def of(team: Team, name: str) -> Path:
    """The object of a cassette."""
    return team.store / objects.of_cassette(team.entry(name).digest)


def conflict(team: Team) -> None:
    """Have two branches record the same cassette, and git fail to merge them, with an old copy in the tree."""
    team.record("a", "b")
    team.run("push")
    base = team.commit("base")
    assert team.run("pull", "--files").status == 0
    old = team.path("a").read_bytes()
    at = team.path("a").stat()
    for branch in ("theirs", "ours"):
        team.git("checkout", "-q", "-B", branch, base)
        team.record("a", text=branch)
        team.run("push")
        team.commit(branch)
    with pytest.raises(Exception, match="merge"):
        team.git("merge", "theirs")
    team.path("a").write_bytes(old)
    os.utime(team.path("a"), ns=(at.st_atime_ns, at.st_mtime_ns))


def test_an_old_copy_settles_no_conflict(team: Team) -> None:
    """Neither branch has lost its recording then."""
    conflict(team)
    team.record("c")
    told = team.run("push")
    assert "Pushed 1 cassette: 1 object sent.\n" in told.out
    assert "cassettes.lock has conflicts of other cassettes: 1." in told.out
    ours, theirs = team.lock.sides_of("cassettes/a.yaml")
    assert "ours" in ours.headline
    assert "theirs" in theirs.headline


def test_a_side_of_a_conflict_that_is_in_the_tree_settles_none(team: Team) -> None:
    conflict(team)
    ours, _ = team.lock.sides_of("cassettes/a.yaml")
    team.path("a").write_bytes((team.cache / objects.of_cassette(ours.digest)).read_bytes())
    assert "Pushed 0 cassettes" in team.run("push").out
    assert list(team.lock.conflicts) == ["cassettes/a.yaml"]


def test_a_new_recording_settles_a_conflict(team: Team) -> None:
    conflict(team)
    team.record("a", text="newest")
    assert "Pushed 1 cassette: 1 object sent. Commit cassettes.lock." in team.run("push").out
    assert "newest" in team.entry("a").headline


def test_a_push_in_a_merge_knows_who_has_deleted_a_line(team: Team) -> None:
    """From git's index, as the marks in the file don't tell."""
    team.record("a", "b")
    team.run("push")
    base = team.commit("base")
    team.git("checkout", "-q", "-b", "theirs", base)
    team.record("a", text="theirs")
    team.run("push")
    lines = (team.root / "cassettes.lock").read_text().splitlines(keepends=True)
    (team.root / "cassettes.lock").write_text("".join(line for line in lines if "cassettes/b.yaml" not in line))
    team.commit("without b")
    team.git("checkout", "-q", "-b", "ours", base)
    team.record("a", text="ours")
    team.run("push")
    team.commit("ours")
    with pytest.raises(Exception, match="merge"):
        team.git("merge", "theirs")
    team.record("a", text="newest")
    team.run("push")
    assert list(team.lock) == ["cassettes/a.yaml"]


def test_a_recording_that_another_cassette_had_before_is_pushed(team: Team) -> None:
    """That this machine has its bytes in the cache is no sign of a copy."""
    team.record("a", text="Sunny")
    team.run("push")
    first = (team.cache / objects.of_cassette(team.entry("a").digest)).read_bytes()
    team.record("a", text="Rain")
    team.run("push")
    team.path("a").write_bytes(first)
    assert team.run("status").out.startswith("changed: cassettes/a.yaml\n")
    assert team.run("push").out.startswith('cassettes/a.yaml: 1 turn, "')
    assert "Sunny" in team.entry("a").headline


def test_old_media_are_sent_again_so_that_no_gc_deletes_them(team: Team) -> None:
    """What names them is committed only after the push."""
    team.record("a", picture=True)
    team.run("push")
    (medium,) = (team.store / objects.MEDIA).iterdir()
    assert "2 objects sent" not in team.run("push").out
    team.age(2)
    old = medium.stat().st_mtime
    team.record("b", picture=True)
    assert "Pushed 1 cassette: 2 objects sent." in team.run("push").out
    assert medium.stat().st_mtime > old + 86400


def test_fresh_media_are_sent_once(team: Team) -> None:
    team.record("a", picture=True)
    assert "Pushed 1 cassette: 2 objects sent." in team.run("push").out
    team.record("b", picture=True)
    assert "Pushed 1 cassette: 1 object sent." in team.run("push").out


def test_an_object_that_was_altered_to_the_same_size_is_mended(team: Team) -> None:
    team.record("a")
    raw = team.path("a").read_bytes()
    name = objects.of_cassette(objects.digest_of(raw))
    (team.store / name).parent.mkdir(parents=True)
    (team.store / name).write_bytes(bytes(len(raw)))
    assert "1 object sent" in team.run("push").out
    assert (team.store / name).read_bytes() == raw


def test_media_that_another_cassette_refers_to_stay_beside_it(team: Team) -> None:
    """`a.json` has the same directory of media, and is pushed by nobody."""
    team.record("a", picture=True)
    shutil.copy(team.path("a"), team.path("a").with_suffix(".json"))
    team.run("push")
    assert [name.partition("/")[0] for name in team.tree()] == ["a.json", "a.media"]


@pytest.mark.parametrize("lost", ["the bucket", "an object", "the end of one"])
def test_what_a_store_has_lost_is_restored_from_the_cache(team: Team, lost: str) -> None:
    team.record("a", "b", picture=True)
    team.run("push")
    before = team.stored()
    if lost == "the bucket":
        shutil.rmtree(team.store)
    else:
        of(team, "a").write_bytes(b"version: 1")
        if lost == "an object":
            of(team, "a").unlink()
    assert "missing: cassettes/a.yaml" in team.run("status", "--check").out
    told = team.run("push", "--restore")
    assert told.status == 0
    assert f"Restored: {3 if lost == 'the bucket' else 1} object" in told.out
    assert team.stored() == before
    assert team.run("status", "--check").status == 0
    shutil.rmtree(team.cache)
    team.replay("a", "b", picture=True)
    assert "Restored: 0 objects." in team.run("push", "--restore").out


def test_all_of_a_store_moves_to_another_one(team: Team) -> None:
    team.record("a", picture=True)
    team.run("push")
    assert team.run("pull").status == 0
    assert "Restored: 2 objects." in team.run("push", "--restore", "--store", "../other").out
    shutil.rmtree(team.cache)
    shutil.rmtree(team.store)
    (team.root.parent / "other").rename(team.store)
    team.replay("a", picture=True)


def test_what_nobody_here_has_is_named(team: Team) -> None:
    team.record("a", "b", picture=True)
    team.run("push")
    of(team, "a").unlink()
    (team.cache / objects.of_cassette(team.entry("a").digest)).unlink()
    told = team.run("push", "--restore")
    assert (told.status, told.err) == (
        1,
        "cassettes/a.yaml: it is neither in the store nor in the cache of this machine.\n",
    )


def test_media_alone_are_restored(team: Team) -> None:
    team.ini("interactions_store = ../store", "interactions_store_media = true")
    team.record("a", picture=True, store_media=True)
    team.record("b", store_media=True)
    assert "Pushed the media of 1 cassette: 1 object sent." in team.run("push").out
    shutil.rmtree(team.store)
    assert "Restored: 1 object." in team.run("push", "--restore").out
    assert len(team.stored()) == 1
    shutil.rmtree(team.cache)
    shutil.rmtree(team.store)
    told = team.run("push", "--restore")
    assert (told.status, told.err.count("cassettes/a.yaml: it is neither")) == (1, 1)
