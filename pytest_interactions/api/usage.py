"""Token counts, as the API gives them with each interaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_interactions.api.json_values import Json

#: In a list of counts, the fields of which one says what an item counts.
_COUNTED_BY = ("modality", "type")


def summed(usages: Iterable[Any]) -> Json:
    """Return the `usage` of several interactions as one: counts are added, those by modality or tool among themselves.

    What is no object counts nothing; what is no count in it is taken from the last.
    """
    total: Json = {}
    for usage in usages:
        for name, value in usage.items() if isinstance(usage, dict) else ():
            total[name] = _added(total.get(name), value)
    return total


def _added(known: Any, value: Any) -> Any:
    if _is_count(value):
        return known + value if _is_count(known) else value
    if not isinstance(value, list) or not isinstance(known, list):
        return value
    items = {_counted(item): item for item in known}
    for item in value:
        items[_counted(item)] = summed([items.get(_counted(item)), item]) if isinstance(item, dict) else item
    return list(items.values())


def _counted(item: Any) -> str:
    """Return what an item of a list counts, such as `text`; another item stands for itself."""
    names = [str(item[name]) for name in _COUNTED_BY if name in item] if isinstance(item, dict) else []
    return names[0] if names else repr(item)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
