"""The conversations of a test: which turns belong together, as independent ones may run at once, in any order."""

from __future__ import annotations

from collections import Counter
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.json_values import compact
from pytest_interactions.api.steps import CONTENT, as_steps, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_interactions.api.drift.units import Unit


def _previous(unit: Unit) -> str:
    return str(unit.asked.get("previous_interaction_id") or "")


def conversations_of(units: Sequence[Unit]) -> list[list[Unit]]:
    """Put turns that belong to one conversation together: independent ones may run at once, in any order."""
    conversations: dict[str, list[Unit]] = {}
    followed = Counter(name for name in map(_previous, units) if name)
    of_name: dict[str, str] = {}
    for unit in units:
        previous = _previous(unit)
        begun = of_name.get(previous, "")
        if followed[previous] > 1 and opening(unit).startswith("["):  # several things that were said, maybe at once
            key = begun + opening(unit)
        else:  # an answer that is not there may be missing in a row
            key = begun or (next(reversed(conversations), "") if previous else "") or opening(unit)
        conversations.setdefault(key, []).append(unit)
        for name in _names(unit):
            of_name[name] = key
    return list(conversations.values())


def opening(unit: Unit) -> str:
    """Return what opens a conversation: the first thing that was said in what a turn sends, and the instruction."""
    said = unit.asked.get("input")
    if isinstance(said, list):  # contents make one thing that was said; behind the first step may be a long history
        said = [*takewhile(_is_content, said)] or said[:1]
    instruction = unit.asked.get("system_instruction")
    return next(map(sent, as_steps(said)), "") + ("" if instruction is None else f" {compact(instruction)}")


def _is_content(item: Any) -> bool:
    return isinstance(item, str) or (isinstance(item, dict) and item.get("type") in CONTENT)


def _names(unit: Unit) -> list[str]:
    known = unit.raw.get("continuation_ids")
    names = [unit.raw.get("id"), *(known if isinstance(known, list) else [])]
    return [name for name in names if name and isinstance(name, str)]


def sent(step: Any) -> str:
    """Return what tells one input from another; of a result its function alone, as the rest follows from answers."""
    data = plain(step)
    if data.get("type") != "user_input":
        return f"{data.get('type')} {data.get('name') or ''}"
    content = data.get("content")
    parts = content if isinstance(content, list) else [content]
    return compact([part.get("text") or part.get("type") if isinstance(part, dict) else part for part in parts])
