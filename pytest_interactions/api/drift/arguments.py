"""The arguments of a call: by the schema that its tool declares, then by value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_interactions.api.drift import kinds
from pytest_interactions.api.drift.kinds import NONE, Finding, Place, Word
from pytest_interactions.api.drift.schema import misfits, type_name
from pytest_interactions.api.drift.values import NOTHING, differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_interactions.api.drift.schema import Misfit
    from pytest_interactions.api.drift.units import UnitStep
    from pytest_interactions.api.drift.values import Difference
    from pytest_interactions.api.json_values import Json


def compare_arguments(old: UnitStep, new: UnitStep, place: Place, *, declared: Sequence[Json]) -> Iterator[Finding]:
    """Yield how the arguments of a call differ from those of the recorded one.

    `declared` are requests that may declare the tool, of which the first that does counts.
    """
    before, after = (step.behaviour.get("arguments", NOTHING) for step in (old, new))
    if type(before) is not type(after):
        return  # the shape of the step tells that
    schema = _schema(new.tool, declared) if new.type == "function_call" else None
    known = {(each.path, each.word) for each in misfits(before, schema)}
    wrong = [each for each in misfits(after, schema) if (each.path, each.word) not in known]
    for each in wrong:
        yield Finding(kinds.ARGUMENT_INVALID, _at(place, each.path), NONE, Word(each.why))
    for difference in differences(before, after):
        if not any(_is_of(difference, each) for each in wrong):
            yield _finding(difference, place, has_schema=schema is not None)


def _is_of(difference: Difference, wrong: Misfit) -> bool:
    """Return whether a difference tells the same as a misfit: at its place, or by another name for what is missing."""
    if _is_within(difference.path, wrong.path) or _is_within(wrong.path, difference.path):
        return True
    parents = {path.rpartition(".")[0] for path in (difference.path, wrong.path)}
    return wrong.word == "required" and difference.old is NOTHING and len(parents) == 1


def _finding(difference: Difference, place: Place, *, has_schema: bool) -> Finding:
    at = _at(place, difference.path)
    if difference.new is NOTHING:
        kind = kinds.ARGUMENT if has_schema else kinds.ARGUMENT_VANISHED
        return Finding(kind, at, difference.old, Word("not given"))
    if difference.old is NOTHING:
        return Finding(kinds.ARGUMENT, at, Word("not given"), difference.new)
    if difference.is_of_type and not has_schema:
        return Finding(kinds.ARGUMENT_TYPE, at, *(Word(type_name(each)) for each in (difference.old, difference.new)))
    return Finding(kinds.ARGUMENT, at, difference.old, difference.new)


def _schema(tool: str, declared: Sequence[Json]) -> Any:
    """Return the schema that a function's declaration has for its arguments; `None` if there is none."""
    for asked in declared:
        tools = asked.get("tools")
        for each in tools if isinstance(tools, list) else ():
            if isinstance(each, dict) and each.get("name") == tool and isinstance(each.get("parameters"), dict):
                return each["parameters"]
    return None


def _is_within(path: str, other: str) -> bool:
    return not other or path == other or path.startswith((f"{other}.", f"{other}["))


def _at(place: Place, path: str) -> Place:
    field = f"arguments.{path}" if path and not path.startswith("[") else f"arguments{path}"
    return Place(turns=place.turns, step=place.step, field=field)
