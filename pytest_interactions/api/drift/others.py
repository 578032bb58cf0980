"""Exchanges of other APIs: status, content type and the shape of JSON, with what is known to end an answer."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.drift import kinds, shapes
from pytest_interactions.api.drift.alignment import align
from pytest_interactions.api.drift.kinds import Finding, Place, Word
from pytest_interactions.api.drift.schema import type_name
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.api.paths import interaction_path, split
from pytest_interactions.api.sse import decode
from pytest_interactions.api.websocket import RECEIVED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_interactions.api.exchange import Exchange, Response
    from pytest_interactions.api.sse import ServerSentEvent

#: What in a path is a name that was drawn: long, or with a digit in it that no version has; no service of the older
#: Live API.
_DRAWN: Final = re.compile(r"(?!v\d+\w{0,8}$|google\.)(?:(?=[^/]*\d)[\w.=~%-]{6,}|[\w=~%-]{24,})")
_AFTER: Final = ("models", "agents")  # which are named by people
_REASONS: Final = ("finishReason", "finish_reason", "stop_reason")
_MODELS: Final = ("modelVersion", "model")
_ERROR: Final = 400


def compare(old: Sequence[Exchange], new: Sequence[Exchange], *, is_whole: bool) -> Iterator[Finding]:
    """Yield how exchanges differ from the recorded ones; if the run is not whole, none is missing."""
    before, after = _last_polls(old), _last_polls(new)
    for i, j in align(before, after, _cost):
        if i is not None and j is not None:
            yield from _Pair(before[i], after[j]).findings()
        elif j is not None:
            yield Finding(kinds.REQUEST_ADDED, Place(step=title(after[j])))
        elif i is not None and is_whole:
            yield Finding(kinds.REQUEST_VANISHED, Place(step=title(before[i])))


def title(exchange: Exchange) -> str:
    """Return the method and the path of a request, without names that were drawn."""
    request = exchange.request
    return f"{request.method} {'/'.join(_segments(interaction_path(request.uri) or split(request.uri).path))}"


def _segments(path: str) -> list[str]:
    segments = path.split("/")
    return [
        "…" if _DRAWN.fullmatch(segment) and segments[number - 1] not in _AFTER else segment
        for number, segment in enumerate(segments)
    ]


def _last_polls(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Return exchanges with the last alone of those that ask for the same again, as for work under way."""
    polls = {each.request.uri: each for each in exchanges if _may_be_poll(each)}
    kept = [*(each for each in exchanges if not _may_be_poll(each)), *polls.values()]
    order = {id(each): number for number, each in enumerate(exchanges)}
    return sorted(kept, key=lambda each: order[id(each)])


def _may_be_poll(exchange: Exchange) -> bool:
    return exchange.request.method == "GET" and not exchange.response.has_messages


def _cost(old: Exchange, new: Exchange) -> float:
    if title(old) == title(new):
        return 0
    is_like = old.request.method == new.request.method and title(old).count("/") == title(new).count("/")
    same_host = split(old.request.uri).netloc == split(new.request.uri).netloc
    return 1 if is_like and same_host else 3


class _Pair:
    """Two exchanges that go together."""

    def __init__(self, old: Exchange, new: Exchange) -> None:
        self._old, self._new = old.response, new.response
        self._was_left = any(each.cut is not None and each.cut.by == "app" for each in (old, new))
        self._place = Place(step=title(old))

    def findings(self) -> Iterator[Finding]:
        """Yield what differs: how it ends, or else all other."""
        ended = next(chain(self._status(), self._error(), self._type(), self._form(), self._reason()), None)
        if ended is not None:
            yield ended
            return
        old, new = (_values(response) for response in (self._old, self._new))
        yield from self._model(old, new)
        if old and new and not self._was_left:
            yield from shapes.compare(old, new, self._place, closed=False)

    def _status(self) -> Iterator[Finding]:
        if self._old.status != self._new.status:
            yield Finding(kinds.HTTP_STATUS, self._place, self._old.status, self._new.status)

    def _error(self) -> Iterator[Finding]:
        old, new = (_code(response) for response in (self._old, self._new))
        if self._old.status >= _ERROR and old != new:
            yield Finding(kinds.ERROR_CODE, self._place, old, new)

    def _type(self) -> Iterator[Finding]:
        old, new = self._old, self._new
        if old.is_stream != new.is_stream:
            names = [Word("a stream" if each.is_stream else "a plain answer") for each in (old, new)]
            yield Finding(kinds.STREAM_LOST, self._place, *names)
        elif old.content_type and new.content_type and old.content_type != new.content_type:
            yield Finding(kinds.CONTENT_TYPE, self._place, Word(old.content_type), Word(new.content_type))

    def _form(self) -> Iterator[Finding]:
        """Yield that there is no JSON any more, or JSON of another type as a whole."""
        if self._was_left or not _values(self._old):
            return
        old, new = (_form(response) for response in (self._old, self._new))
        if old != new:
            yield Finding(kinds.FIELD_TYPE, self._place, Word(old), Word(new))

    def _reason(self) -> Iterator[Finding]:
        old, new = (sorted(set(_found(_values(response), _REASONS))) for response in (self._old, self._new))
        if old and new and old != new:
            yield Finding(kinds.FINISH_REASON, self._place, *(Word(", ".join(each)) for each in (old, new)))

    def _model(self, old: list[Any], new: list[Any]) -> Iterator[Finding]:
        before, after = (sorted({*_named(values)}) for values in (old, new))
        if before and after and before != after:
            yield Finding(kinds.MODEL, self._place, *(Word(", ".join(each)) for each in (before, after)))


def _values(response: Response) -> list[Any]:
    """Return the JSON of an answer: that of each event of a stream, of each message, and of each item of a list."""
    found = [event.json() for event in _events(response)] if response.comes_in_events else [response.json()]
    items = chain.from_iterable(each if isinstance(each, list) else [each] for each in found)
    return [item for item in items if item is not NOT_JSON]


def _events(response: Response) -> Iterator[ServerSentEvent]:
    """Yield what the server has sent: the events of a stream, or a WebSocket's messages without those of the app."""
    for event in decode(response.body):
        if not response.has_messages or event.event.partition(" ")[0] == RECEIVED:
            yield event


def _form(response: Response) -> str:
    """Return what an answer is as a whole, in a word: the type of its JSON, of which a stream has one or none."""
    if not response.body:
        return "nothing"
    if response.comes_in_events:
        return "JSON" if _values(response) else "no JSON"
    value = response.json()
    return "no JSON" if value is NOT_JSON else type_name(value)


def _found(value: Any, names: tuple[str, ...]) -> Iterator[str]:
    """Yield the texts of some fields, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from _found(item, names)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in names and isinstance(item, str):
                yield item
            else:
                yield from _found(item, names)


def _named(values: list[Any]) -> Iterator[str]:
    objects = (value for value in values if isinstance(value, dict))
    yield from (value[name] for value in objects for name in _MODELS if isinstance(value.get(name), str))


def _code(response: Response) -> Any:
    body = next(iter(_values(response)), None)
    error = body.get("error") if isinstance(body, dict) else None
    return error.get("status") or error.get("code") if isinstance(error, dict) else None
