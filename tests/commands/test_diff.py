"""`diff` tells which cassettes behave otherwise than at a git revision, whether they are in the tree or in a store."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.commands import main
from pytest_interactions.store.store import _LONG_AGO
from tests.store.projects import Project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a store."""
    return Project(tmp_path, monkeypatch)


@pytest.fixture
def in_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project without one, whose cassettes are in git."""
    return Project(tmp_path, monkeypatch, store=False)


def diff(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run the command; return its status and what it prints."""
    capsys.readouterr()
    status = main(["diff", *words])
    told = capsys.readouterr()
    return status, told.out, told.err


def changes(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, str]:
    """What the command tells of each cassette."""
    found: list[dict[str, Any]] = json.loads(diff(capsys, "--json", *words)[1])
    return {each["cassette"]: each["change"] for each in found}


def test_what_was_pushed_since_is_compared_by_behaviour(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Each cassette is added, removed, changed, or recorded again with the same behaviour; the others are not told."""
    project.pushed("Record", changed="Paris", again="Rome", gone="Nice", same="Bonn")
    project.record("again", "Rome", id_="v1_other")
    project.pushed("Record again", changed="Oslo", new="Kyiv")
    project.lock_path.write_text(
        "".join(line for line in project.lock_path.read_text().splitlines(True) if "gone" not in line)
    )
    status, out, err = diff(capsys, "HEAD~1")
    assert (status, err) == (1, "")
    assert out.splitlines() == [
        "cassettes/again.yaml: recorded again with the same behaviour",
        "cassettes/changed.yaml: changed",
        "--- HEAD~1:cassettes/changed.yaml",
        "+++ cassettes/changed.yaml",
        "@@ -1,3 +1,3 @@",
        " turn 1: completed",
        "   user_input: Where?",
        "-  model_output: Paris",
        "+  model_output: Oslo",
        "",
        'cassettes/gone.yaml: removed: 1 turn, "Nice"',
        'cassettes/new.yaml: added: 1 turn, "Kyiv"',
        "4 cassettes: 1 changed, 1 added, 1 removed, 1 recorded again with the same behaviour.",
    ]


def test_the_status_tells_whether_the_behaviour_is_the_same(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is 0 where cassettes were recorded again, and did the same."""
    project.pushed("Record", a="Paris")
    assert diff(capsys, "HEAD") == (0, "The behaviour is the same.\n", "")
    project.record("a", "Paris", id_="v1_other")
    status, out, _ = diff(capsys, "HEAD")
    assert (status, out.splitlines()[0]) == (0, "cassettes/a.yaml: recorded again with the same behaviour")


def test_nothing_is_fetched_but_what_differs(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither equal digests nor equal behaviours need an object."""
    project.pushed("Record", changed="Paris", again="Rome", same="Bonn")
    project.record("again", "Rome", id_="v1_other")
    project.pushed("Record again", changed="Oslo")
    project.forget()
    assert changes(capsys, "HEAD~1", "HEAD") == {
        "cassettes/again.yaml": "recorded again",
        "cassettes/changed.yaml": "changed",
    }
    new = project.digest("changed")
    project.git("checkout", "--quiet", "HEAD~1")
    assert project.objects() == {f"{new}.yaml", f"{project.digest('changed')}.yaml"}


def test_a_recording_that_is_not_pushed_is_what_there_is_now(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """A copy of what was pushed before is not."""
    project.pushed("Record", a="Paris", b="Rome")
    project.pushed("Record again", a="Oslo", b="Bonn")
    project.record("a", "Kyiv")
    project.record("b", "Rome")
    os.utime(project.path("b"), ns=(_LONG_AGO, _LONG_AGO))  # as it is checked out
    status, out, _ = diff(capsys, "HEAD", "--json")
    [told] = json.loads(out)
    assert (status, told["cassette"], told["change"]) == (1, "cassettes/a.yaml", "changed")
    assert told["diff"][-2:] == ["-  model_output: Oslo", "+  model_output: Kyiv"]
    assert (told["old"], told["new"]) == ('1 turn, "Oslo"', '1 turn, "Kyiv"')


def test_cassettes_in_git_are_compared_without_a_store(in_tree: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Tracked or not, committed or not."""
    for name, answer in {"changed": "Paris", "again": "Rome", "gone": "Nice", "same": "Bonn"}.items():
        in_tree.record(name, answer)
    in_tree.commit("Record")
    in_tree.record("changed", "Oslo")
    in_tree.record("again", "Rome", id_="v1_other")
    in_tree.record("new", "Kyiv")
    in_tree.record("waiting.failed", "Kyiv")
    in_tree.path("gone").unlink()
    expected = {
        "cassettes/again.yaml": "recorded again",
        "cassettes/changed.yaml": "changed",
        "cassettes/gone.yaml": "removed",
        "cassettes/new.yaml": "added",
    }
    assert changes(capsys, "HEAD") == expected
    in_tree.commit("Record again")
    assert changes(capsys, "HEAD~1") == expected
    assert changes(capsys, "HEAD") == {}
    assert changes(capsys, "HEAD", "HEAD~1") == {
        **expected,
        "cassettes/gone.yaml": "added",
        "cassettes/new.yaml": "removed",
    }
    out = diff(capsys, "HEAD~1")[1]
    assert 'cassettes/new.yaml: added: 1 turn, "Kyiv"' in out


def test_a_suite_that_has_moved_to_a_store_behaves_as_before(
    in_tree: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file that git has is compared with the object that the lock file names."""
    in_tree.record("a", "Paris")
    in_tree.record("b", "Rome")
    in_tree.commit("Record")
    (in_tree.root / "pytest.ini").write_text(f"[pytest]\ninteractions_store = {in_tree.store}\n")
    in_tree.push()
    in_tree.commit("Move to the store")
    assert changes(capsys, "HEAD~1") == {}
    in_tree.pushed("Record again", b="Bonn")
    assert changes(capsys, "HEAD~2") == {"cassettes/b.yaml": "changed"}


def test_what_git_has_at_a_revision_comes_before_its_lock_file(
    in_tree: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a commit may have both."""
    (in_tree.root / "pytest.ini").write_text(f"[pytest]\ninteractions_store = {in_tree.store}\n")
    in_tree.record("a", "Paris")
    in_tree.push()
    in_tree.record("a", "Oslo")
    in_tree.commit("Commit what was to be pushed")
    in_tree.pushed("Record again", a="Kyiv")
    [told] = json.loads(diff(capsys, "--json", "HEAD~1")[1])
    assert told["diff"][-2:] == ["-  model_output: Oslo", "+  model_output: Kyiv"]


def test_revisions_are_named_as_git_has_them(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Two of them, or with dots; three are for the commit from which both come."""
    project.pushed("Record", a="Paris")
    project.branches({"ours": "Bonn"}, {"a": "Oslo"})
    changed, both = {"cassettes/a.yaml": "changed"}, {"cassettes/a.yaml": "changed", "cassettes/ours.yaml": "removed"}
    assert changes(capsys, "main", "theirs") == changes(capsys, "main..theirs") == changes(capsys, "..theirs") == both
    assert changes(capsys, "main...theirs") == changed
    assert changes(capsys, "theirs...") == {"cassettes/ours.yaml": "added"}
    project.git("checkout", "--quiet", "--orphan", "other")
    project.commit("Begin anew")
    assert "main...other: these have no commit in common here." in diff(capsys, "main...other")[2]


def test_paths_and_tests_restrict_it(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Cassettes, directories, tests by what they own; the working directory is all of it."""
    (project.root / "test_it.py").write_text("def test_one(interactions): pass\ndef test_two(interactions): pass\n")
    project.pushed("Record", **{"test_it/test_one": "Paris", "other/a": "Rome"})
    project.pushed("Record again", **{"test_it/test_one": "Oslo", "other/a": "Bonn", "b": "Kyiv"})
    one, other = {"cassettes/test_it/test_one.yaml": "changed"}, {"cassettes/other/a.yaml": "changed"}
    for words in (["test_it.py"], ["test_it.py::test_one"], ["cassettes/test_it"], ["--", "cassettes/test_it/"]):
        assert changes(capsys, "HEAD~1", *words) == one
    assert changes(capsys, "HEAD~1", "HEAD", "cassettes/other/a.yaml") == other
    assert changes(capsys, "HEAD~1", ".") == one | other | {"cassettes/b.yaml": "added"}
    status, _, err = diff(capsys, "HEAD~1", "cassettes/none.yaml")
    assert (status, err.count("\n")) == (2, 1)
    assert "cassettes/none.yaml: there is no cassette of it, neither then nor now." in err


def test_as_many_may_be_named_as_there_are(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a system lets a command have as arguments; what was not named is not told."""
    project.pushed("Record", **{"many/a": "Paris", "many/b": "Rome", "c": "Bonn"})
    project.pushed("Record again", **{"many/a": "Oslo", "many/b": "Nice", "c": "Kyiv"})
    names = [f"cassettes/many/{'x' * 100}{number}.yaml" for number in range(30_000)]
    expected = {"cassettes/many/a.yaml": "changed"}
    for more in ([], [f"top{number}.yaml" for number in range(400)]):
        assert changes(capsys, "HEAD~1", *more, *names, "cassettes/many/a.yaml") == expected
    monkeypatch.chdir(project.root / "cassettes")
    assert changes(capsys, "HEAD~1", "many") == expected | {"cassettes/many/b.yaml": "changed"}


def test_a_revision_alone_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    """The error asks for nothing else."""
    with pytest.raises(SystemExit):
        main(["diff"])
    assert capsys.readouterr().err.endswith("error: the following arguments are required: REV\n")


def test_a_path_is_no_pattern(in_tree: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Names of tests with parameters have brackets; a directory may hold all cassettes."""
    name = "test_it/test_x[a*b]"
    in_tree.record(name, "Paris")
    in_tree.record("test_it/test_xa", "Paris")
    in_tree.commit("Record")
    in_tree.record(name, "Oslo")
    in_tree.record("test_it/test_xa", "Oslo")
    one, other = f"cassettes/{name}.yaml", "cassettes/test_it/test_xa.yaml"
    assert changes(capsys, "HEAD", one) == {one: "changed"}
    assert changes(capsys, "HEAD", ".") == changes(capsys, "HEAD") == {one: "changed", other: "changed"}
    in_tree.commit("Record again")
    assert changes(capsys, "HEAD~1", "HEAD", one) == {one: "changed"}
    assert changes(capsys, "HEAD~1", "HEAD", ".") == {one: "changed", other: "changed"}


def test_markdown_is_for_pull_requests(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """A list of all, then what differs of each."""
    project.pushed("Record", a="Paris")
    project.record("a", "Paris", model="gemini-4")
    project.pushed("Record again", b="Oslo `x`")
    assert diff(capsys, "--markdown", "HEAD~1")[1].splitlines() == [
        "2 cassettes: 1 added, 1 recorded again with the same behaviour.",
        "",
        "- `cassettes/a.yaml`: recorded again with the same behaviour",
        '- `cassettes/b.yaml`: added: ``1 turn, "Oslo `x`"``',
        "",
        "### `cassettes/a.yaml` → `cassettes/a.yaml`",
        "",
        "- `model: gemini-3.5-flash -> gemini-4`",
        "",
        "The same behaviour.",
    ]
    project.pushed("Record again", b="Bonn")
    assert "### `HEAD~1:cassettes/b.yaml` → `cassettes/b.yaml`" in diff(capsys, "--markdown", "HEAD~1")[1].splitlines()


def test_an_object_that_is_gone_is_said_and_stops_no_other(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """The headlines of the lock files still tell something."""
    project.pushed("Record", a="Paris", b="Rome")
    project.pushed("Record again", a="Oslo", b="Bonn")
    project.forget()
    (project.store / "cassettes" / f"{project.lock.entry('cassettes/a.yaml').digest}.yaml").unlink()
    status, out, err = diff(capsys, "HEAD~1")
    assert status == 2
    assert out.splitlines()[0] == 'cassettes/a.yaml: changed: 1 turn, "Paris" -> 1 turn, "Oslo"'
    assert "+  model_output: Bonn" in out
    assert err.startswith("pytest-interactions: cassettes/a.yaml: ")
    assert err.count("\n") == 1


def test_without_a_store_what_is_in_one_can_not_be_compared(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error says which option is missing."""
    project.pushed("Record", a="Paris")
    project.pushed("Record again", a="Oslo")
    project.forget()
    (project.root / "pytest.ini").write_text("[pytest]\n")
    status, _, err = diff(capsys, "HEAD~1")
    assert (status, "no store is set" in err) == (2, True)


def test_a_lock_file_in_conflict_is_said_of_its_cassette_alone(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are compared."""
    project.pushed("Record", a="Paris", b="Rome")
    project.branches({"a": "Oslo", "b": "Bonn"}, {"a": "Kyiv"})
    project.git("merge", "theirs", fails=True)
    status, out, err = diff(capsys, "HEAD~1", "--json")
    told = {each["cassette"]: (each["change"], each["problem"] is None) for each in json.loads(out)}
    assert told == {"cassettes/a.yaml": ("changed", False), "cassettes/b.yaml": ("changed", True)}
    assert (status, "two branches have recorded cassettes/a.yaml" in err) == (2, True)


def test_media_alone_in_the_store_leave_cassettes_in_the_tree(
    in_tree: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lock file has no say then."""
    (in_tree.root / "pytest.ini").write_text(
        f"[pytest]\ninteractions_store = {in_tree.store}\ninteractions_store_media = true\n"
    )
    in_tree.record("a", "Paris")
    in_tree.lock_path.write_text("nonsense\n")
    in_tree.commit("Record")
    in_tree.record("a", "Oslo")
    assert changes(capsys, "HEAD") == {"cassettes/a.yaml": "changed"}


@pytest.mark.parametrize("revision", ["nowhere", "--output=x", "main~7", ""])
def test_a_revision_that_git_does_not_know_is_one_line(
    revision: str, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what it may be."""
    status, out, err = diff(capsys, "--", revision)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert f"{revision}: git knows no such revision here." in err
    assert not (project.root / "x").exists()


def test_outside_of_a_repository_it_is_one_line(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is without git."""
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(project.top))
        assert "git can't be run" in diff(capsys, "HEAD")[2]
    shutil.rmtree(project.root / ".git")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.top))
    assert diff(capsys, "HEAD")[::2] == (
        2,
        f"pytest-interactions: {project.root}: this is in no repository of git's.\n",
    )


def test_a_project_may_be_below_the_top_of_its_repository(
    in_tree: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the command in a directory of it."""
    below = in_tree.root / "app"
    (below / "cassettes").mkdir(parents=True)
    (below / "pytest.ini").write_text("[pytest]\n")
    in_tree.record("a", "Paris").rename(below / "cassettes/a.yaml")
    in_tree.record("a", "Rome")
    in_tree.commit("Record")
    in_tree.record("a", "Bonn")
    in_tree.record("b", "Oslo").rename(below / "cassettes/a.yaml")
    monkeypatch.chdir(below / "cassettes")
    assert changes(capsys, "HEAD") == {"cassettes/a.yaml": "changed"}
    assert changes(capsys, "HEAD", "a.yaml") == {"cassettes/a.yaml": "changed"}


@pytest.mark.parametrize("stored", [True, False])
def test_projects_that_lie_below_are_named(
    stored: bool, in_tree: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is nothing to compare, as nobody says that their behaviour is the same."""
    (in_tree.root / "pytest.ini").unlink()
    (in_tree.root / "docs").mkdir()
    (in_tree.root / "docs/tox.ini").write_text("[pytest]\n")
    (in_tree.root / "docs/a.yaml").write_text("x: y\n")
    assert diff(capsys, "HEAD")[:2] == (0, "The behaviour is the same.\n")
    app = in_tree.root / "my app"
    app.mkdir()
    (app / "pytest.ini").write_text("[pytest]\n")
    (app / "cassettes").mkdir()
    in_tree.record("a", "Paris").rename(app / "cassettes/a.yaml")
    (in_tree.root / "cassettes").rmdir()
    if stored:
        (app / "pytest.ini").write_text(f"[pytest]\ninteractions_store = {in_tree.store}\n")
        with monkeypatch.context() as patch:
            patch.chdir(app)
            in_tree.push()
    in_tree.commit("Record")
    for words in (["HEAD"], ["HEAD~1"], ["HEAD~1", "HEAD"]):
        status, out, err = diff(capsys, *words)
        assert (status, out) == (2, "")
        assert err.endswith("but projects lie in it: my app. Go to one: cd 'my app'\n")


@pytest.mark.parametrize("words", [["diff", "HEAD"], ["why-changed"]])
def test_what_is_of_another_project_is_asked_there(
    words: list[str], project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """As its lock file is none of the working directory's."""
    app = project.root / "my app"
    app.mkdir()
    (app / "cassettes.lock").touch()
    capsys.readouterr()
    assert main([*words, "my app/cassettes/a.yaml"]) == 2
    assert capsys.readouterr().err == (
        "pytest-interactions: my app/cassettes/a.yaml: it is of the project my app, which has a lock file of its own. "
        "Go there: cd 'my app'\n"
    )


def test_no_secret_of_the_environment_is_shown(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it stands in a recording, or a headline."""
    project.pushed("Record", a="Paris")
    project.record("b", "the word is Xk3pQ9wE7rT1yU5iO8aS")
    project.push()
    project.record("a", "the word is Xk3pQ9wE7rT1yU5iO8aS")
    monkeypatch.setenv("MY_API_KEY", "Xk3pQ9wE7rT1yU5iO8aS")
    for form in ((), ("--json",), ("--markdown",)):
        out = diff(capsys, "HEAD", *form)[1]
        assert "the word is" in out
        assert "Xk3pQ9" not in out
