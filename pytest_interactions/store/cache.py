"""The objects that this machine has: fetched once, and shared by all projects, runs and workers of a user."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_interactions.files import disk, storage
from pytest_interactions.store import objects

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The environment variable that names another directory for the cache.
VARIABLE: Final = "PYTEST_INTERACTIONS_CACHE"
_LOCKS: Final = "locks"


class Cache:
    """The objects in a directory, each in a file of its name; a file is put there in one step, whole."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        #: Where the files of media objects are, as if they were beside a cassette.
        self.media = directory / objects.MEDIA
        self._whole: dict[str, tuple[int, ...]] = {}

    def path(self, name: str) -> Path:
        """Return the path that the file of an object has, whether it is there or not."""
        return self.directory / name

    def find(self, name: str) -> Path | None:
        """Return the file of an object; `None` if it is missing, torn or was altered, and must be fetched again."""
        path = self.path(name)
        signature = storage.signature(path)
        if signature is None:
            return None
        if self._whole.get(name) != signature:
            try:
                data = disk.read(path)
            except OSError:
                return None
            if not objects.is_whole(name, data):
                return None
            self._whole[name] = signature
        return path

    def put(self, name: str, data: bytes) -> Path:
        """Put an object into its file.

        Raises:
            OSError: The cache can't be written.
        """
        path = self.path(name)
        with disk.replacing(path) as file:
            file.write(data)
        return path

    @contextmanager
    def fetching(self, name: str) -> Iterator[None]:
        """Keep other processes and threads from fetching the same object meanwhile, and few others."""
        digits = name.rpartition("/")[2][:2]
        with disk.locked(self.directory / _LOCKS / digits / name):
            yield

    def files(self) -> Iterator[Path]:
        """Yield the files of all objects, and what killed processes have left of some."""
        for kind in (objects.CASSETTES, objects.MEDIA):
            with suppress(FileNotFoundError):
                yield from sorted((self.directory / kind).iterdir())


def cache() -> Cache:
    """Return the cache of this user, or the one that the environment names.

    The same object is returned as long as the place is the same, so that a file is checked once in a process.
    """
    return _at(home())


def home() -> Path:
    """Return the directory of the cache."""
    named = os.environ.get(VARIABLE)
    return Path(named).absolute() if named else _users(os.environ.get("HOME"), os.environ.get("XDG_CACHE_HOME"))


@lru_cache(maxsize=1)
def _at(directory: Path) -> Cache:
    return Cache(directory)


@lru_cache(maxsize=1)
def _users(*_of: str | None) -> Path:
    """Return the directory for what a user's programs can make anew, which depends on these variables."""
    import platformdirs

    return platformdirs.user_cache_path("pytest-interactions", appauthor=False)
