"""What killed processes have recorded: their journals are found, and put where they belong."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_interactions.errors import CassetteFormatError, CassetteNotFoundError, SecretLeakError
from pytest_interactions.files import clock, disk, layout, media, storage
from pytest_interactions.files.candidates import candidate, remove_notes
from pytest_interactions.files.journal import BESIDE, END, HEAD, SUFFIX, directory_of, home, tidy
from pytest_interactions.files.origin import Origin
from pytest_interactions.files.pace import times_in
from pytest_interactions.files.real import real_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.redaction.gate import Gate


def cassettes() -> list[Path]:
    """Return the cassettes that have journals, whether they exist or not."""
    found = dict.fromkeys(_cassette_of(file) for file in home().glob(f"*/*{SUFFIX}"))
    return [cassette for cassette in found if cassette is not None]


def _cassette_of(journal: Path) -> Path | None:
    """Return the cassette of a journal; `None` if its first line was not written as a whole."""
    with suppress(OSError, ValueError), journal.open("rb") as file:
        return Path(json.loads(file.readline().removeprefix(HEAD)))
    return None


@real_files()
def recover(path: Path, gate: Gate, *, media_threshold: int, merges: bool) -> list[str]:
    """Put the recordings of killed processes into their cassette, or beside it if they were to replace it.

    Return a note for the user on each. The arguments and the `CassetteWriteError` are those of `storage.save`; without
    `merges` nothing is put anywhere.
    """
    notes: list[str] = []
    if _is_empty(home()):  # as it is most of the time, for each cassette that is opened
        return notes
    directory = directory_of(path)
    try:
        journals = sorted(file for file in directory.iterdir() if file.suffix == SUFFIX)
    except OSError:
        return notes
    for journal in journals:
        with _abandoned(journal) as is_abandoned:
            if is_abandoned and merges:
                with suppress(CassetteFormatError):  # of the cassette: opening it raises it again
                    notes.append(_recover(journal, path, gate, media_threshold))
                    journal.unlink()
            elif is_abandoned:
                notes.append(f"{path}: more was recorded by a killed process; the next recording will add it.")
    tidy(directory)
    return notes


def _is_empty(directory: Path) -> bool:
    try:
        with os.scandir(directory) as entries:
            return next(entries, None) is None
    except OSError:
        return True


def forget(path: Path) -> None:
    """Delete what killed processes have recorded of a cassette that nobody needs any more."""
    directory = directory_of(path)
    for journal in directory.glob(f"*{SUFFIX}"):
        with _abandoned(journal) as is_abandoned:
            if is_abandoned:
                journal.unlink()
    tidy(directory)


def _recover(journal: Path, path: Path, gate: Gate, media_threshold: int) -> str:
    exchanges, damaged = _read(journal)
    target = candidate(path) if journal.name.endswith(BESIDE) else path
    lost = f"; exchanges of it that are damaged: {damaged}" if damaged else ""
    with disk.locked(path):
        old = storage.Contents(incomplete=True)
        if target == path:
            with suppress(CassetteNotFoundError):
                old = storage.load(path)
        if _holds(old.exchanges, [media.extract(exchange, media_threshold)[0] for exchange in exchanges]):
            return f"{target}: holds all that a killed process had recorded{lost}"
        if target != path:
            remove_notes(path)  # which belong to what was there before
        at = journal.stat().st_mtime_ns
        new = Origin.of_recording(exchanges, clock.at(at))
        old.origin = old.origin.before(new, kept=old.exchanges)
        old.exchanges += exchanges
        try:
            storage.save(target, old, gate, media_threshold=media_threshold)
        except SecretLeakError as leak:
            return f"what a killed process had recorded could not be recovered: {leak}"
        # The file is as old as the journal: a newer one would pass for a recording of this run.
        os.utime(target, ns=(at, at))
    return f"{target}: recovered what a killed process had recorded, exchanges: {len(exchanges)}{lost}"


def _read(journal: Path) -> tuple[list[Exchange], int]:
    """Return the exchanges of a journal, and how many more there are that are damaged."""
    _head, _, items = disk.read(journal).partition(b"\n")
    *finished, _unfinished = END.split(items)
    exchanges, damaged = [], 0
    for item, took, gaps in zip(finished[::3], finished[1::3], finished[2::3], strict=True):
        times = times_in(gaps.decode()) if gaps else None
        head = layout.head(1, seconds=[float(took) if took else None], times=[times])
        try:
            exchanges += storage.loads(head.encode() + item, journal).exchanges
        except CassetteFormatError:
            damaged += 1
    return exchanges, damaged


def _holds(exchanges: list[Exchange], recovered: list[Exchange]) -> bool:
    rest = list(exchanges)
    for exchange in recovered:
        if exchange not in rest:
            return False
        rest.remove(exchange)
    return True


@contextmanager
def _abandoned(journal: Path) -> Iterator[bool]:
    """Yield whether the process of this journal is gone; if so, keep other processes off the journal."""
    try:
        release = disk.lock(journal, wait=False)
    except OSError:  # another process has just recovered it
        release = None
    if release is None:
        yield False
        return
    try:
        yield journal.exists()
    finally:
        release()
