"""The history of a project that git has: revisions, commits, and the files in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_interactions.commands.git import Git
from pytest_interactions.errors import StoreError
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


class History(Git):
    """The history of the repository that a project is in; paths are given from the project's directory on."""

    def commit(self, revision: str) -> str:
        """Return the id of the commit that a revision names.

        Raises:
            StoreError: It names none.
        """
        found = self.found(revision)
        if found is None:
            raise StoreError(f"{revision}: git knows no such revision here. In a shallow clone: git fetch --unshallow")
        return found

    def found(self, revision: str) -> str | None:
        """Return the id of the commit that a revision names; `None` if it names none."""
        found = self.lines("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return found[0] if found else None

    def fork_point(self, one: str, other: str) -> str:
        """Return the commit from which two have both come.

        Raises:
            StoreError: There is none.
        """
        found = self.lines("merge-base", self.commit(one), self.commit(other))
        if not found:
            raise StoreError(f"{one}...{other}: these have no commit in common here.")
        return found[0]

    def is_shallow(self) -> bool:
        """Return whether a part of the history is not in this clone."""
        return self.lines("rev-parse", "--is-shallow-repository") == ["true"]

    def files(self, commit: str, names: Sequence[str]) -> list[str]:
        """Return the files of a commit, at some paths and below those that are directories."""
        found = self._texts("ls-tree", "-r", "-z", commit, "--", *names)
        return [line.partition("\t")[2] for line in found if line.startswith(_OF_FILES)]

    def changed(self, commit: str, other: str | None, names: Sequence[str]) -> set[str]:
        """Return the files that git has, and that differ between a commit and another, or the tree."""
        commits = [commit, *([other] if other else [])]
        return set(
            self._texts("diff", "--name-only", "--no-renames", "--relative", "-z", *commits, "--", *_literal(names))
        )

    def stages(self, name: str) -> Stages | None:
        """Return what both sides of a merge have of a file that git could not merge; `None` if it could."""
        base, ours, theirs = (self.asked("cat-file", "blob", f":{number}:./{name}") for number in (1, 2, 3))
        if ours is None or theirs is None:
            return None
        return Stages(*(each.decode("utf-8", "replace") for each in (base or b"", ours, theirs)))

    def commits(self, names: Sequence[str]) -> list[Commit]:
        """Return the commits that have changed some files, newest first."""
        found = self._texts("log", "-z", f"--format={'%x01'.join(_FIELDS)}", "--", *_literal(names))
        parts = [text.split("\x01", len(_FIELDS) - 1) for text in found]
        return [Commit(id_, tuple(parents.split()), *rest) for id_, parents, *rest in parts]

    def changing(self, name: str, begin: str) -> set[str]:
        """Return the ids of the commits that have changed those lines of a file which begin with a text and a tab.

        A merge is among them if the lines are not as in one of its parents.
        """
        pattern = "".join(f"\\{each}" if each in _SPECIAL else each for each in begin)
        return set(self.lines("log", "-m", "--format=%H", f"-G^{pattern}\t", "--", *_literal([name])))

    def _texts(self, *words: str) -> list[str]:
        """Return what git prints, in which a NUL ends each text."""
        printed = self.asked("-c", "log.showSignature=false", *words) or b""
        return [text for text in printed.decode("utf-8", "replace").split("\0") if text]


def _literal(names: Sequence[str]) -> list[str]:
    return [f":(literal){name}" for name in names]
