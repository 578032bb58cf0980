"""Where two values of an argument, or of a structured answer, differ; a list that changed is one difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_interactions.api.drift.schema import type_name

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What stands for a value that is not there.
NOTHING: Final = object()


class Difference(NamedTuple):
    """A place where two values differ, with both; `NOTHING` where only the other one has something."""

    path: str
    old: Any
    new: Any

    @property
    def is_of_type(self) -> bool:
        """Return whether both are there, and are of different types."""
        return NOTHING not in (self.old, self.new) and type_name(self.old) != type_name(self.new)


def differences(old: Any, new: Any, path: str = "") -> Iterator[Difference]:
    """Yield where two values of JSON differ; the order of an object's names does not matter."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in {**old, **new}:
            at = f"{path}.{name}" if path else str(name)
            yield from differences(old.get(name, NOTHING), new.get(name, NOTHING), at)
    elif _are_lists_of_objects(old, new):
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from differences(before, after, f"{path}[{number}]")
    elif old is NOTHING or new is NOTHING or type_name(old) != type_name(new) or old != new:
        yield Difference(path, old, new)


def _are_lists_of_objects(*values: Any) -> bool:
    if not all(isinstance(value, list) for value in values) or len({len(value) for value in values}) > 1:
        return False
    return all(isinstance(item, dict) for value in values for item in value)
