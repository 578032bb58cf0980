"""Candidates: a new recording that waits beside its cassette, as its test failed, with the snapshots that belong to it.

One line of a `.gitignore`, `*.failed.*`, keeps them out of a repository.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_interactions.errors import CassetteFormatError, CassetteNotFoundError
from pytest_interactions.files import disk, storage
from pytest_interactions.naming import project_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARK: Final = ".failed"
_SNAPSHOT: Final = ".steps.txt"


def candidate(path: Path) -> Path:
    """Return the path of the candidate for the cassette at `path`."""
    return path.with_name(f"{path.stem}{_MARK}.yaml")


def is_candidate(path: Path) -> bool:
    """Return whether a file is a candidate, or belongs to one, by its name."""
    return path.stem.endswith(_MARK)


def is_alone(path: Path) -> bool:
    """Return whether a file belongs to a candidate that is gone."""
    return is_candidate(path) and path == _notes(path) and not path.with_suffix(".yaml").exists()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate.

    Attributes:
        path: The new recording.
        tests: The tests that made it, as pytest names them; none if nothing tells.
        snapshots: The text of each snapshot that belongs to it, by its path.
    """

    path: Path
    tests: tuple[str, ...]
    snapshots: Mapping[Path, str]

    @classmethod
    def at(cls, path: Path) -> Candidate:
        """Return the candidate whose recording is at `path`.

        Raises:
            CassetteFormatError: What belongs to it can't be read.
        """
        notes = _notes(path)
        try:
            told = json.loads(disk.read(notes)) if notes.exists() else {}
            snapshots = {_snapshot(path, name): str(text) for name, text in told.get("snapshots", {}).items()}
            return cls(path, tuple(map(str, told.get("tests", []))), snapshots)
        except (ValueError, TypeError, AttributeError, RecursionError, OSError) as error:
            what = f"this is not what belongs to a candidate ({getattr(error, 'strerror', None) or error})"
            raise CassetteFormatError(f"{notes}: {what}. Delete it, or record the test again.") from None

    @property
    def cassette(self) -> Path:
        """Return the cassette that it is to replace."""
        return self.path.with_name(f"{self.path.stem.removesuffix(_MARK)}{self.path.suffix}")

    def load(self) -> storage.Contents:
        """Read the recording; the errors are those of `storage.load`."""
        return storage.load(self.path)

    def accept(self) -> None:
        """Put the recording and the snapshots in their places, as they are.

        It stays marked as incomplete: only a run of its test tells whether it is. Whoever is killed meanwhile can
        accept it once more.

        Raises:
            CassetteNotFoundError: There is no candidate any more.
            CassetteFormatError: The recording can't be read, or the cassette was recorded after it.
            OSError: The cassette can't be written.
        """
        with disk.locked(self.cassette):
            newest = Candidate.at(self.path)
            newest.load()
            recorded, then = (storage.signature(path) or (0, 0, 0) for path in (self.cassette, self.path))
            if recorded[0] > then[0]:
                what = "it was recorded after this candidate, and would lose what is new in it"
                raise CassetteFormatError(f"{self.cassette}: {what}. Reject {self.path}, or record its test again.")
            storage.copy(self.path, self.cassette)
            for path, text in newest.snapshots.items():
                with disk.replacing(path) as file:
                    file.write(text.encode())
            remove(self.cassette)

    def reject(self) -> None:
        """Delete it."""
        with disk.locked(self.cassette):
            remove(self.cassette)


def _notes(path: Path) -> Path:
    return path.with_suffix(".json")


def _snapshot(path: Path, name: str) -> Path:
    """Return the path of a snapshot that a candidate names from its own directory on, within the project."""
    found = Path(os.path.normpath(path.parent / name))
    project = project_of(disk.real(path).parent) or Path.cwd()
    os.fsencode(found)
    is_within = disk.real(found.parent).is_relative_to(disk.real(project))
    if not name.endswith(_SNAPSHOT) or not is_within or "\0" in name:
        raise ValueError(f"{name!r} is no snapshot of steps of the project {project}")
    return found


def leave(cassette: Path, test: str, snapshots: Mapping[Path, str]) -> None:
    """Write what belongs to the candidate of a cassette beside what others that share it have written.

    Args:
        cassette: The cassette.
        test: The test that made it.
        snapshots: The text of each of its snapshots, by its path.

    Raises:
        CassetteFormatError: What is there can't be read.
        OSError: It can't be written.
    """
    path = candidate(cassette)
    with disk.locked(cassette):
        there = Candidate.at(path)
        tests = dict.fromkeys([*there.tests, test])
        texts = {**there.snapshots, **snapshots}.items()
        named = {Path(os.path.relpath(each, path.parent)).as_posix(): text for each, text in texts}
        with disk.replacing(_notes(path)) as file:
            file.write(json.dumps({"tests": list(tests), "snapshots": named}, indent=2, ensure_ascii=False).encode())


def remove(cassette: Path) -> None:
    """Delete the candidate of a cassette, with what belongs to it; whoever asks must hold the cassette's lock."""
    storage.remove(candidate(cassette))
    remove_notes(cassette)


def remove_notes(cassette: Path) -> None:
    """Delete what belongs to the candidate of a cassette; whoever asks must hold the cassette's lock."""
    _notes(candidate(cassette)).unlink(missing_ok=True)


def place(path: Path) -> Path:
    """Return the path of a candidate that is named by its own or by that of its cassette."""
    return path if is_candidate(path) else candidate(path)


def named(path: Path) -> Candidate:
    """Return the candidate at `path`, or that of the cassette at `path`.

    Raises:
        CassetteNotFoundError: There is none.
        CassetteFormatError: What belongs to it can't be read.
    """
    found = place(path)
    if found.suffix not in storage.SUFFIXES or not found.is_file():
        raise CassetteNotFoundError(
            f"{path}: no candidate waits here; `pytest-interactions review` names those that do."
        )
    return Candidate.at(found)
