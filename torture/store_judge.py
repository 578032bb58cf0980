"""What must be true of a lock file, a cache, a store and a tree after a kill, and is looked at by who comes next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_interactions.commands import main
from pytest_interactions.errors import StoreError
from pytest_interactions.files import media
from pytest_interactions.store import lock_file, objects
from torture.forked import files_in
from torture.store_project import is_leftover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from torture.store_project import Lines, Project


def problems(project: Project, lines: Lines, report: Callable[[str], object]) -> None:
    """Report what is wrong: at first, after a push that is not killed, and elsewhere then."""
    with project.entered():
        for problem in (*_kept(project, lines), *project.replay(), *_pushed(project, lines)):
            report(problem)
    with project.entered("another"):  # machine, which has the store alone
        for problem in project.replay():
            report(f"elsewhere {problem}")


def _kept(project: Project, lines: Lines) -> Iterator[str]:
    """Yield what is torn or lost right after the kill."""
    try:
        found = {entry.path: entry for entry in lock_file.LockFile.read(project.lock).entries()}
    except StoreError as error:
        yield f"the lock file is torn: {error}"
        return
    if found not in (lines.before, lines.after):
        yield f"the lock file is neither old nor new: {sorted(found)}"
    stored, tree = project.stored(), project.tree()
    yield from _damaged("store", stored)
    yield from _damaged("cache", project.cached())
    for entry in found.values():
        yield from _missing(entry.path, objects.of_cassette(entry.digest), stored)
    for path, entry in lines.after.items():
        raw = tree.get(path.removeprefix("cassettes/"))
        is_there = raw is not None and objects.digest_of(raw) == entry.digest
        if found.get(path) != entry and not is_there:
            yield f"the recording of {path} is lost"
        if is_there and raw is not None:
            yield from _without_media(project, path, raw, stored)


def _damaged(where: str, files: Mapping[str, bytes]) -> Iterator[str]:
    for name, data in files.items():
        if objects.is_name(name):
            if not objects.is_whole(name, data):
                yield f"an object of the {where} is torn: {name}"
        elif not is_leftover(name):
            yield f"there is something else in the {where}: {name}"


def _missing(path: str, name: str, stored: Mapping[str, bytes]) -> Iterator[str]:
    if name not in stored:
        yield f"the lock file names an object of {path} that is not in the store"
        return
    for each in objects.of_media(media.references_in(stored[name])):
        if each not in stored:
            yield f"a medium of {path} is not in the store"


def _without_media(project: Project, path: str, raw: bytes, stored: Mapping[str, bytes]) -> Iterator[str]:
    beside = media.directory_of(project.root / path)
    for name in media.references_in(raw):
        file = beside / name
        if not file.is_file() and f"{objects.MEDIA}/{name}" not in stored:
            yield f"a medium of {path} is lost"
        if file.is_file() and not objects.is_whole(f"{objects.MEDIA}/{name}", file.read_bytes()):
            yield f"a medium of {path} is torn"


def _pushed(project: Project, lines: Lines) -> Iterator[str]:
    """Push, and yield what is not as it would be without the kill."""
    if status := main(["push"]):
        yield f"the next push ends with status {status}"
    lock = lock_file.LockFile.read(project.lock)
    if {entry.path: entry for entry in lock.entries()} != lines.after:
        yield "the next push does not write the lock file as it would have been"
    stored = project.stored()
    yield from _damaged("store", stored)
    yield from _damaged("cache", project.cached())
    for entry in lock.entries():
        yield from _missing(entry.path, objects.of_cassette(entry.digest), stored)
    yield from (f"left in the tree: {name}" for name in project.tree())
    own = {project.lock.name, "pytest.ini"}
    strays = {file.relative_to(project.root) for file in files_in(project.root)} - {Path(name) for name in own}
    yield from (f"left in the project: {file}" for file in strays if file.parts[0] != "cassettes")
    yield from (f"left of a temporary file: {file}" for file in files_in(project.directory / "temporary"))
