"""Several recorders of one cassette lose nothing, and what killed ones leave is taken away."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from threading import Thread
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest

from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.clients.context import open_cassette
from pytest_interactions.commands import main
from pytest_interactions.files import disk, journal, recovery, storage
from pytest_interactions.options import Options, RecordMode
from pytest_interactions.redaction.gate import Gate
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets
from tests.cassette.clients import _post
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator

GATE = Gate(Redactor(secrets=Secrets()))
_RECORD = """
import sys
import httpx
import pytest
from pytest_interactions import use_cassette

url, path, *prompts = sys.argv[1:]
for prompt in prompts:
    with use_cassette(path, record_mode="new_episodes", unplayed="ignore"):
        body = {"model": "gemini-3.5-flash", "input": prompt}
        httpx.post(url + "/v1beta/interactions", json=body, headers={"x-goog-api-key": "any"})
"""


def _exchange(answer: bytes = b"") -> Exchange:
    return Exchange(
        request=Request(method="GET", uri="https://h.example/"),
        response=Response(status=200, headers={"content-type": ["application/json"]}, body=answer),
    )


MEDIUM = b'{"type": "image", "data": "aGVsbG8gd29ybGQsIGhlbGxvIHdvcmxk", "mime_type": "image/png"}'


def _stray(path: Path) -> Path:
    """What a process leaves that is killed while it replaces `path`."""
    path.parent.mkdir(exist_ok=True)
    stray = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    stray.write_text("half")
    return stray


def test_recorders_lose_nothing_whatever_path_they_take(emulator: Emulator, tmp_path: Path) -> None:
    """Not where their temporary directories differ, nor where one goes through a link."""
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    (tmp_path / "link.yaml").symlink_to(real / "c.yaml")
    storage.save(real / "c.yaml", storage.Contents(), GATE)
    paths = [real / "c.yaml", tmp_path / "link" / "c.yaml", tmp_path / "link.yaml"]
    processes = []
    for number, path in enumerate(paths):
        temporary = tmp_path / f"tmp{number}"
        temporary.mkdir()
        prompts = [f"{number}-{turn}" for turn in range(8)]
        command = [sys.executable, "-c", _RECORD, emulator.url, str(path), *prompts]
        env = os.environ | {"TMPDIR": str(temporary)}
        processes.append(subprocess.Popen(command, env=env))
    assert [process.wait() for process in processes] == [0, 0, 0]
    recorded = {exchange.request.json()["input"] for exchange in storage.load(real / "c.yaml").exchanges}
    assert recorded == {f"{number}-{turn}" for number in range(3) for turn in range(8)}
    assert (tmp_path / "link.yaml").is_symlink()
    assert [path.name for path in real.iterdir()] == ["c.yaml"]
    assert not any(list((tmp_path / f"tmp{number}").iterdir()) for number in range(3))


def test_a_directory_is_locked_for_others_and_for_other_threads(tmp_path: Path) -> None:
    """Whatever path leads to it; it is free again afterwards."""
    (tmp_path / "link").symlink_to(tmp_path)
    taken: list[Callable[[], None] | None] = []
    with disk.locked(tmp_path / "c.yaml"):
        assert disk.lock(tmp_path / "link", wait=False) is None
        thread = Thread(target=lambda: taken.append(disk.lock(tmp_path, wait=True)))
        thread.start()
        thread.join(0.05)
        assert not taken
    thread.join()
    assert disk.lock(tmp_path, wait=False) is None
    assert taken[0] is not None
    taken[0]()
    release = disk.lock(tmp_path, wait=False)
    assert release is not None
    release()


def test_the_lock_of_windows_keeps_others_away_too(tmp_path: Path) -> None:
    release = disk._lock_by_a_file(tmp_path, wait=False)
    assert release is not None
    assert disk._lock_by_a_file(tmp_path, wait=False) is None
    release()
    again = disk._lock_by_a_file(tmp_path, wait=True)
    assert again is not None
    again()


def test_a_file_system_without_locks_makes_nobody_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As some of a network are."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with disk.locked(tmp_path / "c.yaml"), disk.locked(tmp_path / "c.yaml"):
        ...


def test_a_directory_that_cannot_be_made_is_no_matter_of_its_lock(tmp_path: Path) -> None:
    """Whoever writes there says what is the matter."""
    (tmp_path / "file").write_text("")
    with disk.locked(tmp_path / "file" / "c.yaml"):
        assert disk.temporaries(tmp_path / "file" / "c.yaml") == []


def test_the_next_recording_takes_away_what_killed_ones_left(emulator: Emulator, tmp_path: Path) -> None:
    """Temporary files of the cassette and of its media, media to which nothing refers, and a candidate with its own."""
    path = tmp_path / "c.yaml"
    storage.save(tmp_path / "c.failed.yaml", storage.Contents([_exchange(MEDIUM)]), GATE, media_threshold=4)
    assert list((tmp_path / "c.failed.media").iterdir())
    media = tmp_path / "c.media"
    for replaced in (path, tmp_path / "c.failed.yaml", media / f"{'0' * 32}.png"):
        _stray(replaced)
    (media / f"{'1' * 32}.png").write_text("left")
    other = _stray(tmp_path / "other.yaml")
    with use_cassette(path, record_mode="once"):
        httpx.request(**_post(emulator.url, "a"))
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([other.name, "c.yaml"])


_FULL = """
import resource, signal, sys
import httpx
import pytest
from pytest_interactions import CassetteWriteError, use_cassette

url, path = sys.argv[1:]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
body = {"model": "gemini-3.5-flash", "input": "a"}
try:
    with use_cassette(path, record_mode="once"):
        httpx.post(url + "/v1beta/interactions", json=body, headers={"x-goog-api-key": "any"})
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
except CassetteWriteError as error:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(error)
"""


def test_a_full_disk_loses_nothing_that_was_written_before(emulator: Emulator, tmp_path: Path) -> None:
    """Where nothing can be kept anywhere, the journal stays, and the next recording takes it up."""
    path = tmp_path / "c.yaml"
    command = [sys.executable, "-c", _FULL, emulator.url, str(path)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert output == (
        f"{path}: can't be written: File too large. The next recording takes up what could be written of this one. "
        "Make room for it.\n"
    )
    assert list(tmp_path.iterdir()) == []
    open_cassette(path, Options(record_mode=RecordMode.ONCE), rerecord=str)
    assert len(storage.load(path).exchanges) == 1


def test_check_tells_what_is_left_over_and_deletes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever cassette it was of; what anything refers to stays."""
    path = tmp_path / "c.yaml"
    storage.save(path, storage.Contents([_exchange(MEDIUM)]), GATE, media_threshold=4)
    before = sorted(tmp_path.rglob("*"))
    gone = [_stray(tmp_path / "x.yaml"), _stray(tmp_path / "c.media" / "y.png")]
    for name in (f"c.media/{'1' * 32}.png", f"old.failed.media/{'2' * 32}.png", ".c.yaml.journal/x.journal"):
        gone.append(tmp_path / name)
        gone[-1].parent.mkdir(exist_ok=True)
        gone[-1].write_text("left")
    (tmp_path / "c.media" / "notes.txt").write_text("mine")
    assert main(["check", str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert sorted(lines) == sorted(f"{each}: left over from a recording; --fix deletes it." for each in gone)
    assert main(["check", "--fix", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("; deleted.") == len(gone)
    assert sorted(tmp_path.rglob("*")) == sorted([*before, tmp_path / "c.media" / "notes.txt"])
    assert main(["check", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["c.yaml", "c.yml", "c.json", "c", "c.txt"])
def test_check_deletes_no_media_of_any_cassette(name: str, tmp_path: Path) -> None:
    """Whatever its file is called."""
    storage.save(tmp_path / name, storage.Contents([_exchange(MEDIUM)]), GATE, media_threshold=4)
    before = sorted(tmp_path.rglob("*"))
    assert len(before) == 3
    assert main(["check", "--fix", str(tmp_path)]) == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_check_waits_for_who_is_at_work(tmp_path: Path) -> None:
    """What a living recording writes before its cassette is there is left over only until it is."""
    written = Thread(target=lambda: main(["check", "--fix", str(tmp_path)]))
    with disk.locked(tmp_path / "c.yaml"):
        storage.write(tmp_path / "c.yaml", storage.Contents([_exchange(MEDIUM)]), GATE, 4)
        later = (tmp_path / "c.yaml").read_bytes()
        (tmp_path / "c.yaml").unlink()
        written.start()
        written.join(0.2)
        (tmp_path / "c.yaml").write_bytes(later)
    written.join()
    assert len(list((tmp_path / "c.media").iterdir())) == 1


def test_check_saves_what_a_killed_process_had_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a cassette that does not exist yet, too."""
    path, elsewhere = tmp_path / "in" / "c.yaml", tmp_path / "out" / "c.yaml"
    for each in (path, elsewhere):
        each.parent.mkdir()
        killed = journal.Journal(each, GATE, replaces=False)
        killed.add(_exchange(b'{"a": 1}'))
        killed.leave()
    assert main(["check", str(path.parent)]) == 1
    assert (
        capsys.readouterr().out == f"{path}: more was recorded by a killed process; the next recording will add it.\n"
    )
    assert main(["check", "--fix", str(path.parent)]) == 0
    assert "recovered what a killed process had recorded, exchanges: 1" in capsys.readouterr().out
    assert len(storage.load(path).exchanges) == 1
    assert not elsewhere.exists()
    open_cassette(elsewhere, Options(record_mode=RecordMode.ONCE), rerecord=str)
    assert len(storage.load(elsewhere).exchanges) == 1


def test_a_journal_in_the_project_is_read_by_nobody(emulator: Emulator, tmp_path: Path) -> None:
    """It may come from anybody; each run says so, in every mode."""
    path = tmp_path / "c.yaml"
    planted = journal.in_tree(path)
    planted.mkdir()
    (planted / "x.journal").write_bytes(b"version: 1\ninteractions:\n- request: {}\n# finished\n")
    for mode in (RecordMode.NONE, RecordMode.ONCE, RecordMode.NEW_EPISODES, RecordMode.REWRITE):
        cassette = open_cassette(path, Options(record_mode=mode), rerecord=str)
        assert cassette.recovered == [f"{planted}: it was not read, as anybody may have put it there. Delete it."]
        assert len(cassette) == 0
        cassette.close(failed=True)
    assert not emulator.requests


def test_damage_to_a_journal_costs_what_is_damaged_alone(tmp_path: Path) -> None:
    """The exchanges before and after it are recovered, and the note says how many are not."""
    path = tmp_path / "c.yaml"
    killed = journal.Journal(path, GATE, replaces=False)
    for number in range(3):
        killed.add(_exchange(f'{{"a": {number}}}'.encode()))
    killed.leave()
    killed._path.write_text(killed._path.read_text().replace('"a": 1', '"a": 7'))
    [note] = recovery.recover(path, GATE, media_threshold=10**6, merges=True)
    assert note.endswith("exchanges: 2; exchanges of it that are damaged: 1")
    assert [exchange.response.json()["a"] for exchange in storage.load(path).exchanges] == [0, 2]


def test_journals_are_where_a_variable_says_or_else_with_the_users_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as in a directory that outlives a container."""
    monkeypatch.setenv(journal.VARIABLE, str(tmp_path / "here"))
    assert journal.home() == tmp_path / "here"
    monkeypatch.delenv(journal.VARIABLE)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert "pytest-interactions" in journal.home().parts


def test_a_journal_that_another_process_takes_for_an_old_one_is_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the making of its file and the lock on it anybody may delete it."""
    real, calls = disk.lock, []

    def late(path: Path, *, wait: bool) -> object:
        calls.append(path)
        if len(calls) == 1:
            path.unlink()
        release = real(path, wait=wait)
        if len(calls) == 2:
            path.unlink()
        return release

    monkeypatch.setattr(disk, "lock", late)
    begun = journal.Journal(tmp_path / "c.yaml", GATE, replaces=False)
    begun.add(_exchange())
    assert len(calls) == 3
    assert len(recovery._read(begun._path)[0]) == 1
    begun.discard()
    assert not begun._path.parent.exists()


def test_what_is_left_of_journals_is_deleted_with_them(tmp_path: Path) -> None:
    """A temporary file of one that was written anew, and a journal without a first line."""
    path = tmp_path / "c.yaml"
    killed = journal.Journal(path, GATE, replaces=False)
    killed.add(_exchange(b'{"a": 1}'))
    killed.leave()
    stray = _stray(killed._path)
    (killed._path.parent / "odd.journal").write_text("")
    assert path in recovery.cassettes()
    open_cassette(path, Options(record_mode=RecordMode.ONCE), rerecord=str)
    assert not stray.parent.exists()


def test_a_journal_that_is_recovered_meanwhile_is_nobodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes that open a cassette at once recover each journal once."""
    path = tmp_path / "c.yaml"
    killed = journal.Journal(path, GATE, replaces=False)
    killed.add(_exchange())
    killed.leave()
    real = disk.lock

    def gone(path: Path, *, wait: bool) -> object:
        if path.suffix == ".journal":
            path.unlink()
        return real(path, wait=wait)

    monkeypatch.setattr(disk, "lock", gone)
    assert recovery.recover(path, GATE, media_threshold=10**6, merges=True) == []
