"""Two sequences put side by side, so that one item more in one of them is one difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_T = TypeVar("_T")

Pair = tuple[int | None, int | None]


def align(old: Sequence[_T], new: Sequence[_T], cost: Callable[[_T, _T], float]) -> list[Pair]:
    """Return pairs of indices, in order, whose costs are least in all.

    Args:
        old: The recorded items.
        new: The items of now.
        cost: What it costs to have two items side by side. An item that stands alone costs 1.

    Returns:
        Pairs; `None` is in the place of the item that another has not.
    """
    start = _same(old, new, cost)
    end = _same(old[start:][::-1], new[start:][::-1], cost)
    middle = _best(old[start : len(old) - end], new[start : len(new) - end], cost)
    shifted: list[Pair] = [(None if i is None else start + i, None if j is None else start + j) for i, j in middle]
    tail: list[Pair] = [(len(old) - left, len(new) - left) for left in range(end, 0, -1)]
    return [*((number, number) for number in range(start)), *shifted, *tail]


def _same(old: Sequence[_T], new: Sequence[_T], cost: Callable[[_T, _T], float]) -> int:
    """Return how many items at the beginning go together at no cost."""
    pairs = zip(old, new, strict=False)
    return next((number for number, pair in enumerate(pairs) if cost(*pair)), min(len(old), len(new)))


def _best(old: Sequence[_T], new: Sequence[_T], cost: Callable[[_T, _T], float]) -> list[Pair]:
    least = [[float(i + j) for j in range(len(new) + 1)] for i in range(len(old) + 1)]
    for i, before in enumerate(old, 1):
        for j, after in enumerate(new, 1):
            alone = min(least[i - 1][j], least[i][j - 1]) + 1
            least[i][j] = min(least[i - 1][j - 1] + cost(before, after), alone)
    pairs: list[Pair] = []
    i, j = len(old), len(new)
    while i or j:
        if i and least[i][j] == least[i - 1][j] + 1:
            i -= 1
            pairs.append((i, None))
        elif j and least[i][j] == least[i][j - 1] + 1:
            j -= 1
            pairs.append((None, j))
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    return pairs[::-1]
