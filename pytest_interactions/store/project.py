"""A project with a store, as the commands see it: its lock file, its directory of cassettes, and the store's URL."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Self

from pytest_interactions.errors import OptionError
from pytest_interactions.files import media
from pytest_interactions.ini_file import ini_of
from pytest_interactions.naming import project_of
from pytest_interactions.options import resolve
from pytest_interactions.store import lock_file
from pytest_interactions.store.found import Found
from pytest_interactions.store.lock_file import LockFile
from pytest_interactions.store.store import Store, inside, leads_out, locked, resolved

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.options import Options

_USED = ("cassette_dir", "store", "store_media", "redact", "rules", "skip_rules")


@dataclass(frozen=True, slots=True)
class Project:
    """A project.

    Attributes:
        root: Its directory, in which the lock file is.
        options: What its ini file says of cassettes and their store; the store's URL leads on from `root`.
    """

    root: Path
    options: Options

    @classmethod
    def at(cls, directory: Path, url: str | None = None) -> Self:
        """Return the project that a directory belongs to.

        It is the nearest with a lock file, or with a store, else the nearest that pytest would take.

        Args:
            directory: A directory, or a path in it.
            url: The store, in place of the one that the ini file names.

        Raises:
            OptionError: The ini file can't be used, or has a store, and a directory of cassettes out of the project.
        """
        directory = directory.absolute()
        root = lock_file.top(directory / lock_file.NAME) or project_of(directory) or directory
        ini, values = ini_of(root)
        given = {name: values[key] for name in _USED if (key := f"interactions_{name}") in values}
        options = resolve((str(ini), given), ("--store", {"store": url} if url else {}))
        place = inside(root, options.cassette_dir)
        if options.store and place is None:
            raise leads_out(options.cassette_dir, root)
        store = resolved(options.store, root) if options.store else ""
        return cls(root, options._replace(store=store, cassette_dir=place or options.cassette_dir))

    @property
    def lock_path(self) -> Path:
        """Return the path of the lock file, whether it exists or not."""
        return self.root / lock_file.NAME

    @property
    def cassettes(self) -> Path:
        """Return the directory of the cassettes."""
        return self.root / self.options.cassette_dir

    def lock(self) -> LockFile:
        """Read the lock file; raise as `LockFile.read` does."""
        return LockFile.read(self.lock_path)

    def store(self) -> Store:
        """Return the store.

        Raises:
            OptionError: None is set.
        """
        if not self.options.store:
            raise OptionError(
                f"{self.root}: no store is set. Name one in the ini file, as in interactions_store = "
                "s3://bucket/cassettes, or with --store."
            )
        return Store.at(self.options.store, of_media_alone=self.options.store_media)


def found(path: Path) -> Found:
    """Find a cassette for a command: in the tree, or in the store of its project.

    Raises:
        OptionError: It is in a store, and none is set.
        StoreError: It can't be fetched.
    """
    absolute = path.absolute()
    project = _project_of(absolute.parent)
    if project is not None and (project.options.store or (not path.exists() and locked(absolute))):
        there = project.store().find(absolute, records=False)
        if there.file != absolute:
            return there
        return Found(path, there.media)
    return Found(path, media.directory_of(path))


def is_in_a_store(cassette: Path) -> bool:
    """Return whether the media of a cassette may be in the store of its project."""
    project = _project_of(cassette.absolute().parent)
    return project is not None and bool(project.options.store)


@lru_cache(maxsize=256)
def _project_of(directory: Path) -> Project | None:
    """Return the project of a directory; `None` if its ini file can't be read, which no cassette needs to be shown."""
    with suppress(OptionError):
        return Project.at(directory)
    return None


def locked_below(path: Path) -> list[Path]:
    """Return the paths of the cassettes in a directory that the nearest lock file names.

    Raises:
        StoreError: The lock file can't be read.
    """
    absolute = path.absolute()
    file = lock_file.nearest(absolute / lock_file.NAME)
    if file is None:
        return []
    lock = lock_file.shared(file)
    places = [lock.place_of(name) for name in lock]
    return [path / place.relative_to(absolute) for place in places if place.is_relative_to(absolute)]
