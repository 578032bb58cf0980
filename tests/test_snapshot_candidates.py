"""A snapshot that fails on replay waits for review, without a recording."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_interactions.commands import main
from pytest_interactions.commands.exit_status import Status

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Runner

_TEST = """
def test_it(interactions, snapshot_steps):
    ask("Hello")
    assert interactions == snapshot_steps
    assert interactions == snapshot_steps(name="again", text=False)
"""
_NOTES = "cassettes/test_it/test_it.failed.json"
_SNAPSHOT = "__snapshots__/test_it/test_it.steps.txt"


@pytest.fixture
def recorded(run: Runner, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a recorded test, whose snapshot was changed since."""
    run.test(_TEST)
    run.record("--snapshot-update").assert_outcomes(passed=1)
    run.emulator.stop()
    monkeypatch.chdir(run.pytester.path)
    _change(run.pytester.path)
    return run.pytester.path


def _change(home: Path, text: str = "turn 1: completed\n  another\n") -> None:
    (home / _SNAPSHOT).write_text(text)


def test_it_is_accepted_by_one_command(recorded: Path, run: Runner, capsys: pytest.CaptureFixture[str]) -> None:
    """The run says how to look at it."""
    result = run.replay()
    result.assert_outcomes(failed=1)
    look = f"To look at it and decide: pytest-interactions review {_NOTES}"
    result.stdout.fnmatch_lines([f"test_it.py::test_it does not match its snapshot. {look}"])
    assert [each.name for each in recorded.rglob("*.failed.*")] == ["test_it.failed.json"]
    capsys.readouterr()
    assert main(["review", "--list"]) == Status.OK
    assert f"{_NOTES}: snapshots of test_it.py::test_it, {_SNAPSHOT}\n" in capsys.readouterr().out
    assert main(["review", "--json"]) == Status.OK
    [told] = json.loads(capsys.readouterr().out)
    assert (told["same"], told["exchanges"], told["diff"], told["requests"]) == (False, 0, [], [])
    assert "-  another" in told["snapshot_diffs"][_SNAPSHOT]
    assert main(["check", "cassettes"]) == Status.FOUND
    assert f"{_NOTES}: a candidate that waits: new snapshots, made by a test that failed; " in capsys.readouterr().out
    assert main(["review", "--accept", "."]) == Status.OK
    assert capsys.readouterr().out == f"{_NOTES}: accepted; changed: {_SNAPSHOT}.\n"
    run.replay().assert_outcomes(passed=1)
    assert list(recorded.rglob("*.failed.*")) == []


def test_it_is_rejected_by_one_command(recorded: Path, run: Runner) -> None:
    """The snapshot is as it was."""
    run.replay().assert_outcomes(failed=1)
    assert main(["review", "--reject", "cassettes/test_it/test_it.yaml"]) == Status.OK
    assert list(recorded.rglob("*.failed.*")) == []
    assert (recorded / _SNAPSHOT).read_text() == "turn 1: completed\n  another\n"


def test_it_goes_when_the_test_passes_or_is_updated(recorded: Path, run: Runner) -> None:
    """By whatever way the snapshot became right."""
    right = run.replay("--snapshot-update")
    right.assert_outcomes(passed=1)
    text = (recorded / _SNAPSHOT).read_text()
    for way in ("by hand", "--snapshot-update"):
        _change(recorded)
        run.replay().assert_outcomes(failed=1)
        assert (recorded / _NOTES).exists()
        if way == "by hand":
            _change(recorded, text)
        run.replay(*[way] * (way != "by hand")).assert_outcomes(passed=1)
        assert not (recorded / _NOTES).exists()


def test_a_snapshot_that_is_not_there_yet_is_written(recorded: Path, run: Runner) -> None:
    (recorded / _SNAPSHOT).unlink()
    run.replay().assert_outcomes(failed=1)
    assert main(["review", "--accept", "test_it.py::test_it"]) == Status.OK
    run.replay().assert_outcomes(passed=1)


@pytest.mark.parametrize("variable", ["CI", "TF_BUILD"])
def test_nothing_is_left_where_nobody_reviews(
    variable: str, recorded: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as in a service of continuous integration."""
    monkeypatch.setenv(variable, "true")
    result = run.replay()
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*pytest-interactions review*")
    assert list(recorded.rglob("*.failed.*")) == []


def test_nothing_is_left_where_nothing_can_be_written(recorded: Path, run: Runner) -> None:
    """Such as in a tree that can only be read; the test fails as it did."""
    (recorded / _NOTES).mkdir()
    result = run.replay()
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*pytest-interactions review*")


def test_a_test_that_is_to_fail_leaves_nothing(recorded: Path, run: Runner) -> None:
    run.test("@pytest.mark.xfail\n" + _TEST.lstrip())
    run.replay().assert_outcomes(xfailed=1)
    run.test(_TEST.replace("assert interactions == snapshot_steps\n", "assert interactions != snapshot_steps\n"))
    run.replay()
    assert list(recorded.rglob("*.failed.*")) == []


def test_a_newer_snapshot_or_cassette_is_not_lost(
    recorded: Path, run: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever accepts the older candidate is told."""
    run.replay().assert_outcomes(failed=1)
    _change(recorded, "by hand\n")
    assert main(["review", "--accept", "."]) == Status.FAILED
    assert "steps.txt: it was changed after this candidate" in capsys.readouterr().err
    run.replay().assert_outcomes(failed=1)
    assert main(["review", "--list"]) == Status.OK
    cassette = recorded / "cassettes/test_it/test_it.yaml"
    cassette.write_text(cassette.read_text().replace("version: 1", "version:  1"))
    assert main(["review", "--accept", "."]) == Status.FAILED
    error = capsys.readouterr().err
    assert "test_it.yaml: it has changed since the test replayed it" in error
    assert f"Reject {_NOTES}, or run its test again." in error
    run.replay().assert_outcomes(failed=1)
    assert main(["review", "--accept", "."]) == Status.OK


_SHARED = """
@pytest.mark.interactions("shared")
@pytest.mark.parametrize("name", ["one", "two"])
def test_it(interactions, snapshot_steps, name):
    ask(name)
    assert interactions.interactions[-1] == snapshot_steps
"""


def test_tests_that_share_a_cassette_share_its_candidate(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that passes takes back what is its own alone."""
    run.test(_SHARED)
    run.record("--snapshot-update").assert_outcomes(passed=2)
    run.emulator.stop()
    monkeypatch.chdir(run.pytester.path)
    snapshots = {
        name: run.pytester.path / f"__snapshots__/test_it/test_it[{name}].steps.txt" for name in ("one", "two")
    }
    texts = {name: path.read_text() for name, path in snapshots.items()}
    for path in snapshots.values():
        path.write_text("another\n")
    run.replay().assert_outcomes(failed=2)
    notes = run.pytester.path / "cassettes/shared.failed.json"
    assert len(json.loads(notes.read_text())["snapshots"]) == 2
    snapshots["one"].write_text(texts["one"])
    run.replay().assert_outcomes(passed=1, failed=1)
    told = json.loads(notes.read_text())
    assert told["tests"] == ["test_it.py::test_it[two]"]
    assert len(told["snapshots"]) == len(told["replaces"]) == 1
    assert main(["review", "--accept", "test_it.py::test_it"]) == Status.OK
    run.replay().assert_outcomes(passed=2)


def test_a_new_recording_takes_the_place_of_snapshots_alone(recorded: Path, run: Runner) -> None:
    """What waits then is the one behaviour; a replay leaves that as it is."""
    run.replay().assert_outcomes(failed=1)
    with type(run.emulator)() as run.emulator:
        run.record(mode="rewrite").assert_outcomes(failed=1)
    told = json.loads((recorded / _NOTES).read_text())
    assert "cassette" not in told
    run.replay().assert_outcomes(failed=1)
    assert json.loads((recorded / _NOTES).read_text()) == told
    assert main(["review", "--accept", "."]) == Status.OK
    run.replay().assert_outcomes(passed=1)


def test_snapshots_of_a_cassette_that_is_gone_are_refused(
    recorded: Path, run: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are of a behaviour that nobody can replay."""
    run.replay().assert_outcomes(failed=1)
    (recorded / "cassettes/test_it/test_it.yaml").unlink()
    (recorded / _SNAPSHOT).unlink()
    capsys.readouterr()
    assert main(["review", "--json"]) == Status.OK
    [told] = json.loads(capsys.readouterr().out)
    assert "+turn 1: completed" in told["snapshot_diffs"][_SNAPSHOT]
    assert main(["review", "--accept", "."]) == Status.FAILED
    assert "test_it.yaml: it has changed since the test replayed it" in capsys.readouterr().err


def test_a_live_run_leaves_nothing(recorded: Path, run: Runner) -> None:
    """In record mode off nothing is recorded that could be accepted."""
    with type(run.emulator)() as run.emulator:
        run.record(mode="off").assert_outcomes(failed=1)
    assert list(recorded.rglob("*.failed.*")) == []


def test_workers_of_xdist_leave_them_too(recorded: Path, run: Runner) -> None:
    run.apart = True
    result = run.replay("-n", "1")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["test_it.py::test_it does not match its snapshot. *"])
    assert (recorded / _NOTES).exists()
