"""The removal of every secret from a stream of server-sent events; all other bytes stay as they are."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from pytest_interactions.api import sse
from pytest_interactions.api.json_text import rewritten
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.redaction.texts import map_texts, texts

if TYPE_CHECKING:
    from pytest_interactions.redaction.matcher import Matcher
    from pytest_interactions.redaction.places import Node


def redact_stream(body: bytes, tree: Node, matcher: Matcher) -> bytes:
    """Return a stream's `body` without any secret, even one that is spread over several deltas of a step.

    The `tree` has the places of secrets in an event's data, and `matcher` finds secrets in any place.
    """
    events = sse.decode(body)
    documents = [event.json() for event in events]
    clean = redact_events(documents, tree, matcher, search=matcher.may_be_in(body))
    return b"".join(
        _written(event, document, new, matcher) for event, document, new in zip(events, documents, clean, strict=True)
    )


def redact_events(documents: list[Any], tree: Node, matcher: Matcher, *, search: bool) -> list[Any]:
    """Return the data of a stream's events without any secret; the same objects where there is nothing to change.

    Without `search`, `matcher` skips secrets within one event and looks only for those spread over several.
    """
    clean = _redact_deltas([tree.rewrite(document) for document in documents], matcher)
    return [map_texts(document, matcher.redact) for document in clean] if search else clean


def _written(event: sse.ServerSentEvent, document: Any, clean: Any, matcher: Matcher) -> bytes:
    """Return the event's bytes; those that are no JSON (comments, ids, errors in plain words) are searched as text."""
    if document is NOT_JSON:
        return matcher.redact_bytes(event.raw)
    if clean is not document:
        text = rewritten((event.data or "").encode("utf-8", "surrogatepass"), document, clean)
        event = event.with_data(text.decode("utf-8", "surrogatepass"))
    # A number may be a known value too; redacted, it would be no JSON.
    raw = matcher.redact_values(event.raw)
    return event.raw if raw != event.raw and sse.decode(raw)[0].json() is NOT_JSON else raw


def _redact_deltas(documents: list[Any], matcher: Matcher) -> list[Any]:
    """Return the events' data without the secrets that only show once a step's deltas are joined."""
    spread: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for number, document in enumerate(documents):
        if isinstance(document, dict) and isinstance(delta := document.get("delta"), dict):
            for path, text in texts(delta):
                spread[str(document.get("index")), path].append((number, text))
    changed: dict[int, dict[str, str]] = defaultdict(dict)
    for (_, path), pieces in spread.items():
        redacted = matcher.redact_pieces([text for _, text in pieces])
        for (number, old), new in zip(pieces, redacted, strict=True):
            if new != old:
                changed[number][path] = new
    return [
        {**document, "delta": _with_texts(document["delta"], changed[number])} if number in changed else document
        for number, document in enumerate(documents)
    ]


def _with_texts(value: Any, new: dict[str, str], path: str = "$") -> Any:
    """Return `value` with the `new` texts at their paths, which are those of `texts`."""
    if isinstance(value, str):
        return new.get(path, value)
    if isinstance(value, dict):
        return {name: _with_texts(item, new, f"{path}.{name}") for name, item in value.items()}
    if isinstance(value, list):
        return [_with_texts(item, new, f"{path}[{place}]") for place, item in enumerate(value)]
    return value
