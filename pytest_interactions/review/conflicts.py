"""Conflicts: cassettes that two branches have recorded, so that git could not merge their lines of the lock file."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_interactions.errors import CassetteFormatError, CassetteNotFoundError
from pytest_interactions.files import disk
from pytest_interactions.naming import shown
from pytest_interactions.store import lock_file
from pytest_interactions.store.lock_file import LockFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_interactions.files.candidates import Candidate
    from pytest_interactions.store.lock_file import Entry
    from pytest_interactions.store.recordings import Recordings


@dataclass(frozen=True, slots=True)
class Conflict:
    """A conflict, as it was when it was looked at: to accept it is to take theirs, to reject it is to keep ours.

    Attributes:
        lock: The lock file.
        ours: The line of the branch that is merged into.
        theirs: That of the other one.
        tests: The tests whose cassette it is, as far as its path tells.
        recordings: What reads the recordings of both.
    """

    lock: LockFile
    ours: Entry
    theirs: Entry
    tests: tuple[str, ...]
    recordings: Recordings

    @property
    def path(self) -> Path:
        """Return the path of the cassette in the tree, where there need not be a file."""
        return self.lock.place_of(self.ours.path)

    @property
    def cassette(self) -> Path:
        """Return that path as it is shown."""
        return Path(shown(self.path, Path.cwd()))

    @property
    def name(self) -> Path:
        """Return the path by which it is named."""
        return self.cassette

    @property
    def seen(self) -> tuple[Any, ...]:
        """Return what changes when one of its lines does."""
        return self.ours, self.theirs

    def again(self) -> Conflict:
        """Return it as it is now.

        Raises:
            CassetteNotFoundError: It waits no more.
            StoreError: The lock file can't be read.
        """
        lock = LockFile.read(self.lock.path)
        if self.ours.path not in lock.conflicts:
            raise CassetteNotFoundError(f"{self.name}: it waits no more; somebody has settled the conflict.")
        ours, theirs = lock.sides_of(self.ours.path)
        return replace(self, lock=lock, ours=ours, theirs=theirs)

    def accept(self) -> None:
        """Write their line into the lock file, in one step; other conflicts stay in it.

        Raises:
            CassetteNotFoundError: It waits no more.
            CassetteFormatError: It has changed since it was looked at.
            StoreError: The lock file can't be read.
            OSError: It can't be written.
        """
        self._take(self.theirs)

    def reject(self) -> None:
        """Write our line into the lock file; the errors are those of `accept`."""
        self._take(self.ours)

    def _take(self, entry: Entry) -> None:
        path = self.lock.path
        with disk.locked(path):
            if self.again().seen != self.seen:
                raise CassetteFormatError(f"{self.name}: it has changed since it was looked at. Look at it once more.")
            try:
                lock_file.change(path, [entry], settled=True)
            except OSError as error:
                raise OSError(error.errno, error.strerror, str(path)) from None


def fetch(waiting: Iterable[Candidate | Conflict]) -> None:
    """Fetch the recordings of all conflicts that this machine has not, several at once."""
    entries: dict[Recordings, list[Entry]] = defaultdict(list)
    for each in waiting:
        if isinstance(each, Conflict):
            entries[each.recordings] += each.ours, each.theirs
    for recordings, needed in entries.items():
        recordings.fetch(needed)
