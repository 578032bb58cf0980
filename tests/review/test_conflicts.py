"""The review of conflicts: a test that two branches have recorded, settled cassette by cassette."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.commands import main
from pytest_interactions.commands.exit_status import Status
from pytest_interactions.store import lock_file
from tests.store.projects import Project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Runner

_A, _B, _C = (f"cassettes/{name}.yaml" for name in "abc")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a store."""
    return Project(tmp_path, monkeypatch)


@pytest.fixture
def merging(project: Project) -> Project:
    """One in which two branches have recorded `a` and `b`, and each another cassette; git could not merge them."""
    project.pushed("Record", a="Paris", b="Rome", c="Bonn")
    project.branches({"a": "Oslo", "b": "Nice", "ours": "Riga"}, {"a": "Kyiv", "b": "Bern", "theirs": "Lima"})
    project.git("merge", "theirs", fails=True)
    return project


def review(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str], str]:
    """Run the command; return its status, the lines that it prints, and its errors."""
    capsys.readouterr()
    status = main(["review", *words])
    told = capsys.readouterr()
    return status, told.out.splitlines(), told.err


def told(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    """What the command tells as JSON."""
    capsys.readouterr()
    assert main(["review", "--json", *words]) == Status.OK
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_conflicts_are_listed(merging: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """With the branch and the headline of each side, and no fetch."""
    merging.forget()
    assert review(capsys, "--list") == (
        Status.OK,
        [
            f'{_A}: conflict: ours (HEAD): 1 turn, "Oslo"; theirs (theirs): 1 turn, "Kyiv"',
            f'{_B}: conflict: ours (HEAD): 1 turn, "Nice"; theirs (theirs): 1 turn, "Bern"',
            "",
            f"To look at it, and decide:  pytest-interactions review {_A}",
            f"For programs, all of it:    pytest-interactions review --json {_A}",
            f"To accept it:               pytest-interactions review --accept {_A}",
        ],
        "",
    )
    assert merging.objects() == set()


def test_programs_are_told_how_theirs_differs_from_ours(merging: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Both recordings are fetched."""
    merging.forget()
    one, _ = told(capsys)
    assert one == {
        "candidate": _A,
        "cassette": _A,
        "tests": [],
        "snapshots": [],
        "conflict": {
            "file": "cassettes.lock",
            "ours": {"branch": "HEAD", "headline": '1 turn, "Oslo"'},
            "theirs": {"branch": "theirs", "headline": '1 turn, "Kyiv"'},
        },
        "exchanges": 1,
        "facts": {},
        "diff": [
            "--- ours",
            "+++ theirs",
            "@@ -1,3 +1,3 @@",
            " turn 1: completed",
            "   user_input: Where?",
            "-  model_output: Oslo",
            "+  model_output: Kyiv",
        ],
        "requests": [],
        "snapshot_diffs": {},
        "same": False,
        "problem": None,
    }
    assert len(merging.objects()) == 4


def test_one_is_settled_and_the_other_stays(merging: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Git takes what is left for the conflict it is; then the merge goes on."""
    assert review(capsys, "--accept", _A) == (
        Status.OK,
        [f'{_A}: accepted; theirs (theirs): 1 turn, "Kyiv"', "cassettes.lock: conflicts left: 1."],
        "",
    )
    assert (merging.answer("a"), list(merging.lock.conflicts)) == ("Kyiv", [_B])
    merging.git("diff", "--check", fails=True)
    assert review(capsys, "--reject", _B) == (
        Status.OK,
        [
            f'{_B}: rejected; ours (HEAD): 1 turn, "Nice"',
            "cassettes.lock: no conflict is left.",
            "To go on: git add cassettes.lock",
        ],
        "",
    )
    assert {name: merging.answer(name) for name in ("a", "b", "c", "ours", "theirs")} == {
        "a": "Kyiv",
        "b": "Nice",
        "c": "Bonn",
        "ours": "Riga",
        "theirs": "Lima",
    }
    merging.git("add", "cassettes.lock")
    merging.git("commit", "--quiet", "--no-edit")
    assert review(capsys) == (Status.OK, ["No candidate waits."], "")


@pytest.mark.parametrize("name", [".", "cassettes", "./cassettes/", "{home}"])
def test_a_directory_names_all_of_its_conflicts(
    name: str, merging: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each once, by however many names."""
    decided = told(capsys, "--accept", name.format(home=merging.root), _A)
    assert [(each["candidate"], each["done"]) for each in decided] == [(_A, "accepted"), (_B, "accepted")]
    assert (merging.answer("a"), merging.answer("b"), merging.lock.is_marked) == ("Kyiv", "Bern", False)


@pytest.mark.parametrize("way", ["merge", "rebase", "cherry-pick"])
@pytest.mark.parametrize("style", ["merge", "diff3", "zdiff3"])
def test_what_only_one_branch_has_changed_settles_by_itself(
    style: str, way: str, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Though git takes insertions at one place for a conflict; a change wins over a removal."""
    project.git("config", "merge.conflictStyle", style)
    project.pushed("Record", a="Paris", c="Bonn", e="Rome", g="Lima")
    project.git("checkout", "--quiet", "-b", "theirs")
    lock_file.change(project.lock_path, drop=["cassettes/c.yaml", "cassettes/g.yaml"])
    project.pushed("Record theirs", a="Oslo", d="Riga")
    project.git("checkout", "--quiet", "main")
    project.pushed("Record ours", c="Kyiv", f="Nice")
    project.git(way, "theirs", fails=True)
    status, lines, err = review(capsys, "--list")
    assert (status, lines[1:], err) == (Status.OK, ["To go on: git add cassettes.lock", "No candidate waits."], "")
    assert lines[0] == (
        "cassettes.lock: the branches had changed different cassettes; all of them are in it, and no conflict is left."
    )
    answers = {name: project.answer(name) for name in "acdef"}
    assert answers == {"a": "Oslo", "c": "Kyiv", "d": "Riga", "e": "Rome", "f": "Nice"}
    assert "cassettes/g.yaml" not in project.lock
    project.git("add", "cassettes.lock")
    project.git("commit", "--quiet", "--no-edit") if way == "merge" else project.git(way, "--continue")
    assert review(capsys) == (Status.OK, ["No candidate waits."], "")


def test_what_settles_by_itself_is_no_part_of_the_json(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """It is on the standard error; where git can't be asked, the marks tell enough."""
    project.pushed("Record", a="Paris")
    project.branches({"b": "Oslo"}, {"c": "Kyiv"})
    project.git("merge", "theirs", fails=True)
    shutil.rmtree(project.root / ".git")
    status, lines, err = review(capsys, "--json")
    assert (status, json.loads("".join(lines))) == (Status.OK, [])
    assert "no conflict is left" in err
    assert (project.answer("b"), project.answer("c"), project.lock.is_marked) == ("Oslo", "Kyiv", False)


def test_a_test_names_its_conflict(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """As far as its cassette is where its path tells; files need not be such that pytest can import them."""
    (project.root / "tests").mkdir()
    (project.root / "tests/test_it.py").write_text("<<<<<<< HEAD\n")
    names = ["tests/test_it/test_one", "tests/test_it/Test.test_two[a.b]", "other", "gone/x"]
    project.pushed("Record", **dict.fromkeys(names, "Paris"))
    project.branches(dict.fromkeys(names, "Oslo"), dict.fromkeys(names, "Kyiv"))
    project.git("merge", "theirs", fails=True)
    assert [each["tests"] for each in told(capsys)] == [
        [],
        [],
        ["tests/test_it.py::Test::test_two[a.b]"],
        ["tests/test_it.py::test_one"],
    ]
    one = told(capsys, "--accept", "tests/test_it.py::test_one")
    assert [each["cassette"] for each in one] == ["cassettes/tests/test_it/test_one.yaml"]
    rest = told(capsys, "--reject", "tests/test_it.py")
    assert [each["cassette"] for each in rest] == ["cassettes/tests/test_it/Test.test_two[a.b].yaml"]
    assert (project.answer("tests/test_it/test_one"), len(project.lock.conflicts)) == ("Kyiv", 2)
    assert review(capsys, "--accept", "tests/test_it.py")[0] == Status.FAILED


def test_a_candidate_and_a_conflict_of_one_cassette_wait_both(
    merging: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its path names both."""
    merging.record("a.failed", "Brno")
    found = told(capsys, _A)
    assert [(each["candidate"], "conflict" in each) for each in found] == [
        (_A, True),
        ("cassettes/a.failed.yaml", False),
    ]
    assert "No candidate waits" not in review(capsys, "--reject", _A)[1]
    assert not merging.path("a.failed").exists()


def test_a_push_settles_what_was_recorded_again(merging: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """The other conflicts stay, and it says so."""
    merging.record("a", "Brno")
    capsys.readouterr()
    merging.push()
    assert capsys.readouterr().out.splitlines() == [
        f'{_A}: 1 turn, "Brno"',
        "Pushed 1 cassette: 1 object sent.",
        "cassettes.lock has conflicts of other cassettes: 1. To settle them: pytest-interactions review",
    ]
    assert told(capsys, "--reject", _B)[0]["done"] == "rejected"
    assert (merging.answer("a"), merging.answer("b"), merging.lock.is_marked) == ("Brno", "Nice", False)


def test_recordings_that_are_gone_are_said_and_may_be_decided(
    merging: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without theirs there is nothing to compare, without ours all is new."""
    ours, theirs = merging.lock.sides_of(_A)
    merging.forget()
    store = merging.store / "cassettes"
    (store / f"{ours.digest}.yaml").unlink()
    one, _ = told(capsys)
    assert f"{ours.digest}.yaml is not there" in one["problem"]
    assert (one["same"], one["exchanges"], one["diff"][-1]) == (False, 1, "+  model_output: Kyiv")
    (store / f"{theirs.digest}.yaml").unlink()
    merging.forget()
    one, other = told(capsys)
    assert f"{theirs.digest}.yaml is not there" in one["problem"]
    assert (one["same"], one["exchanges"], one["diff"], other["problem"]) == (False, 0, [], None)
    assert told(capsys, "--accept", _A)[0]["done"] == "accepted"


def test_without_a_store_nothing_can_be_compared(merging: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """The problem says which option is missing; an ini file that can't be read is an error."""
    merging.forget()
    (merging.root / "pytest.ini").write_text("[pytest]\n")
    assert all("no store is set" in each["problem"] for each in told(capsys))
    (merging.root / "pytest.ini").write_text("[pytest\n")
    status, lines, err = review(capsys, "--accept", _A)
    assert (status, lines, err.count("\n")) == (Status.FAILED, [], 1)
    assert "pytest.ini: can't be read" in err


def test_a_line_that_can_not_be_read_stops_no_other(merging: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named by its number; git's index would know better."""
    shutil.rmtree(merging.root / ".git")
    broken = merging.lock_path.read_text().replace(merging.lock.sides_of(_A)[0].digest, "x")
    merging.lock_path.write_text(broken)
    status, lines, err = review(capsys, "--accept", ".")
    assert (status, lines) == (
        Status.FAILED,
        [f'{_B}: accepted; theirs (theirs): 1 turn, "Bern"', "cassettes.lock: conflicts left: 1."],
    )
    assert "cassettes.lock:" in err
    assert list(merging.lock.conflicts) == [_A]


def test_a_lock_file_that_can_not_be_read_is_one_line(merging: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named."""
    merging.lock_path.write_bytes(b"\xff")
    status, _, err = review(capsys, "--list")
    assert (status, "cassettes.lock:1: this is no UTF-8 text" in err) == (Status.FAILED, True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_a_lock_file_that_can_not_be_written_stays_as_it_was(
    merging: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is named, and the conflict waits."""
    import resource

    review(capsys, "--list")
    raw = merging.lock_path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        status, _, err = review(capsys, "--accept", _A)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (status, err) == (
        Status.FAILED,
        f"pytest-interactions: {merging.lock_path}: can't be written: File too large.\n",
    )
    assert merging.lock_path.read_bytes() == raw


def test_a_lock_file_further_down_is_found(merging: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """As in a repository of several projects."""
    below = merging.root / "app"
    below.mkdir()
    for name in ("pytest.ini", "cassettes.lock"):
        shutil.move(merging.root / name, below / name)
    assert [each["candidate"] for each in told(capsys)] == [f"app/{_A}", f"app/{_B}"]
    assert told(capsys, "--accept", f"app/{_A}")[0]["conflict"]["file"] == "app/cassettes.lock"


def test_a_cassette_elsewhere_has_no_test_that_its_path_tells(
    merging: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """As one of a script, or of another directory of cassettes."""
    (merging.root / "cassettes.py").touch()
    text = (merging.root / "pytest.ini").read_text()
    (merging.root / "pytest.ini").write_text(f"{text}interactions_cassette_dir = other\n")
    assert [each["tests"] for each in told(capsys)] == [[], []]


def test_no_secret_of_the_environment_is_shown(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it stands in a headline, a recording or the name of a branch."""
    secret = "Xk3pQ9wE7rT1yU5iO8aS"
    project.pushed("Record", a="Paris")
    project.branches({"a": f"the word is {secret}"}, {"a": "Kyiv"})
    project.git("checkout", "--quiet", "-b", f"the-{secret}", "theirs")
    project.git("checkout", "--quiet", "main")
    project.git("merge", f"the-{secret}", fails=True)
    monkeypatch.setenv("MY_API_KEY", secret)
    for words in (["--list"], ["--json"]):
        _, lines, err = review(capsys, *words)
        assert any("the word is" in line for line in lines)
        assert secret not in "".join([*lines, err])


# --- in a test run ---


def test_other_tests_replay_meanwhile(run: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The one in conflict says what to do, and replays once that is done."""
    top = run.pytester.path
    monkeypatch.setenv("PYTEST_INTERACTIONS_CACHE", str(tmp_path / "cache"))
    run.pytester.makeini(f"[pytest]\ninteractions_store = {tmp_path / 'store'}\n")
    source = (
        "def test_one(interactions):\n    assert ask(ONE)\n\ndef test_two(interactions):\n    assert ask('Hello')\n"
    )

    def pushed(one: str) -> lock_file.Entry:
        run.test(f"{source}\nONE = {one!r}\n")
        run.record(mode="rewrite").assert_outcomes(passed=2)
        monkeypatch.chdir(top)
        assert main(["push"]) == Status.OK
        return lock_file.LockFile.read(top / lock_file.NAME).entry("cassettes/test_it/test_one.yaml")

    theirs, ours = pushed("Hi"), pushed("Help")
    text = (top / lock_file.NAME).read_text()
    hunk = f"<<<<<<< HEAD\n{ours.line()}\n=======\n{theirs.line()}\n>>>>>>> theirs"
    (top / lock_file.NAME).write_text(text.replace(ours.line(), hunk))
    result = run.replay()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "E   StoreError: cassettes.lock:5: two branches have recorded cassettes/test_it/test_one.yaml, and git *",
            "E   To take one: pytest-interactions review",
        ]
    )
    assert main(["review", "--reject", "test_it.py::test_one"]) == Status.OK
    run.replay().assert_outcomes(passed=2)


# --- on a terminal ---

if sys.platform != "win32":
    from tests.review.ptys import Terminal

    def test_a_conflict_is_decided_by_one_key(merging: Project) -> None:
        """It shows both sides, and which key takes which."""
        terminal = Terminal(merging.root, "review", columns=100)
        try:
            assert terminal.shows("1 of 2", "? help").splitlines()[:9] == [
                f"1 of 2  {_A}",
                "two branches have recorded it; cassettes.lock has a conflict",
                'r keeps ours (HEAD): 1 turn, "Oslo"',
                'a takes theirs (theirs): 1 turn, "Kyiv"',
                "",
                "Behaviour",
                " turn 1: completed",
                "   user_input: Where?",
                "-  model_output: Oslo",
            ]
            terminal.press("d")
            assert "ours  " in terminal.shows("d as a diff")
            terminal.press("a")
            terminal.shows("2 of 2", _B)
            terminal.press("r")
            assert terminal.ends() == 0
        finally:
            terminal.close()
        assert terminal.screen.text().splitlines()[-5:] == [
            "accepted: 1, rejected: 1",
            f"  accepted  {_A}",
            f"  rejected  {_B}",
            "cassettes.lock: no conflict is left.",
            "To go on: git add cassettes.lock",
        ]
        assert (merging.answer("a"), merging.answer("b")) == ("Kyiv", "Nice")

    def test_a_conflict_that_changes_meanwhile_is_shown_once_more(merging: Project) -> None:
        """One that somebody has settled is gone."""
        terminal = Terminal(merging.root, "review", columns=100)
        try:
            terminal.shows("1 of 2", "Kyiv")
            ours, theirs = merging.lock.sides_of(_A)
            other = merging.lock.sides_of(_B)[1]._replace(path=_A)
            merging.lock_path.write_text(merging.lock_path.read_text().replace(theirs.line(), other.line()))
            terminal.press("a")
            terminal.shows("it has changed since it was looked at. Look at it once more.", "Bern")
            lock_file.change(merging.lock_path, [ours], settled=True)
            terminal.press("a")
            terminal.shows("2 of 2", _B)
            terminal.press("q")
            assert terminal.ends() == 0
        finally:
            terminal.close()
        assert f"  gone  {_A}" in terminal.screen.text().splitlines()
        assert (merging.answer("a"), list(merging.lock.conflicts)) == ("Oslo", [_B])
