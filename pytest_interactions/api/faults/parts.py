"""The events of a recorded stream, each to be left out, doubled, moved or spoilt; and a stream that ends early."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pytest_interactions.api import sse
from pytest_interactions.api.websocket import RECEIVED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_interactions.api.exchange import Cut, Exchange, Response
    from pytest_interactions.faults import Effects


class NotAlterableError(ValueError):
    """An answer that can't go wrong in the way that is asked for; the message says why."""


@dataclass(slots=True)
class _Part:
    """A piece of a stream: its bytes, when it came, and its number among the events; 0 for what is none.

    Of a WebSocket, events are what the server has said.
    """

    raw: bytes
    time: float | None
    number: int


def _parts(exchange: Exchange) -> list[_Part]:
    if not exchange.response.comes_in_events:
        raise NotAlterableError("its answer is no stream")
    parts: list[_Part] = []
    times: Sequence[float] = (exchange.times or ())[1:]
    number = 0
    for place, event in enumerate(sse.decode(exchange.response.body)):
        counts = event.event.startswith(RECEIVED) if exchange.response.has_messages else bool(event.event)
        number += counts
        parts.append(_Part(event.raw, times[place] if place < len(times) else None, number if counts else 0))
    return parts


def _of_parts(exchange: Exchange, parts: Sequence[_Part]) -> Exchange:
    known = [part.time for part in parts if part.time is not None]
    head = (exchange.times or ())[:1]
    times = (*head, *sorted(known)) if exchange.times is not None and len(known) == len(parts) else None
    response = exchange.response.with_body(b"".join(part.raw for part in parts))
    return replace(exchange, response=response, times=times)


def changed(effects: Effects, exchange: Exchange) -> Exchange:
    """Return an exchange whose single events are as `effects` have them.

    Raises:
        NotAlterableError: It is no stream, or has no such event.
    """
    if effects.malformed is not None and not exchange.response.comes_in_events:
        if len(effects.changes) > 1 or effects.malformed > 1:
            raise NotAlterableError("its answer is no stream")
        return replace(exchange, response=exchange.response.with_body(_cut_short(exchange.response.body)))
    parts = _parts(exchange)
    count = count_of(exchange)
    for name, number in effects.changes.items():
        for each in number if isinstance(number, list) else [number]:
            if each + (name == "reorder") > count:
                raise NotAlterableError(f"{name}: {each}, and its stream has {_events(count)}")
            _CHANGES[name](parts, each)
    return _of_parts(exchange, parts)


def _events(count: int) -> str:
    return f"{count} event{'s' * (count != 1)}"


def _place(parts: Sequence[_Part], number: int) -> int:
    return next((place for place, part in enumerate(parts) if part.number == number), -1)


def _repeat(parts: list[_Part], number: int) -> None:
    place = _place(parts, number)
    parts.insert(place, replace(parts[place]))


def _drop(parts: list[_Part], number: int) -> None:
    parts[:] = [part for part in parts if part.number != number]


def _reorder(parts: list[_Part], number: int) -> None:
    here, there = _place(parts, number), _place(parts, number + 1)
    if here >= 0 and there >= 0:
        parts[here], parts[there] = parts[there], parts[here]


def _malform(parts: list[_Part], number: int) -> None:
    for part in parts:
        if part.number == number:
            [event] = sse.decode(part.raw)
            part.raw = event.with_data(_cut_short((event.data or "").encode()).decode("utf-8", "ignore")).raw


_CHANGES: Final[dict[str, Callable[[list[_Part], int], None]]] = {
    "repeat": _repeat,
    "reorder": _reorder,
    "malformed": _malform,
    "drop": _drop,
}


def _cut_short(text: bytes) -> bytes:
    """Return JSON that is none, as its end is missing; a text of one character has no end to miss."""
    return text.rstrip()[:-1] or b"{"


def count_of(exchange: Exchange) -> int:
    """Return how many events a stream has."""
    return max((part.number for part in _parts(exchange)), default=0)


def first(exchange: Exchange, count: int, ending: bytes = b"", cut: Cut | None = None) -> Exchange:
    """Return a stream that ends after `count` events, with an `ending`, or with a connection that breaks.

    Raises:
        NotAlterableError: It is no stream, or has no more events.
    """
    parts = _parts(exchange)
    sent = [place for place, part in enumerate(parts) if part.number]
    if count >= len(sent):
        raise NotAlterableError(f"its stream has {_events(len(sent))}, none after number {count}")
    # What the app has said after the last one is not waited for.
    end = sent[count - 1] + 1 if exchange.response.has_messages else sent[count]
    ended = _of_parts(exchange, parts[:end])
    response = shortened(exchange.response, ended.response.body + ending)
    return replace(ended, response=response, cut=cut, seconds=None)


def shortened(response: Response, body: bytes) -> Response:
    """Return a response with another body that is as much a stream as the old one, though it may not look like one."""
    if not response.is_stream or "content-type" in response.headers:
        return response.with_body(body)
    return replace(response.with_body(body), headers={**response.headers, "content-type": ["text/event-stream"]})
