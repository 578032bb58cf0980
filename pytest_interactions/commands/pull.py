"""`pytest-interactions pull`: the cassettes of tests into the cache of this machine, so that they replay offline."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pytest_interactions.commands.exit_status import Status
from pytest_interactions.commands.named import Named
from pytest_interactions.commands.stores import counted, in_kib, media_of, project_of, recordings, store_argument
from pytest_interactions.errors import CassetteNotFoundError, StoreError
from pytest_interactions.escaping import on_one_line
from pytest_interactions.store import objects
from pytest_interactions.store.lock_file import LockFile

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator, Sequence

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
    """Fetch what is missing, and say on the standard error what can't be had.

    Raises:
        OptionError: No store is set.
        StoreError: The lock file can't be read.
        CassetteNotFoundError: Something that is named has no cassette in the lock file.
    """
    project = project_of(options)
    store = project.store()
    if project.options.store_media:
        return _pull_media(project, store, options)
    lock, problems = project.lock(), _Problems()
    entries = []
    for name in _named(project, options.tests, lock, lock.path.name) if options.tests else lock:
        with problems.kept():
            entries.append(lock.entry(name))
    fetched: list[str] = []
    with problems.kept():
        store.fetch_whole(entries, fetched.append)
    for entry in entries if options.files else ():
        if store.cache.find(objects.of_cassette(entry.digest)) is not None:  # else that was said before
            with problems.kept():
                store.find(lock.place_of(entry.path), records=True)
    size = sum(entry.size for entry in entries)
    print(f"{counted(len(entries), 'cassette')}, {in_kib(size)}: {counted(len(fetched), 'object')} fetched.")
    return problems.status


def _pull_media(project: Project, store: Store, options: Namespace) -> Status:
    """Fetch the media of cassettes that are in the tree."""
    lock, problems = LockFile(project.lock_path), _Problems()
    paths = {lock.name_of(path): path for path in recordings([project.cassettes])}
    if options.tests:
        named = _named(project, options.tests, paths, str(project.cassettes))
        paths = {name: paths[name] for name in named}
    missing = {name: path for path in paths.values() for name in media_of(path, in_tree=False)}
    wanted, fetched = objects.of_media(missing), list[str]()
    with problems.kept():
        store.fetch(wanted, fetched.append, of={name: missing[name.rpartition("/")[2]] for name in wanted})
    for path in paths.values() if options.files else ():
        with problems.kept():
            store.find(path, records=True)
    print(f"{counted(len(missing), 'media file')}: {counted(len(fetched), 'object')} fetched.")
    return problems.status


class _Problems:
    """What can't be had, each said once, while the rest goes on."""

    def __init__(self) -> None:
        self.status = Status.OK
        self._told = set[str]()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Have an error of a store, or of the lock file, inside said, and change the status alone."""
        try:
            yield
        except StoreError as error:
            self.status = Status.FAILED
            if str(error) not in self._told:
                self._told.add(str(error))
                print(f"pytest-interactions: {on_one_line(str(error))}", file=sys.stderr)


def _named(project: Project, tests: Sequence[str], names: Iterable[str], where: str) -> list[str]:
    """Return the names of the cassettes that are named, or that the tests own which are named."""
    named = Named(project, tests)
    found = [name for name in names if name in named]
    if not found:
        raise CassetteNotFoundError(f"{' '.join(tests)}: {where} names no cassette of it.")
    return found
