"""The objects that a repository names: those of its branches' lock files, and the media of these cassettes."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Final, Self

from pytest_interactions.commands.git import Git
from pytest_interactions.commands.stores import recordings
from pytest_interactions.errors import StoreError
from pytest_interactions.files import disk, media
from pytest_interactions.store import lock_file, objects
from pytest_interactions.store.lock_file import LockFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_interactions.store.lock_file import Entry
    from pytest_interactions.store.project import Project
    from pytest_interactions.store.store import Store

_TREE: Final = "the working tree"
_MENTION: Final = r"pytest-interactions-media:[0-9a-f]{32}(-urlsafe)?\.[a-z0-9]{1,8}"


@dataclass(slots=True)
class Kept:
    """What is kept.

    Attributes:
        refs: The names of what keeps it.
        cassettes: The names of the objects of cassettes.
        media: The names of the objects of media, once they were looked for.
        problems: What could not be looked through, a line each.
    """

    refs: list[str]
    cassettes: set[str] = field(default_factory=set)
    media: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    _entries: dict[str, Entry] = field(default_factory=dict)

    @classmethod
    def of(cls, project: Project, refs: Sequence[str] | None, *, history: bool) -> Self:
        """Return what a project keeps: its working tree, and all refs or those that match one of `refs`.

        Args:
            project: The project, in a repository that has all branches.
            refs: Names of refs, or patterns of them; `None` for all.
            history: Whether what earlier commits name is kept, too.

        Raises:
            StoreError: The repository is none, or has not all of its commits, or no ref matches.
        """
        git = Git(project.root)
        if git.lines("rev-parse", "--is-shallow-repository") == ["true"]:
            raise StoreError(
                f"{project.root}: this clone is shallow, so it can't tell what other branches name. Fetch them first: "
                "git fetch --unshallow origin '+refs/heads/*:refs/remotes/origin/*'"
            )
        chosen = _chosen(git, refs)
        kept = cls([_TREE, *chosen])
        revisions = _with_history(git, chosen) if history else chosen
        if project.options.store_media:
            kept._see_references(git, project, revisions)
        else:
            kept._see_locks(git, project, revisions)
        return kept

    def _see_locks(self, git: Git, project: Project, revisions: Iterable[str]) -> None:
        """Keep what the lock file of the tree and of each revision names; both sides of a conflict."""
        for raw in dict.fromkeys([_in_tree(project), *(git.file(each, lock_file.NAME) for each in revisions)]):
            if raw is not None:
                lock = LockFile.reads(raw, project.lock_path)
                both = [entry for name in lock.conflicts for entry in lock.sides_of(name)]
                for entry in (*both, *(lock.entry(name) for name in lock if name not in lock.conflicts)):
                    self._entries[objects.of_cassette(entry.digest)] = entry
        self.cassettes = set(self._entries)

    def _see_references(self, git: Git, project: Project, revisions: Iterable[str]) -> None:
        """Keep the media to which the cassettes of the tree and of each revision refer."""
        names = set[str]()
        for path in recordings([project.cassettes]):
            names |= media.references_in(disk.read(path))
        for revision in revisions:
            names |= media.references_in(
                git.asked("grep", "-h", "-o", "-a", "-E", _MENTION, revision, "--", ".", accepts=(1,))
            )
        self.media = set(objects.of_media(names))

    def read(self, store: Store) -> None:
        """Read all kept cassettes, and keep the media to which they refer; those that are missing are fetched."""
        names = set[str]()
        for each in self._there(store):
            names |= media.references_in(disk.read(store.cache.path(each)))
        self.media |= set(objects.of_media(names))

    def _there(self, store: Store) -> Iterator[str]:
        try:
            store.fetch(list(self.cassettes))
        except StoreError as error:
            self.problems.append(str(error))
        yield from (each for each in sorted(self.cassettes) if store.cache.find(each) is not None)


def _in_tree(project: Project) -> bytes | None:
    return disk.read(project.lock_path) if project.lock_path.is_file() else None


def _chosen(git: Git, refs: Sequence[str] | None) -> list[str]:
    """Return the refs that keep; raise `StoreError` if one matches nothing."""
    there = [each for each in git.lines("for-each-ref", "--format=%(refname)") if not each.startswith("refs/stash")]
    if refs is None:
        return there
    for pattern in refs:
        if not any(_matches(each, pattern) for each in there):
            raise StoreError(f"--keep-refs: {pattern}: there is no such branch or tag here, so nothing was deleted.")
    return [each for each in there if any(_matches(each, pattern) for pattern in refs)]


def _matches(ref: str, pattern: str) -> bool:
    """Return whether a ref is named by a pattern, of its whole name or of what git lets one leave out of it."""
    short = ref.split("/", 2)[-1]
    return fnmatch(ref, pattern) or fnmatch(short, pattern)


def _with_history(git: Git, refs: Sequence[str]) -> list[str]:
    return git.lines("rev-list", *refs) if refs else []
