"""What the templates ask for: figures of a test, and texts in the form in which a page shows them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from pytest_interactions.api.setting import setting_lines
from pytest_interactions.api.transcript import inline
from pytest_interactions.escaping import escaped
from pytest_interactions.redaction.placeholders import HANDED_OUT, LOCATION, PLACEHOLDER_KEY, PROJECT, REDACTED
from pytest_interactions.redaction.signatures import SIGNATURE
from pytest_interactions.report.text import pace_text, seconds_text, tokens_text
from pytest_interactions.report.websockets import closed_text, counted_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.api.transcript import Line
    from pytest_interactions.report.model import Events, Wait

_MARKS: Final = re.compile(rf"{SIGNATURE}[0-9a-f]+|{HANDED_OUT}\w+|{REDACTED}|{PLACEHOLDER_KEY}|{PROJECT}|{LOCATION}")
_STATUSES: Final = ("completed", "failed", "incomplete", "budget_exceeded", "cancelled")
#: The fields of a step that its first line shows, and those that hold contents.
_IN_HEAD: Final = ("type", "call", "is_error")
_CONTENTS: Final = ("summary", "content", "result")
_LONGEST: Final = 100_000  # characters of one text
_WIDTH: Final = 1000  # of the drawing of a stream, in its own units


def parts(name: str) -> tuple[str, str]:
    """Return the place and the own name of a test, or of a cassette by its path."""
    test = name.partition("[")[0].rpartition("::")
    place = test[0] + test[1] or name.rpartition("/")[0] + "/" * ("/" in name)
    return place, name[len(place) :]


# --- steps ---


def facts(step: Json) -> str:
    """Return what a step says beside its contents, on one line."""
    rest = {name: value for name, value in step.items() if name not in (*_IN_HEAD, *_CONTENTS, "arguments")}
    return inline(rest) if rest else ""


def contents(step: Json) -> Iterator[tuple[str, Any]]:
    """Yield what a step holds, each with the kind of it: `text`, `medium`, `fact`, or `json`."""
    for name in _CONTENTS:
        value = step.get(name)
        parts = value if isinstance(value, list) and all(isinstance(part, dict) for part in value) else [value]
        for part in parts if name in step else ():
            yield from _part(name, part)


def _part(name: str, part: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(part, str):
        yield "text", part
    elif not isinstance(part, dict) or "type" not in part:
        yield "json", (name, part)
    elif isinstance(part.get("sha256"), str) and isinstance(part.get("bytes"), int):
        yield "medium", part
    else:
        if isinstance(part.get("text"), str):
            yield "text", part["text"]
        annotations = part.get("annotations")
        rest = {key: value for key, value in part.items() if key not in ("text", "annotations")}
        if rest != {"type": "text"}:
            yield "fact", inline(rest)
        for each in annotations if isinstance(annotations, list) else []:
            yield "fact", inline(each)


def setting(turn: Json) -> list[Line]:
    """Return the lines of what a turn was asked with, where that is new."""
    return list(setting_lines({name: turn["setting"].get(name) for name in turn["changed"]}))


def status_class(turn: Json) -> str:
    """Return the class of a turn's status; `""` for one that has no colour of its own."""
    return turn["status"] if turn.get("status") in _STATUSES else ""


# --- texts ---


def preview(value: Any) -> str:
    """Return the beginning of a value, on one line."""
    text = inline(value)
    return text if len(text) <= 120 else f"{text[:119]}…"  # noqa: PLR2004 - what a line has room for


def pretty(value: Any) -> str:
    """Return a value as JSON that is laid out."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def marked(text: str) -> Any:
    """Return a text as markup, in which what stands for a secret is marked, and which is cut if it is very long."""
    from markupsafe import Markup

    shown = escaped(text[:_LONGEST]) + (f"\n… {len(text) - _LONGEST:,} more characters" if text[_LONGEST:] else "")
    parts, done = [], 0
    for found in _MARKS.finditer(shown):
        why = "a signature" if found[0].startswith(SIGNATURE) else "a secret"
        parts += [
            Markup.escape(shown[done : found.start()]),
            Markup('<mark title="stands for {}">{}</mark>').format(why, found[0]),
        ]
        done = found.end()
    return Markup("").join([*parts, Markup.escape(shown[done:])])


def link(name: str) -> str:
    """Return a test's id as it stands in an address."""
    return quote(escaped(name), safe="")


def size(count: int) -> str:
    """Return a number of bytes."""
    if count < 1000:  # noqa: PLR2004 - a kilobyte
        return f"{count} B"
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"  # noqa: PLR2004 - a megabyte


def data_url(medium: Json) -> Any:
    """Return a medium as an address that asks nobody: its type is one of a few, and the rest is base64."""
    from markupsafe import Markup

    return Markup("data:{};base64,{}").format(medium["type"] or "application/octet-stream", medium["data"])


# --- streams ---


def bars(events: list[Events]) -> Iterator[tuple[Events, float, float]]:
    """Yield the events of a stream, each with the place and the width at which its bytes are drawn."""
    total = sum(event["bytes"] for event in events) or 1
    for event in events:
        yield event, round(event["start"] * _WIDTH / total, 2), round(event["bytes"] * _WIDTH / total, 2)


def waits(found: list[Wait]) -> Iterator[tuple[Wait, float, float]]:
    """Yield the waits of a stream, each with the place and the width at which its time is drawn."""
    total = found[-1]["start"] + found[-1]["seconds"] or 1
    for wait in found:
        yield wait, round(wait["start"] * _WIDTH / total, 2), round(wait["seconds"] * _WIDTH / total, 2)


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "bars": bars,
    "closed": closed_text,
    "contents": contents,
    "data_url": data_url,
    "facts": facts,
    "link": link,
    "marked": marked,
    "messages": counted_text,
    "pace": pace_text,
    "pretty": pretty,
    "parts": parts,
    "preview": preview,
    "seconds": seconds_text,
    "setting": setting,
    "size": size,
    "status_class": status_class,
    "tokens": tokens_text,
    "waits": waits,
}
