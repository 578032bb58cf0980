"""The texts in a JSON document."""

from __future__ import annotations

from operator import is_
from typing import TYPE_CHECKING, Any

from pytest_interactions.redaction.placeholders import REDACTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def map_texts(value: Any, change: Callable[[str], str]) -> Any:
    """Return `value` with `change` applied to each text and each field's name; the same object if none changes."""
    if isinstance(value, str):
        new = change(value)
        return value if new == value else new
    if isinstance(value, list):
        items = [map_texts(item, change) for item in value]
        return value if all(map(is_, items, value)) else items
    if isinstance(value, dict):
        names = [map_texts(name, change) for name in value]
        items = [map_texts(item, change) for item in value.values()]
        if all(map(is_, names, value)) and all(map(is_, items, value.values())):
            return value
        fields: dict[str, Any] = {}
        for name, item in zip(names, items, strict=True):
            # Two names may have become one; both fields stay.
            fields[_free(name, fields)] = item
        return fields
    return value


def texts(value: Any, path: str = "$") -> Iterator[tuple[str, str]]:
    """Yield the JSON path of each text in `value` and the text, in order."""
    stack = [(path, value)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, dict):
            stack += reversed([(f"{path}.{name}", item) for name, item in value.items()])
        elif isinstance(value, list):
            stack += reversed([(f"{path}[{place}]", item) for place, item in enumerate(value)])


def _free(name: str, taken: dict[str, Any]) -> str:
    while name in taken:
        name += REDACTED
    return name
