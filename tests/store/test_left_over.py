"""What killed processes leave in the tree, in the store and beside the lock file goes; what waits for a push stays."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from pytest_interactions import StoreError
from pytest_interactions.commands import main
from pytest_interactions.commands.check.left_over import LeftOver
from pytest_interactions.commands.stores import gone
from pytest_interactions.files import media, storage
from pytest_interactions.store import objects, store
from pytest_interactions.store.lock_file import Entry
from pytest_interactions.store.project import Project
from pytest_interactions.store.pushing import Pushed, push
from pytest_interactions.store.remote import Remote
from tests.store.team import PICTURE, Team
from tests.support import use_cassette

if TYPE_CHECKING:
    from pytest_interactions.server.emulator import Emulator


@pytest.fixture
def team(
    tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Team:
    """A project whose store is a directory."""
    return Team(tmp_path, emulator, monkeypatch, capsys)


def _left(path: Path, name: str = "") -> Path:
    """Make the file that a killed process leaves beside `path`."""
    left = path.with_name(f"{name or '.' + path.name}.{uuid4().hex}.tmp")
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_text("half a")
    return left


def test_a_pull_into_the_tree_keeps_what_waits_for_a_push(team: Team) -> None:
    team.record("a", "b", picture=True)
    team.run("push")
    team.record("a", text="Again")
    recorded = team.path("a").read_bytes()
    assert team.run("pull", "--files").status == 0
    assert team.path("a").read_bytes() == recorded
    assert team.path("b").is_file()
    team.replay("a", text="Again")


def test_the_next_check_out_deletes_what_a_killed_one_left(team: Team) -> None:
    team.record("a")
    team.run("push")
    left = _left(team.path("a"))
    assert team.run("pull", "--files").status == 0
    assert not left.exists()
    assert team.tree() == ["a.yaml"]


def test_the_next_push_leaves_nothing_of_a_killed_check_out(team: Team) -> None:
    """Neither temporary files nor media without their cassette; what somebody else has put there stays."""
    team.record("a", picture=True)
    team.run("push")
    (name,) = (Path(each).name for each in team.stored() if each.startswith("media/"))
    beside = media.directory_of(team.path("a"))
    left = [_left(team.path("a")), _left(beside / name)]
    (beside / name).write_bytes((team.store / "media" / name).read_bytes())
    team.path("elsewhere").with_suffix("").symlink_to(team.store)
    (team.path("a").parent / "notes.txt").write_text("mine")
    assert team.run("push").status == 0
    assert not any(each.exists() for each in left)
    assert not beside.exists()
    assert sorted(path.name for path in team.path("a").parent.iterdir()) == ["elsewhere", "notes.txt"]
    team.replay("a", picture=True)


def test_the_next_push_deletes_what_a_killed_one_left_of_the_lock_file(team: Team) -> None:
    """Also if there is nothing left to push."""
    left = _left(team.root / "cassettes.lock")
    assert team.run("push").status == 0
    assert not left.exists()


def test_gc_deletes_what_a_killed_push_has_begun_in_a_store_of_files(team: Team) -> None:
    """Once it is old, as somebody may be about to send it still; a file of another name is nobody's business here."""
    team.record("a")
    team.run("push")
    team.commit()
    name = objects.of_cassette("0" * 64)
    left, other = _left(team.store / name, Path(name).name), _left(team.store / "cassettes" / "mine", "mine")
    assert team.run("gc", "--delete", "--yes").status == 0
    assert left.exists()
    for file in (left, other):
        os.utime(file, (10**9, 10**9))
    told = team.run("gc", "--delete", "--yes")
    assert (told.status, told.out.splitlines()[1]) == (0, f"cassettes/{left.name}")
    assert not left.exists()
    assert other.exists()


def test_a_push_goes_on_where_another_one_is_faster(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording that it has listed is gone when it is read; it pushes the others."""
    team.record("a", "b")
    read = storage.read_bytes

    def after_another(path: Path, limit: int) -> bytes:
        monkeypatch.setattr(storage, "read_bytes", read)
        assert main(["push", str(team.path("a"))]) == 0
        return read(path, limit)

    monkeypatch.setattr(storage, "read_bytes", after_another)
    assert team.run("push").status == 0
    assert team.tree() == []
    team.replay("a", "b")


def test_a_push_goes_on_where_another_one_has_taken_media_out(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are in the cache then, from which they are sent, or need not be."""
    monkeypatch.setattr(store, "AT_ONCE", 1)  # so that one is sent before the other
    team.record("a", picture=True)
    other = {**PICTURE, "data": PICTURE["data"] * 2}
    with use_cassette(team.path("b"), record_mode="rewrite", **team.options()):
        team.post([other])
    put, sent = Remote.put, list[str]()

    def put_and_push(self: Remote, name: str, data: bytes) -> None:
        put(self, name, data)
        sent.append(name)
        if len(sent) == 1:
            assert main(["push"]) == 0

    monkeypatch.setattr(Remote, "put", put_and_push)
    recordings = [_pushed(team, name) for name in "ab"]
    assert push(recordings, Project.at(team.root).store(), team.root / "cassettes.lock") == 3
    assert set(sent) == set(team.stored())
    assert team.tree() == []
    team.replay("a", picture=True)


def test_what_is_written_while_it_is_pushed_is_not_sent(team: Team) -> None:
    """Nobody has looked through it for secrets."""
    team.record("a")
    seen = _pushed(team, "a")
    team.record("a", text="Newer")
    with pytest.raises(StoreError, match=r"a\.yaml: it was written while it was pushed\. Push again\."):
        push([seen], Project.at(team.root).store(), team.root / "cassettes.lock")
    assert (team.stored(), list(team.lock), team.tree()) == ([], [], ["a.yaml"])


def test_what_another_push_has_taken_out_meanwhile_is_borne(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cassette goes while its media are looked at, or a directory while it is listed."""
    team.record("a", "b", picture=True)
    team.run("push", "cassettes/a.yaml")
    medium = team.root / "cassettes" / "b.media" / next(each for each in team.stored() if "media" in each).split("/")[1]
    is_file = Path.is_file

    def taken_out(self: Path) -> bool:
        found = is_file(self)
        if self == team.path("b") and found:
            monkeypatch.setattr(Path, "is_file", is_file)
            self.unlink()
        return found

    monkeypatch.setattr(Path, "is_file", taken_out)
    assert LeftOver(deletes=False, max_size=10**6).at(medium) is not None
    with pytest.raises(PermissionError):
        gone(PermissionError())
    gone(FileNotFoundError())


def _pushed(team: Team, name: str) -> Pushed:
    raw = team.path(name).read_bytes()
    entry = Entry(f"cassettes/{name}.yaml", objects.digest_of(raw), len(raw), "0" * 16, "1 turn")
    return Pushed.of(team.path(name), raw, entry)
