"""A project with a store, as the commands see it: its lock file, its directory of cassettes, and the store's URL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pytest_interactions.errors import OptionError
from pytest_interactions.ini_file import ini_of
from pytest_interactions.naming import project_of
from pytest_interactions.options import resolve
from pytest_interactions.store import lock_file
from pytest_interactions.store.lock_file import LockFile
from pytest_interactions.store.store import Store, locked, resolved

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

        It is the one of the nearest lock file, else the nearest that pytest would take.

        Args:
            directory: A directory, or a path in it.
            url: The store, in place of the one that the ini file names.

        Raises:
            OptionError: The ini file can't be used.
        """
        directory = directory.absolute()
        lock = lock_file.nearest(directory / lock_file.NAME)
        root = lock.parent if lock else project_of(directory) or directory
        ini, values = ini_of(root)
        given = {name: values[key] for name in _USED if (key := f"interactions_{name}") in values}
        options = resolve((str(ini), given), ("--store", {"store": url} if url else {}))
        return cls(root, options._replace(store=resolved(options.store, root) if options.store else ""))

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


def file_of(path: Path) -> Path:
    """Return the file to read of a cassette: itself, or what the cache or the store of its project has of it.

    Raises:
        OptionError: It is in a store, and none is set.
        StoreError: It can't be fetched.
    """
    if path.exists():
        return path
    entry = locked(path.absolute())
    return path if entry is None else Project.at(path.parent).store().cassette(entry)
