"""What recordings leave beside cassettes: what is of no use to anybody, and what waits for somebody to decide."""

from __future__ import annotations

import shlex
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_interactions.commands.findings import read
from pytest_interactions.commands.reports import Found, Level
from pytest_interactions.errors import CassetteFormatError
from pytest_interactions.files import candidates, decisions, disk, journal, media
from pytest_interactions.files.notes import cassette_of
from pytest_interactions.files.storage import SUFFIXES

if TYPE_CHECKING:
    from pathlib import Path


class LeftOver:
    """The search for what is left over: temporary files, media to which no cassette refers, journals in a project.

    Args:
        deletes: Whether it is deleted.
        max_size: The bytes that a body may have.
    """

    def __init__(self, *, deletes: bool, max_size: int) -> None:
        self._deletes = deletes
        self._max_size = max_size
        self._references: dict[Path, set[str]] = {}

    def at(self, path: Path) -> Found | None:
        """Return what is to be said of a file that is left over; `None` if it is of use."""
        if not self._is_left_over(path):
            return None
        # Whoever writes a cassette, or its media, holds the lock of the directory in which the cassette is.
        with disk.locked(path.parent if media.is_directory(path.parent) else path):
            self._references.pop(path.parent, None)  # which may have changed before the lock was there
            if not path.exists() or not self._is_left_over(path):
                return None
            if self._deletes:
                try:
                    _delete(path)
                except CassetteFormatError as error:  # of a decision that can't be finished
                    return Found(path, "left-over", str(error))
        level = Level.NOTICE if self._deletes else Level.ERROR
        return Found(path, "left-over", _words(path, deleted=self._deletes), level=level)

    def _is_left_over(self, path: Path) -> bool:
        if disk.is_temporary(path.name) or journal.is_in_tree(path):
            return True
        if candidates.is_alone(path) or decisions.is_mark(path):
            return True
        return is_medium(path) and path.name not in self._used(path.parent)

    def _used(self, directory: Path) -> set[str]:
        """Return the names of the media to which any file refers that may be the cassette of a directory of media."""
        if directory not in self._references:
            named = (directory.with_name(directory.stem + suffix) for suffix in (*SUFFIXES, ".json", ""))
            texts = [self._text(file) for file in named if file.is_file() and media.directory_of(file) == directory]
            self._references[directory] = set().union(*map(media.references, texts))
        return self._references[directory]

    def _text(self, file: Path) -> str:
        try:
            return read(file, self._max_size)
        except FileNotFoundError:  # a push has taken it out meanwhile
            return ""


def _delete(path: Path) -> None:
    """Delete what is left over; of a decision that a killed process has begun, put in its place what is accepted."""
    if decisions.is_mark(path):
        decisions.finish_all(cassette_of(path))
        return
    path.unlink()
    with suppress(OSError):  # there is more in it
        path.parent.rmdir()


def _words(path: Path, *, deleted: bool) -> str:
    if decisions.is_mark(path):
        done = "finished" if deleted else "--fix finishes it, and so does the next run"
        return f"a review that was killed had decided on this candidate; {done}."
    return f"left over from a recording; {'deleted' if deleted else '--fix deletes it'}."


def is_medium(path: Path) -> bool:
    """Return whether a file is named as a medium of a cassette, and where these are."""
    return media.is_directory(path.parent) and media.is_name(path.name)


def waiting(path: Path) -> Found | None:
    """Return what is to be said of a candidate, on which somebody has to decide; `None` if a file is none."""
    if not candidates.is_waiting(path):
        return None
    what = "new snapshots" if path.suffix not in SUFFIXES else "a new recording"
    message = (
        f"a candidate that waits: {what}, made by a test that failed; accept it with "
        f"`pytest-interactions review --accept {shlex.quote(str(path))}`, or reject it with --reject."
    )
    return Found(path, "candidate", message, level=Level.WARNING)
