"""Candidates: new recordings that wait beside a cassette, as the test that made them failed.

One line of a `.gitignore`, `*.failed.*`, keeps them out of a repository.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_MARK: Final = ".failed"


def candidate(path: Path) -> Path:
    """Return the path of the candidate for the cassette at `path`."""
    return path.with_name(f"{path.stem}{_MARK}.yaml")


def is_candidate(path: Path) -> bool:
    """Return whether a file is a candidate by its name."""
    return path.stem.endswith(_MARK)
