"""What the times of streams come to: the first token, and the gaps between events."""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from pytest_interactions.api import sse
from pytest_interactions.api.fold import payloads

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.api.sse import ServerSentEvent


class Gap(NamedTuple):
    """The time before an event.

    Attributes:
        seconds: How long it was.
        event: The number of the event in its stream, from 1, as `sse.decode` counts.
        stream: The number of the stream among those that are asked about, from 0.
    """

    seconds: float
    event: int
    stream: int = 0


class Came(NamedTuple):
    """An event with the time when it came, in seconds since the request, and its number, from 1."""

    seconds: float
    number: int
    event: ServerSentEvent


def came(exchange: Exchange) -> list[Came]:
    """Return the events of a stream with their times, without the pieces between them; none if nobody knows."""
    events = sse.decode(exchange.response.body) if exchange.times else []
    if exchange.times is None or len(exchange.times) != len(events) + 1:
        return []
    numbered = enumerate(zip(exchange.times[1:], events, strict=True), 1)
    return [Came(seconds, number, event) for number, (seconds, event) in numbered if event.event]


def gaps(exchanges: Iterable[Exchange]) -> list[Gap]:
    """Return the gaps between the events of each stream; the time before its first event is none."""
    return gaps_in(map(came, exchanges))


def gaps_in(streams: Iterable[Sequence[Came]]) -> list[Gap]:
    """Return the gaps between the events of each stream, which are given with their times."""
    found: list[Gap] = []
    for stream, events in enumerate(streams):
        pairs = pairwise(events)
        found += [Gap(round(new.seconds - old.seconds, 3), new.number, stream) for old, new in pairs]
    return found


def typical(gaps: Sequence[Gap]) -> float:
    """Return the median of gaps, in seconds, of which there is at least one."""
    return round(median(gap.seconds for gap in gaps), 3)


def longest(gaps: Sequence[Gap]) -> Gap:
    """Return the longest of gaps, of which there is at least one; the first of equal ones."""
    return max(gaps, key=lambda gap: gap.seconds)


class First(NamedTuple):
    """When the first event of a call came, and the first piece of text that a person sees, in seconds since it began.

    Where no such text came, the first event stands for it.
    """

    event: float
    token: float


def first_of(exchanges: Iterable[Exchange]) -> First | None:
    """Return what came first of a call, which took these exchanges one after the other; `None` if nobody knows.

    As `Call.seconds`, it counts what the exchanges took, and no pause between them.
    """
    began: float | None = 0.0
    first: float | None = None
    for exchange in exchanges:
        known = came(exchange)
        if began is None or (exchange.response.is_stream and exchange.response.body and not known):
            return None
        if known:
            first = began + known[0].seconds if first is None else first
            token = next((each for each in known if _is_seen(each.event)), None)
            if token is not None:
                return First(round(first, 3), round(began + token.seconds, 3))
        began = None if exchange.seconds is None else began + exchange.seconds
    return None if first is None else First(round(first, 3), round(first, 3))


def first_in(events: Sequence[Came]) -> First | None:
    """Return what came first of events that are given with their times; `None` if there are none."""
    if not events:
        return None
    token = next((each for each in events if _is_seen(each.event)), events[0])
    return First(events[0].seconds, token.seconds)


def _is_seen(event: ServerSentEvent) -> bool:
    """Return whether an event brings text of the answer: no thought, and no argument of a tool."""
    for payload in payloads(event):
        delta = payload.get("delta")
        if isinstance(delta, dict) and delta.get("type") == "text" and delta.get("text"):
            return True
    return False
