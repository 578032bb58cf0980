"""Where a cassette is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Found:
    """Where a cassette is read: its file, and the directory of its media; in the tree, or in the cache of its store."""

    file: Path
    media: Path
