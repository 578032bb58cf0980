"""The models and agents that requests and answers name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api import sse
from pytest_interactions.api.paths import split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_interactions.api.exchange import Exchange, Request, Response

_FIELDS: Final = ("model", "agent", "modelVersion")
#: Where a stream names them, a batch of a live interaction, and the older Live API.
_INSIDE: Final = ("interaction", "events", "setup")
_NAMED: Final = re.compile(rb'"(?:model|agent|modelVersion)"')
_IN_PATH: Final = re.compile(r"/v\d+\w*/(?:[^?]*/)?models/([^/:]+)")
_RESOURCE: Final = re.compile(r"(?:.*/)?(?:models|agents)/")
# What can be a name; no text that an app has put in its place.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@/-]{0,199}")


def models_of(exchanges: Iterable[Exchange]) -> tuple[str, ...]:
    """Return the names of all models and agents, each once, in alphabetical order, without `models/` before them."""
    found: set[str] = set()
    for exchange in exchanges:
        if exchange.models is None:
            look(exchange)
        found.update(exchange.models or ())
    return tuple(sorted(found))


def look(exchange: Exchange) -> None:
    """Look for the names in an exchange, as long as its values are parsed; `models_of` will not look again."""
    exchange.models = frozenset((*_in_request(exchange.request), *_in_response(exchange.response)))


def plain(name: str) -> str:
    """Return the name of a model without the collection that it is in: `models/`, `publishers/google/models/`."""
    return _RESOURCE.sub("", name, count=1)


def _in_request(request: Request) -> Iterator[str]:
    path = _IN_PATH.match(split(request.uri).path)
    if path:
        yield from _names({"model": path[1]})
    if _NAMED.search(request.body):
        yield from _names(request.json_unkept())


def _in_response(response: Response) -> Iterator[str]:
    """Yield the names in an answer, without a parse of what names none."""
    if not _NAMED.search(response.body):
        return
    if not response.comes_in_events:
        yield from _names(response.json_unkept())
        return
    for events in response.body.split(b"\n\n"):  # where no event goes on
        for event in sse.decode(events) if _NAMED.search(events) else ():
            value = event.json()
            yield from _names(value)
            for inside in _INSIDE if isinstance(value, dict) else ():
                yield from _names(value.get(inside))


def _names(value: Any) -> Iterator[str]:
    """Yield what an object names, or each object of a list, as `streamGenerateContent` answers."""
    if isinstance(value, list):
        for each in value:
            yield from _names(each)
    if isinstance(value, dict):
        names = (plain(value[field]) for field in _FIELDS if isinstance(value.get(field), str))
        yield from (name for name in names if _NAME.fullmatch(name))
