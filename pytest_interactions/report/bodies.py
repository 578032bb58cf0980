"""What an exchange carried, as text: JSON laid out without its media, and streams as their events."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.api.latency import came
from pytest_interactions.api.sse import decode
from pytest_interactions.api.websocket import RECEIVED, SENT
from pytest_interactions.report.media import told
from pytest_interactions.report.websockets import kind_of, lines_of_messages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.api.exchange import Exchange, Message
    from pytest_interactions.api.latency import Came
    from pytest_interactions.api.sse import ServerSentEvent
    from pytest_interactions.report.model import Bodies, Body, Events, Wait

#: The characters of a body, of one line of a stream, and of the text of events that are shown.
_SHOWN: Final = 20_000
_LINE: Final = 2_000
_TEXT: Final = 240
#: The fields of a delta whose text is shown.
_SAID: Final = ("text", "arguments")
#: The groups of events that are told of one stream.
_GROUPS: Final = 500


def bodies_of(exchange: Exchange) -> Bodies:
    """Return what an exchange carried, which is redacted."""
    response = exchange.response
    events = decode(response.body) if response.comes_in_events else []
    return {
        "request": _body(exchange.request),
        "response": _answer(exchange),
        "events": list(_grouped(events)),
        "waits": _waits(came(exchange)),
    }


def _answer(exchange: Exchange) -> Body:
    response = exchange.response
    if response.has_messages:
        return _cut("\n".join(lines_of_messages(exchange)))
    return _stream_body(response.body) if response.is_stream else _body(response)


def _body(message: Message) -> Body:
    value = message.json_unkept()
    if value is not NOT_JSON:
        return _cut(json.dumps(told(value), indent=2, ensure_ascii=False))
    try:
        return _cut(message.body.decode())
    except UnicodeDecodeError:
        return _cut(f"{len(message.body):,} bytes of {message.content_type or 'an unknown type'}")


def _stream_body(body: bytes) -> Body:
    lines = body.decode("utf-8", "replace").splitlines()
    short = [line if len(line) <= _LINE else f"{line[:_LINE]}… ({len(line) - _LINE:,} more)" for line in lines]
    return _cut("\n".join(short))


def _cut(text: str) -> Body:
    return {"text": text[:_SHOWN], "left": max(0, len(text) - _SHOWN)}


# --- events ---


class _Kind(NamedTuple):
    type: str
    about: str


def _grouped(events: list[ServerSentEvent]) -> Iterator[Events]:
    """Yield the events, those in one group that are of one kind and follow one another; the last group has the rest."""
    groups = [list(group) for _, group in groupby(events, _kind)]
    if len(groups) > _GROUPS:
        groups[_GROUPS:] = [[event for group in groups[_GROUPS:] for event in group]]
    number, start = 1, 0
    for place, group in enumerate(groups):
        kind = _kind(group[0]) if place < _GROUPS else _Kind("…", "all that followed")
        size = sum(len(event.raw) for event in group)
        yield {
            "type": kind.type,
            "about": kind.about,
            "number": number,
            "count": len(group),
            "start": start,
            "bytes": size,
            "text": "".join(map(_text, group))[:_TEXT],
        }
        number, start = number + len(group), start + size


def _waits(events: list[Came]) -> list[Wait]:
    """Return the waits for events; those that could not be told apart in a drawing are one."""
    least = events[-1].seconds / _GROUPS if events else 0.0
    found: list[Wait] = []
    start = 0.0
    for event in events:
        took = event.seconds - start
        if found and max(took, found[-1]["seconds"]) < least:
            found[-1]["count"] += 1
            found[-1]["seconds"] = round(event.seconds - found[-1]["start"], 3)
        else:
            found.append({"event": event.number, "count": 1, "start": start, "seconds": round(took, 3)})
        start = event.seconds
    return found


def _kind(event: ServerSentEvent) -> _Kind:
    data = _data(event)
    said = data.get("event_type")
    kind = said if isinstance(said, str) and event.event in ("", "message") else event.event or "between events"
    if event.event.partition(" ")[0] in (SENT, RECEIVED):
        kind = kind_of(event.event, data)
    inside = (data.get(name) for name in ("delta", "step", "content"))
    inner: dict[str, Any] = next((each for each in inside if isinstance(each, dict)), {})
    about = [f"step {data['index'] + 1}"] if isinstance(data.get("index"), int) else []
    about += [str(inner["type"])] if inner.get("type") else []
    return _Kind(kind, ", ".join(about))


def _text(event: ServerSentEvent) -> str:
    data = _data(event)
    brought = data["delta"] if isinstance(data.get("delta"), dict) else {}
    error = data["error"] if isinstance(data.get("error"), dict) else {}
    texts = (*(brought.get(name) for name in _SAID), data.get("status"), error.get("message"))
    return next((text for text in texts if isinstance(text, str)), "")


def _data(event: ServerSentEvent) -> dict[str, Any]:
    data = event.json()
    return data if isinstance(data, dict) else {}
