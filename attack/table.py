"""Counts what became of the secrets, and writes the table."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from attack.judge import CLEAN, LEAKED, REFUSED

if TYPE_CHECKING:
    from attack.judge import Planted

_BEGIN: Final = "<!-- attack -->\n"
_END: Final = "<!-- /attack -->"
_COLUMNS: Final = ("class", "planted", "refused", "leaked")


class Table:
    """The counts of all classes, and the leaks that were found."""

    def __init__(self) -> None:
        self._rows: dict[str, Counter[str]] = defaultdict(Counter)
        #: What leaked, in order.
        self.leaks: list[Planted] = []

    def add(self, planted: Planted, outcome: str) -> None:
        """Count what became of a secret."""
        self._rows[planted.row][outcome] += 1
        if outcome == LEAKED:
            self.leaks.append(planted)

    @property
    def planted(self) -> int:
        """Return how many secrets were planted."""
        return sum(counts.total() for counts in self._rows.values())

    def text(self) -> str:
        """Return the table, in Markdown: the classes in the order in which they came, and the sum."""
        rows = [(name, counts.total(), counts[REFUSED], counts[LEAKED]) for name, counts in self._rows.items()]
        total = sum(self._rows.values(), Counter({CLEAN: 0}))
        rows.append(("all", total.total(), total[REFUSED], total[LEAKED]))
        cells = [_COLUMNS, ("---", "---:", "---:", "---:"), *((name, *map(_number, counts)) for name, *counts in rows)]
        return "\n".join("| " + " | ".join(row) + " |" for row in cells)


def _number(count: int) -> str:
    return f"{count:,}".replace(",", " ")


def put_between(document: str, text: str) -> str:
    """Return `document` with `text` in place of what stands between its marks, which may be nothing.

    Raises:
        ValueError: The marks are not in the document.
    """
    before, begin, rest = document.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not end:
        raise ValueError(f"there is no {_BEGIN.strip()} ... {_END} in the document")
    return f"{before}{begin}{text}\n{end}{after}"
