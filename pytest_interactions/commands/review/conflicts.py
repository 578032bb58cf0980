"""The conflicts of lock files: what one branch alone has changed is settled, and what both have waits."""

from __future__ import annotations

import shlex
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pytest_interactions.commands.history import History
from pytest_interactions.commands.paths import files_in
from pytest_interactions.errors import InteractionsError
from pytest_interactions.naming import shown
from pytest_interactions.review.conflicts import Conflict
from pytest_interactions.store import lock_file
from pytest_interactions.store.lock_file import LockFile
from pytest_interactions.store.project import Project
from pytest_interactions.store.recordings import Recordings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_interactions.store.merging import Stages


def settled(path: Path, tell: Callable[[str], object]) -> LockFile:
    """Settle what git took for a conflict in a lock file, and is none, in one step; return what the file holds.

    Args:
        path: The lock file.
        tell: Takes the line that says so.

    Raises:
        StoreError: The file can't be read.
        OSError: It can't be written.
    """
    lock = LockFile.read(path)
    if not lock.is_marked:
        return lock
    lock = lock_file.change(path, settled=True, stages=stages_of(path))
    if not lock.is_marked:
        what = "the branches had changed different cassettes; all of them are in it, and no conflict is left"
        tell(f"{shown(path, Path.cwd())}: {what}.")
        tell(to_go_on(path))
    return lock


def to_go_on(path: Path) -> str:
    """Return the line that says what to do with a lock file that has no conflict any more."""
    return f"To go on: git add {shlex.quote(shown(path, Path.cwd()))}"


def stages_of(path: Path) -> Stages | None:
    """Return what both sides of a merge have of a lock file, from git's index; `None` if that can't be told."""
    with suppress(InteractionsError):  # no repository, or no git: the hunks tell enough
        return History(path.parent).stages(path.name)
    return None


def conflicts(lock: LockFile, complain: Callable[[object], object]) -> Iterator[Conflict]:
    """Yield the conflicts of a lock file; `complain` takes the error of a line that can't be read.

    Raises:
        OptionError: The ini file can't be used.
    """
    if not lock.conflicts:
        return
    project = Project.at(lock.path.parent)
    recordings = Recordings(project)
    for name in sorted(lock.conflicts):
        try:
            ours, theirs = lock.sides_of(name)
        except InteractionsError as error:
            complain(error)
        else:
            yield Conflict(lock, ours, theirs, tuple(_tests(project, name)), recordings)


def locks_of(path: Path, wanted: Callable[[Path], bool]) -> list[Path]:
    """Return the lock file that names what is at a path, and those below, if it is a directory."""
    nearest = lock_file.nearest(path.absolute() / lock_file.NAME)
    below = [file.absolute() for file in files_in(path, wanted) if file.name == lock_file.NAME] if path.is_dir() else []
    return list(dict.fromkeys([*([nearest] if nearest else []), *below]))


def _tests(project: Project, name: str) -> Iterator[str]:
    """Yield the name of the test whose cassette this is by its path, if there is a file of such tests."""
    directory = PurePosixPath(project.options.cassette_dir)
    path = PurePosixPath(name)
    if path.is_relative_to(directory):
        file = path.relative_to(directory).parent.with_suffix(".py") if path.parent != directory else None
        if file is not None and (project.root / file).is_file():
            test, bracket, parameters = path.stem.partition("[")
            yield f"{file}::{test.replace('.', '::')}{bracket}{parameters}"
