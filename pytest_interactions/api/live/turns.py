"""The way in: the turns of all live interactions in the exchanges of a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.api.live.events import is_live, named, said_in
from pytest_interactions.api.live.session import Session
from pytest_interactions.api.sse import decode
from pytest_interactions.api.websocket import Closed, item_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_interactions.api.exchange import Cut, Exchange
    from pytest_interactions.api.live.turn import Turn


def turns_of(exchanges: Iterable[Exchange]) -> dict[int, list[Turn]]:
    """Return the turns of all live interactions, by the `id` of the exchange in which they began."""
    begun: dict[int, list[Turn]] = {}
    for session in _sessions(exchanges):
        for turn in session.turns:
            begun.setdefault(id(turn.exchanges[0]), []).append(turn)
    return begun


def as_http(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """Return exchanges with the turns of live interactions in place of their connections; see `Turn.as_http`.

    The last turn has the id of the interaction, as requests may go on with it. A connection without a turn stays.
    """
    listed = list(exchanges)
    told: set[int] = set()
    begun: dict[int, list[Exchange]] = {}
    for number, session in enumerate(_sessions(listed)):
        previous = None
        for place, turn in enumerate(session.turns, 1):
            is_last = place == len(session.turns)
            name = session.name if session.name and is_last else f"{session.name or number}/{place}"
            begun.setdefault(id(turn.exchanges[0]), []).append(turn.as_http(name, previous))
            told.update(map(id, turn.exchanges))
            previous = name
    found: list[Exchange] = []
    for exchange in listed:
        found += begun.get(id(exchange), [exchange] * (id(exchange) not in told))
    return found


def _sessions(exchanges: Iterable[Exchange]) -> list[Session]:
    """Return the live interactions of some connections, in the order in which they began."""
    known = _Known()
    for exchange in filter(is_live, exchanges):
        known.read(exchange)
    for session in known.all:
        session.finish()
    return known.all


class _Known:
    """All live interactions so far, found by their ids."""

    def __init__(self) -> None:
        self.all: list[Session] = []
        self._by_name: dict[str, Session] = {}

    def read(self, exchange: Exchange) -> None:
        """Give the events of a connection to the interaction that they are of, or to one after the other."""
        session: Session | None = None
        for said in said_in(exchange):
            kind, name = said.event.get("event_type"), named(said)
            is_other = said.sent and (kind == "interaction.create" or bool(name))
            if session is None or is_other:
                session = self._by_name.get(name) or self._begin()
                session.connect(exchange)
            if name:
                session.name = name
                self._by_name[name] = session
            session.add(said)
        if session is not None:
            session.leave(_end(exchange))

    def _begin(self) -> Session:
        self.all.append(Session())
        return self.all[-1]


def _end(exchange: Exchange) -> Closed | Cut | None:
    items = map(item_of, decode(exchange.response.body))
    return next((item for item in items if isinstance(item, Closed)), exchange.cut)
