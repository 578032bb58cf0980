"""The git repository that a project is in, asked by git itself."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_interactions.errors import InteractionsError
from pytest_interactions.files import disk
from pytest_interactions.store.merging import Stages

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIELDS: Final = ("%H", "%P", "%aI", "%an", "%s")
_SPECIAL: Final = frozenset(".^$*+?()[{|\\")  # in the regular expressions of git's -G
_OF_FILES: Final = ("100644", "100755")


class Commit(NamedTuple):
    """A commit: its id, those of its parents, when it was written (ISO 8601), by whom, and its first line."""

    id: str
    parents: tuple[str, ...]
    date: str
    author: str
    subject: str


class Repository:
    """A repository; paths in it are given from the project's directory on, with `/`.

    Git runs where the command does, so that what a hook tells it by its environment still holds.
    """

    def __init__(self, root: Path) -> None:
        """Find the repository of the project at `root`.

        Raises:
            InteractionsError: It is in none, or git is not installed.
        """
        top = _run("rev-parse", "--show-toplevel")
        if top is None:
            raise InteractionsError(f"{root}: this is in no git repository, or git can't read it.")
        self._root = root
        self._top = disk.real(Path(_text(top).rstrip("\n")))

    # --- revisions ---

    def commit(self, revision: str) -> str:
        """Return the id of the commit that a revision names.

        Raises:
            InteractionsError: It names none.
        """
        found = self.found(revision)
        if found is None:
            raise InteractionsError(
                f"{revision}: git knows no such revision here. If this clone is shallow: git fetch --unshallow"
            )
        return found

    def found(self, revision: str) -> str | None:
        """Return the id of the commit that a revision names; `None` if it names none."""
        found = _run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return _text(found).strip() if found else None

    def fork_point(self, one: str, other: str) -> str:
        """Return the commit from which two have both come.

        Raises:
            InteractionsError: There is none.
        """
        found = _run("merge-base", one, other)
        if not found:
            raise InteractionsError(f"{one}...{other}: these have no commit in common here.")
        return _text(found).split()[0]

    def is_shallow(self) -> bool:
        """Return whether a part of the history is not in this clone."""
        return _run("rev-parse", "--is-shallow-repository") == b"true\n"

    # --- files ---

    def read(self, commit: str, name: str) -> bytes | None:
        """Return the bytes of a file in a commit; `None` if there is none."""
        return _run("cat-file", "blob", f"{commit}:{self._from_top(name)}")

    def files(self, commit: str, names: Sequence[str]) -> list[str]:
        """Return the files of a commit, at some paths and below those that are directories."""
        paths = [self._from_top(name) for name in names]
        listed = _run("ls-tree", "-r", "-z", "--full-tree", commit, "--", *paths) or b""
        found = [line.partition("\t") for line in _text(listed).split("\0") if line.startswith(_OF_FILES)]
        prefix = self._from_top("")
        return [path.removeprefix(prefix) for _, _, path in found]

    def changed(self, commit: str, other: str | None, names: Sequence[str]) -> set[str]:
        """Return the files that git has, and that differ between a commit and another, or the tree."""
        paths = [f":(top,literal){self._from_top(name)}" for name in names]
        commits = [commit, *([other] if other else [])]
        listed = _run("diff", "--name-only", "--no-renames", "--no-relative", "-z", *commits, "--", *paths) or b""
        prefix = self._from_top("")
        return {path.removeprefix(prefix) for path in _text(listed).split("\0") if path}

    def stages(self, name: str) -> Stages | None:
        """Return what both sides of a merge have of a file that git could not merge; `None` if it could."""
        found = [_run("cat-file", "blob", f":{number}:{self._from_top(name)}") for number in (1, 2, 3)]
        if found[1] is None or found[2] is None:
            return None
        return Stages(*(_text(stage or b"") for stage in found))

    # --- history ---

    def commits(self, names: Sequence[str]) -> list[Commit]:
        """Return the commits that have changed a file, newest first."""
        paths = [f":(top,literal){self._from_top(name)}" for name in names]
        listed = _run("log", "-z", f"--format={'%x01'.join(_FIELDS)}", "--", *paths) or b""
        found = [commit.split("\x01") for commit in _text(listed).split("\0") if commit]
        return [Commit(id_, tuple(parents.split()), *rest) for id_, parents, *rest in found]

    def changing_line(self, name: str, begin: str) -> set[str]:
        """Return the ids of the commits that have changed a line of a file which begins with a text, or a tab behind.

        A merge is among them if the line is not as in one of its parents.
        """
        pattern = "^" + "".join(f"\\{each}" if each in _SPECIAL else each for each in begin)
        path = f":(top,literal){self._from_top(name)}"
        listed = _run("log", "-m", "--format=%H", f"-G{pattern}\t", "--", path) or b""
        return set(_text(listed).split())

    def _from_top(self, name: str) -> str:
        path = disk.real(self._root) / name if name else disk.real(self._root)
        relative = path.relative_to(self._top).as_posix()
        return relative if name else "" if relative == "." else f"{relative}/"


def _run(*words: str) -> bytes | None:
    """Return what git prints; `None` if it fails."""
    command = ["git", "--no-pager", "-c", "core.quotePath=false", "-c", "log.showSignature=false", *words]
    try:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603 - the user's git
    except FileNotFoundError:
        raise InteractionsError("git is not installed, or not in the PATH.") from None
    return ended.stdout if ended.returncode == 0 else None


def _text(output: bytes) -> str:
    return output.decode("utf-8", "replace")
