"""Where git fails, a command says so, and takes nothing for missing."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_interactions.commands import main
from tests.store.projects import Project

if TYPE_CHECKING:
    from pathlib import Path

_A = "cassettes/a.yaml"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a store, and two commits."""
    project = Project(tmp_path, monkeypatch)
    project.pushed("Record", a="Paris")
    project.pushed("Record again", a="Oslo")
    return project


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run a command; return its status and what it prints."""
    capsys.readouterr()
    status = main(list(words))
    found = capsys.readouterr()
    return status, found.out, found.err


def blobless(project: Project) -> Path:
    """Clone without the files of earlier commits, and take away where they are."""
    project.git("config", "uploadpack.allowFilter", "true")
    clone = project.top / "clone"
    project.git("clone", "--quiet", "--filter=blob:none", project.root.as_uri(), str(clone))
    project.root.rename(project.top / "gone")
    return clone


@pytest.mark.parametrize("words", [("diff", "HEAD~1"), ("diff", "HEAD~1", _A)])
def test_what_git_can_t_read_is_an_error(
    words: tuple[str, ...], project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a clone that fetches the files of commits later, and can't."""
    monkeypatch.chdir(blobless(project))
    status, out, err = told(capsys, *words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "git can't tell what is there: " in err
    assert "does not appear to be a git repository" in err


def test_the_history_of_a_cassette_says_which_commit_can_t_be_read(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not taken for the one that brought the cassette."""
    monkeypatch.chdir(blobless(project))
    status, out, err = told(capsys, "why-changed", _A)
    assert "first recorded" not in out
    assert (status, "git can't tell what is there: " in err) == (2, True)


def test_git_s_own_variables_lead_to_no_other_repository(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are set where git runs a command itself: in hooks, and by `git rebase --exec`."""
    other = project.top / "other"
    subprocess.run(["git", "init", "--quiet", str(other)], check=True)
    expected = told(capsys, "diff", "HEAD~1")
    assert "+  model_output: Oslo" in expected[1]
    for name, value in (
        ("GIT_DIR", str(other / ".git")),
        ("GIT_WORK_TREE", str(other)),
        ("GIT_INDEX_FILE", str(other / "index")),
        ("GIT_LITERAL_PATHSPECS", "1"),
    ):
        monkeypatch.setenv(name, value)
        assert told(capsys, "diff", "HEAD~1") == expected
        assert told(capsys, "why-changed", _A)[1].count("recorded: ") == 1


def test_git_s_words_are_shown_without_logins(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address of a repository may have one in it."""
    clone = blobless(project)
    url = "nothing://me:a-password@host/x"
    subprocess.run(["git", "-C", str(clone), "config", "remote.origin.url", url], check=True)
    monkeypatch.chdir(clone)
    status, _, err = told(capsys, "diff", "HEAD~1")
    assert (status, "git can't tell" in err, "a-password" in err) == (2, True, False)


def test_git_that_refuses_a_repository_has_its_say(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not each failure means that there is none."""
    (project.root / ".git/config").write_text("[core\n")
    status, _, err = told(capsys, "diff", "HEAD~1")
    assert (status, "bad config line 1" in err) == (2, True)
    (project.top / "git").write_text("no program")
    (project.top / "git").chmod(0o644)
    monkeypatch.setenv("PATH", str(project.top))
    assert "git can't be run: Permission denied.\n" in told(capsys, "diff", "HEAD~1")[2]
