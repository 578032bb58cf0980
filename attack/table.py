"""Counts what became of the secrets, and writes the table."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from attack.judge import CLEAN, LEAKED, REFUSED

if TYPE_CHECKING:
    from attack.judge import Planted

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
