"""What waits beside a cassette: the names of its files, and the notes on its tests and snapshots.

One line of a `.gitignore`, `*.failed.*`, keeps all of them out of a repository.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from pytest_interactions.api.digests import IN_MEDIA_NAME, hex_digest
from pytest_interactions.errors import CassetteFormatError
from pytest_interactions.files import disk
from pytest_interactions.naming import project_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_interactions.api.json_values import Json

_MARK: Final = ".failed"
_SNAPSHOT: Final = ".steps.txt"
_OTHERS: Final = (".yml", ".json")  # suffixes of cassettes that are named


def candidate(path: Path) -> Path:
    """Return the path of the candidate for the cassette at `path`."""
    return path.with_name(f"{path.stem}{_MARK}.yaml")


def is_candidate(path: Path) -> bool:
    """Return whether a file is a candidate, or belongs to one, by its name."""
    return path.stem.endswith(_MARK)


def cassette_of(candidate: Path) -> Path:
    """Return the path of the cassette that a candidate is for."""
    path = candidate.with_name(f"{candidate.stem.removesuffix(_MARK)}.yaml")
    others = [path.with_suffix(suffix) for suffix in _OTHERS]
    return path if path.exists() else next((other for other in others if other.is_file()), path)


def notes_of(candidate: Path) -> Path:
    """Return the path of the notes of a candidate."""
    return candidate.with_suffix(".json")


@dataclass(frozen=True, slots=True)
class Notes:
    """The notes of a candidate.

    Attributes:
        tests: The tests that made it, as pytest names them; none if nothing tells.
        snapshots: The text of each snapshot that belongs to it, by its path.
        replaces: The digest of each of these files as it was, by its path; `""` if there was none.
        cassette: Of snapshots without a recording, the digest of the cassette that was replayed; `""` if there is a
            recording.
    """

    tests: tuple[str, ...] = ()
    snapshots: Mapping[Path, str] = field(default_factory=dict)
    replaces: Mapping[Path, str] = field(default_factory=dict)
    cassette: str = ""

    @classmethod
    def of(cls, candidate: Path) -> Self:
        """Read the notes of a candidate, which may have none.

        Raises:
            CassetteFormatError: They can't be read, or name what no candidate may change.
        """
        path = notes_of(candidate)
        try:
            told = json.loads(disk.read(path)) if path.exists() else {}
            snapshots = {_snapshot(path, name): str(text) for name, text in told.get("snapshots", {}).items()}
            replaces = {_snapshot(path, name): str(text) for name, text in told.get("replaces", {}).items()}
            tests = tuple(map(str, told.get("tests", [])))
            return cls(tests, snapshots, replaces, str(told.get("cassette", "")))
        except (ValueError, TypeError, AttributeError, RecursionError, OSError) as error:
            what = f"this is not what belongs to a candidate ({getattr(error, 'strerror', None) or error})"
            raise CassetteFormatError(f"{path}: {what}. Delete it, or record the test again.") from None

    def write(self, candidate: Path) -> None:
        """Write them beside a candidate, if something has changed; raise `OSError` if that is not possible."""
        path = notes_of(candidate)
        told: Json = {
            "tests": list(self.tests),
            "snapshots": _named(path, self.snapshots),
            "replaces": _named(path, self.replaces),
        } | ({"cassette": self.cassette} if self.cassette else {})
        text = json.dumps(told, indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace")
        if path.is_file() and disk.read(path) == text:
            return
        disk.not_a_link(path)
        with disk.replacing(path) as file:
            file.write(text)


def _named(notes: Path, texts: Mapping[Path, str]) -> dict[str, str]:
    """Return texts by the names that their files have from the notes' own directory on."""
    return {Path(os.path.relpath(path, notes.parent)).as_posix(): text for path, text in texts.items()}


def _snapshot(notes: Path, name: str) -> Path:
    """Return the path of a snapshot that notes name from their own directory on, within the project."""
    found = Path(os.path.normpath(notes.parent / name))
    os.fsencode(found)
    if not name.endswith(_SNAPSHOT) or "\0" in name or not is_within_project(found, notes.parent):
        raise ValueError(f"{name!r} is no snapshot of steps of the project {_project(notes.parent)}")
    return found


def is_within_project(path: Path, directory: Path) -> bool:
    """Return whether a file, with all links followed, is in the project of a directory of cassettes."""
    return disk.real(path).is_relative_to(disk.real(_project(directory)))


def _project(directory: Path) -> Path:
    return project_of(disk.real(directory)) or Path.cwd()


# --- what tells whether something has changed ---


def text_digest(text: str | None) -> str:
    """Return the digest of a snapshot's text; `""` for none."""
    return "" if text is None else hex_digest(text.encode("utf-8", "surrogateescape"), IN_MEDIA_NAME)


def snapshot_digest(path: Path) -> str:
    """Return the digest of a snapshot's text, whatever its line ends are; `""` if there is none."""
    try:
        text = disk.read(path).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""
    return text_digest(text.replace("\r\n", "\n"))


def file_digest(path: Path) -> str:
    """Return the digest of a file's bytes; `""` if it can't be read."""
    try:
        return hex_digest(disk.read(path), IN_MEDIA_NAME)
    except OSError:
        return ""
