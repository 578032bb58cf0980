"""A candidate is accepted or rejected in one step: all is old, or all is new."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_interactions.commands import main
from pytest_interactions.commands.exit_status import Status
from pytest_interactions.errors import CassetteError, CassetteFormatError
from pytest_interactions.files import candidates, decisions, disk, leaving, media, shared, storage
from pytest_interactions.files.leaving import Changed
from pytest_interactions.files.storage import Contents, load, save
from tests.review.projects import GATE, exchange, waiting

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a candidate that has media."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    waiting(tmp_path, "one", media=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _state(home: Path) -> tuple[str, str]:
    [sent] = load(home / "cassettes" / "one.yaml").exchanges
    return sent.request.json()["input"][0]["text"], (home / "__snapshots__" / "one.steps.txt").read_text()


_OLD = "Where is Paris?", "model_output: Paris\n"
_NEW = "Where is Oslo?", "model_output: Oslo\n"


def _killed_at(monkeypatch: pytest.MonkeyPatch, name: str, count: int) -> None:
    """Have this process fail at the nth call of a method of paths, as if it were killed there."""
    real = getattr(Path, name)
    left = [count]

    def call(self: Path, *args: object, **more: object) -> object:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return real(self, *args, **more)

    monkeypatch.setattr(Path, name, call)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("read", [load, lambda path: shared.load(path, 10**6)])
def test_a_reader_finishes_what_was_begun(
    count: int, read: Callable[[Path], Contents], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever file was put in its place last."""
    cassette = home / "cassettes" / "one.yaml"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        _killed_at(patch, "replace", count)
        candidates.named(cassette).accept()
    assert decisions.is_pending(cassette)
    read(cassette)
    assert _state(home) == _NEW
    assert main(["review", "--list"]) == Status.OK
    assert list(home.rglob("*.failed.*")) == []
    media.whole(load(cassette).exchanges[0], media.directory_of(cassette))
    assert len(list((home / "cassettes" / "one.media").iterdir())) == 1


def test_before_the_mark_nothing_is_changed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is anything left of it."""
    before = sorted(home.rglob("*"))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        _killed_at(patch, "touch", 1)
        candidates.named(home / "cassettes" / "one.yaml").accept()
    assert _state(home) == _OLD
    assert sorted(each for each in home.rglob("*") if each.name != "one.media" or any(each.iterdir())) == before


def test_a_rejection_is_finished_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the next review, or by the next recording."""
    cassette = home / "cassettes" / "one.yaml"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        _killed_at(patch, "unlink", 1)
        candidates.named(cassette).reject()
    assert _state(home) == _OLD
    assert main(["review", "--reject", str(cassette)]) == Status.FAILED
    assert list(home.rglob("*.failed.*")) == []


def test_a_full_disk_changes_nothing(home: Path) -> None:
    """The candidate stays, and the error names the file."""
    large = Contents([exchange("Where is Oslo?", "x" * 3_000_000)], incomplete=True)
    save(home / "cassettes" / "one.failed.yaml", large, GATE)

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))

    command = [sys.executable, "-m", "pytest_interactions", "review", "--accept", "cassettes"]
    done = subprocess.run(command, cwd=home, preexec_fn=small, capture_output=True, text=True, check=False)
    assert done.returncode == Status.FAILED
    assert "cassettes/one.yaml: can't be written: File too large" in done.stderr
    assert _state(home) == _OLD
    assert candidates.named(home / "cassettes" / "one.yaml").load().incomplete
    assert not any(disk.is_temporary(each.name) for each in home.rglob("*"))


def test_a_place_that_can_not_be_written_changes_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Such as a directory where a snapshot is to be."""
    snapshot = home / "__snapshots__" / "one.steps.txt"
    leaving.leave(home / "cassettes" / "one.yaml", "t", {snapshot.with_name("two.steps.txt"): Changed("two\n")})
    snapshot.with_name("two.steps.txt").mkdir()
    assert main(["review", "--accept", "."]) == Status.FAILED
    assert "two.steps.txt: can't be written: it is a directory." in capsys.readouterr().err
    assert _state(home) == _OLD
    assert not decisions.is_pending(home / "cassettes" / "one.yaml")


def test_what_can_not_be_finished_is_an_error_that_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No reader gets half of it; it is finished once that is possible."""
    cassette = home / "cassettes" / "one.yaml"
    (home / "cassettes" / "one.failed.accepted").touch()
    with monkeypatch.context() as patch:
        patch.setattr(disk, "staged", lambda *_: (_ for _ in ()).throw(OSError(30, "Read-only file system", "x")))
        with pytest.raises(CassetteFormatError, match="accepted and is not in its place yet: Read-only file system"):
            load(cassette)
        assert main(["review"]) == Status.FAILED
        assert main(["check", "cassettes"]) == Status.FOUND
        assert main(["check", "--fix", "cassettes"]) != Status.OK
    assert "a review that was killed had decided on this candidate; --fix finishes it" in capsys.readouterr().out
    assert main(["check", "--fix", "cassettes"]) == Status.FOUND  # it is incomplete
    assert "a review that was killed had decided on this candidate; finished." in capsys.readouterr().out
    assert _state(home) == _NEW


def test_a_recording_finishes_it_before_it_saves(home: Path) -> None:
    """What was accepted in the meantime is not lost."""
    cassette = home / "cassettes" / "one.yaml"
    (home / "cassettes" / "one.failed.accepted").touch()
    with disk.locked(cassette):
        candidates.remove(cassette)
    assert list(home.rglob("*.failed.*")) == []


def test_a_link_out_of_the_project_is_followed_for_whoever_asks_alone(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A project may come from anybody, and a replay writes nowhere else."""
    cassette = home / "cassettes" / "one.yaml"
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "other.yaml"
    cassette.replace(elsewhere)
    cassette.symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    (home / "cassettes" / "one.failed.accepted").touch()
    with pytest.raises(CassetteFormatError, match="a link leads out of the project"):
        load(cassette)
    assert elsewhere.read_bytes() == before
    assert main(["review", "--list", str(cassette)]) == Status.FAILED  # nothing waits any more
    assert load(elsewhere).exchanges[0].request.json()["input"][0]["text"] == "Where is Oslo?"


def test_a_snapshot_that_is_a_link_out_of_the_project_is_refused(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    snapshot = home / "__snapshots__" / "one.steps.txt"
    victim = tmp_path_factory.mktemp("elsewhere") / "victim.txt"
    victim.write_text("mine")
    snapshot.unlink()
    snapshot.symlink_to(victim)
    assert main(["review", "--accept", "."]) == Status.FAILED
    assert victim.read_text() == "mine"


def test_a_medium_that_was_altered_is_not_accepted(home: Path) -> None:
    """Nor put over the one of the cassette."""
    [medium] = (home / "cassettes" / "one.failed.media").iterdir()
    medium.write_bytes(b"other")
    with pytest.raises(CassetteFormatError, match="altered since it was recorded"):
        candidates.named(home / "cassettes" / "one.yaml").accept()
    assert _state(home) == _OLD


def test_what_is_as_old_as_its_recording_is_of_no_run(home: Path) -> None:
    """A test that shares the cassette does not take it for a recording of its own run."""
    cassette, path = home / "cassettes" / "one.yaml", home / "cassettes" / "one.failed.yaml"
    os.utime(path, ns=(10**18, 10**18))
    os.utime(cassette, ns=(10**17, 10**17))
    candidates.named(cassette).accept()
    assert cassette.stat().st_mtime_ns == 10**18


def test_a_snapshot_that_was_changed_since_is_not_lost(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By hand, or by another way of accepting it; one that is the same already is fine, and line ends do not matter."""
    snapshot = home / "__snapshots__" / "one.steps.txt"
    snapshot.write_text("by hand\n")
    assert main(["review", "--accept", "."]) == Status.FAILED
    assert "one.steps.txt: it was changed after this candidate" in capsys.readouterr().err
    snapshot.unlink()
    assert main(["review", "--accept", "."]) == Status.FAILED
    snapshot.write_bytes(b"model_output: Oslo\r\n")
    assert main(["review", "--accept", "."]) == Status.OK
    assert _state(home) == _NEW


def test_no_reader_sees_the_new_cassette_with_the_old_snapshot(home: Path) -> None:
    """However often it reads while others accept."""
    names = [f"number{number}" for number in range(20)]
    for name in names:
        waiting(home, name)
    wrong, now, is_over = list[str](), [names[0]], threading.Event()

    def read() -> None:
        while not is_over.is_set():
            name = now[0]
            [sent] = load(home / "cassettes" / f"{name}.yaml").exchanges
            text = (home / "__snapshots__" / f"{name}.steps.txt").read_text()
            if sent.request.json()["input"] == _NEW[0] and text == _OLD[1]:
                wrong.append(name)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for now[0] in names:
            candidates.named(home / "cassettes" / f"{now[0]}.yaml").accept()
    finally:
        is_over.set()
        reader.join()
    assert wrong == []


def test_a_thread_does_not_wait_for_itself(tmp_path: Path) -> None:
    """But others wait for it."""
    got: list[object] = []
    with disk.locked(tmp_path / "a.yaml"), disk.locked(tmp_path / "b.yaml"):
        other = threading.Thread(target=lambda: got.append(disk.lock(tmp_path, wait=False)))
        other.start()
        other.join()
    assert got == [None]
    release = disk.lock(tmp_path, wait=False)
    assert release is not None
    release()


def test_a_staged_file_that_is_not_put_is_gone(tmp_path: Path) -> None:
    with disk.staged(tmp_path / "a", [b"one", b"two"]) as put:
        assert not (tmp_path / "a").exists()
    assert list(tmp_path.iterdir()) == []
    with disk.staged(tmp_path / "a", [b"one", b"two"]) as put:
        put()
    assert (tmp_path / "a").read_bytes() == b"onetwo"


@pytest.mark.parametrize("suffix", [".yml", ".json"])
def test_a_cassette_of_another_suffix_is_the_one_that_is_replaced(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"c{suffix}"
    save(path, Contents([exchange("old", "old")]), GATE)
    save(tmp_path / "c.failed.yaml", Contents([exchange("new", "new")]), GATE)
    candidates.named(path).accept()
    assert load(path).exchanges[0].request.json()["input"] == "new"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_what_a_killed_rejection_has_left_does_not_stop_the_next_one(home: Path) -> None:
    cassette = home / "cassettes" / "one.yaml"
    (home / "cassettes" / "one.failed.done").touch()
    with disk.locked(cassette):
        candidates.remove(cassette)
    assert list(home.rglob("*.failed.*")) == []


def test_notes_that_nobody_can_read_are_left_over_where_they_are_alone(tmp_path: Path) -> None:
    (tmp_path / "c.failed.json").write_text("[")
    assert candidates.is_alone(tmp_path / "c.failed.json")
    assert not candidates.is_waiting(tmp_path / "c.failed.json")
    candidates.remove_alone(tmp_path / "c.yaml")
    assert list(tmp_path.iterdir()) == []


def test_what_waits_no_more_is_an_error(home: Path) -> None:
    found = candidates.named(home / "cassettes" / "one.yaml")
    found.reject()
    with pytest.raises(CassetteError, match="it waits no more"):
        found.accept()
    assert storage.signature(found.path) is None
