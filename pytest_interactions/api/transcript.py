"""A conversation as a text that people read: one line per fact, multi-line text as its lines."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_interactions.api.behaviour import behaviour_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_interactions.api.json_values import Json

_INDENT = "  "
#: Not fit for a line of a text file or a terminal: controls, surrogates, and what some take for an end of line.
_UNPRINTABLE = re.compile(r"[^\t\x20-\x7e\xa0-\u2027\u202f-\ud7ff\ue000-\U0010ffff]")
_PLAIN_KEY = re.compile(r"[\w-]+")
#: What of a step is no fact of its own: it stands in the step's first line.
_IN_HEAD = ("type", "call", "is_error")
#: What of a step is said rather than told: texts and media.
_SAID = ("summary", "content", "result")


class Line(NamedTuple):
    """One line; `kind` is `turn`, `step`, `fact`, `text` or `error`."""

    kind: str
    text: str


def transcript(value: Any, *, text: bool = True) -> str:
    """The transcript of whatever shows steps; arguments and errors are those of `behaviour_of`."""
    return render(behaviour_of(value, text=text))


def render(turns: Iterable[Any]) -> str:
    """The transcript of what `behaviour_of` returned; `""` for nothing at all, else closed by a line feed."""
    return "".join(f"{line.text}\n" for line in lines(turns))


def lines(turns: Iterable[Any]) -> Iterator[Line]:
    """The lines of the transcript, for who wants to colour them."""
    for number, turn in enumerate(turns, 1):
        if not isinstance(turn, dict):
            yield Line("fact", _value(turn))
            continue
        indent = ""
        if "status" in turn:
            yield Line("turn", f"turn {number}: {escaped(str(turn['status'] or 'no status'))}")
            indent = _INDENT
        for step in turn.get("steps", []):
            yield from _indented(_step(step), indent)
        for error in turn.get("errors", []):
            yield from _indented((Line("error", fact) for _, fact in _facts({"error": error}, ": ")), indent)
        for event in turn.get("unknown_events", []):
            yield from _indented(_event(event), indent)


def escaped(text: str) -> str:
    """`text` with what is not printable as escapes, on one line unless it has line feeds."""
    return "\n".join(_UNPRINTABLE.sub(_escape, line) for line in text.split("\n"))


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def _indented(found: Iterable[Line], indent: str) -> Iterator[Line]:
    for line in found:
        yield line._replace(text=(indent + line.text).rstrip())


def _event(event: Any) -> Iterator[Line]:
    told = event if isinstance(event, dict) else {"data": event}
    return _step({**told, "type": f"event {told.get('event_type', '')}".rstrip()})


def _step(step: Any) -> Iterator[Line]:
    if not isinstance(step, dict):
        yield Line("fact", _value(step))
        return
    head = " ".join(str(step[name]) for name in ("type", "call") if step.get(name))
    head = escaped(head or "step") + (" (error)" if step.get("is_error") else "")
    body = [line for name in _SAID if name in step for line in _said(step[name])]
    facts = [
        Line(kind, fact)
        for name in sorted(step.keys() - {*_IN_HEAD, *_SAID, "event_type"}, key=str)
        for kind, fact in (_facts(step[name], " = ") if name == "arguments" else _facts({name: step[name]}, ": "))
    ]
    if not facts and len(body) == 1 and body[0].kind == "text":
        yield Line("step", f"{head}: {body[0].text}")
    else:
        yield Line("step", head)
        yield from _indented([*facts, *body], _INDENT)


# --- what is said ---


def _said(value: Any) -> Iterator[Line]:
    """A text, contents, or a result in a form of its own."""
    if isinstance(value, str):
        yield from _text(value)
    elif isinstance(value, list) and all(isinstance(part, dict) and "type" in part for part in value):
        for part in value:
            yield from _part(part)
    else:
        yield from (Line(kind, fact) for kind, fact in _facts(value, ": "))


def _part(part: Json) -> Iterator[Line]:
    annotations = part.get("annotations")
    rest = {key: value for key, value in part.items() if key != "annotations" or not isinstance(value, list)}
    if part.get("type") == "text" and isinstance(part.get("text"), str):
        yield from _text(rest.pop("text"))
    if rest != {"type": "text"} or "text" not in part:
        yield Line("fact", _bracketed(rest))
    for annotation in annotations if isinstance(annotations, list) else []:
        yield Line("fact", _bracketed(annotation))


def _text(text: str) -> Iterator[Line]:
    """The lines of a text; blanks at the ends of lines, and empty lines at its end, are not told."""
    for line in escaped(text).rstrip().split("\n"):
        yield Line("text", line.rstrip())


def _bracketed(item: Any) -> str:
    """One line for an object: its type, then its fields."""
    if not isinstance(item, dict):
        return f"[{_value(item)}]"
    fields = [fact for key in sorted(item, key=str) if key != "type" for _, fact in _facts({key: item[key]}, "=")]
    return "[" + " ".join([escaped(str(item.get("type", ""))), *(field.replace("\n", "\\n") for field in fields)]) + "]"


# --- facts ---


def _facts(value: Any, separator: str, path: str = "") -> Iterator[tuple[str, str]]:
    """One line per leaf of `value`, named by its path; keys are sorted, as their order means nothing."""
    if isinstance(value, dict) and value:
        for key in sorted(value, key=str):
            name = str(key) if _PLAIN_KEY.fullmatch(str(key)) else _value(str(key))
            yield from _facts(value[key], separator, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _facts(item, separator, f"{path}[{index}]")
    elif isinstance(value, str) and "\n" in value.rstrip() and separator != "=":
        yield "fact", f"{path}{separator.rstrip()}"
        yield from (("text", _INDENT + line.text) for line in _text(value))
    else:
        yield "fact", f"{path}{separator if path else ''}{_value(value)}"


def _value(value: Any) -> str:
    try:
        return escaped(json.dumps(value, ensure_ascii=False))
    except (TypeError, ValueError):
        return escaped(repr(value))
