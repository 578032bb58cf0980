"""What a JSON text says to those who take another entry than the last of a key that an object has twice."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST: Final = 100  # entries that a later one hides; more are not gone through


class _Entries(list[tuple[str, Any]]):
    """An object with all its entries."""


def readings(text: bytes) -> list[Any] | None:
    """Return the usual value of a JSON text, and for each entry that a later one hides the value with that one.

    Returns:
        `None` where they are too many to look at, or hide a `type`, by which it is known what other entries are.
    """
    hidden: list[str] = []

    def remember(entries: list[tuple[str, Any]]) -> _Entries:
        names = Counter(name for name, _ in entries)
        hidden.extend(name for name, times in names.items() for _ in range(times - 1))
        return _Entries(entries)

    value = json.loads(text, object_pairs_hook=remember)
    return None if "type" in hidden or len(hidden) > _MOST else list(_read(value))


def _read(value: Any) -> Iterator[Any]:
    """Yield the usual reading first."""
    if isinstance(value, _Entries):
        names, items = [name for name, _ in value], [list(_read(item)) for _, item in value]
        usual = {name: item[0] for name, item in zip(names, items, strict=True)}
        yield usual
        last = {name: place for place, name in enumerate(names)}
        for place, name in enumerate(names):
            for item in items[place][last[name] == place :]:
                yield {**usual, name: item}
    elif isinstance(value, list):
        items = [list(_read(item)) for item in value]
        usual_items = [item[0] for item in items]
        yield usual_items
        for place, others in enumerate(items):
            for item in others[1:]:
                yield [*usual_items[:place], item, *usual_items[place + 1 :]]
    else:
        yield value
