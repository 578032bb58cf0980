"""The files in a folder, for the commands that look through many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.errors import CassetteNotFoundError
from pytest_interactions.files.storage import SUFFIXES
from pytest_interactions.store.project import locked_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def files_in(
    path: Path, wanted: Callable[[Path], bool], unreadable: Callable[[OSError], object] | None = None
) -> Iterator[Path]:
    """Yield `path` itself if it is no folder, else the wanted files at any depth below it, in order.

    A folder is entered once, by whatever links it is reached.

    Args:
        path: A file or a folder.
        wanted: Decides on each file and each folder below `path`; an unwanted folder is not entered.
        unreadable: Takes the error of a folder that can't be read, and the others are gone through; else it is raised.

    Raises:
        OSError: A folder can't be read.
    """
    yield from _files_in(path, wanted, unreadable, set())


def _files_in(
    path: Path,
    wanted: Callable[[Path], bool],
    unreadable: Callable[[OSError], object] | None,
    entered: set[tuple[int, int]],
) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    try:
        status = path.stat()
        children = sorted(path.iterdir()) if (status.st_dev, status.st_ino) not in entered else []
    except OSError as error:
        if unreadable is None:
            raise
        unreadable(error)
        return
    entered.add((status.st_dev, status.st_ino))
    for child in children:
        if wanted(child):
            yield from _files_in(child, wanted, unreadable, entered)


def cassettes_in(path: Path) -> list[Path]:
    """Return the cassettes in a folder, at any depth, those too that are in a store; of a file, the file itself.

    Raises:
        CassetteNotFoundError: The folder holds none.
    """
    files, locked = list(files_in(path, _may_hold_cassettes)), locked_below(path)
    if locked:
        files = sorted({*locked, *(files if path.is_dir() else ())})
    if not files:
        raise CassetteNotFoundError(f"{path}: there are no cassettes in this directory.")
    return files


def _may_hold_cassettes(path: Path) -> bool:
    """Return whether `path` has a cassette's name or is a folder, but no link, which might lead in a circle."""
    return path.suffix in SUFFIXES if path.is_file() else path.is_dir() and not path.is_symlink()
