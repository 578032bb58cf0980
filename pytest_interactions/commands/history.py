"""The history of a project that git has: revisions, commits, and the files in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_interactions.commands.git import Git
from pytest_interactions.errors import StoreError
from pytest_interactions.store.merging import Stages

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FIELDS: Final = ("%H", "%P", "%aI", "%an", "%s")
_SPECIAL: Final = frozenset(".^$*+?()[{|\\")  # in the regular expressions of git's -G
_MOST: Final = 300  # paths, as a system limits what a command is given
# What a configuration of git might change of a log: what is printed beside, and what merges are compared with.
_PLAIN: Final = ("-c", "log.showSignature=false", "-c", "log.follow=false", "-c", "log.diffMerges=separate", "log")


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
        asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return next(iter(self.lines(*asked, accepts=(1, 128))), None)

    def fork_point(self, one: str, other: str) -> str:
        """Return the commit from which two have both come.

        Raises:
            StoreError: There is none.
        """
        found = self.lines("merge-base", self.commit(one), self.commit(other), accepts=(1,))
        if not found:
            raise StoreError(f"{one}...{other}: these have no commit in common here.")
        return found[0]

    def tree(self, revision: str, paths: Iterable[str]) -> dict[str, str]:
        """Return what `Git.tree` does; of many paths, all that is in their directories."""
        return super().tree(revision, _few(paths))

    def all_files(self, commits: Iterable[str]) -> set[str]:
        """Return the files below the project's directory: of commits, and of the tree, if git does not ignore them."""
        found = set(self.texts("ls-files", "-z", "-c", "-o", "--exclude-standard"))
        return found.union(*(self.texts("ls-tree", "-r", "-z", "--name-only", commit) for commit in commits))

    def changed(self, commits: Sequence[str], names: Iterable[str]) -> set[str]:
        """Return the files that git has, and that differ between two commits, or one and the tree.

        Of many names, they are all that differ in their directories.
        """
        return set(self.texts("diff", "--name-only", "--no-renames", "--relative", "-z", *commits, "--", *_only(names)))

    def stages(self, name: str) -> Stages | None:
        """Return what both sides of a merge have of a file that git could not merge; `None` if it could."""
        found = (line.partition("\t")[0].split() for line in self.texts("ls-files", "-u", "-z", "--", *_only([name])))
        stages = {stage: id_ for _, id_, stage in found}
        if not {"2", "3"} <= stages.keys():
            return None
        texts = (self.blob(stages[stage]) if stage in stages else b"" for stage in "123")
        return Stages(*(each.decode("utf-8", "replace") for each in texts))

    def commits(self, names: Iterable[str]) -> list[Commit]:
        """Return the commits that have changed some files, newest first, on all sides of each merge."""
        found = self.texts(*_PLAIN, "--full-history", "-z", f"--format={'%x01'.join(_FIELDS)}", "--", *_only(names))
        parts = [text.split("\x01", len(_FIELDS) - 1) for text in found]
        return [Commit(id_, tuple(parents.split()), *rest) for id_, parents, *rest in parts]

    def changing(self, name: str, begin: str) -> set[str]:
        """Return the ids of the commits that have changed those lines of a file which begin with a text and a tab.

        A merge is among them if the lines are not as in one of its parents.
        """
        pattern = "".join(f"\\{each}" if each in _SPECIAL else each for each in begin)
        form = ("--full-history", "-m", "--text", "--no-textconv", "--format=%H", f"-G^{pattern}\t")
        return set(self.lines(*_PLAIN, *form, "--", *_only([name])))


def _few(paths: Iterable[str]) -> list[str]:
    """Return some paths; of many, their directories."""
    found = list(paths)
    while len(found) > _MOST:
        above = sorted({path.rpartition("/")[0] or path for path in found})
        found = above if above != sorted(found) else ["."]
    return found


def _only(names: Iterable[str]) -> list[str]:
    return [f":(literal){name}" for name in _few(names)]
