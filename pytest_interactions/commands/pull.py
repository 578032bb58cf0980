"""`pytest-interactions pull`: the cassettes of tests into the cache of this machine, so that they replay offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.commands.exit_status import Status
from pytest_interactions.commands.named import Named
from pytest_interactions.commands.stores import counted, in_kib, project_of, recordings, store_argument
from pytest_interactions.errors import CassetteNotFoundError
from pytest_interactions.files import disk, media
from pytest_interactions.store import objects

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from pytest_interactions.store.lock_file import Entry, LockFile
    from pytest_interactions.store.project import Project
    from pytest_interactions.store.store import Store


def arguments(parser: ArgumentParser) -> None:
    """Declare what is fetched."""
    parser.description = (
        "Fetch cassettes from the store into the cache of this machine, as far as they are not there; without TESTS, "
        "all of cassettes.lock. A replay fetches what it needs by itself; after a pull it needs no network."
    )
    parser.add_argument(
        "tests",
        nargs="*",
        metavar="TESTS",
        help="test files, directories and tests as pytest has them, cassettes, or directories of cassettes",
    )
    parser.add_argument("--files", action="store_true", help="put them into the tree, too, but for what is newer there")
    store_argument(parser)


def run(options: Namespace) -> Status:
    """Fetch what is missing.

    Raises:
        OptionError: No store is set.
        StoreError: The store, or the lock file, can't be used, or an object can't be fetched; others were.
        CassetteNotFoundError: Something that is named has no cassette in the lock file.
    """
    project = project_of(options)
    store = project.store()
    if project.options.store_media:
        return _pull_media(project, store)
    lock = project.lock()
    entries = _named(project, lock, options.tests) if options.tests else lock.entries()
    fetched = store.fetch_whole(entries)
    if options.files:
        for entry in entries:
            store.find(lock.place_of(entry.path), records=True)
    size = sum(entry.size for entry in entries)
    print(f"{counted(len(entries), 'cassette')}, {in_kib(size)}: {counted(fetched, 'object')} fetched.")
    return Status.OK


def _pull_media(project: Project, store: Store) -> Status:
    names: set[str] = set()
    for path in recordings([project.cassettes]):
        beside = media.directory_of(path)
        names |= {name for name in media.references_in(disk.read(path)) if not (beside / name).is_file()}
    fetched = store.fetch(objects.of_media(names))
    print(f"{counted(len(names), 'media file')}: {counted(fetched, 'object')} fetched.")
    return Status.OK


def _named(project: Project, lock: LockFile, tests: Sequence[str]) -> list[Entry]:
    """Return the entries of the cassettes that are named, or that the tests own which are named."""
    named = Named(project, tests)
    entries = [lock.entry(name) for name in lock if name in named]
    if not entries:
        raise CassetteNotFoundError(f"{' '.join(tests)}: {lock.path} names no cassette of it.")
    return entries
