"""The objects that a repository names: those of all its lock files, and the media of these and of its own cassettes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from pytest_interactions.commands.gc.everywhere import Everywhere
from pytest_interactions.commands.stores import recordings
from pytest_interactions.errors import StoreError
from pytest_interactions.files import disk, media
from pytest_interactions.files.storage import SUFFIXES
from pytest_interactions.store import lock_file, merging, objects
from pytest_interactions.store.lock_file import LockFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_interactions.store.lock_file import Entry
    from pytest_interactions.store.project import Project
    from pytest_interactions.store.store import Store

_NO_ENTRIES: Final = tuple(each.encode() for each in ("#", *merging.MARKS))


@dataclass(slots=True)
class Kept:
    """What is kept.

    Attributes:
        refs: The names of what keeps it.
        cassettes: The names of the objects of cassettes.
        media: The names of the objects of media, once they were looked for.
    """

    refs: list[str]
    _project: Project
    _everywhere: Everywhere
    cassettes: set[str] = field(default_factory=set)
    media: set[str] = field(default_factory=set)
    _lines: set[bytes] = field(default_factory=set)

    @classmethod
    def of(cls, project: Project, refs: Sequence[str] | None, *, history: bool) -> Self:
        """Return the cassettes that the repository of a project keeps, in all its projects.

        Args:
            project: The project, in a repository that has all branches.
            refs: Names of refs, or patterns of them; `None` for all.
            history: Whether what earlier commits name is kept, too.

        Raises:
            StoreError: The repository can't tell, a lock file can't be read, or no ref matches.
        """
        everywhere = Everywhere(project.root, refs, history=history)
        kept = cls(everywhere.names, project, everywhere)
        if project.lock_path.is_file():  # which git may be told to ignore
            kept._see_lock(str(project.lock_path), disk.read(project.lock_path))
        for place, raw in everywhere.files(lock_file.NAME):
            kept._see_lock(place, raw)
        return kept

    def _see_lock(self, place: str, raw: bytes) -> None:
        """Keep what a lock file names, all sides of its conflicts; a line that was seen already is passed by."""
        for number, line in enumerate(raw.split(b"\n")):
            if line.strip() and not line.startswith(_NO_ENTRIES) and line not in self._lines:
                self.cassettes |= {objects.of_cassette(each.digest) for each in _entries(line, number, Path(place))}
                self._lines.add(line)

    def read(self, store: Store, new: Iterable[str]) -> None:
        """Read all cassettes, and keep the media to which they refer; what this machine has not is fetched.

        Args:
            store: The store.
            new: The cassettes that nothing names, and that stay for their age.

        Raises:
            StoreError: One can't be read, so that nobody can tell which media are kept.
        """
        names = set[str]()
        every = sorted(self.cassettes.union(new))
        store.fetch(every)
        for each in every:
            names |= media.references_in(disk.read(store.cache.path(each)))
        for path in recordings([self._project.cassettes]):
            names |= media.references_in(disk.read(path))
        for _, raw in self._everywhere.files(*(f"*{suffix}" for suffix in SUFFIXES)):
            names |= media.references_in(raw)
        self.media = set(objects.of_media(names))


def _entries(line: bytes, number: int, path: Path) -> list[Entry]:
    """Return the entry in a line of a lock file; an error names the number of lines before it."""
    try:
        return LockFile.reads(line, path).entries()
    except StoreError:
        return LockFile.reads(b"\n" * number + line, path).entries()
