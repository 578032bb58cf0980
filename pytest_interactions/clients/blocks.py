"""The `use_cassette` blocks that end in this process, told to who adds up. Nothing is imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_interactions.cassette.cassette import Cassette

#: Who adds up: the runs of pytest in this process, of which one may be inside of another.
LISTENERS: Final[list[Callable[[Cassette, Path | None], object]]] = []


def ended(cassette: Cassette, written: Path | None) -> None:
    """Tell the innermost run of a block's cassette, and of the file that was written."""
    for listener in LISTENERS[-1:]:
        listener(cassette, written)
