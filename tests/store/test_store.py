"""A store with the cache before it, attacked: odd names, two projects, two stores, media in several places, Ctrl-C."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions import StoreError
from pytest_interactions.store import lock_file, objects
from pytest_interactions.store.remote import _time_of
from pytest_interactions.store.store import Store, about, at_once
from tests.store.teams import TEST

if TYPE_CHECKING:
    from pathlib import Path

    from tests.store.faulty import Faulty
    from tests.store.teams import Team

_PICTURE = """
def test_hello(interactions):
    data = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ" * 4
    ask([{"type": "text", "text": "Hello"}, {"type": "image", "mime_type": "image/png", "data": data}])
"""
_PARIS = timezone(timedelta(hours=1))
_SMALL = "interactions_media_threshold = 100"


def test_names_of_all_kinds_are_pushed_and_played(team: Team, bucket: str) -> None:
    """Tabs, line ends, other scripts, case alone, dots and length in a parameter break no line of the lock file."""
    source = r"""
ODD = ["a\tb", "a\nb", "ü-漢字", "Case", "case", "../up", "x" * 300, "a b", "#", "<<<<<<<", "C:\\x"]
@pytest.mark.parametrize("odd", ODD)
def test_odd(odd, interactions):
    ask(odd)
"""
    team.uses(bucket)
    team.run.test(source)
    team.run.record().assert_outcomes(passed=11)
    team.pushes()
    team.forgets()
    before = team.tree()
    assert len(lock_file.LockFile.read(team.lock_path).entries()) == 11
    team.run.replay().assert_outcomes(passed=11)
    assert team.tree() == before


def test_two_projects_with_the_same_names_share_a_store_and_a_cache(team: Team, bucket: str) -> None:
    """Each plays its own, as objects are named by what they are."""
    first = team.is_pushed(bucket)
    lock = team.lock_path.read_bytes()
    team.lock_path.unlink()
    team.run.emulator.on(input="Hello").reply(text="Hello from the other project")
    second = team.is_pushed(bucket)
    assert first != second
    for content in (lock, team.lock_path.read_bytes()):
        team.lock_path.write_bytes(content)
        team.run.replay().assert_outcomes(passed=1)
    assert len(team.objects()) == 2


def test_a_cassette_may_be_in_another_store_after_a_move(team: Team, bucket: str, tmp_path: Path) -> None:
    """A copy of the objects is a store too."""
    team.is_pushed(str(tmp_path / "one"))
    (tmp_path / "one").rename(tmp_path / "two")
    (tmp_path / "two" / "README").write_text("What somebody else has put here.")
    team.uses(str(tmp_path / "two"))
    team.run.replay().assert_outcomes(passed=1)
    team.forgets()
    team.uses(bucket)
    result = team.run.replay()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{bucket}: cassettes/*.yaml is not there.*"])


def test_what_only_the_tree_and_the_cache_have_of_media_is_put_together(team: Team, bucket: str, door: Faulty) -> None:
    """A cassette of the tree whose media were pushed plays them from the cache; one that records brings them back."""
    team.is_pushed(bucket, _PICTURE, _SMALL, "interactions_store_media = true")
    team.run.replay("--interactions-record-mode=once").assert_outcomes(passed=1)
    (file,) = team.path.with_suffix(".media").iterdir()
    team.run.replay().assert_outcomes(passed=1)
    door.asked.clear()
    team.run.replay("--interactions-record-mode=once").assert_outcomes(passed=1)
    assert door.asked == []
    assert file.exists()


def test_two_pictures_of_which_one_is_in_the_tree(team: Team, bucket: str) -> None:
    """Those that are there are copied to the others."""
    two = _PICTURE.replace(
        '"data": data}', '"data": data}, {"type": "image", "mime_type": "image/png", "data": data[4:]}'
    )
    team.is_pushed(bucket, two, _SMALL, "interactions_store_media = true")
    team.run.replay("--interactions-record-mode=once").assert_outcomes(passed=1)
    first, second = sorted(team.path.with_suffix(".media").iterdir())
    team.forgets()
    first.unlink()
    team.run.replay().assert_outcomes(passed=1)
    assert team.objects() == sorted([first.name, second.name])


def test_altered_media_are_not_pushed(team: Team, bucket: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the file; nothing is taken out of the tree."""
    team.uses(bucket, _SMALL)
    team.records(_PICTURE)
    (file,) = team.path.with_suffix(".media").iterdir()
    file.write_bytes(file.read_bytes() + b"x")
    before = team.tree()
    status, _, err = team.command(capsys, "push")
    assert (status, f"{file}: this media file was altered" in err) == (2, True)
    assert team.tree() == before


def test_media_that_the_store_has_need_not_be_beside_a_recording(team: Team, bucket: str) -> None:
    """Somebody else has pushed them before."""
    team.is_pushed(bucket, _PICTURE, _SMALL)
    team.run.replay("--interactions-record-mode=once").assert_outcomes(passed=1)
    team.lock_path.unlink()
    for file in team.path.with_suffix(".media").iterdir():
        file.unlink()
    os.utime(team.path)
    team.forgets()
    team.pushes()
    team.forgets()
    team.run.replay().assert_outcomes(passed=1)


def test_what_is_not_there_as_it_was_sent_is_told(
    team: Team, bucket: str, door: Faulty, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store that takes an object and has less of it then is found out, and the recording stays."""
    team.uses(bucket)
    team.records()
    door.on("cassettes/", door.shrunk, methods="HEAD")
    before = team.tree()
    status, _, err = team.command(capsys, "push")
    assert (status, "is not there as it was sent. Push it again." in err) == (2, True)
    assert team.tree() == before


def test_a_recording_that_changes_while_it_is_pushed_stays(team: Team, bucket: str, door: Faulty) -> None:
    """What was pushed is what was looked at; the newer one waits for the next push."""
    team.uses(bucket)
    raw = team.records()
    newer = raw.replace(b"recorded: '", b"recorded:  '")

    def change(handler: Any, passed: Any) -> None:
        team.path.write_bytes(newer)
        handler.answer(*passed())

    door.on("cassettes/", change, methods="PUT")
    team.pushes()
    assert team.path.read_bytes() == newer
    assert team.entry().digest == objects.digest_of(raw)


def test_a_recording_that_is_deleted_while_it_is_pushed(team: Team, bucket: str, door: Faulty) -> None:
    """It is in the store all the same."""
    team.uses(bucket)
    raw = team.records()

    def delete(handler: Any, passed: Any) -> None:
        team.path.unlink()
        handler.answer(*passed())

    door.on("cassettes/", delete, methods="PUT")
    team.pushes()
    assert team.entry().digest == objects.digest_of(raw)
    team.run.replay().assert_outcomes(passed=1)


def test_a_rewrite_goes_on_where_the_old_recording_is_lost(team: Team, bucket: str, door: Faulty) -> None:
    """What can't be fetched any more is recorded anew, and pushed."""
    team.is_pushed(bucket)
    door.on("cassettes/", door.missing, methods="GET HEAD")
    team.run.record(mode="once").assert_outcomes(errors=1)
    team.run.record(mode="rewrite").assert_outcomes(passed=1)
    door.heal()
    team.pushes()
    team.forgets()
    team.run.replay().assert_outcomes(passed=1)


def test_lines_that_lead_out_of_the_project_are_refused(
    team: Team, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is fetched, nor written, for a lock file that somebody has forged."""
    team.is_pushed(bucket)
    line = team.entry().line()
    text = team.lock_path.read_text()
    for name in ("../outside.yaml", "/tmp/outside.yaml", "C:/outside.yaml", "a\\b.yaml", "cassettes/../../x.yaml"):
        team.lock_path.write_text(text.replace(line, line.replace("cassettes/test_it/test_hello.yaml", name)))
        status, _, err = team.command(capsys, "pull", "--files")
        assert (status, "cassettes.lock:4: this is no line of a lock file" in err) == (2, True)
    assert team.objects() == []


def test_a_secret_in_the_url_is_printed_nowhere(team: Team, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither by a test that fails nor by a command."""
    team.uses("http://someone:sesame@127.0.0.1:1/store")
    team.run.test(TEST)
    team.lock_path.write_text(f"cassettes/test_it/test_hello.yaml\t{'0' * 64}\t1\t{'0' * 16}\t1 request\n")
    shown = team.run.replay("--tb=long", "-vv").stdout.str()
    assert "StoreError" in shown
    for command in (["pull"], ["status", "--check"]):
        _, out, err = team.command(capsys, *command)
        shown += out + err
    assert "sesame" not in shown


# --- several at once ---


def test_of_several_errors_the_first_is_raised_and_the_others_are_counted() -> None:
    """What is no error of the store is raised as it is; one name alone takes no threads."""
    tried = []

    def fail(name: str) -> None:
        tried.append(name)
        raise StoreError(f"{name} failed.")

    with pytest.raises(StoreError, match=r"^\w failed\. \(So with 2 more\.\)$"):
        at_once(fail, ["a", "b", "c"])
    with pytest.raises(StoreError, match=r"^d failed\.$"):
        at_once(fail, ["d"])
    assert sorted(tried) == ["a", "b", "c", "d"]
    with pytest.raises(ZeroDivisionError):
        at_once(lambda name: 1 / (len(name) - 1), ["a", "b"])
    at_once(tried.append, [])
    at_once(tried.append, ["e", "f"])
    assert sorted(tried) == ["a", "b", "c", "d", "e", "f"]


def test_an_error_without_a_cassette_stays_as_it_is() -> None:
    """One with a cassette begins with its name."""
    with pytest.raises(StoreError, match=r"^Gone$"), about(None):
        raise StoreError("Gone")
    with pytest.raises(StoreError, match=r"^a: Gone$"), about("a"):
        raise StoreError("Gone")


def test_ctrl_c_ends_a_pull(bucket: str, door: Faulty, tmp_path: Path) -> None:
    """What was not asked for yet is not asked for any more."""
    entries = [f"cassettes/{n}.yaml\t{n:064}\t1\t{'0' * 16}\t1 request" for n in range(500)]
    (tmp_path / "cassettes.lock").write_text("\n".join([*entries, ""]))
    door.on("cassettes/", door.slow)
    with subprocess.Popen(
        [sys.executable, "-m", "pytest_interactions", "pull", "--store", bucket],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not door.asked and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(2)
        assert process.stderr is not None
        door.ended.set()
        assert process.stderr.read() == "pytest-interactions: interrupted\n"
    assert len(door.asked) < 200


# --- times ---


@pytest.mark.parametrize(
    ("info", "at"),
    [
        ({"mtime": 0.5}, datetime.fromtimestamp(0.5, UTC)),
        ({"updated": "2026-01-02T03:04:05Z"}, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (
            {"last_modified": datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=1)))},
            datetime(2026, 1, 1, 23, tzinfo=UTC),
        ),
        ({"created": datetime(2026, 1, 2)}, datetime(2026, 1, 2, tzinfo=UTC)),  # noqa: DTZ001 - as some have it
        ({"updated": "yesterday"}, None),
        ({}, None),
    ],
)
def test_each_file_system_tells_the_time_in_its_own_way(info: dict[str, Any], at: datetime | None) -> None:
    """A number, a text or a time, with a zone or without; what is none of these is no time."""
    assert _time_of(info) == at


def test_a_store_is_the_same_as_long_as_its_url_and_the_cache_are(tmp_path: Path) -> None:
    """So what was checked stays checked."""
    assert Store.at(str(tmp_path)) is Store.at(str(tmp_path))
    assert Store.at(str(tmp_path)) is not Store.at(str(tmp_path), of_media_alone=True)
