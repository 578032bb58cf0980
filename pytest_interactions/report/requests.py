"""The requests of two cassettes compared: which were changed and how, and which are sent by one of them alone."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api import volatile
from pytest_interactions.api.behaviour import lasting
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.api.paths import interaction_path
from pytest_interactions.api.sse import decode
from pytest_interactions.api.websocket import SENT
from pytest_interactions.cassette.differences import Difference, Parts, differences, title
from pytest_interactions.cassette.matching import is_websocket
from pytest_interactions.cassette.said import Said
from pytest_interactions.report.compare import is_repeated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_interactions.api.exchange import Exchange, Request
    from pytest_interactions.api.json_values import Json

_MOST: Final = 200  # differences of one request, of which more are only counted
_COUNTED: Final = 1000  # at most
# The last name of a place, and what the app names as it likes.
_NAME: Final = re.compile(r"(\w+)(?:\[\d+\])*$")
_OWN: Final = re.compile(r"\b(?:arguments|result|parameters|schema|response_format)\b[.\[]")


def changed_requests(
    old: Sequence[Exchange], new: Sequence[Exchange], redacted: Callable[[Request], Request]
) -> list[Json]:
    """Return how the requests of a cassette differ from those of an older one, in the order of the newer.

    Polls, and requests that a client repeats by itself, are left out, and so are ids and all else that is drawn anew.

    Args:
        old: The exchanges of the older cassette.
        new: Those of the newer.
        redacted: Takes the secrets out of a request.

    Returns:
        For each request that differs `request`, its method and path; `old` and `new`, its number in either cassette,
        from 1, or `null`; `differences`, a line for each; and `more`, how many there are beside these.
    """
    before, after = _asked(old), _asked(new)
    if [request for _, request in before] == [request for _, request in after]:
        return []
    before, after = ([(number, redacted(request)) for number, request in side] for side in (before, after))
    likeness = [[_likeness(request) for _, request in side] for side in (before, after)]
    return list(_changes(before, after, SequenceMatcher(None, likeness[0], likeness[1], autojunk=False)))


def _asked(exchanges: Sequence[Exchange]) -> list[tuple[int, Request]]:
    """Return the requests and the messages that are the app's own doing, with the numbers of their exchanges."""
    kept = (
        (number, each)
        for number, each in enumerate(exchanges, 1)
        if not is_repeated(each.response.status) and not _is_poll(each.request)
    )
    return [(number, request) for number, each in kept for request in (each.request, *_messages(each))]


def _messages(exchange: Exchange) -> Iterator[Request]:
    """Yield the messages that the app has sent on a WebSocket, each as a request."""
    for event in decode(exchange.response.body) if exchange.response.has_messages else ():
        if event.event.partition(" ")[0] == SENT:
            yield Said(event, exchange.request.uri).request


def _is_poll(request: Request) -> bool:
    return request.method == "GET" and interaction_path(request.uri) is not None and not is_websocket(request)


def _likeness(request: Request) -> tuple[str, str]:
    """Return what two requests share that are the same step of an app, be its prompt another."""
    body = request.json()
    asked = body.get("input", body) if isinstance(body, dict) else None
    return _kind(request), "" if asked in (None, NOT_JSON) else str(lasting(asked))


def _kind(request: Request) -> str:
    return re.sub(r"(/interactions/)(?!live$)[^/:]+", r"\1…", title(request))


def _changes(
    old: list[tuple[int, Request]], new: list[tuple[int, Request]], matcher: SequenceMatcher[Any]
) -> Iterator[Json]:
    for _, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        for before, after in zip_longest(old[old_from:old_to], new[new_from:new_to]):
            if before and after and _kind(before[1]) == _kind(after[1]):
                yield from _changed(before, after)
            else:
                yield from (_alone(each, name) for each, name in ((before, "old"), (after, "new")) if each)


def _changed(old: tuple[int, Request], new: tuple[int, Request]) -> Iterator[Json]:
    if old[1] == new[1]:
        return
    found = filter(_lasts, differences(Parts(old[1]), Parts(new[1])))
    lines = [difference.line() for difference in islice(found, _MOST)]
    if lines:
        more = sum(1 for _ in islice(found, _COUNTED))
        told = {"request": _kind(new[1]), "old": old[0], "new": new[0]}
        yield {**told, "differences": lines, "more": more}


def _alone(request: tuple[int, Request], side: str) -> Json:
    number, sent = request
    return {"request": _kind(sent), "old": None, "new": None, side: number, "differences": [], "more": 0}


def _lasts(difference: Difference) -> bool:
    """Return whether a difference is the app's doing, and not that of ids that are drawn anew."""
    place = difference.place
    if place == "path":
        return False  # of two requests of one kind, it is the id
    name = _NAME.search(place)
    return _OWN.search(place) is not None or name is None or name[1] not in volatile.FIELDS
