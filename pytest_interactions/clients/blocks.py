"""The `use_cassette` blocks that end in this process, told to who adds up. Nothing is imported here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.cassette.cassette import Cassette

Listener = Callable[["Cassette", "Path | None"], object]

#: Who adds up, for each run of pytest in this process, of which one may be inside of another.
RUNS: Final[list[list[Listener]]] = []


def ended(cassette: Cassette, written: Path | None) -> None:
    """Tell the innermost run of a block's cassette, and of the file that was written."""
    for run in RUNS[-1:]:
        for listener in run:
            listener(cassette, written)
