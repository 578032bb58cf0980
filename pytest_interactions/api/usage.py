"""Token counts, as the API gives them with each interaction."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from pytest_interactions.api.live.events import is_live
from pytest_interactions.api.paths import interaction_path
from pytest_interactions.api.sse import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_interactions.api.exchange import Exchange, Response
    from pytest_interactions.api.json_values import Json

#: In a list of counts, the fields of which one says what an item counts.
_COUNTED_BY = ("modality", "type")
_TOTAL: Final = b'"total_tokens"'
_BLANK_LINES: Final = (b"\n\n", b"\n\r\n", b"\r\r")


def summed(usages: Iterable[Any]) -> Json:
    """Return the `usage` of several interactions as one: counts are added, those by modality or tool among themselves.

    What is no object counts nothing; what is no count in it is taken from the last.
    """
    total: Json = {}
    for usage in usages:
        for name, value in usage.items() if isinstance(usage, dict) else ():
            total[name] = _added(total.get(name), value)
    return total


def _added(known: Any, value: Any) -> Any:
    if _is_count(value):
        return known + value if _is_count(known) else value
    if not isinstance(value, list) or not isinstance(known, list):
        return value
    items = {_counted(item): item for item in known}
    for item in value:
        items[_counted(item)] = summed([items.get(_counted(item)), item]) if isinstance(item, dict) else item
    return list(items.values())


def _counted(item: Any) -> str:
    """Return what an item of a list counts, such as `text`; another item stands for itself."""
    names = [str(item[name]) for name in _COUNTED_BY if name in item] if isinstance(item, dict) else []
    return names[0] if names else repr(item)


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def total_tokens(exchanges: Iterable[Exchange]) -> int:
    """Return how many tokens the interactions cost that `exchanges` began, each counted once, whatever shows it again.

    It is quick: what names no total is not parsed, and of a stream only the end is, which has the total of all of it.
    """
    begun: list[bytes] = []
    totals: dict[str, int] = {}
    live: list[Exchange] = []
    for number, exchange in enumerate(exchanges):
        path, body = interaction_path(exchange.request.uri), exchange.response.body
        if path is None:
            continue
        if is_live(exchange):
            begun.append(body)
            live.append(exchange)
            continue
        name = path.split("/")[2] if path.count("/") > 1 else ""
        if not name:
            begun.append(body)
        if not name or _begins(name, begun):
            totals |= costs_of(exchange, otherwise=str(number))
    return sum(totals.values()) + (_of_live(live) if any(_TOTAL in each.response.body for each in live) else 0)


def costs_of(exchange: Exchange, *, otherwise: str) -> dict[str, int]:
    """Return the tokens of the interactions that an answer shows, by their ids; one without an id is `otherwise`."""
    if _TOTAL not in exchange.response.body:
        return {}
    costs: dict[str, int] = {}
    for interaction in _last_shown(exchange.response):
        usage = interaction.get("usage")
        total = usage.get("total_tokens") if isinstance(usage, dict) else None
        if _is_count(total):
            costs[str(interaction.get("id") or otherwise)] = total
    return costs


def _of_live(exchanges: list[Exchange]) -> int:
    """Return how many tokens the turns of live interactions cost."""
    from pytest_interactions.api.calls import interactions_of  # which folds, and so sums by this module

    usage = summed(interaction.usage for interaction in interactions_of(exchanges))
    return usage["total_tokens"] if _is_count(usage.get("total_tokens")) else 0


def _begins(name: str, answers: Iterable[bytes]) -> bool:
    """Return whether one of `answers` gave the interaction its name; another one may have been asked for by an id."""
    gave = re.compile(rb'"id"\s*:\s*"%b"' % re.escape(name.encode()))
    return any(map(gave.search, answers))


def _last_shown(response: Response) -> Iterator[Json]:
    """Yield the interactions that a response shows; of a stream, those from the event with the last total on."""
    if response.is_stream:
        last = response.body.rindex(_TOTAL)
        start = max(response.body.rfind(blank, 0, last) for blank in _BLANK_LINES) + 1
        events = [event.json() for event in decode(response.body[start:])]
        shown = [event.get("interaction") for event in events if isinstance(event, dict)]
    else:
        shown = [response.unparsed().json()]
    yield from (interaction for interaction in shown if isinstance(interaction, dict))
