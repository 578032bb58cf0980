"""What a run leaves for review beside a cassette: which snapshots differ, with a new recording or alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_interactions.files import disk
from pytest_interactions.files.notes import Notes, candidate, file_digest, notes_of, text_digest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path


class Changed(NamedTuple):
    """A snapshot that differs: its text as it would be, and as it was; `None` if there was none."""

    text: str
    before: str | None = None


def leave(cassette: Path, test: str, snapshots: Mapping[Path, Changed]) -> None:
    """Write what belongs to the new recording of a cassette beside what others that share it have written.

    Args:
        cassette: The cassette.
        test: The test that made it.
        snapshots: Its snapshots that differ, by their paths.

    Raises:
        CassetteFormatError: What is there can't be read.
        OSError: It can't be written.
    """
    path = candidate(cassette)
    with disk.locked(cassette):
        _with(Notes.of(path), test, snapshots).write(path)


def leave_snapshots(
    cassette: Path, test: str, snapshots: Mapping[Path, Changed], as_they_were: Collection[Path]
) -> Path | None:
    """Write a candidate of snapshots alone, of a test that has replayed, beside what others have written.

    Args:
        cassette: The cassette that was replayed.
        test: The test.
        snapshots: Its snapshots that differ, by their paths.
        as_they_were: Its snapshots that do not, which wait no more.

    Returns:
        The candidate, if these snapshots wait there now. None do beside a new recording, which is another behaviour.

    Raises:
        CassetteFormatError: What is there can't be read.
        OSError: It can't be written.
    """
    path = candidate(cassette)
    if path.exists() or not (snapshots or notes_of(path).exists()):
        return None
    with disk.locked(cassette):
        there, digest = Notes.of(path), file_digest(cassette)
        if there.cassette != digest:
            there = Notes(cassette=digest)
        left = [each for each in there.snapshots if each not in as_they_were]
        kept = Notes(
            tuple(each for each in there.tests if each != test),
            {each: there.snapshots[each] for each in left},
            {each: there.replaces[each] for each in left if each in there.replaces},
            digest,
        )
        new = _with(kept, test, snapshots) if snapshots else kept
        if new.snapshots:
            new.write(path)
        else:
            notes_of(path).unlink(missing_ok=True)
    return notes_of(path) if snapshots else None


def _with(there: Notes, test: str, snapshots: Mapping[Path, Changed]) -> Notes:
    """Return notes with a test and its snapshots added to those of others."""
    return Notes(
        tuple(dict.fromkeys([*there.tests, test])),
        {**there.snapshots, **{path: each.text for path, each in snapshots.items()}},
        {**there.replaces, **{path: text_digest(each.before) for path, each in snapshots.items()}},
        there.cassette,
    )
