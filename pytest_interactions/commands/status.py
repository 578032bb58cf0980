"""`pytest-interactions status`: what of a project's cassettes is in the tree, in the lock file, and on this machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_interactions.commands.exit_status import Status
from pytest_interactions.commands.stores import counted, in_kib, media_of, project_of, recordings, store_argument
from pytest_interactions.escaping import on_one_line
from pytest_interactions.files import disk, media
from pytest_interactions.store import objects
from pytest_interactions.store.store import about, at_once, is_copy, is_new

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping

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
    store = project.store()
    told = _of_media(project, store, ask=options.check) if project.options.store_media else None
    if told is None:
        lock = project.lock()
        told = _waiting(project, lock) | _locked(store, lock, ask=options.check)
    if options.json:
        print(json.dumps(told, indent=2))
    else:
        for kind in ("new", "changed", "conflicts", "missing"):
            for name in told[kind]:
                print(on_one_line(f"{kind.removesuffix('s')}: {name}"))
        media_too = f"{counted(told['media'], 'media file')} of " if "media" in told else ""
        where = "the tree" if media_too else f"{project.lock_path.name}, {in_kib(told['bytes'])}"
        print(
            f"{media_too}{counted(told['cassettes'], 'cassette')} in {where}; on this machine: {told['cached']:,}. "
            f"Waiting for a push: {len(told['new']) + len(told['changed']):,}."
        )
    return Status.FOUND if any(told[kind] for kind in ("new", "changed", "conflicts", "missing")) else Status.OK


def _of_media(project: Project, store: Store, *, ask: bool) -> dict[str, Any]:
    """Return the same of the media of the cassettes in the tree, each named by the file that it has there."""
    new, others, cassettes = list[str](), dict[str, str](), list(recordings([project.cassettes]))
    for path in cassettes:
        place = media.directory_of(path).relative_to(project.root).as_posix()
        there = [name for name in media_of(path, in_tree=True) if not is_copy(media.directory_of(path) / name)]
        new += [f"{place}/{name}" for name in there]
        others |= {f"{objects.MEDIA}/{name}": f"{place}/{name}" for name in media_of(path, in_tree=False)}
    beside = {name for path in cassettes for name in media_of(path, in_tree=True)}
    cached = [name for name in others if store.cache.path(name).is_file()]
    sizes = _asked(store, others) if ask else {}
    return {
        "new": new,
        "changed": [],
        "conflicts": [],
        "missing": [others[name] for name in sizes if sizes[name] is None],
        "media": len(beside | {name.rpartition("/")[2] for name in others}),
        "cassettes": len(cassettes),
        "cached": len(beside | {name.rpartition("/")[2] for name in cached}),
    }


def _waiting(project: Project, lock: LockFile) -> dict[str, Any]:
    """Return the recordings of the tree that are not pushed."""
    new, changed = [], []
    for path in recordings([project.cassettes]):
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
    sizes = _asked(store, {name: entry.path for name, entry in by_name.items()})
    return [entry.path for name, entry in by_name.items() if sizes[name] != entry.size]


def _asked(store: Store, paths: Mapping[str, str]) -> dict[str, int | None]:
    """Return the sizes that objects have in the store, several at once; `None` for those that are not there."""
    found: dict[str, int | None] = {}

    def ask(name: str) -> None:
        with about(paths[name]):
            found[name] = store.remote.size(name)

    at_once(ask, list(paths))
    return {name: found[name] for name in paths}
