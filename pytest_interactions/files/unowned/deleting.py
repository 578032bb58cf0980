"""The deletion of what nobody owns: a cassette with its media and journals, a snapshot, and directories left empty."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_interactions.files import candidates, disk, media, recovery, storage
from pytest_interactions.files.unowned.search import CASSETTE, SNAPSHOT

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.files.unowned.search import Unowned


def delete(unowned: Unowned) -> bool:
    """Delete a file, or a cassette's media; return whether it is gone.

    What somebody has written since it was found stays. Of a link the link alone goes.

    Raises:
        OSError: It can't be deleted.
    """
    path = unowned.path
    if unowned.kind == SNAPSHOT or path.is_symlink():
        _unlink(unowned)
    else:
        cassette = path if unowned.kind == CASSETTE else path.with_suffix(".yaml")
        with disk.locked(cassette):
            others = [file for file in _users(media.directory_of(cassette)) if file != path]
            if others and unowned.kind == CASSETTE:
                _unlink(unowned)
            elif not others and storage.signature(path) == unowned.signature:
                storage.remove(cassette)
                recovery.forget(cassette)
                candidates.remove_alone(cassette)
    _tidy(path.parent, unowned.top)
    return not (path.exists() or path.is_symlink())


def _unlink(unowned: Unowned) -> None:
    if storage.signature(unowned.path) == unowned.signature:
        unowned.path.unlink(missing_ok=True)


def _users(directory: Path) -> list[Path]:
    """Return the files that have a directory of media, as cassettes that differ in their suffix alone share one."""
    beside = directory.parent.iterdir() if directory.parent.exists() else ()
    return [file for file in beside if file.is_file() and media.directory_of(file) == directory]


def _tidy(directory: Path, top: Path) -> None:
    """Delete directories that are empty, up to the topmost."""
    while directory.is_relative_to(top):
        with suppress(OSError):  # there is something in it
            directory.rmdir()
        directory = directory.parent
