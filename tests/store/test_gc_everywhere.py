"""`gc` keeps what any place of a repository names: refs, stashes, indexes, working trees, all projects in them."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.commands import main
from pytest_interactions.files import storage
from pytest_interactions.store import objects
from pytest_interactions.store.lock_file import LockFile
from tests.store.projects import _GATE, exchange
from tests.support import program

if TYPE_CHECKING:
    from tests.store.projects import Project

_PICTURE: Any = [{"type": "image", "mime_type": "image/png", "data": "QUJD" * 50_000}]


@pytest.fixture(autouse=True)
def _unsigned(project: Project) -> None:
    project.pushed("Record", a="Paris")


def gc(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str], str]:
    """Run the command for objects of any age; return its status, what it lists, and its errors."""
    capsys.readouterr()
    status = main(["gc", "--older-than", "0", *words])
    told = capsys.readouterr()
    return status, [line for line in told.out.splitlines() if objects.is_name(line)], told.err


def test_all_projects_of_the_repository_count(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has its lock file; one that was elsewhere on another branch, and one that git does not know yet."""
    for name in ("app", "lib"):
        (project.root / name).mkdir()
        shutil.copy(project.root / "pytest.ini", project.root / name)
        (project.root / name / "cassettes.lock").touch()
        storage.save(project.root / name / "cassettes/x.yaml", storage.Contents([exchange(f"In {name}")]), _GATE)
        monkeypatch.chdir(project.root / name)
        assert main(["push"]) == 0
        monkeypatch.chdir(project.root)
        if name == "app":
            project.commit("Record")
    assert gc(capsys) == (0, [], "")
    project.git("branch", "old")
    (project.root / "app").rename(project.root / "moved")
    storage.save(project.root / "moved/cassettes/x.yaml", storage.Contents([exchange("Anew")]), _GATE)
    monkeypatch.chdir(project.root / "moved")
    assert main(["push"]) == 0
    project.commit("Move")
    assert gc(capsys) == (0, [], "")
    project.git("branch", "-D", "old")
    assert gc(capsys)[0] == 1
    assert gc(capsys, "--keep-history") == (0, [], "")


def test_stashes_keep_what_they_name(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """All of them, with what was staged then, and what git did not know."""
    for answer in ("Oslo", "Kyiv"):
        project.record("a", answer)
        project.push()
        project.git("stash")
    project.record("a", "Bonn")
    project.push()
    project.git("add", "cassettes.lock")
    project.git("restore", "--source=HEAD", "cassettes.lock")
    project.git("stash")
    project.record("a", "Riga")
    project.push()
    (project.root / "sub").mkdir()
    project.lock_path.rename(project.root / "sub/cassettes.lock")
    project.git("checkout", "cassettes.lock")
    project.git("stash", "--include-untracked")
    assert gc(capsys) == (0, [], "")
    project.git("stash", "clear")
    assert len(gc(capsys)[1]) == 4


def test_the_index_keeps_what_it_names(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Both sides of a conflict, too, though the working tree has none."""
    project.record("a", "Oslo")
    project.push()
    project.git("add", "cassettes.lock")
    project.git("restore", "--source=HEAD", "cassettes.lock")
    assert gc(capsys) == (0, [], "")
    project.git("reset", "--hard")
    assert len(gc(capsys)[1]) == 1


def test_other_working_trees_keep_what_they_name(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their commits, indexes and files; of one that is gone its commit, and one that may come back is an error."""
    other = project.top / "other"
    project.git("worktree", "add", "--detach", str(other))
    monkeypatch.chdir(other)
    for answer in ("Oslo", "Kyiv"):
        storage.save(other / "cassettes/a.yaml", storage.Contents([exchange(answer)]), _GATE)
        assert main(["push"]) == 0
        if answer == "Oslo":
            subprocess.run(["git", "commit", "-aqm", "Record in it"], check=True)
    newest = objects.of_cassette(LockFile.read(other / "cassettes.lock").entry("cassettes/a.yaml").digest)
    assert gc(capsys) == (0, [], "")
    monkeypatch.chdir(project.root)
    assert gc(capsys) == (0, [], "")
    project.git("worktree", "lock", str(other))
    shutil.rmtree(other)
    status, found, err = gc(capsys)
    assert (status, found, f"{other}: this working tree of the repository is locked" in err) == (2, [], True)
    project.git("worktree", "unlock", str(other))
    assert gc(capsys)[1] == [newest]
    project.git("worktree", "prune")
    assert len(gc(capsys)[1]) == 2


def test_the_history_has_both_sides_of_a_merge(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Though all that came after has the line of one."""
    project.branches({"a": "Oslo"}, {"a": "Kyiv"})
    project.git("merge", "--strategy=ours", "--message=Merge theirs", "theirs")
    project.git("branch", "-D", "theirs")
    project.pushed("Last", a="Bonn")
    assert len(gc(capsys)[1]) == 3
    assert gc(capsys, "--keep-history") == (0, [], "")


def test_a_bad_line_of_a_branch_deletes_nothing(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the branch, as the working tree's file is well."""
    project.git("checkout", "--quiet", "-b", "bad")
    project.pushed("Record", a="Oslo")
    project.lock_path.write_text(project.lock_path.read_text().replace("Oslo", "Oslo\tx"))
    project.commit("Spoil")
    project.git("checkout", "--quiet", "main")
    status, found, err = gc(capsys, "--delete", "--yes")
    assert (status, found) == (2, [])
    assert err.startswith("pytest-interactions: refs/heads/bad:cassettes.lock:4: this is no line of a lock file")
    assert len(list((project.store / "cassettes").iterdir())) == 2


@pytest.mark.parametrize("words", [(), ("--keep-history",)])
def test_what_git_has_not_deletes_nothing(
    words: tuple[str, ...], project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a clone that fetches the files of commits later, and can't."""
    project.git("checkout", "--quiet", "-b", "other")
    project.pushed("Record", a="Oslo")
    project.git("checkout", "--quiet", "main")
    project.git("config", "uploadpack.allowFilter", "true")
    clone = project.top / "clone"
    project.git("clone", "--quiet", "--filter=blob:none", project.root.as_uri(), str(clone))
    monkeypatch.chdir(clone)
    project.root.rename(project.top / "gone")
    status, found, err = gc(capsys, *words, "--delete", "--yes")
    assert (status, found, "git can't tell what is there: " in err) == (2, [], True)
    assert len(list((project.store / "cassettes").iterdir())) == 2


def test_a_ref_that_can_t_be_read_deletes_nothing(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """One that names nothing that is here, and one that a crash has spoilt."""
    ref = project.root / ".git/refs/heads/other"
    ref.write_text("1" * 40 + "\n")
    status, _, err = gc(capsys)
    assert (status, "refs/heads/other^{}: git has not what it names" in err) == (2, True)
    ref.write_text("\n")
    status, _, err = gc(capsys)
    assert (status, "ignoring broken ref refs/heads/other" in err) == (2, True)


def test_a_tag_of_a_file_keeps_nothing(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """A tag of a tag does, and one of a directory."""
    project.pushed("Record", a="Oslo")
    project.git("tag", "file", "HEAD:pytest.ini")
    project.git("tag", "--annotate", "--message=x", "one")
    project.git("tag", "--annotate", "--message=x", "two", "one")
    project.git("tag", "--delete", "one")
    project.git("tag", "files", "HEAD~1^{tree}")
    project.git("reset", "--hard", "HEAD~2")
    project.git("reflog", "expire", "--expire=now", "--all")
    assert gc(capsys) == (0, [], "")
    assert gc(capsys, "--keep-history") == (0, [], "")
    project.git("tag", "--delete", "two")
    assert len(gc(capsys)[1]) == 1


def test_git_s_own_variables_lead_to_no_other_repository(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in its hooks."""
    other = project.top / "other"
    subprocess.run(["git", "init", "--quiet", str(other)], check=True)
    project.lock_path.unlink()
    for name, value in (("GIT_DIR", str(other / ".git")), ("GIT_WORK_TREE", str(other)), ("GIT_INDEX_FILE", "x")):
        monkeypatch.setenv(name, value)
        assert gc(capsys) == (0, [], "")


def test_what_is_spared_as_new_is_counted(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """And its media are spared, though they are older."""
    project.pushed("Record again", a="Oslo")
    capsys.readouterr()
    assert main(["gc", "--older-than", "2w"]) == 0
    assert "Named by none of these, too, but left as new (--older-than 2w): 1 object, " in capsys.readouterr().out


def test_media_of_a_new_cassette_stay(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """A push does not send again what is there."""
    storage.save(project.path("b"), storage.Contents([exchange("x", prompt=_PICTURE)]), _GATE)
    project.push()
    project.git("checkout", "cassettes.lock")
    [medium] = (project.store / "media").iterdir()
    os.utime(medium, (0, 0))
    capsys.readouterr()
    assert main(["gc"]) == 0
    assert len(gc(capsys)[1]) == 2


def test_cassettes_in_git_keep_their_media(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Of other projects and branches, whatever the options of this one are."""
    app = project.root / "app"
    app.mkdir()
    ini = f"[pytest]\ninteractions_store = {project.store}\ninteractions_store_media = true\n"
    (app / "pytest.ini").write_text(f"{ini}interactions_cassette_dir = recorded\n")
    (app / "cassettes.lock").touch()
    (app / ".gitignore").write_text("*.media/\n")
    storage.save(app / "recorded/x.yaml", storage.Contents([exchange("x", prompt=_PICTURE)]), _GATE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(app)
        assert main(["push", "recorded"]) == 0
    assert len(list((project.store / "media").iterdir())) == 1
    assert gc(capsys) == (0, [], "")
    project.git("checkout", "--quiet", "-b", "other")
    project.commit("Record")
    project.git("checkout", "--quiet", "main")
    assert gc(capsys) == (0, [], "")
    assert len(gc(capsys, "--keep-refs", "main")[1]) == 1


def test_a_git_that_ends_too_soon_is_asked_again(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each file by itself, as its own words may tell why."""
    for answer in ("Oslo", "Kyiv", "Bonn"):
        project.pushed("Record", a=answer)
    (project.top / "bin").mkdir()
    git = project.top / "bin/git"
    git.write_text(f'#!/bin/sh\ncase "$*" in *"cat-file --batch") exit 1;; esac\nexec {program("git")} "$@"\n')
    git.chmod(0o755)
    monkeypatch.setenv("PATH", str(git.parent), prepend=os.pathsep)
    assert gc(capsys, "--keep-history") == (0, [], "")
