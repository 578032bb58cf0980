"""The command `review`: candidates that wait, accepted with their snapshots or rejected."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from pytest_interactions.commands import main
from pytest_interactions.commands.exit_status import Status
from pytest_interactions.files import disk, storage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Runner

_TEST = """
def test_it(interactions, snapshot_steps):
    ask(PROMPT)
    assert interactions == snapshot_steps
"""
_CANDIDATE = "cassettes/test_it/test_it.failed.yaml"


@pytest.fixture
def changed(run: Runner, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory in which a test was recorded again after a change, and failed as its snapshot differs."""
    run.test(_TEST + 'PROMPT = "Hello"\n')
    run.record("--snapshot-update").assert_outcomes(passed=1)
    run.test(_TEST + 'PROMPT = "Help"\n')
    result = run.record(mode="rewrite")
    result.assert_outcomes(failed=1)
    accept = f"To accept the new recording and its snapshot: pytest-interactions review --accept {_CANDIDATE}"
    result.stdout.fnmatch_lines(
        [f"test_it.py::test_it did not pass, so its cassette is as it was. {accept} (--reject deletes it)"]
    )
    run.emulator.stop()
    monkeypatch.chdir(run.pytester.path)
    return run.pytester.path


def test_a_changed_test_is_paid_for_once(changed: Path, run: Runner, capsys: pytest.CaptureFixture[str]) -> None:
    """One command puts the recording and the snapshot in their places, and the test replays."""
    run.replay().assert_outcomes(failed=1)
    assert main(["review", "--accept", _CANDIDATE]) == Status.OK
    assert capsys.readouterr().out.splitlines()[-2:] == [
        f"{_CANDIDATE}: accepted; changed: cassettes/test_it/test_it.yaml, __snapshots__/test_it/test_it.steps.txt.",
        "They stay marked incomplete until their tests pass in record mode once, which records what is missing.",
    ]
    run.replay().assert_outcomes(passed=1)
    assert list(changed.rglob("*.failed.*")) == []
    run.record().assert_outcomes(passed=1)
    assert storage.load(changed / "cassettes/test_it/test_it.yaml").incomplete is False


@pytest.mark.parametrize("name", [_CANDIDATE, "cassettes/test_it/test_it.yaml", "cassettes", "."])
def test_a_candidate_is_named_by_itself_its_cassette_or_a_directory(name: str, changed: Path) -> None:
    """Rejected, it is gone, and the cassette is as it was."""
    before = (changed / "cassettes/test_it/test_it.yaml").read_bytes()
    assert main(["review", "--reject", name]) == Status.OK
    assert list(changed.rglob("*.failed.*")) == []
    assert (changed / "cassettes/test_it/test_it.yaml").read_bytes() == before


@pytest.mark.usefixtures("changed")
def test_what_waits_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """For people with the commands to go on, for programs as JSON."""
    assert main(["review"]) == Status.OK
    lines = capsys.readouterr().out.splitlines()
    first = lines.index(f"{_CANDIDATE}: exchanges of test_it.py::test_it: 1, __snapshots__/test_it/test_it.steps.txt")
    assert lines[first + 2 :] == [
        f"To look at it, and decide:  pytest-interactions review {_CANDIDATE}",
        f"For programs, all of it:    pytest-interactions review --json {_CANDIDATE}",
        f"To accept it:               pytest-interactions review --accept {_CANDIDATE}",
    ]
    assert main(["review", "--json", "cassettes"]) == Status.OK
    waits = {
        "candidate": _CANDIDATE,
        "cassette": "cassettes/test_it/test_it.yaml",
        "tests": ["test_it.py::test_it"],
        "snapshots": ["__snapshots__/test_it/test_it.steps.txt"],
    }
    [told] = json.loads(capsys.readouterr().out)
    assert {name: told[name] for name in waits} == waits
    assert (told["exchanges"], told["same"], told["problem"]) == (1, False, None)
    assert told["diff"][3:] == [
        " turn 1: completed",
        "-  user_input: Hello",
        "+  user_input: Help",
        "   thought",
        "-  model_output: You said: Hello",
        "+  model_output: You said: Help",
    ]
    assert told["requests"] == [
        {"request": "POST /interactions", "old": 1, "new": 1, "differences": ['input: "Hello" -> "Help"'], "more": 0}
    ]
    assert told["snapshot_diffs"][waits["snapshots"][0]][-2:] == [
        "-  model_output: You said: Hello",
        "+  model_output: You said: Help",
    ]
    assert main(["review", "--json", "--reject", "."]) == Status.OK
    assert json.loads(capsys.readouterr().out) == [waits | {"done": "rejected"}]
    assert main(["review"]) == Status.OK
    assert capsys.readouterr().out == "No candidate waits.\n"


@pytest.mark.parametrize(
    "name", ["test_it.py::test_it", "test_it.py", "./test_it.py::test_it", "{home}/test_it.py::test_it"]
)
def test_a_candidate_is_named_by_its_test(name: str, changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As pytest takes it, or by its file."""
    assert main(["review", "--accept", name.format("test_it.py", home=changed)]) == Status.OK
    assert f"{_CANDIDATE}: accepted; changed: " in capsys.readouterr().out


@pytest.mark.parametrize(
    "name", ["test_it.py::test", "test_other.py::test_it", "it.py::test_it", "test_it.py::test_it::x"]
)
def test_a_test_without_a_candidate_is_an_error(name: str, changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A part of a name is none; what can't be read is no test's."""
    (changed / "cassettes" / "z.failed.yaml").write_bytes(b"")
    (changed / "cassettes" / "z.failed.json").write_bytes(b"[")
    assert main(["review", "--accept", name]) == Status.FAILED
    assert f"{name}: no candidate of it waits here; " in capsys.readouterr().err


def test_decisions_and_the_list_go_together(changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is left is listed after what was decided, in one array for programs."""
    other = changed / "cassettes/test_it/z.failed.yaml"
    other.write_bytes((changed / _CANDIDATE).read_bytes())
    capsys.readouterr()
    assert main(["review", "--list", "--json", "--accept", _CANDIDATE]) == Status.OK
    done, left = json.loads(capsys.readouterr().out)
    assert (done["done"], "done" in left) == ("accepted", False)
    assert left["candidate"] == "cassettes/test_it/z.failed.yaml"
    assert left["diff"][2:5] == ["@@ -0,0 +1,4 @@", "+turn 1: completed", "+  user_input: Help"]
    assert main(["review", "--list", "--reject", "cassettes/test_it/z.yaml"]) == Status.OK
    assert capsys.readouterr().out.splitlines() == [
        "cassettes/test_it/z.failed.yaml: rejected.",
        "No candidate waits.",
    ]


def test_nothing_is_both_accepted_and_rejected(changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By whatever names; nothing is decided then."""
    assert main(["review", "--accept", "cassettes", "--reject", "test_it.py::test_it"]) == Status.FAILED
    assert "it is to be accepted and to be rejected; nothing was decided." in capsys.readouterr().err
    assert (changed / _CANDIDATE).exists()


def test_an_old_cassette_that_can_not_be_read_is_a_problem_of_the_candidate(
    changed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of the new one is told, as it may be accepted."""
    cassette = changed / "cassettes/test_it/test_it.yaml"
    cassette.write_text("no: cassette\n")
    os.utime(cassette, (0, 0))
    capsys.readouterr()
    assert main(["review", "--json"]) == Status.OK
    [told] = json.loads(capsys.readouterr().out)
    assert "test_it.yaml:1: " in told["problem"]
    assert "+  model_output: You said: Help" in told["diff"]
    assert main(["review", "--accept", "."]) == Status.OK


def test_a_name_that_is_no_candidate_s_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is one line, and says where to look."""
    monkeypatch.chdir(tmp_path)
    assert main(["review", "--accept", "c.yaml"]) == Status.FAILED
    assert capsys.readouterr().err == (
        "pytest-interactions: c.yaml: no candidate waits here; `pytest-interactions review` names those that do.\n"
    )


@pytest.mark.parametrize(
    "notes",
    [
        "[]",
        "{",
        "[" * 100_000,
        '{"snapshots": {"../elsewhere.py": "import os"}}',
        '{"snapshots": {"/tmp/x.steps.txt": ""}}',
        '{"snapshots": {"../../../../x.steps.txt": ""}}',
        '{"snapshots": {"x\\ud800.steps.txt": ""}}',
        '{"snapshots": {"x\\u0000.steps.txt": ""}}',
    ],
)
def test_what_belongs_to_a_candidate_writes_snapshots_alone(
    notes: str, changed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever has put something else there gets nothing written."""
    (changed / _CANDIDATE).with_suffix(".json").write_text(notes, "utf-8")
    before = sorted(changed.rglob("*"))
    capsys.readouterr()
    assert main(["review", "--accept", _CANDIDATE]) == Status.FAILED
    error = capsys.readouterr().err
    assert "test_it.failed.json: this is not what belongs to a candidate (" in error
    assert error.count("\n") == 1
    assert sorted(changed.rglob("*")) == before


@pytest.mark.usefixtures("changed")
def test_a_candidate_without_notes_is_a_recording_alone(run: Runner, capsys: pytest.CaptureFixture[str]) -> None:
    """Such as one of a killed process."""
    (run.pytester.path / _CANDIDATE).with_suffix(".json").unlink()
    assert main(["review"]) == Status.OK
    assert f"{_CANDIDATE}: exchanges: 1\n" in capsys.readouterr().out
    assert main(["review", "--accept", "."]) == Status.OK
    run.replay("--snapshot-update").assert_outcomes(passed=1)


def test_a_candidate_with_media_brings_them(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accepted, a large medium is a file of the cassette's."""
    source = """
def test_it(interactions):
    url = os.environ.get("GOOGLE_GEMINI_BASE_URL", "https://generativelanguage.googleapis.com")
    body = {"model": "gemini-3.5-flash", "input": [{"type": "image", "mime_type": "image/png", "data": "QUJD" * 300}]}
    key = {"x-goog-api-key": os.environ["GEMINI_API_KEY"]}
    answer = httpx.post(f"{url}/v1beta/interactions", json=body, headers=key)
    assert answer.is_success and GOOD

import os
"""
    run.test(source + "GOOD = True\n")
    run.record("--interactions-media-threshold=100").assert_outcomes(passed=1)
    run.test(source + "GOOD = False\n")
    run.record("--interactions-media-threshold=100", mode="rewrite").assert_outcomes(failed=1)
    run.emulator.stop()
    monkeypatch.chdir(run.pytester.path)
    [medium] = run.pytester.path.glob("cassettes/test_it/test_it.failed.media/*")
    assert main(["review", "--accept", "."]) == Status.OK
    assert not medium.parent.exists()
    run.test(source + "GOOD = True\n")
    run.replay().assert_outcomes(passed=1)


def test_a_candidate_goes_with_the_next_recording_that_passes(changed: Path, run: Runner) -> None:
    """It waits no more, as the cassette is newer."""
    run.test(_TEST + 'PROMPT = "Hello"\n')
    with type(run.emulator)() as run.emulator:
        run.record(mode="rewrite").assert_outcomes(passed=1)
    assert list(changed.rglob("*.failed.*")) == []


def test_a_miss_of_a_test_with_snapshots_advises_to_update_them(run: Runner) -> None:
    """Recording it again changes what the agent does, or says."""
    run.test(_TEST + 'PROMPT = "Hello"\n')
    run.record("--snapshot-update").assert_outcomes(passed=1)
    run.test(_TEST + 'PROMPT = "Help"\n')
    again = "pytest test_it.py::test_it --interactions-record-mode=rewrite --snapshot-update"
    run.replay().stdout.fnmatch_lines([f"E   To record it again: {again}"])
    with run.monkeypatch.context() as patch:
        for name, value in run.emulator.env.items():
            patch.setenv(name, value)
        run.pytester.runpytest_inprocess("-p", "no:recording", *again.split()[1:]).assert_outcomes(passed=1)
    run.replay().assert_outcomes(passed=1)


def test_one_candidate_that_can_not_be_accepted_stops_no_other(
    changed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is told, also where one is named twice, and the status is that of the worst."""
    candidate = changed / _CANDIDATE
    for name in ("a_damaged", "z_whole"):
        candidate.with_name(f"{name}.failed.yaml").write_bytes(candidate.read_bytes())
    damaged = candidate.with_name("a_damaged.failed.yaml")
    damaged.write_text(damaged.read_text("utf-8").replace("completed", "compleated"), "utf-8")
    (changed / "cassettes" / "broken.failed.yaml").symlink_to("nowhere")
    (changed / "cassettes" / "z.failed.yaml").write_bytes(candidate.read_bytes())
    (changed / "cassettes" / "z.failed.json").mkdir()
    capsys.readouterr()
    assert main(["review"]) == Status.FAILED
    assert main(["review", "--accept", "cassettes", _CANDIDATE, "none.yaml"]) == Status.FAILED
    printed = capsys.readouterr()
    assert [line.partition(":")[0] for line in printed.out.splitlines() if "accepted" in line] == [
        _CANDIDATE,
        "cassettes/test_it/z_whole.failed.yaml",
    ]
    assert sorted(line.split(":")[1].strip() for line in printed.err.splitlines()[-3:]) == [
        "cassettes/test_it/a_damaged.failed.yaml",
        "cassettes/z.failed.json",
        "none.yaml",
    ]


def test_a_cassette_that_can_not_be_written_is_one_line(changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The candidate stays."""
    (changed / "cassettes/test_it/test_it.yaml").unlink()
    (changed / "cassettes/test_it/test_it.yaml").mkdir()
    os.utime(changed / "cassettes/test_it/test_it.yaml", (0, 0))
    capsys.readouterr()
    assert main(["review", "--accept", "."]) == Status.FAILED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "cassettes/test_it/test_it.yaml: can't be written: " in printed.err
    assert (changed / _CANDIDATE).exists()


def test_what_is_accepted_is_what_was_recorded(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that the test has switched off, and media that it has kept in the cassette, hold no less then."""
    source = f"""
@pytest.mark.interactions(skip_rules="google-api-key", media_threshold=100_000)
def test_it(interactions):
    ask(PROMPT + " AIza" "SyXk3pQ9wE7rT1yU5iO8aS2dF4gH6jK0lZm" + "{"QUJD" * 9}")
    assert GOOD
"""
    run.test(source + 'PROMPT = "Hello"\nGOOD = True\n')
    run.record().assert_outcomes(passed=1)
    run.test(source + 'PROMPT = "Help"\nGOOD = False\n')
    run.record(mode="rewrite").assert_outcomes(failed=1)
    monkeypatch.chdir(run.pytester.path)
    recorded = (run.pytester.path / _CANDIDATE).read_bytes()
    assert main(["review", "--accept", "."]) == Status.OK
    assert (run.pytester.path / "cassettes/test_it/test_it.yaml").read_bytes() == recorded
    run.test(source + 'PROMPT = "Help"\nGOOD = True\n')
    run.replay().assert_outcomes(passed=1)


def test_a_recording_that_a_snapshot_cut_short_goes_on_in_mode_once(
    run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the test had asked for is not paid again."""
    source = """
def test_it(interactions, snapshot_steps):
    ask(PROMPT)
    assert interactions == snapshot_steps
    ask(PROMPT + " again")
"""
    run.test(source + 'PROMPT = "Hello"\n')
    run.record("--snapshot-update").assert_outcomes(passed=1)
    run.test(source + 'PROMPT = "Help"\n')
    run.record(mode="rewrite").assert_outcomes(failed=1)
    monkeypatch.chdir(run.pytester.path)
    assert main(["review", "--accept", "."]) == Status.OK
    before = len(run.emulator.requests)
    run.record().assert_outcomes(passed=1)
    assert len(run.emulator.requests) == before + 1
    run.replay().assert_outcomes(passed=1)
    assert storage.load(run.pytester.path / "cassettes/test_it/test_it.yaml").incomplete is False


_SHARED = """
@pytest.mark.interactions("shared")
def test_one():
    ask(PROMPT + " one")
    assert ONE

@pytest.mark.interactions("shared")
def test_two():
    ask(PROMPT + " two")
    assert TWO
"""


def _shared(run: Runner, prompt: str, *, one: bool, two: bool) -> None:
    run.test(f"{_SHARED}\nPROMPT, ONE, TWO = {prompt!r}, {one}, {two}\n")


def test_tests_that_share_a_cassette_share_its_candidate(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have failed, and accepting it brings the recordings of both."""
    _shared(run, "Hello", one=True, two=True)
    run.record().assert_outcomes(passed=2)
    _shared(run, "Help", one=False, two=False)
    run.record(mode="rewrite").assert_outcomes(failed=2)
    monkeypatch.chdir(run.pytester.path)
    assert main(["review", "--accept", "cassettes/shared.yaml"]) == Status.OK
    assert run.prompts("shared.yaml") == ["Help one", "Help two"]


def test_a_candidate_that_would_lose_what_was_recorded_after_it_is_refused(
    run: Runner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As where one of two tests that share a cassette has failed, and the other passed."""
    _shared(run, "Hello", one=True, two=True)
    run.record().assert_outcomes(passed=2)
    _shared(run, "Help", one=False, two=True)
    run.record(mode="rewrite").assert_outcomes(failed=1, passed=1)
    monkeypatch.chdir(run.pytester.path)
    assert (run.pytester.path / "cassettes/shared.failed.yaml").exists()
    capsys.readouterr()
    assert main(["review", "--accept", "cassettes/shared.yaml"]) == Status.FAILED
    assert (
        "shared.yaml: it was recorded after this candidate, and would lose what is new in it."
        in capsys.readouterr().err
    )
    assert run.prompts("shared.yaml") == ["Help two"]


def test_what_mode_all_keeps_is_in_the_candidate(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accepting it drops no recording of another test."""
    _shared(run, "Hello", one=True, two=True)
    run.record().assert_outcomes(passed=2)
    _shared(run, "Help", one=True, two=False)
    run.record("-k", "two", mode="all").assert_outcomes(failed=1, deselected=1)
    monkeypatch.chdir(run.pytester.path)
    assert main(["review", "--accept", "."]) == Status.OK
    assert run.prompts("shared.yaml") == ["Hello one", "Hello two", "Help two"]


def test_a_name_that_would_be_a_candidate_s_becomes_another(run: Runner) -> None:
    """A cassette is never taken for what waits beside one."""
    run.test("""
@pytest.mark.interactions("job.failed")
def test_first():
    ask("first")

@pytest.mark.interactions("job")
def test_second():
    ask("second")
""")
    run.record().assert_outcomes(passed=2)
    run.record(mode="rewrite").assert_outcomes(passed=2)
    run.replay().assert_outcomes(passed=2)
    assert len(list((run.pytester.path / "cassettes").glob("job*.yaml"))) == 2


def test_attempts_that_fail_leave_what_the_last_one_recorded(run: Runner) -> None:
    """The answers of the attempts before it may be others, and would be played first."""
    source = """
def test_it(interactions):
    ask(PROMPT)
    assert GOOD
"""
    run.test(source + 'PROMPT, GOOD = "Hello", True\n')
    run.record().assert_outcomes(passed=1)
    run.test(source + 'import itertools, os\nPROMPT, GOOD = "Help", False\n')
    run.emulator.on(input="Help").reply(text="first", times=1)
    run.emulator.on(input="Help").reply(text="second", times=1)
    run.emulator.on(input="Help").reply(text="third")
    run.record("--reruns=2", mode="rewrite").assert_outcomes(failed=1)
    [exchange] = storage.load(run.pytester.path / _CANDIDATE).exchanges
    assert b"third" in exchange.response.body


def test_the_snapshots_of_all_tests_that_share_a_candidate_are_accepted(
    run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them has failed by its own."""
    source = """
@pytest.mark.interactions("shared")
@pytest.mark.parametrize("name", ["one", "two"])
def test_it(interactions, snapshot_steps, name):
    ask(f"{PROMPT} {name}")
    assert interactions.interactions[-1] == snapshot_steps
"""
    run.test(source + 'PROMPT = "Hello"\n')
    run.record("--snapshot-update").assert_outcomes(passed=2)
    run.test(source + 'PROMPT = "Help"\n')
    run.record(mode="rewrite").assert_outcomes(failed=2)
    monkeypatch.chdir(run.pytester.path)
    assert main(["review", "--accept", "."]) == Status.OK
    run.replay().assert_outcomes(passed=2)


def test_a_test_is_named_as_pytest_names_it(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the escapes that pytest has for a parameter, and with the secret that is not in the candidate's notes."""
    monkeypatch.setenv("MY_API_KEY", "hunter2-hunter2-XYZ98")
    run.test("""
import os

@pytest.mark.parametrize("said", ["é", os.environ["MY_API_KEY"]])
def test_it(interactions, said):
    ask(PROMPT)
    assert PROMPT == "Hello"
PROMPT = "Hello"
""")
    run.record("-k", "xe9").assert_outcomes(passed=1, deselected=1)
    run.record("-k", "hunter2").assert_outcomes(passed=1, deselected=1)
    file = run.pytester.path / "test_it.py"
    file.write_text(file.read_text("utf-8").replace('PROMPT = "Hello"', 'PROMPT = "Help"'), "utf-8")
    run.record(mode="rewrite").assert_outcomes(failed=2)
    monkeypatch.chdir(run.pytester.path)
    for name in (r"test_it.py::test_it[\xe9]", "test_it.py::test_it[hunter2-hunter2-XYZ98]"):
        assert main(["review", "--accept", name]) == Status.OK
    assert list(run.pytester.path.rglob("*.failed.*")) == []


def test_a_file_that_nobody_knows_is_not_named(
    changed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a new file beside the cassette can't be written, the cassette is named."""
    before = {path: path.read_bytes() for path in changed.rglob("*.yaml")}

    def full(path: Path, *_: object) -> None:
        raise OSError(28, "No space left on device", str(disk._temporary(path)))

    monkeypatch.setattr(disk, "staged", full)
    capsys.readouterr()
    assert main(["review", "--accept", _CANDIDATE]) == Status.FAILED
    printed = capsys.readouterr()
    assert printed.err == (
        "pytest-interactions: cassettes/test_it/test_it.yaml: can't be written: No space left on device.\n"
    )
    assert {path: path.read_bytes() for path in changed.rglob("*.yaml")} == before
