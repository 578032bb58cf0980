"""All places in which a repository has files: its refs and stashes, and the working trees with their indexes."""

from __future__ import annotations

import os
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_interactions.commands.git import Git
from pytest_interactions.errors import StoreError
from pytest_interactions.files import disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_STASH: Final = "refs/stash"
_SHOWN: Final = 10  # digits of a commit's id
_DIFF: Final = ("diff-tree", "--stdin", "-m", "-r", "--root", "--raw", "-z", "--no-abbrev", "--no-renames", "--")


class File(NamedTuple):
    """A file, and where it is, for errors."""

    place: str
    raw: bytes


class _Tree(NamedTuple):
    """A working tree, the commit that it has (`""` before the first one), and whether its files are here."""

    directory: Path
    head: str
    here: bool


class Everywhere:
    """All places of a repository.

    Attributes:
        names: What they are called.
    """

    def __init__(self, directory: Path, refs: Sequence[str] | None, *, history: bool) -> None:
        """Look for them, from a directory in the repository.

        Args:
            directory: The directory.
            refs: Names of refs, or patterns of them, that count beside stashes and working trees; `None` for all.
            history: Whether the commits before these refs, and before the working trees', count, too.

        Raises:
            StoreError: The repository is none, or can't tell, or has not all of its commits, or no ref matches.
        """
        self._git = Git(directory)
        if self._git.is_shallow():
            raise StoreError(
                f"{directory}: this clone is shallow, so it can't tell what other branches name. Fetch them first: "
                "git fetch --unshallow origin '+refs/heads/*:refs/remotes/origin/*'"
            )
        there = self._git.lines("for-each-ref", "--format=%(refname)")
        chosen = _chosen([ref for ref in there if ref != _STASH], refs)
        trees = list(_trees(self._git))
        self._trees = [tree for tree in trees if tree.here]
        heads = {tree.head: f"the HEAD of {tree.directory}" for tree in trees if tree.head}
        stashes = _stashes(self._git) if _STASH in there else {}
        self._tips = {**stashes, **heads, **{ref: ref for ref in chosen}}
        self._lines = [*heads, *chosen] if history else []
        self.names = ["the working tree", *(str(tree.directory) for tree in trees[1:]), *chosen, *stashes.values()]

    def files(self, *patterns: str) -> Iterator[File]:
        """Yield the files with such names, once for the same bytes in git, one at a time.

        Raises:
            StoreError: git can't read one.
            OSError: The working tree's can't be read.
        """
        only = [f":(top,glob)**/{pattern}" for pattern in patterns]
        places: dict[str, str] = {}
        for place, id_ in (*self._committed(only), *self._staged(only)):
            places.setdefault(id_, place)
        for place, raw in zip(places.values(), self._git.blobs(places), strict=True):
            yield File(place, raw)
        for tree in self._trees:
            found = Git(tree.directory).asked("ls-files", "-z", "-c", "-o", "--exclude-standard", "--", *only)
            for path in (tree.directory / os.fsdecode(name) for name in sorted(set(found.split(b"\0"))) if name):
                if path.is_file():
                    yield File(str(path), disk.read(path))

    def _committed(self, only: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield where the files of commits are, and their blobs' ids."""
        trees = self._trees_of_tips()
        nothing = self._git.lines("hash-object", "-t", "tree", "--stdin")[0]
        asked = [f"{nothing} {tree}" for tree in trees]
        if self._lines:
            revisions = "\n".join(self._lines).encode()
            asked += (
                self._git.asked("rev-list", "--full-history", "--stdin", "--", *only, given=revisions).decode().split()
            )
        answer = self._git.asked(*_DIFF, *only, given="\n".join([*asked, ""]).encode())
        yield from _added(answer, trees)

    def _trees_of_tips(self) -> dict[str, str]:
        """Return the ids of the trees of all tips, with their names; a tag of a file has none."""
        peeled = self._checked([f"{tip}^{{}}" for tip in self._tips])
        tips = {id_: name for (id_, kind), name in zip(peeled, self._tips.values(), strict=True) if kind != "blob"}
        return {
            id_: name
            for (id_, _), name in zip(self._checked([f"{tip}^{{tree}}" for tip in tips]), tips.values(), strict=True)
        }

    def _checked(self, names: Sequence[str]) -> list[tuple[str, str]]:
        """Return the ids and kinds of some objects."""
        given = "\n".join([*names, ""]).encode("utf-8", "surrogateescape")
        told = self._git.asked("cat-file", "--batch-check=%(objectname) %(objecttype)", given=given).splitlines()
        found = []
        for name, line in zip(names, told, strict=True):
            id_, _, kind = line.decode("utf-8", "surrogateescape").rpartition(" ")
            if kind == "missing":
                raise StoreError(f"{name}: git has not what it names. Fetch it, or delete this branch or tag.")
            found.append((id_, kind))
        return found

    def _staged(self, only: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield where the files of indexes are, and their blobs' ids; all sides of a conflict."""
        for tree in self._trees:
            for line in Git(tree.directory).texts("ls-files", "-s", "-z", "--", *only):
                about, _, path = line.partition("\t")
                yield f"the index of {tree.directory}:{path}", about.split()[1]


def _added(answer: bytes, trees: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what `git diff-tree -z` says that there is in trees, by their names, and what commits have put in."""
    texts, name = iter(answer.split(b"\0")), ""
    for text in texts:
        *heads, about = text.split(b"\n")
        for head in filter(None, [*heads, *([] if about.startswith(b":") else [about])]):
            *_, id_ = head.decode().split()
            name = trees.get(id_, id_[:_SHOWN])
        if about.startswith(b":"):
            _, _, _, blob, kind = about.decode().split()
            path = next(texts).decode("utf-8", "replace")
            if kind != "D":
                yield f"{name}:{path}", blob


def _chosen(there: list[str], patterns: Sequence[str] | None) -> list[str]:
    """Return the refs that keep; raise `StoreError` if one matches nothing."""
    if patterns is None:
        return there
    for pattern in patterns:
        if not any(_matches(each, pattern) for each in there):
            raise StoreError(f"--keep-refs: {pattern}: there is no such branch or tag here, so nothing was deleted.")
    return [each for each in there if any(_matches(each, pattern) for pattern in patterns)]


def _matches(ref: str, pattern: str) -> bool:
    """Return whether a ref is named by a pattern, of its whole name or of what git lets one leave out of it."""
    short = ref.split("/", 2)[-1]
    return fnmatch(ref, pattern) or fnmatch(short, pattern)


def _stashes(git: Git) -> dict[str, str]:
    """Return the commits of all stashes: their working trees, indexes, and files that git did not know."""
    found = [line.split() for line in git.lines("log", "-g", "--format=%H %P", _STASH, "--")]
    return {
        commit: f"stash@{{{number}}}" for number, (stashed, _, *more) in enumerate(found) for commit in (stashed, *more)
    }


def _trees(git: Git) -> Iterator[_Tree]:
    """Yield the working trees, that of git's own directory first; `here` tells whether there are files to read.

    Raises:
        StoreError: One is elsewhere now, and may come back.
    """
    top = Path(git.lines("rev-parse", "--show-toplevel")[0])
    head = git.lines("rev-parse", "--verify", "--quiet", "HEAD", accepts=(1,))
    yield _Tree(top, next(iter(head), ""), here=True)
    for block in "\n".join(git.lines("worktree", "list", "--porcelain")).split("\n\n"):
        said = dict(line.partition(" ")[::2] for line in block.splitlines())
        directory = Path(said.get("worktree", top))
        if directory == top or "bare" in said:
            continue
        if "locked" in said and not directory.is_dir():
            raise StoreError(
                f"{directory}: this working tree of the repository is locked, and not here, so that nobody can tell "
                "what its cassettes.lock names. Bring it back, or remove it: git worktree remove --force --force"
            )
        here = directory.is_dir() and Git(directory).lines("rev-parse", "--is-inside-work-tree") == ["true"]
        yield _Tree(directory, said["HEAD"] if said["HEAD"].strip("0") else "", here=here)
