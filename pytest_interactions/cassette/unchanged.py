"""What is recorded again and says the same keeps its times, so that a file differs by what has changed alone."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_interactions.files.marks import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_interactions.api.exchange import Exchange


def with_old_times(
    recorded: list[Exchange], old: Iterable[Exchange], as_read: Callable[[Exchange], Exchange]
) -> list[Exchange]:
    """Return what was recorded, with the times that the file has of those exchanges that are as they were.

    Args:
        recorded: The new exchanges.
        old: Those of the file. What it does not know of one, the new one tells.
        as_read: Returns a new exchange as it comes back from a file.
    """
    before: dict[str, deque[Exchange]] = defaultdict(deque)
    for exchange in old:
        if exchange.seconds is not None or exchange.times is not None:
            before[digest(exchange)].append(exchange)
    return [_with_times(each, before[digest(as_read(each))]) for each in recorded] if before else recorded


def _with_times(exchange: Exchange, before: deque[Exchange]) -> Exchange:
    """Return an exchange with the times of the first of its kind that is left."""
    if not before:
        return exchange
    old = before.popleft()
    seconds = exchange.seconds if old.seconds is None else old.seconds
    return replace(exchange, seconds=seconds, times=old.times or exchange.times)
