"""The cassettes of a project as they are now, or as they were at a revision: in the tree, or in its lock file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_interactions.commands.stores import is_recording, recordings
from pytest_interactions.errors import CassetteError, StoreError
from pytest_interactions.files import disk
from pytest_interactions.report.compare import compared
from pytest_interactions.report.content import reader_of_bytes
from pytest_interactions.report.headline import headline
from pytest_interactions.store import lock_file, objects
from pytest_interactions.store.lock_file import LockFile
from pytest_interactions.store.store import is_new

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.commands.history import History
    from pytest_interactions.store.lock_file import Entry
    from pytest_interactions.store.project import Project
    from pytest_interactions.store.recordings import Recordings


@dataclass(frozen=True)
class Version:
    """A cassette as it is, or was.

    Attributes:
        name: The name that a lock file has for it.
        label: How it is shown: with its revision in front, as git has it.
        entry: Its line of a lock file; `None` if it is a file of the tree.
        load: Reads that file.
    """

    name: str
    label: str
    entry: Entry | None
    load: Callable[[], bytes]

    @cached_property
    def digest(self) -> str:
        """Return what is equal for equal bytes, without a fetch."""
        return self.entry.digest if self.entry else objects.digest_of(self.load())


class Versions(ABC):
    """The cassettes of a project at one time, those at some places of it."""

    label = ""
    _lock: LockFile
    _in_tree: frozenset[str]

    @property
    def names(self) -> set[str]:
        """Return the names of all."""
        return {*self._lock, *self._in_tree}

    def is_in_tree_alone(self, name: str) -> bool:
        """Return whether it is a file of the tree that the lock file does not name."""
        return name in self._in_tree and name not in self._lock

    def of(self, name: str) -> Version | None:
        """Return a cassette; `None` if there is none.

        Raises:
            StoreError: Its line of the lock file can't be read.
            OSError: Its file can't be read.
        """
        label = f"{self.label}{name}"
        entry = self._lock.entry(name) if name in self._lock else None
        if name in self._in_tree and not (entry and self._gives_way(name, entry)):
            return Version(name, label, None, partial(self._load, name))
        return Version(name, label, entry, bytes) if entry else None

    @abstractmethod
    def _load(self, name: str) -> bytes:
        """Return the bytes of a file of the tree."""

    def _gives_way(self, _name: str, _entry: Entry) -> bool:
        return False


class AtRevision(Versions):
    """Those of a commit: what git has in its tree comes first."""

    def __init__(
        self, project: Project, repository: History, commit: str, label: str, places: Sequence[str] = ()
    ) -> None:
        self.commit, self.label = commit, f"{label}:"
        self._repository = repository
        self._blobs = repository.tree(commit, [lock_file.NAME, *places])
        lock = None if project.options.store_media else self._blobs.get(lock_file.NAME)
        raw = b"" if lock is None else repository.blob(lock)
        self._lock = LockFile.reads(raw, Path(f"{label}:{lock_file.NAME}"))
        self._in_tree = frozenset(filter(is_recording, self._blobs))

    def _load(self, name: str) -> bytes:
        return self._repository.blob(self._blobs[name])


class Now(Versions):
    """Those of the tree: a recording that was not pushed comes first, and an old copy of one that was gives way."""

    def __init__(self, project: Project, places: Iterable[str]) -> None:
        self._lock = LockFile(project.lock_path) if project.options.store_media else project.lock()
        found = recordings([project.root / place for place in places])
        self._in_tree = frozenset(self._lock.name_of(path) for path in found)

    def _load(self, name: str) -> bytes:
        return disk.read(self._lock.place_of(name))

    def _gives_way(self, name: str, entry: Entry) -> bool:
        return not is_new(self._lock.place_of(name), objects.digest_of(self._load(name)), entry)


class Comparer:
    """What compares two versions by behaviour, and fetches no more than that needs."""

    def __init__(self, found: Recordings, max_size: int) -> None:
        self._recordings = found
        self._read = reader_of_bytes(max_size)

    def fetch(self, pairs: Iterable[tuple[Version | None, Version | None]]) -> None:
        """Fetch what comparing all of these will need, several at once."""
        needed = [each.entry for pair in pairs if not _tell_the_same(*pair) and all(pair) for each in pair if each]
        self._recordings.fetch(entry for entry in needed if entry)

    def compare(self, old: Version | None, new: Version | None) -> Json:
        """Return how two versions of a cassette differ, of which one is there.

        Returns:
            `cassette`, its name; `change`, which is `added`, `removed`, `changed` (its behaviour), `recorded again`
            (with the same behaviour) or `moved` (the same bytes, to the store or back); `old` and `new`, the headlines
            of both, or `null`; `facts` and `diff`, as `report.compare.compare` has them; `problem`, why the two can't
            be compared, or `null`.
        """
        name = (old or new).name  # type: ignore[union-attr] # one is there
        told = _told(name, "changed" if old and new else "added" if new else "removed")
        told |= {"old": _line_of(old), "new": _line_of(new)}
        try:
            if old and new:
                told |= self._compared(old, new)
            told |= {"old": self._headline(old), "new": self._headline(new)}
        except CassetteError as error:
            told["problem"] = str(error)
        return told

    def _compared(self, old: Version, new: Version) -> Json:
        if old.digest == new.digest:
            return {"change": "moved"}
        if _tell_the_same(old, new):
            return {"change": "recorded again"}
        found = compared(self._report(old), self._report(new))
        change = "recorded again" if found["same"] else "changed"
        return {"change": change, "facts": found["facts"], "diff": found["diff"]}

    def _report(self, version: Version) -> Json:
        raw = self._recordings.read(version.entry) if version.entry else version.load()
        return self._read(raw, Path(version.label)) | {"path": version.label}

    def _headline(self, version: Version | None) -> str | None:
        return headline(self._report(version)) if version and version.entry is None else _line_of(version)


def unknown(name: str, error: StoreError) -> Json:
    """Return what `Comparer.compare` does of a cassette whose versions nobody can tell."""
    return _told(name, "changed") | {"problem": str(error)}


def _told(name: str, change: str) -> Json:
    nothing: Json = {"old": None, "new": None, "facts": {}, "diff": [], "problem": None}
    return {"cassette": name, "change": change} | nothing


def _line_of(version: Version | None) -> str | None:
    return version.entry.headline if version and version.entry else None


def _tell_the_same(old: Version | None, new: Version | None) -> bool:
    """Return whether equal bytes, or two lines of lock files, say that the behaviour is the same."""
    if not (old and new):
        return False
    return old.digest == new.digest or bool(old.entry and new.entry and old.entry.behaviour == new.entry.behaviour)


def differing(
    before: Versions, after: Versions, changed: set[str], names: Iterable[str]
) -> Iterable[tuple[str, tuple[Version | None, Version | None] | StoreError]]:
    """Yield the names of the cassettes whose bytes differ, with both versions, or why nobody can tell.

    Args:
        before: The older ones.
        after: The newer ones.
        changed: The files that git has on both sides, and that differ.
        names: The cassettes to look at.
    """
    for name in names:
        if before.is_in_tree_alone(name) and after.is_in_tree_alone(name) and name not in changed:
            continue
        try:
            old, new = before.of(name), after.of(name)
        except StoreError as error:
            yield name, error
            continue
        if not (old and new and old.digest == new.digest):
            yield name, (old, new)
