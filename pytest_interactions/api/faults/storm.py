"""Faults that a seed picks: the same for the same seed and exchange, whatever else a run does."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.faults.parts import count_of
from pytest_interactions.faults import OF_ANY, OF_STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_interactions.api.exchange import Exchange

#: The statuses that a storm picks from: those after which clients ask again, and some after which they don't.
_STATUSES: Final = (408, 429, 500, 502, 503, 504, 400, 403)
_SECONDS: Final = 30

#: What a storm picks, by its key: a value for an answer of so many events and bytes.
_PICKERS: Final[dict[str, Callable[[random.Random, int, int], Any]]] = {
    "error": lambda draw, _events, _size: draw.choice(_STATUSES),
    "refused": lambda _draw, _events, _size: True,
    "timeout": lambda draw, _events, _size: draw.choice(("connect", "read")),
    "cut_after_bytes": lambda draw, _events, size: draw.randrange(size),
    "stop_after_bytes": lambda draw, _events, size: draw.randrange(size),
    "delay": lambda draw, _events, _size: draw.randint(1, _SECONDS),
    "hang_after": lambda draw, events, _size: draw.randrange(events),
    "cut_after": lambda draw, events, _size: draw.randrange(events),
    "stop_after": lambda draw, events, _size: draw.randrange(events),
    "bare_error_after": lambda draw, events, _size: draw.randrange(events),
    "error_event_after": lambda draw, events, _size: draw.randrange(events),
    "repeat": lambda draw, events, _size: draw.randint(1, events),
    "drop": lambda draw, events, _size: draw.randint(1, events),
    "reorder": lambda draw, events, _size: draw.randint(1, events - 1),
    "malformed": lambda draw, events, _size: draw.randint(1, events),
}


def picked(seed: int, of: Sequence[str], name: str, exchange: Exchange) -> dict[str, Any] | None:
    """Return the keys of the fault that hits an exchange; `None` if it is spared, as half of them are.

    Args:
        seed: The seed.
        of: The keys to pick from; all if there are none.
        name: A name of the exchange, by which others are hit by something else.
        exchange: The exchange.
    """
    draw = random.Random(f"{seed}:{name}")  # noqa: S311 - to be the same again
    if draw.random() < 1 / 2:
        return None
    body = exchange.response.body
    events = count_of(exchange) if exchange.response.comes_in_events else 0
    possible = [*(OF_ANY if body else ("error",)), *(OF_STREAMS if events > 1 else ())]
    if exchange.response.has_messages:
        possible = [
            "error",
            "refused",
            "timeout",
            *(("cut_after", "error_event_after", "repeat") if events > 1 else ()),
        ]
    kinds = [kind for kind in possible if not of or kind in of]
    if not kinds:
        return None
    kind = draw.choice(kinds)
    return {kind: _PICKERS[kind](draw, events, len(body))}
