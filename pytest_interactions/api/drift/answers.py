"""What the answers of a turn hold: whether there is text, what it says, media, citations and thoughts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.drift import kinds, shapes
from pytest_interactions.api.drift.kinds import NONE, Finding, Place, Word
from pytest_interactions.api.drift.schema import misfits
from pytest_interactions.api.drift.values import NOTHING, differences
from pytest_interactions.api.drift.wording import says_the_same
from pytest_interactions.api.json_values import NOT_JSON, compact, parse
from pytest_interactions.options import Wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_interactions.api.drift.turns import Turn
    from pytest_interactions.api.drift.units import Unit
    from pytest_interactions.api.json_values import Json

#: Where a citation stands in the text, which differs with the wording.
_PLACES: Final = ("start_index", "end_index")


def compare(turn: Turn, wording: Wording) -> Iterator[Finding]:
    """Yield how the answers in a turn differ from the recorded ones."""
    yield from _thoughts(turn, wording)
    if turn.was_left:
        return
    yield from _types(turn)
    yield from _cited(turn)
    yield from _media(turn)
    yield from _wording(turn, wording)
    for kind, name in (("model_output", "content"), ("thought", "summary")):
        old, new = (_raw(unit, kind) for unit in (turn.old, turn.new))
        if old and new:
            yield from shapes.compare(old, new, Place(turns=turn.place.turns, step=kind))
            before, after = (_lists(steps, name) for steps in (old, new))
            place = Place(turns=turn.place.turns, step=kind, field=name)
            yield from shapes.compare(before, after, place) if before and after else ()


def _raw(unit: Unit, kind: str) -> list[Json]:
    return [raw for step in unit.steps if step.type == kind for raw in step.raw]


def _lists(steps: Iterable[Json], name: str) -> list[Any]:
    """Return the contents of steps as one list, as they may be parted anyhow; media count as their type."""
    parts = [part for step in steps if isinstance(step.get(name), list) for part in step[name]]
    return [parts] if parts else []


def parts_of(unit: Unit) -> list[Json]:
    """Return the contents of a turn's answers, as behaviour."""
    answers = [step.behaviour.get("content") for step in unit.steps if step.type == "model_output"]
    return [part for parts in answers if isinstance(parts, list) for part in parts if isinstance(part, dict)]


def texts(unit: Unit) -> list[str]:
    """Return the texts of a turn's answers that say something."""
    found = [part["text"] for part in parts_of(unit) if isinstance(part.get("text"), str)]
    return [text for text in found if text.strip()]


def _types(turn: Turn) -> Iterator[Finding]:
    """Yield whether there is text, and media of each type, in one of the turns alone."""
    old, new = texts(turn.old), texts(turn.new)
    if old and not new and not _is_shapeless(turn.new):
        yield Finding(kinds.TEXT_VANISHED, turn.place, old[0])
    if new and not old and not _is_shapeless(turn.old):
        yield Finding(kinds.TEXT_ADDED, turn.place, NONE, new[0])
    before, after = (_media_types(unit) for unit in (turn.old, turn.new))
    for name in sorted(before - after):
        yield Finding(kinds.CONTENT_VANISHED, turn.place, Word(name))
    for name in sorted(after - before):
        yield Finding(kinds.CONTENT_ADDED, turn.place, NONE, Word(name))


def _is_shapeless(unit: Unit) -> bool:
    """Return whether a turn has text that is not where a text is, so that its shape tells of it."""
    return any(not step.type or (step.type == "model_output" and _is_odd(step.raw)) for step in unit.steps)


def _is_odd(steps: Iterable[Json]) -> bool:
    contents = [step.get("content") for step in steps]
    if not all(isinstance(content, list) for content in contents):
        return True
    parts = [part for content in contents for part in content or ()]
    return not all(isinstance(part, dict) and "type" in part and _has_own(part) for part in parts)


def _has_own(part: Json) -> bool:
    return part["type"] != "text" or isinstance(part.get("text"), str)


def _media_types(unit: Unit) -> set[str]:
    return {str(part.get("type")) for part in parts_of(unit)} - {"text", "None"}


def _cited(turn: Turn) -> Iterator[Finding]:
    old, new = (_citations(unit) for unit in (turn.old, turn.new))
    if old != new and texts(turn.old) and texts(turn.new):
        listed = [Word(f"{len(each)} citation{'s' * (len(each) != 1)}") for each in (old, new)]
        yield Finding(kinds.ANNOTATIONS, turn.place, *listed)


def _citations(unit: Unit) -> list[str]:
    found = [each for part in parts_of(unit) for each in part.get("annotations") or ()]
    without = [
        {name: value for name, value in each.items() if name not in _PLACES} if isinstance(each, dict) else each
        for each in found
    ]
    return sorted({compact(each, sort_keys=True) for each in without})


def _media(turn: Turn) -> Iterator[Finding]:
    old, new = (_digests(unit) for unit in (turn.old, turn.new))
    if old and new and old != new:
        yield Finding(kinds.MEDIA, turn.place)


def _digests(unit: Unit) -> list[str]:
    return [str(part["sha256"]) for part in parts_of(unit) if "sha256" in part]


def _thoughts(turn: Turn, wording: Wording) -> Iterator[Finding]:
    old, new = (_summaries(unit) for unit in (turn.old, turn.new))
    if bool(old) != bool(new) and not turn.was_left:
        names = [Word("a thought" if each else "no thought") for each in (old, new)]
        yield Finding(kinds.THOUGHT, turn.place, *names)
    elif not says_the_same("".join(old), "".join(new), wording):
        yield Finding(kinds.REMARK, Place(turns=turn.place.turns, step="thought"), "".join(old), "".join(new))


def _summaries(unit: Unit) -> list[str]:
    return [_text(step.behaviour.get("summary")) for step in unit.steps if step.type == "thought"]


def _text(parts: Any) -> str:
    found = [part.get("text") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    return "".join(text for text in found if isinstance(text, str))


# --- wording ---


def _wording(turn: Turn, wording: Wording) -> Iterator[Finding]:
    old, new = ("".join(texts(unit)) for unit in (turn.old, turn.new))
    if wording is Wording.IGNORE or not (old and new):
        return
    before, after, form = parse(old), parse(new), _json_format(turn.new.asked)
    if before is NOT_JSON or (form is None and not isinstance(before, dict | list)):
        if not says_the_same(old, new, wording):
            yield Finding(kinds.WORDING, turn.place, old, new)
    elif after is NOT_JSON:
        yield Finding(kinds.OUTPUT_INVALID, turn.place, old, Word("is no JSON any more"))
    else:
        yield from _structured(turn, before, after, form, wording)


def _json_format(asked: Json) -> Json | None:
    """Return the form of a structured answer that a request asks for; `None` if it asks for none."""
    form = asked.get("response_format")
    forms = form if isinstance(form, list) else [form]
    return next((each for each in forms if isinstance(each, dict) and "json" in str(each)), None)


def _structured(turn: Turn, old: Any, new: Any, form: Json | None, wording: Wording) -> Iterator[Finding]:
    schema = (form or {}).get("schema")
    known = {(each.path, each.word) for each in misfits(old, schema)}
    wrong = [each for each in misfits(new, schema) if (each.path, each.word) not in known]
    for each in wrong:
        yield Finding(kinds.OUTPUT_INVALID, _at(turn, each.path), NONE, Word(each.why))
    for found in differences(old, new) if not wrong else ():
        is_text = isinstance(found.old, str) and isinstance(found.new, str)
        if not (is_text and says_the_same(found.old, found.new, wording)):
            shown = (Word("nothing") if value is NOTHING else value for value in (found.old, found.new))
            yield Finding(kinds.OUTPUT, _at(turn, found.path), *shown)


def _at(turn: Turn, path: str) -> Place:
    return Place(turns=turn.place.turns, step="model_output", field=path)
