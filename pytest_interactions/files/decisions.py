"""Decisions on candidates, each carried out in one step that a kill can't tear.

What is to be put in its place is written beside it first. Then a mark, an empty file, is made: from that instant on the
candidate is accepted, and whoever opens the cassette next finishes what a killed process has begun, before anything is
read. Another mark says that only the candidate's own files are left, which are to be deleted.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Final

from pytest_interactions.errors import CassetteFormatError
from pytest_interactions.files import disk, media
from pytest_interactions.files.notes import Notes, candidate, cassette_of, is_candidate, is_within_project, notes_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ACCEPTED: Final = ".accepted"
_DONE: Final = ".done"


def is_mark(path: Path) -> bool:
    """Return whether a file says, by its name, that somebody has decided on a candidate."""
    return path.suffix in {_ACCEPTED, _DONE} and is_candidate(path)


def is_pending(cassette: Path) -> bool:
    """Return whether a decision on the candidate of a cassette is not carried out to its end."""
    waiting = candidate(cassette)
    return any(os.path.lexists(waiting.with_suffix(mark)) for mark in (_ACCEPTED, _DONE))


def accept(waiting: Path, notes: Notes) -> None:
    """Put the candidate at `waiting` and its snapshots in their places; whoever asks must hold the cassette's lock.

    Raises:
        CassetteFormatError: A medium of the candidate is missing or was altered; nothing was changed.
        OSError: Something can't be written. Nothing was changed, unless `is_pending` tells otherwise.
    """
    mark, cassette = waiting.with_suffix(_ACCEPTED), cassette_of(waiting)
    _delete_temporaries([cassette, *notes.snapshots])
    with ExitStack() as staged:
        put_in_place = [staged.enter_context(disk.staged(*file)) for file in _files(waiting, notes)]
        if not os.path.lexists(mark):
            mark.touch(exist_ok=False)
        for put in put_in_place:
            put()
    mark.replace(waiting.with_suffix(_DONE))
    _clear(waiting)


def reject(waiting: Path) -> None:
    """Delete the candidate at `waiting` with all that belongs to it; whoever asks must hold the cassette's lock.

    Raises:
        OSError: It can't be deleted.
    """
    with suppress(CassetteFormatError):  # of its notes, which go with it
        _delete_temporaries([*Notes.of(waiting).snapshots])
    accepted, done = waiting.with_suffix(_ACCEPTED), waiting.with_suffix(_DONE)
    if os.path.lexists(accepted):
        accepted.replace(done)
    elif not os.path.lexists(done):
        done.touch(exist_ok=False)
    _clear(waiting)


def finish(cassette: Path, *, anywhere: bool = False) -> bool:
    """Finish what was begun with the candidate of a cassette, and return whether there was anything to put in place.

    Args:
        cassette: The cassette.
        anywhere: Whether to write where links lead out of the project, as whoever accepts a candidate by its name may
            do. A project may come from anybody, and a replay must not write elsewhere.

    Raises:
        CassetteFormatError: It can't be finished; the message says why.
    """
    accepted = candidate(cassette).with_suffix(_ACCEPTED)
    if not os.path.lexists(accepted):
        return False
    with disk.locked(cassette):
        if os.path.lexists(accepted):  # else another process has just done it
            _finish(cassette, anywhere=anywhere)
    return True


def finish_all(cassette: Path) -> None:
    """Finish what `finish` does, and delete what is left of a candidate; the error is the same, or an `OSError`."""
    finish(cassette, anywhere=True)
    with disk.locked(cassette):
        if is_pending(cassette):
            _clear(candidate(cassette))


def _finish(cassette: Path, *, anywhere: bool) -> None:
    waiting = candidate(cassette)
    begun = f"{cassette}: a candidate for it was accepted and is not in its place yet"
    if not anywhere and not _stays_within(cassette, waiting):
        raise CassetteFormatError(
            f"{begun}, to which a link leads out of the project. If that is yours: "
            f"pytest-interactions review --accept {waiting}"
        )
    try:
        accept(waiting, Notes.of(waiting))
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise CassetteFormatError(f"{begun}: {error.strerror}{where}. Make that possible, and begin again.") from None


def _stays_within(cassette: Path, waiting: Path) -> bool:
    home = disk.real(waiting.parent)
    places = (cassette, media.directory_of(cassette))
    return all(disk.real(place).parent == home or is_within_project(place, waiting.parent) for place in places)


def _files(waiting: Path, notes: Notes) -> Iterator[tuple[Path, Iterator[bytes], int | None]]:
    """Yield each file that accepting a candidate writes, with its bytes in pieces: media first, then what names them.

    The cassette is as old as the candidate: a newer one would pass for a recording of this run.
    """
    if waiting.is_file():
        raw, cassette = disk.read(waiting), cassette_of(waiting)
        for name in sorted(media.references_in(raw)):
            yield media.directory_of(cassette) / name, media.pieces(media.directory_of(waiting) / name), None
        yield cassette, iter([raw]), waiting.stat().st_mtime_ns
    for path, text in notes.snapshots.items():
        yield path, iter([text.encode()]), None


def _clear(waiting: Path) -> None:
    """Delete a candidate, and what an interrupted decision has left beside its cassette; the mark goes last."""
    cassette = cassette_of(waiting)
    media.delete(media.directory_of(waiting))
    _delete_temporaries([waiting, cassette])
    _delete_unused_media(cassette)
    for file in (waiting, notes_of(waiting), waiting.with_suffix(_DONE)):
        file.unlink(missing_ok=True)


def _delete_unused_media(cassette: Path) -> None:
    directory = media.directory_of(cassette)
    if directory.is_dir() and cassette.is_file():
        media.delete(directory, keep=media.references_in(disk.read(cassette)))


def _delete_temporaries(paths: list[Path]) -> None:
    for file in [file for path in paths for file in disk.temporaries(path)]:
        file.unlink(missing_ok=True)
