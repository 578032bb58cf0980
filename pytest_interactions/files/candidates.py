"""Candidates: what waits beside a cassette for somebody to decide, a new recording, new snapshots, or both.

A recording waits as its test failed; snapshots wait with it, or alone if the test replayed.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_interactions.errors import CassetteFormatError, CassetteNotFoundError
from pytest_interactions.files import decisions, disk, notes, storage
from pytest_interactions.files.notes import Notes, candidate, is_candidate, notes_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "Candidate",
    "candidate",
    "is_alone",
    "is_candidate",
    "is_waiting",
    "named",
    "place",
    "remove",
    "remove_alone",
    "remove_notes",
]


def is_alone(path: Path) -> bool:
    """Return whether a file belongs to a candidate that is gone."""
    if not is_candidate(path) or path != notes_of(path) or path.with_suffix(".yaml").exists():
        return False
    with suppress(CassetteFormatError):
        return not Notes.of(path).cassette
    return True


def is_waiting(path: Path) -> bool:
    """Return whether a file is what a candidate is named by: its recording, or the notes of snapshots alone."""
    if not is_candidate(path) or not path.is_file():
        return False
    return path.suffix in storage.SUFFIXES or (
        path == notes_of(path) and not path.with_suffix(".yaml").exists() and not is_alone(path)
    )


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate, as it was when it was looked at.

    Attributes:
        path: The new recording; there is none where snapshots wait alone.
        notes: What belongs to it.
        has_recording: Whether there is a new recording.
        seen: What changes when its files do.
    """

    path: Path
    notes: Notes
    has_recording: bool
    seen: tuple[object, ...]

    @classmethod
    def at(cls, path: Path) -> Candidate:
        """Return the candidate whose recording is at `path`, or would be.

        Raises:
            CassetteFormatError: What belongs to it can't be read.
        """
        seen = tuple(map(storage.signature, (path, notes_of(path))))
        return cls(path, Notes.of(path), seen[0] is not None, seen)

    @property
    def name(self) -> Path:
        """Return the file by which it is named."""
        return self.path if self.has_recording else notes_of(self.path)

    @property
    def tests(self) -> tuple[str, ...]:
        """Return the tests that made it, as pytest names them; none if nothing tells."""
        return self.notes.tests

    @property
    def snapshots(self) -> Mapping[Path, str]:
        """Return the text of each snapshot that belongs to it, by its path."""
        return self.notes.snapshots

    @property
    def cassette(self) -> Path:
        """Return the cassette that it is to replace, or that was replayed."""
        return notes.cassette_of(self.path)

    def again(self) -> Candidate:
        """Return it as it is now; the errors are those of `named`."""
        return named(self.path)

    def load(self) -> storage.Contents:
        """Read the recording; the errors are those of `storage.load`."""
        return storage.load(self.path)

    def accept(self) -> None:
        """Put the recording and the snapshots in their places, as they are, in one step.

        The recording stays marked as incomplete: only a run of its test tells whether it is.

        Raises:
            CassetteNotFoundError: It waits no more.
            CassetteFormatError: It has changed since it was looked at; the recording can't be read; or what it is to
                replace has changed since.
            OSError: Something can't be written.
        """
        with disk.locked(self.cassette):
            decisions.finish_all(self.cassette)
            self._check_unchanged()
            self._check_cassette()
            self._check_snapshots()
            decisions.accept(self.path, self.notes)

    def reject(self) -> None:
        """Delete it; the errors are those of `accept`, but for what it is to replace."""
        with disk.locked(self.cassette):
            decisions.finish_all(self.cassette)
            self._check_unchanged()
            decisions.reject(self.path)

    def _check_unchanged(self) -> None:
        now = tuple(map(storage.signature, (self.path, notes_of(self.path))))
        if not any(now):
            raise CassetteNotFoundError(f"{self.name}: it waits no more; somebody has accepted or rejected it.")
        if now != self.seen:
            raise CassetteFormatError(f"{self.name}: it has changed since it was looked at. Look at it once more.")

    def _check_cassette(self) -> None:
        """Refuse a candidate that is older than its cassette."""
        if self.has_recording:
            self.load()
            recorded, then = (storage.signature(path) or (0, 0, 0) for path in (self.cassette, self.path))
            is_newer = recorded[0] > then[0]
        else:
            is_newer = notes.file_digest(self.cassette) != self.notes.cassette
        if is_newer:
            what = "it was recorded after this candidate, and would lose what is new in it"
            if not self.has_recording:
                what = "it has changed since the test replayed it, so the snapshots are of another behaviour"
            raise CassetteFormatError(f"{self.cassette}: {what}. Reject {self.name}, or {self._again}.")

    def _check_snapshots(self) -> None:
        """Refuse a candidate of a snapshot that somebody has changed since."""
        for path, text in self.snapshots.items():
            now, before = notes.snapshot_digest(path), self.notes.replaces.get(path)
            if before is not None and now not in (before, notes.text_digest(text)):
                raise CassetteFormatError(
                    f"{path}: it was changed after this candidate, and would lose what is new in it. "
                    f"Reject {self.name}, or {self._again}."
                )

    @property
    def _again(self) -> str:
        return "record its test again" if self.has_recording else "run its test again"


# --- what is deleted with others ---


def remove(cassette: Path) -> None:
    """Delete the candidate of a cassette, with what belongs to it; whoever asks must hold the cassette's lock."""
    path = candidate(cassette)
    if path.exists() or notes_of(path).exists() or decisions.is_pending(cassette):
        decisions.reject(path)


def remove_notes(cassette: Path) -> None:
    """Delete what belongs to the candidate of a cassette; whoever asks must hold the cassette's lock."""
    notes_of(candidate(cassette)).unlink(missing_ok=True)


def remove_alone(path: Path) -> None:
    """Delete what belongs to a candidate that is gone, or to one of a cassette that is gone."""
    waiting = path if is_candidate(path) else candidate(path)
    if not waiting.exists():
        notes_of(waiting).unlink(missing_ok=True)


# --- what a person names ---


def place(path: Path) -> Path:
    """Return the path of a candidate that is named by one of its files, or by its cassette."""
    return path.with_suffix(".yaml") if is_candidate(path) else candidate(path)


def named(path: Path) -> Candidate:
    """Return the candidate at `path`, or that of the cassette at `path`.

    Raises:
        CassetteNotFoundError: There is none.
        CassetteFormatError: What belongs to it can't be read.
    """
    found = place(path)
    if not is_waiting(found) and not is_waiting(notes_of(found)):
        raise CassetteNotFoundError(
            f"{path}: no candidate waits here; `pytest-interactions review` names those that do."
        )
    return Candidate.at(found)
