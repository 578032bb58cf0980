"""Transcripts of conversations, for people to read: one line per fact, multi-line text as its lines."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_interactions.api.behaviour import behaviour_of
from pytest_interactions.escaping import escaped, on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_interactions.api.json_values import Json

_INDENT = "  "
_PLAIN_KEY = re.compile(r"[\w-]+")
#: The fields that a step's first line shows.
_IN_HEAD = ("type", "call", "is_error")
#: The fields that hold texts and media; they follow the facts.
_WORDING = ("summary", "content", "result")


class Line(NamedTuple):
    """One line; `kind` is `turn`, `note`, `step`, `fact`, `text` or `error`."""

    kind: str
    text: str


def transcript(value: Any, *, text: bool = True) -> str:
    """Return the transcript of a value that shows steps; arguments and errors are those of `behaviour_of`."""
    return render(behaviour_of(value, text=text))


def render(turns: Iterable[Any]) -> str:
    """Return the transcript of turns that `behaviour_of` returned, closed by a line feed; `""` for no lines."""
    return "".join(f"{line.text}\n" for line in lines(turns))


def lines(turns: Iterable[Any]) -> Iterator[Line]:
    """Yield the lines of the transcript, for a caller that colours them."""
    for number, turn in enumerate(turns, 1):
        yield from lines_of_turn(number, turn)


def lines_of_turn(number: int, turn: Any, *, note: str = "", notes: Iterable[Line] = ()) -> Iterator[Line]:
    """Yield the lines of one turn.

    Args:
        number: Its number in the conversation.
        turn: One of those that `behaviour_of` returns.
        note: What is to stand behind its status.
        notes: Lines to stand before its steps.
    """
    if not isinstance(turn, dict):
        yield Line("fact", _value(turn))
        return
    indent = ""
    if "status" in turn:
        head = f"turn {number}: {on_one_line(str(turn['status'] or 'no status'))}"
        yield Line("turn", f"{head}   ({note})" if note else head)
        indent = _INDENT
    yield from _indented(notes, indent)
    for step in turn.get("steps", []):
        yield from _indented(_step(step), indent)
    for error in turn.get("errors", []):
        yield from _indented((Line("error", fact.text) for fact in _facts({"error": error}, ": ")), indent)
    for event in turn.get("unknown_events", []):
        yield from _indented(_event(event), indent)


def _indented(unindented: Iterable[Line], indent: str) -> Iterator[Line]:
    for line in unindented:
        yield line._replace(text=(indent + line.text).rstrip())


def _event(event: Any) -> Iterator[Line]:
    fields = event if isinstance(event, dict) else {"data": event}
    return _step({**fields, "type": f"event {fields.get('event_type', '')}".rstrip()})


def _step(step: Any) -> Iterator[Line]:
    if not isinstance(step, dict):
        yield Line("fact", _value(step))
        return
    head = " ".join(str(step[name]) for name in ("type", "call") if step.get(name))
    head = on_one_line(head or "step") + (" (error)" if step.get("is_error") else "")
    body: list[Line] = []
    for name in sorted(step.keys() - {*_IN_HEAD, *_WORDING, "event_type"}, key=str):
        body += _facts(step[name], " = ") if name == "arguments" else _facts({name: step[name]}, ": ")
    for name in _WORDING:
        if name in step:
            body += _wording(step[name])
    if len(body) == 1 and body[0].kind == "text":
        yield Line("step", f"{head}: {body[0].text}")
    else:
        yield Line("step", head)
        yield from _indented(body, _INDENT)


# --- texts and media ---


def labelled(label: str, text: str) -> Iterator[Line]:
    """Yield a text beside its label, or below it if the text has several lines."""
    body = list(_text(text))
    yield Line("note", f"{label}: {body[0].text}" if len(body) == 1 else label)
    if len(body) > 1:
        yield from _indented(body, _INDENT)


def _wording(value: Any) -> Iterator[Line]:
    """Yield the lines of a text, of contents, or of a result in a form of its own."""
    if isinstance(value, str):
        yield from _text(value)
    elif isinstance(value, list) and all(isinstance(part, dict) and "type" in part for part in value):
        for part in value:
            yield from _part(part)
    else:
        yield from _facts(value, ": ")


def _part(part: Json) -> Iterator[Line]:
    rest = dict(part)
    annotations = rest.pop("annotations") if isinstance(part.get("annotations"), list) else []
    if part.get("type") == "text" and isinstance(part.get("text"), str):
        yield from _text(rest.pop("text"))
    if rest != {"type": "text"} or "text" not in part:
        yield Line("fact", _bracketed(rest))
    for annotation in annotations:
        yield Line("fact", _bracketed(annotation))


def _text(text: str) -> Iterator[Line]:
    """Yield the lines of a text, without blanks at the ends of lines and without empty lines at its end."""
    for line in escaped(text).rstrip().split("\n"):
        yield Line("text", line.rstrip())


def _bracketed(item: Any) -> str:
    """Return one line for an object: its type, then its fields."""
    if not isinstance(item, dict):
        return f"[{_value(item)}]"
    fields = {key: value for key, value in item.items() if key != "type"}
    facts = [inline(fields)] if fields else []
    return "[" + " ".join([on_one_line(str(item.get("type", ""))), *facts]) + "]"


def inline(value: Any) -> str:
    """Return the facts of `value` on one line."""
    return " ".join(fact.text.replace("\n", "\\n") for fact in _facts(value, "="))


# --- facts ---


def _facts(value: Any, separator: str, path: str = "") -> Iterator[Line]:
    """Yield one line per leaf of `value`, named by its path; keys are sorted, as their order means nothing."""
    if isinstance(value, dict) and value:
        for key in sorted(value, key=str):
            name = str(key) if _PLAIN_KEY.fullmatch(str(key)) else _value(str(key))
            yield from _facts(value[key], separator, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _facts(item, separator, f"{path}[{index}]")
    elif isinstance(value, str) and "\n" in value.rstrip() and separator != "=":
        yield Line("fact", f"{path}{separator.rstrip()}")
        yield from (Line("text", _INDENT + line.text) for line in _text(value))
    else:
        yield Line("fact", f"{path}{separator if path else ''}{_value(value)}")


def _value(value: Any) -> str:
    try:
        return on_one_line(json.dumps(value, ensure_ascii=False))
    except (TypeError, ValueError):
        return on_one_line(repr(value))
