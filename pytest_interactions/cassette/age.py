"""What speaks against a cassette that replays: its age, and models that are no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import chain
from typing import TYPE_CHECKING

from pytest_interactions.api.calls import interactions_of
from pytest_interactions.api.named_models import models_of, plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.api.models import Interaction
    from pytest_interactions.files.origin import Origin

_DAY = timedelta(days=1)


def concerns(
    origin: Origin, exchanges: Sequence[Exchange], *, max_age: float | None, retired: Collection[str], now: datetime
) -> list[str]:
    """Return what speaks against a cassette, each in a few words that may follow its name.

    Args:
        origin: What its head says of its origin; where that is silent, its exchanges tell.
        exchanges: Its exchanges.
        max_age: The days that it may be old; `None` for any number.
        retired: The names of models and agents that are no more.
        now: The time.
    """
    return [*_too_old(origin, exchanges, max_age, now), *_retired(origin, exchanges, retired)]


def _too_old(origin: Origin, exchanges: Sequence[Exchange], max_age: float | None, now: datetime) -> Iterator[str]:
    recorded = None if max_age is None else recorded_at(origin, exchanges)
    if recorded is not None and max_age is not None and now - recorded > max_age * _DAY:
        days = (now - recorded) // _DAY
        yield f"it is {_days(days)} old (recorded on {recorded:%Y-%m-%d}), and max_age is {_days(max_age)}"


def _days(number: float) -> str:
    return f"{number:g} day" + "s" * (number != 1)


def _retired(origin: Origin, exchanges: Sequence[Exchange], retired: Collection[str]) -> Iterator[str]:
    gone = {plain(name).lower() for name in retired}
    named = (origin.models or models_of(exchanges)) if gone else ()
    found = [name for name in named if plain(name).lower() in gone]
    if found:
        yield f"it names what is retired: {', '.join(found)}"


def recorded_at(origin: Origin, exchanges: Sequence[Exchange]) -> datetime | None:
    """Return when a cassette was recorded; `None` if neither its head nor an answer tells."""
    return _time(origin.recorded or first_answer(exchanges, interactions_of(exchanges)))


def first_answer(exchanges: Sequence[Exchange], interactions: Sequence[Interaction]) -> str:
    """Return the time of the first answer: the API's, or HTTP's in cassettes that keep it; "" if none tells."""
    created = (each.created for each in interactions if isinstance(each.created, str))
    dates = (exchange.response.headers.get("date", []) for exchange in exchanges)
    return next(chain(created, chain.from_iterable(dates)), "")


def _time(text: str) -> datetime | None:
    """Return the time in UTC that a text in the form of ISO 8601 or of HTTP means."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None
