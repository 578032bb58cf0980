"""`why-changed` tells the history of one cassette, commit by commit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.commands import main
from tests.store.projects import Project

if TYPE_CHECKING:
    from pathlib import Path

_A = "cassettes/a.yaml"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a store."""
    return Project(tmp_path, monkeypatch)


def why(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run the command; return its status and what it prints."""
    capsys.readouterr()
    status = main(["why-changed", *words])
    told = capsys.readouterr()
    return status, told.out, told.err


def history(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    """What the command tells as JSON; it has no error."""
    status, out, err = why(capsys, "--json", *words)
    assert (status, err) == (0, "")
    found: list[dict[str, Any]] = json.loads(out)
    return found


def changes(capsys: pytest.CaptureFixture[str], *words: str) -> list[tuple[str, str]]:
    """The first line of each commit, and what became of the cassette there."""
    return [(each["subject"], each["change"]) for each in history(capsys, *words)]


def test_each_commit_that_changed_it_is_told(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Newest first, with what moved; commits that changed others are not."""
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2026-10-05T14:46:07Z")
    first = project.pushed("Ask for the city", a="Paris")[:10]
    project.pushed("Record another", b="Rome")
    project.record("a", "Paris", id_="v1_other")
    second = project.pushed("Record all again")[:10]
    third = project.pushed("Ask for the capital", a="Oslo")[:10]
    project.forget()
    status, out, err = why(capsys, _A)
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        f"{third} 2026-10-05 Ann Author: Ask for the capital",
        "the behaviour changed",
        f"--- {second}:cassettes/a.yaml",
        f"+++ {third}:cassettes/a.yaml",
        "@@ -1,3 +1,3 @@",
        " turn 1: completed",
        "   user_input: Where?",
        "-  model_output: Paris",
        "+  model_output: Oslo",
        "",
        f"{second} 2026-10-05 Ann Author: Record all again",
        "the same behaviour, recorded again",
        "",
        f"{first} 2026-10-05 Ann Author: Ask for the city",
        'first recorded: 1 turn, "Paris"',
    ]
    assert len(project.objects()) == 2


def test_the_last_ones_alone_can_be_had(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """As many as are asked for."""
    project.pushed("First", a="Paris")
    project.pushed("Second", a="Oslo")
    [told] = history(capsys, _A, "-n", "1")
    assert (told["subject"], told["author"], told["problem"]) == ("Second", "Ann Author", None)
    assert (told["cassette"], told["old"], told["new"]) == (_A, '1 turn, "Paris"', '1 turn, "Oslo"')
    assert told["commit"] == project.git("rev-parse", "HEAD").strip()
    assert told["diff"][-1] == "+  model_output: Oslo"
    with pytest.raises(SystemExit):
        why(capsys, _A, "-n", "0")
    assert "0 is no number of commits: give 1 or more" in capsys.readouterr().err


def test_a_recording_that_is_gone_is_said_without_an_error(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """What its line tells is told."""
    project.pushed("First", a="Paris")
    (project.store / "cassettes" / f"{project.digest('a')}.yaml").unlink()
    project.pushed("Second", a="Oslo")
    project.forget()
    status, out, err = why(capsys, _A)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[1] == 'the behaviour changed: 1 turn, "Paris" -> 1 turn, "Oslo"'
    assert lines[2].startswith("It can't be shown: cassettes/a.yaml: ")


def test_a_cassette_of_the_tree_and_one_that_has_moved_have_a_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its removal too; a store is not needed until it has some."""
    project = Project(tmp_path, monkeypatch, store=False)
    project.record("a", "Paris")
    project.commit("First")
    project.record("a", "Oslo")
    project.commit("Second")
    expected = [("Second", "changed"), ("First", "added")]
    assert changes(capsys, _A) == expected
    (project.root / "pytest.ini").write_text(f"[pytest]\ninteractions_store = {project.store}\n")
    project.push()
    project.commit("Move")
    assert changes(capsys, _A) == [("Move", "moved"), *expected]
    project.lock_path.unlink()
    project.commit("Remove")
    assert changes(capsys, _A) == [("Remove", "removed"), ("Move", "moved"), *expected]
    assert 'removed: 1 turn, "Oslo"' in why(capsys, _A)[1]
    (project.root / "pytest.ini").write_text("[pytest]\ninteractions_store = s\ninteractions_store_media = true\n")
    assert changes(capsys, _A) == [("Move", "removed"), *expected]


def test_a_line_that_is_written_anew_for_the_same_recording_is_no_change(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such as another headline."""
    project.pushed("First", a="Paris")
    project.lock_path.write_text(project.lock_path.read_text().replace("Paris", "Madrid"))
    project.commit("Word it otherwise")
    assert changes(capsys, _A) == [("First", "added")]


def test_a_merge_is_told_if_it_has_what_no_parent_has(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it takes one side, the commit of that side is."""
    project.pushed("Record", a="Paris", b="Rome", c="Bonn")
    project.branches({"a": "Oslo", "c": "Riga"}, {"a": "Kyiv", "b": "Nice"})
    project.git("merge", "theirs", fails=True)
    assert main(["review", "--accept", _A]) == 0
    project.commit("Merge theirs")
    assert changes(capsys, _A) == [("Record ours", "changed"), ("Record theirs", "changed"), ("Record", "added")]
    assert changes(capsys, "cassettes/b.yaml") == [("Record theirs", "changed"), ("Record", "added")]
    project.git("reset", "--quiet", "--hard", "HEAD~1")
    project.git("merge", "theirs", fails=True)
    project.pushed("Merge, and record again", a="Berlin")
    assert changes(capsys, _A)[0] == ("Merge, and record again", "changed")


def test_what_a_merge_did_not_take_is_told_too(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Of both sides, though all that came after has the line of one."""
    project.pushed("Record", a="Paris")
    project.branches({"a": "Oslo"}, {"a": "Kyiv"})
    project.git("merge", "--strategy=ours", "--message=Merge theirs", "theirs")
    project.pushed("Last", a="Bonn")
    subjects = [subject for subject, _ in changes(capsys, _A)]
    assert (subjects[0], subjects[-1]) == ("Last", "Record")
    assert sorted(subjects) == ["Last", "Record", "Record ours", "Record theirs"]


def test_a_lock_file_that_was_committed_with_a_conflict_is_said(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commits before are told."""
    project.pushed("Record", a="Paris")
    project.branches({"a": "Oslo"}, {"a": "Kyiv"})
    project.git("merge", "theirs", fails=True)
    project.commit("Merge blindly")
    [told, *_] = history(capsys, _A)
    assert told["subject"] == "Merge blindly"
    assert "two branches have recorded cassettes/a.yaml" in told["problem"]


def test_a_test_names_its_cassette(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """If it has one; else one is to be named."""
    (project.root / "test_it.py").write_text("def test_one(interactions): pass\ndef test_two(interactions): pass\n")
    project.pushed("Record", **{"test_it/test_one": "Paris", "test_it/test_two": "Rome"})
    assert changes(capsys, "test_it.py::test_one") == [("Record", "added")]
    several = why(capsys, "test_it.py")
    assert several[::2] == (
        2,
        "pytest-interactions: test_it.py: it names 2 cassettes, cassettes/test_it/test_one.yaml first; name one.\n",
    )
    assert (
        why(capsys, "cassettes/other")[2] == "pytest-interactions: cassettes/other: it names no cassette; name one.\n"
    )
    assert why(capsys, "cassettes/x.yaml")[2] == (
        "pytest-interactions: cassettes/x.yaml: no commit that is here has changed it.\n"
    )


def test_a_name_is_no_pattern(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Names of tests with parameters are full of what means something there."""
    name = "test_it/Test.test_x[a+b(c)^$ {1} ü]"
    project.pushed("Record", **{name: "Paris", "test_it/Test.test_x[aab]": "Rome"})
    assert changes(capsys, f"cassettes/{project.path(name).relative_to(project.root / 'cassettes')}") == [
        ("Record", "added")
    ]


def test_in_a_shallow_clone_it_is_said_that_there_may_be_more(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there is told."""
    project.pushed("First", a="Paris")
    project.pushed("Second", a="Oslo")
    clone = project.top / "clone"
    project.git("clone", "--quiet", "--depth", "1", project.root.as_uri(), str(clone))
    monkeypatch.chdir(clone)
    status, out, err = why(capsys, _A)
    assert (status, out.count("first recorded")) == (0, 1)
    assert err == "This clone is shallow: what was before is not here. To have it: git fetch --unshallow\n"


def test_no_secret_of_the_environment_is_shown(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it stands in a recording, or in the words of a commit."""
    project.pushed("The word is Xk3pQ9wE7rT1yU5iO8aS", a="the word is Xk3pQ9wE7rT1yU5iO8aS")
    monkeypatch.setenv("MY_API_KEY", "Xk3pQ9wE7rT1yU5iO8aS")
    for form in ((), ("--json",)):
        out = why(capsys, _A, *form)[1]
        assert "word is" in out
        assert "Xk3pQ9" not in out
