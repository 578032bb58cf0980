"""The removal of every secret from JSON documents: one, or several that are one stream."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from functools import lru_cache
from itertools import chain, product
from operator import attrgetter, is_
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_interactions.api import sse
from pytest_interactions.api.json_text import rewritten
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.api.websocket import BYTES, ESCAPED, SENT, opened
from pytest_interactions.redaction import anywhere
from pytest_interactions.redaction.signatures import redact_broken
from pytest_interactions.redaction.texts import map_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from pytest_interactions.redaction.matcher import Matcher
    from pytest_interactions.redaction.tree import Node

#: The beginning of the event of a message that an app has sent.
_OF_APP: Final = f"event: {SENT}".encode()
_WRAPPED: Final = re.compile(rf"^event: \w+ (?:{BYTES}|{ESCAPED})$".encode(), re.MULTILINE)
# Fields that say the same in each event, and are no piece of a text.
_CONSTANT: Final = re.compile(r"(?:.*_)?(?:type|id|role|model|object|status|reason|name|time|created|updated)")


def redact_stream(body: bytes, tree: Node, matcher: Matcher) -> bytes:
    """Return a stream's `body` without any secret, even one that is spread over several deltas of a step.

    The `tree` has the places of secrets in an event's data, and `matcher` finds secrets in any place.
    """
    events = sse.decode(body)
    parsed = [event.json() for event in events]
    documents = [_document(event, value) for event, value in zip(events, parsed, strict=True)]
    # Lines of one event's data are one text, which the body does not show.
    joined = (event.data.encode("utf-8", "surrogatepass") for event in events if event.data and "\n" in event.data)
    search = any(map(matcher.may_be_in, chain([body], joined)))
    clean = redact_events(documents, tree, matcher, search=search, fields=anywhere.may_be_in(body))
    written = map(_written, events, parsed, documents, clean)
    if not search:
        return b"".join(event.raw for event in written)
    return b"".join(_searched(event, value, matcher) for event, value in zip(written, parsed, strict=True))


def redact_messages(body: bytes, tree: Node, matcher: Matcher) -> bytes:
    """Return the `body` that stands for a WebSocket's messages without any secret: each direction is a stream.

    So a secret is found that is spread over messages of one side, whatever the other one says meanwhile.
    """
    events = sse.split(body)
    # Where the fields of all JSON are seen.
    seen = [opened(event) if _WRAPPED.match(event) else event for event in events]
    clean = list(seen)
    for is_sent in (True, False):
        places = [place for place, event in enumerate(events) if event.startswith(_OF_APP) is is_sent]
        redacted = sse.split(redact_stream(b"".join([seen[place] for place in places]), tree, matcher))
        for place, event in zip(places, redacted, strict=True):
            clean[place] = event
    kept = zip(events, seen, clean, strict=True)
    return b"".join([event if new == before else new for event, before, new in kept])


def hides_fields(body: bytes) -> bool:
    """Return whether a body that stands for messages has one in a form that does not show the fields of JSON."""
    return _WRAPPED.search(body) is not None


def redact_document(document: Any, tree: Node, matcher: Matcher, *, search: bool, fields: bool = True) -> Any:
    """Return a JSON document without any secret; the same object if there is nothing to change.

    A list is a stream too, as generateContent sends it without `alt=sse`. For the arguments see `redact_events`.
    """
    if not isinstance(document, list):
        [clean] = _in_places([document], tree, fields=fields)
        return map_texts(clean, matcher.redact) if search else clean
    items = redact_events(tree.rewrite(document), tree, matcher, search=search, fields=fields)
    return document if len(items) == len(document) and all(map(is_, items, document)) else items


def redact_events(
    documents: list[Any], tree: Node, matcher: Matcher, *, search: bool, fields: bool = True
) -> list[Any]:
    """Return the data of a stream's events without any secret; the same objects where there is nothing to change.

    Without `search`, `matcher` skips secrets within one event and looks only for those spread over several. Without
    `fields`, those fields are not looked for that hold a secret anywhere.
    """
    clean = _in_places(documents, tree, fields=fields)
    # What is joined first: the beginning of a key may look like a whole one, and its end is found in no other way.
    clean = _redact_joined(clean, matcher)
    return [map_texts(document, matcher.redact) for document in clean] if search else clean


def _in_places(documents: list[Any], tree: Node, *, fields: bool) -> list[Any]:
    """Return documents without the secrets that are known by their place or their field."""
    clean = list(map(tree.rewrite, documents))
    return list(map(anywhere.redact_anywhere, clean)) if fields else clean


def _document(event: sse.ServerSentEvent, parsed: Any) -> Any:
    """Return an event's data: a JSON document, else its text, which may be a piece of a longer one, even a digit."""
    return parsed if isinstance(parsed, dict | list | str) else event.data


def _written(event: sse.ServerSentEvent, parsed: Any, document: Any, clean: Any) -> sse.ServerSentEvent:
    """Return the event with its clean data."""
    if document is parsed and clean is not document:
        text = rewritten((event.data or "").encode("utf-8", "surrogatepass"), document, clean)
        return event.with_data(text.decode("utf-8", "surrogatepass"))
    if clean is not document:
        event = event.with_data(clean)
    return replace(event, raw=redact_broken(event.raw)) if parsed is NOT_JSON else event


def _searched(event: sse.ServerSentEvent, parsed: Any, matcher: Matcher) -> bytes:
    """Return the event's bytes without secrets in what is no data (comments, ids), nor known values anywhere."""
    lines = event.raw.splitlines(keepends=True)
    raw = b"".join(line if line.startswith(b"data") else matcher.redact_bytes(line) for line in lines)
    values = matcher.redact_values(raw)
    # What is JSON stays so: another entry of the same key may hold a value that is no text.
    is_broken = values != raw and parsed is not NOT_JSON and sse.decode(values)[0].json() is NOT_JSON
    return raw if is_broken else values


class _Piece(NamedTuple):
    """A text of an event: a piece of a longer one, perhaps.

    Attributes:
        number: The event's number.
        path: The place of the text in the event, as `_with_texts` takes it.
        field: The name of the last field on the way there.
        numbers: The numbers of the step, the choice and the like that are around it, but for zeros.
        text: The text.
    """

    number: int
    path: str
    field: str
    numbers: tuple[int, ...]
    text: str


_NESTED: Final = (dict, list)
#: By what pieces are told to be of one text.
_NAMES: Final = (attrgetter("field", "numbers"), attrgetter("path", "numbers"))


def _redact_joined(documents: list[Any], matcher: Matcher) -> list[Any]:
    """Return the documents without the secrets that only show once the pieces of a text are joined.

    Pieces of one text have one place in their events, as all deltas of a step do. Or they have one field's name, and
    the same numbers around them: so does a step's beginning (`step.content[0].text`) with its deltas (`delta.text`),
    and one part of `candidates[0].content.parts[*].text` with the others. One event may have several pieces: a message
    of a WebSocket may be a batch of events.
    """
    gathered = _Gathered()
    for number, document in enumerate(documents):
        gathered.add(document, number)
    pieces = gathered.pieces
    old = list(pieces)
    # Nearly always there is nothing, of which a look at each joined text is enough.
    if all(matcher.redact_pieces(texts) is texts for texts in _all_joined(pieces)):
        return documents
    # Known values first: the beginning of one may look like a whole key.
    for redact, name in product((matcher.redact_known_in_pieces, matcher.redact_pieces), _NAMES):
        for places in _joined(pieces, name):
            for place, new in zip(places, redact([pieces[place].text for place in places]), strict=True):
                pieces[place] = pieces[place]._replace(text=new)
    changed: dict[int, dict[str, str]] = defaultdict(dict)
    for before, piece in zip(old, pieces, strict=True):
        if piece.text != before.text:
            changed[piece.number][piece.path] = piece.text
    return [
        _with_texts(document, changed[number]) if number in changed else document
        for number, document in enumerate(documents)
    ]


def _all_joined(pieces: list[_Piece]) -> Iterator[list[str]]:
    """Yield the pieces of each text, by whatever name they are told to be of one."""
    seen = dict.fromkeys(tuple(places) for name in _NAMES for places in _joined(pieces, name))
    return ([pieces[place].text for place in places] for places in seen)


def _joined(pieces: list[_Piece], name: Callable[[_Piece], Hashable]) -> list[list[int]]:
    """Return the places of the pieces of each text that has several of them."""
    joined: dict[Hashable, list[int]] = defaultdict(list)
    for place, piece in enumerate(pieces):
        joined[name(piece)].append(place)
    return [places for places in joined.values() if len(places) > 1]


class _Gathered:
    """The pieces in the events of a stream, in order."""

    def __init__(self) -> None:
        self.pieces: list[_Piece] = []
        self._number = 0

    def add(self, document: Any, number: int) -> None:
        """Add those of one event."""
        self._number = number
        self._add(document, "$", "", ())

    def _add(self, value: Any, path: str, field: str, numbers: tuple[int, ...]) -> None:
        if isinstance(value, str):
            self.pieces.append(_Piece(self._number, path, field, numbers, value))
        elif isinstance(value, dict):
            for name, item in value.items():
                if type(item) is int and item and name.endswith("index"):
                    numbers = (*numbers, item)
            for name, item in value.items():
                if isinstance(item, _NESTED) or (isinstance(item, str) and not _is_constant(name)):
                    self._add(item, f"{path}.{name}", name, numbers)
        elif isinstance(value, list):
            for place, item in enumerate(value):
                if isinstance(item, _NESTED) or not _is_constant(field):
                    self._add(item, f"{path}[{place}]", field, numbers)


@lru_cache(maxsize=1024)
def _is_constant(field: str) -> bool:
    return _CONSTANT.fullmatch(field) is not None


def _with_texts(value: Any, new: dict[str, str], path: str = "$") -> Any:
    """Return `value` with the `new` texts at their paths, which are those of `texts`."""
    if isinstance(value, str):
        return new.get(path, value)
    if isinstance(value, dict):
        return {name: _with_texts(item, new, f"{path}.{name}") for name, item in value.items()}
    if isinstance(value, list):
        return [_with_texts(item, new, f"{path}[{place}]") for place, item in enumerate(value)]
    return value
