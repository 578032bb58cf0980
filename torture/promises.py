"""What is promised of any input: each function takes some, and raises an error if the promise does not hold."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions import CassetteFormatError
from pytest_interactions.api import sse
from pytest_interactions.api.behaviour import behaviour_of
from pytest_interactions.api.calls import interactions_of
from pytest_interactions.api.conversation import trajectory
from pytest_interactions.api.fold import fold
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.api.transcript import transcript
from pytest_interactions.cassette.index import Index
from pytest_interactions.cassette.matching import key_of
from pytest_interactions.cassette.recorded import Recorded
from pytest_interactions.files import layout, storage
from pytest_interactions.files.parsing import is_url
from pytest_interactions.options import MATCHERS
from pytest_interactions.redaction.redactor import Redactor, placeholder_in
from pytest_interactions.redaction.scan import clean, scan
from pytest_interactions.redaction.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_interactions.api.exchange import Exchange, Message

#: A value that redaction knows.
KNOWN: Final = b"s3cr3t-v4lue-0f-a-k3y"

_PATH: Final = Path("drawn.yaml")
_REDACTOR: Final = Redactor(secrets=Secrets([KNOWN.decode()]))
_JSON: Final = {"content-type": ["application/json"]}


def codec(body: bytes, chunks: Sequence[int]) -> None:
    """In any chunks, the events of a stream are those of the whole; joined they are its bytes."""
    whole, decoder, events, place = sse.decode(body), sse.Decoder(), list[sse.ServerSentEvent](), 0
    for size in chunks:
        events += decoder.feed(body[place : place + size])
        place += size
    events += [*decoder.feed(body[place:]), *decoder.flush()]
    _same(events, whole, "the events in chunks")
    _same(b"".join(event.raw for event in whole), body, "the bytes")
    _same(b"".join(sse.split(body)), body, "the pieces")
    sse.closes(body)
    for event in whole:
        event.json()
        if event.data is not None:
            _same(event.with_data(event.data), event, "an event with its own data")


def loader(raw: bytes) -> None:
    """A file is read, or the error names it; what was read can be written."""
    try:
        contents = storage.loads(raw, _PATH)
    except CassetteFormatError as error:
        if not str(error).startswith(str(_PATH)):
            raise AssertionError(f"the message does not name the file: {error}") from None
        return
    layout.dumps(contents.exchanges)


def can_be_recorded(exchange: Exchange) -> bool:
    """Return whether a client sends such a request: to a URL, and with what can be encoded."""
    request, response, cut = exchange.request, exchange.response, exchange.cut
    texts = [request.method, request.uri, response.reason, *([cut.by, cut.error, cut.message] if cut else [])]
    for headers in (request.headers, response.headers):
        texts += [*headers, *(value for values in headers.values() for value in values)]
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return False
    return is_url(request.uri)


def round_trip(exchanges: list[Exchange]) -> None:
    """Written and read, nothing is another but the white space and the escapes of JSON."""
    read = storage.loads(layout.dumps(exchanges).encode("utf-8", "surrogatepass"), _PATH).exchanges
    _same(len(read), len(exchanges), "the number of exchanges")
    for was, now in zip(exchanges, read, strict=True):
        _same(but_bodies(now), but_bodies(was), "all but the bodies")
        for before, after in ((was.request, now.request), (was.response, now.response)):
            if after.body != before.body:
                _same(_json_of(after), _json_of(before), "the JSON")


def matcher(exchange: Exchange, value: Any) -> None:
    """A request has a key, by which it finds its recording; the order of keys in JSON does not count."""
    request = exchange.request
    key = key_of(request, MATCHERS)
    hash(key)
    _same(key_of(request.unparsed(), MATCHERS), key, "the key of the same request")
    index = Index(Recorded([exchange]), redacted=lambda each: each, key=lambda each: key_of(each, MATCHERS))
    index.unplayed()
    _same(index.take_literal(request), 0, "the literal match")
    _same(index.numbers(key), [0], "the match")
    one, other = (
        replace(request, uri="http://h/v1/interactions", headers=_JSON).with_body(text.encode())
        for text in (json.dumps(value), json.dumps(_turned(value), indent=1))
    )
    if one.json() is not NOT_JSON:
        _same(key_of(one, MATCHERS), key_of(other, MATCHERS), "the key with another order")


def redactor(exchange: Exchange, before: bytes = b"", after: bytes = b"") -> None:
    """Redacted twice is as once, and a known value is nowhere."""
    known = replace(exchange, response=exchange.response.with_body(before + KNOWN + after))
    for each in (exchange, known):
        once = _REDACTOR.exchange(each.unparsed())
        _same(_REDACTOR.exchange(once.unparsed()), once, "what was redacted before")
        placeholder_in(once.request)
        if "content-encoding" not in once.response.headers and KNOWN in once.response.body:
            raise AssertionError(f"the known value stayed in {once.response.body!r}")
        text = each.response.body.decode("utf-8", "surrogateescape")
        scan(text, _REDACTOR.secrets, _REDACTOR.trees)
        clean(text, _REDACTOR.secrets, _REDACTOR.trees)


def folding(events: list[Any], interaction: Any, exchange: Exchange) -> None:
    """Any events fold, and anything that shows steps can be printed, as text that a file can hold."""
    folded = fold(copy.deepcopy(events))
    shown: list[Any] = [folded, interaction, events, [interaction, folded.model_dump()]]
    answers = interactions_of([exchange, exchange])
    shown += answers
    trajectory([*answers, folded])
    for value in shown:
        for text in (True, False):
            transcript(value, text=text).encode()
            json.dumps(behaviour_of(value, text=text, opening=True), default=str)


def but_bodies(exchange: Exchange) -> tuple[Any, ...]:
    """Return all of an exchange but its bodies."""
    request, response, cut = exchange.request, exchange.response, exchange.cut
    ending = cut and (cut.by, cut.error, cut.message)
    sent = (request.method, request.uri, request.headers)
    return (*sent, response.status, response.reason, response.headers, ending)


def _same(found: Any, expected: Any, what: str) -> None:
    if found != expected:
        raise AssertionError(f"{what}: {found!r} in place of {expected!r}")


def _json_of(message: Message) -> str:
    value = message.unparsed().json()
    return f"no JSON: {message.body!r}" if value is NOT_JSON else json.dumps(value)


def _turned(value: Any) -> Any:
    """Return the same JSON with the keys of each object in the other order."""
    if isinstance(value, dict):
        return {name: _turned(value[name]) for name in reversed(value)}
    return [_turned(item) for item in value] if isinstance(value, list) else value
