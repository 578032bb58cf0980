"""The recordings that lock files name, of this commit or of another, wherever they can still be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.errors import OptionError, StoreError
from pytest_interactions.files import disk
from pytest_interactions.store import objects
from pytest_interactions.store.cache import cache
from pytest_interactions.store.store import at_once

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_interactions.store.lock_file import Entry
    from pytest_interactions.store.project import Project
    from pytest_interactions.store.store import Store


class Recordings:
    """Reads recordings from the cache, or from the store of a project, which need not have one until it is asked."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._problems: dict[str, str] = {}

    def fetch(self, entries: Iterable[Entry]) -> None:
        """Fetch what this machine has not, several at once; why one can't be had is said where it is read."""
        names = dict.fromkeys(objects.of_cassette(entry.digest) for entry in entries)
        missing = [name for name in names if name not in self._problems and cache().find(name) is None]
        if not missing:
            return
        try:
            store = self._project.store()
        except OptionError as error:
            self._problems |= dict.fromkeys(missing, str(error))
        else:
            at_once(lambda name: self._fetch(store, name), missing)

    def _fetch(self, store: Store, name: str) -> None:
        try:
            store.fetch([name])
        except StoreError as error:
            self._problems[name] = str(error)

    def read(self, entry: Entry) -> bytes:
        """Return the bytes of a recording.

        Raises:
            StoreError: It can't be had.
            OSError: The cache can't be written.
        """
        self.fetch([entry])
        name = objects.of_cassette(entry.digest)
        if name in self._problems:
            raise StoreError(f"{entry.path}: {self._problems[name]}")
        return disk.read(cache().path(name))
