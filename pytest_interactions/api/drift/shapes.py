"""The shape of JSON: which fields there are, and of what types, whatever their values.

Several values of one place are compared as one: a field is missing if all of the recorded ones had it, and none has it
now. What comes and goes from answer to answer is in the tables below.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.drift import kinds
from pytest_interactions.api.drift.kinds import NONE, Finding, Kind, Place, Word
from pytest_interactions.api.drift.schema import type_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: Fields that may be there or not, whatever the behaviour; names of the older API are written as the newer one's.
_COME_AND_GO: Final = frozenset(
    {
        "signature",
        "thought_signature",
        "continuation_token",
        "continuation_ids",
        "previous_interaction_id",
        "input",
        "event_id",
        "step_usage",
        "search_suggestions",
        "annotations",  # compared by what they cite
        "errors",  # compared by their codes
        "error",
        "unknown_events",
        "citation_metadata",
        "grounding_metadata",
        "url_context_metadata",
        "safety_ratings",
        "avg_logprobs",
        "logprobs_result",
        "finish_message",
        "next_page_token",
        # Spelt out or not, a default is the same.
        "is_error",
        "search_type",
    }
)
#: Fields of which it counts alone that they are there: what is in them is told elsewhere, varies, or is the app's.
_CLOSED: Final = frozenset(
    {
        "usage",
        "total_usage",
        "usage_metadata",
        "metadata",
        "custom_metadata",
        "labels",
        "parameters",
        "arguments",
        "args",
        "result",
        "steps",
        "outputs",
        "content",
        "summary",
    }
)
#: Fields that can have few values, so that another value is another behaviour.
_FEW_VALUES: Final = frozenset(
    {"object", "role", "service_tier", "server_name", "mime_type", "language", "search_type"}
)
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def compare(old: Sequence[Any], new: Sequence[Any], place: Place, *, closed: bool = True) -> Iterator[Finding]:
    """Yield how the shape of some values differs from that of the recorded ones of the same place.

    Args:
        old: The recorded values.
        new: The values of now.
        place: Where they are; a finding adds the path within them.
        closed: Whether to leave the contents of fields alone that an interaction has, which are told elsewhere.
    """
    yield from _Shapes(place, closed=closed).compare(list(old), list(new), "")


class _Shapes:
    """The comparison at one place."""

    def __init__(self, place: Place, *, closed: bool) -> None:
        self._place = place
        self._closed = closed

    def compare(self, old: list[Any], new: list[Any], path: str) -> Iterator[Finding]:
        if repr(old) == repr(new):  # True is equal to 1
            return
        types, others = ({type_name(value) for value in values if value is not None} for values in (old, new))
        if types and others and types.isdisjoint(others):
            yield self._finding(kinds.FIELD_TYPE, path, _listed(types), _listed(others))
            return
        yield from self._objects(_of(dict, old), _of(dict, new), path)
        yield from self._lists(_of(list, old), _of(list, new), path)

    def _objects(self, old: list[dict[str, Any]], new: list[dict[str, Any]], path: str) -> Iterator[Finding]:
        if not old or not new:
            return
        for name in dict.fromkeys(chain(*old, *new)):
            plain = _HUMP.sub("_", str(name)).lower()
            if plain in _COME_AND_GO:
                continue
            at = f"{path}.{name}" if path else str(name)
            values, others = (_having(objects, name) for objects in (old, new))
            if len(values) == len(old) and not others:
                yield self._finding(kinds.FIELD_VANISHED, at, values[0])
            elif others and not values:
                yield self._finding(kinds.FIELD_NEW, at, NONE, others[0])
            elif values and others:
                yield from self._field(plain, values, others, at)

    def _field(self, name: str, old: list[Any], new: list[Any], path: str) -> Iterator[Finding]:
        if name in _FEW_VALUES and _texts(old) and _texts(new) and set(_texts(old)) != set(_texts(new)):
            yield self._finding(kinds.VALUE, path, _listed(_texts(old)), _listed(_texts(new)))
        elif name not in _CLOSED or (not self._closed and name not in _APPS):
            yield from self.compare(old, new, path)
        else:
            yield from self.compare(_emptied(old), _emptied(new), path)

    def _lists(self, old: list[list[Any]], new: list[list[Any]], path: str) -> Iterator[Finding]:
        items, others = ([*chain.from_iterable(values)] for values in (old, new))
        before, after = _by_type(items), _by_type(others)
        if before and "" in after and before.keys().isdisjoint(after):  # the type itself is missing
            yield from self.compare(items, others, f"{path}[]")
        for kind in [kind for kind in before if kind in after]:
            at = f"{path}[{kind}]"
            if kind and len(before[kind]) == len(after[kind]):
                for pair in zip(before[kind], after[kind], strict=True):
                    yield from self.compare([pair[0]], [pair[1]], at)
            else:
                yield from self.compare(before[kind], after[kind], at)

    def _finding(self, kind: Kind, path: str, old: Any = NONE, new: Any = NONE) -> Finding:
        field = ".".join(filter(None, (self._place.field, path))).replace(".[", "[")
        place = Place(turns=self._place.turns, is_new=self._place.is_new, step=self._place.step, field=field)
        return Finding(kind, place, old, new)


#: The fields whose contents are the app's own in any API.
_APPS: Final = frozenset(
    {"arguments", "args", "parameters", "metadata", "custom_metadata", "labels", "usage", "usage_metadata"}
)


def _of(kind: type, values: Iterable[Any]) -> list[Any]:
    return [value for value in values if isinstance(value, kind)]


def _having(objects: Iterable[dict[str, Any]], name: str) -> list[Any]:
    return [each[name] for each in objects if each.get(name) is not None]


def _texts(values: Iterable[Any]) -> list[str]:
    return sorted({value for value in values if isinstance(value, str)})


def _listed(names: Iterable[str]) -> Word:
    return Word(" or ".join(sorted(names)))


def _emptied(values: Iterable[Any]) -> list[Any]:
    """Return values of the same types that have nothing in them."""
    return [type(value)() if isinstance(value, dict | list) else value for value in values]


def _by_type(items: Iterable[Any]) -> dict[str, list[Any]]:
    """Return items by the `type` that they name; "" for those that name none."""
    found: dict[str, list[Any]] = {}
    for item in items:
        kind = item.get("type") if isinstance(item, dict) else None
        found.setdefault(kind if isinstance(kind, str) else "", []).append(item)
    return found
