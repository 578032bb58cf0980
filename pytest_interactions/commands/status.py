"""`pytest-interactions status`: what of a project's cassettes is in the tree, in the lock file, and on this machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_interactions.commands.exit_status import Status
from pytest_interactions.commands.stores import counted, in_kib, project_of, recordings, store_argument
from pytest_interactions.escaping import on_one_line
from pytest_interactions.files import disk
from pytest_interactions.store import objects
from pytest_interactions.store.store import about, at_once, is_new

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from pytest_interactions.store.lock_file import Entry, LockFile
    from pytest_interactions.store.project import Project
    from pytest_interactions.store.store import Store


def arguments(parser: ArgumentParser) -> None:
    """Declare how much is asked, and the form of what is printed."""
    parser.description = (
        "Say which cassettes of the tree are new or changed and wait for a push, what git could not merge in "
        "cassettes.lock, and how much of it this machine has. Exits 1 if anything is left to do."
    )
    parser.add_argument("--check", action="store_true", help="ask the store, too, whether it has all of them")
    parser.add_argument("--json", action="store_true", help="print JSON")
    store_argument(parser)


def run(options: Namespace) -> Status:
    """Print the state of a project's cassettes.

    Raises:
        OptionError: No store is set.
        StoreError: The lock file can't be read, or the store does not answer.
    """
    project = project_of(options)
    store, lock = project.store(), project.lock()
    told = _waiting(project, lock) | _locked(store, lock, ask=options.check)
    if options.json:
        print(json.dumps(told, indent=2))
    else:
        for kind in ("new", "changed", "conflicts", "missing"):
            for name in told[kind]:
                print(on_one_line(f"{kind.removesuffix('s')}: {name}"))
        print(
            f"{counted(told['cassettes'], 'cassette')} in {lock.path.name}, {in_kib(told['bytes'])}; on this machine: "
            f"{told['cached']:,}. Waiting for a push: {len(told['new']) + len(told['changed']):,}."
        )
    return Status.FOUND if any(told[kind] for kind in ("new", "changed", "conflicts", "missing")) else Status.OK


def _waiting(project: Project, lock: LockFile) -> dict[str, Any]:
    """Return the recordings of the tree that are not pushed."""
    new, changed = [], []
    for path in recordings([project.cassettes]) if not project.options.store_media else ():
        name, digest = lock.name_of(path), objects.digest_of(disk.read(path))
        if name not in lock:
            new.append(name)
        elif name not in lock.conflicts and is_new(path, digest, lock.entry(name)):
            changed.append(name)
    return {"new": new, "changed": changed, "conflicts": sorted(lock.conflicts)}


def _locked(store: Store, lock: LockFile, *, ask: bool) -> dict[str, Any]:
    entries = [lock.entry(name) for name in lock if name not in lock.conflicts]
    return {
        "missing": _missing(store, entries) if ask else [],
        "cassettes": len(lock),
        "bytes": sum(entry.size for entry in entries),
        "cached": sum(store.cache.path(objects.of_cassette(entry.digest)).is_file() for entry in entries),
    }


def _missing(store: Store, entries: list[Entry]) -> list[str]:
    """Return the cassettes that the store has not, or not as they were pushed."""
    by_name = {objects.of_cassette(entry.digest): entry for entry in entries}
    found: dict[str, int | None] = {}

    def ask(name: str) -> None:
        with about(by_name[name].path):
            found[name] = store.remote.size(name)

    at_once(ask, list(by_name))
    return [entry.path for name, entry in by_name.items() if found[name] != entry.size]
