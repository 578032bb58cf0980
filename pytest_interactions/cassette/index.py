"""The order in which a cassette's recorded exchanges are played."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api import sse
from pytest_interactions.api.paths import interaction_path
from pytest_interactions.cassette.matching import is_websocket, kind_of
from pytest_interactions.cassette.recorded import Keys
from pytest_interactions.cassette.words import Words
from pytest_interactions.redaction.google import is_login

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_interactions.api.exchange import Exchange, Request
    from pytest_interactions.cassette.matching import Key
    from pytest_interactions.cassette.recorded import Recorded

# A GET of an interaction keeps playing its last recording once that has one of these statuses.
_SETTLED: Final = {
    *("completed", "failed", "cancelled", "incomplete", "budget_exceeded"),
    *("requires_action", "requires_continuation", "idle"),  # it is the client that goes on, by a new interaction
}


class Index:
    """The order of play: each exchange once, identical requests in recorded order, a settled poll for ever."""

    def __init__(
        self,
        recorded: Recorded,
        *,
        redacted: Callable[[Request], Request | None],
        key: Callable[[Request], Key],
        state: Callable[[], Any] = lambda: None,
    ) -> None:
        """Hold what is recorded.

        Args:
            recorded: The exchanges.
            redacted: Redacts live and recorded requests; `None` for one that is to be passed over.
            key: Makes the key of a redacted request.
            state: Returns a value that is the same as long as these two do the same, also in other cassettes; `None`
                if nobody knows.
        """
        self.exchanges = recorded.exchanges
        self.played: set[int] = set()
        self.recorded = recorded
        self._redacted = redacted
        self._key = key
        self._state = state
        self._keys: Keys | None = None
        self._next: dict[Key, int] = {}
        self._kinds: dict[Key, list[int]] = {}
        self._first = 0  # the first unplayed exchange

    def take_literal(self, live: Request) -> int | None:
        """Play the next answer to `live` if a recorded request has the same words; return its number, or `None`.

        Requests with the same words have the same key, so that `live` needs neither redaction nor a key of its own.
        The first unplayed exchange is tried first, as a test that runs as it was recorded asks for that one: all before
        it were played, so no exchange with the same key comes before it.
        """
        words = Words(live, live.json, is_live=True)
        while self._first in self.played:
            self._first += 1
        if self._first < len(self.exchanges) and words.are_those_of(self.recorded.words(self._first)):
            self.played.add(self._first)
            return self._first
        keys = self._known_keys()
        key = keys.of_words(words) if keys else None
        return None if key is None else self.take(key)

    def numbers(self, key: Key) -> list[int]:
        """Return the numbers of all exchanges with this key, in recorded order."""
        keys = self._known_keys()
        if keys is None:  # computed late, as a test without requests needs no keys
            before = self._state()
            keys = self._keys = Keys(self.exchanges, self._redacted, self._key)
            if self._state() == before:  # else a recorded request had a secret in it that was not known
                self.recorded.keep_keys(before, keys)
        return keys.numbers(key)

    def _known_keys(self) -> Keys | None:
        if self._keys is None:
            self._keys = self.recorded.known_keys(self._state())
        return self._keys

    def find(self, key: Key) -> int | None:
        """Return the number of the exchange that answers next, without playing it; `None` if none is left."""
        numbers = self.numbers(key)
        place = self._next.get(key, 0)
        while place < len(numbers) and numbers[place] in self.played:
            place += 1
        self._next[key] = place
        if place < len(numbers):
            return numbers[place]
        return numbers[-1] if numbers and _is_lasting(self.exchanges[numbers[-1]]) else None

    def take(self, key: Key) -> int | None:
        """Play the exchange that answers next; return its number, or `None` if none is left."""
        number = self.find(key)
        if number is not None:
            self.played.add(number)
        return number

    def take_next(self, request: Request) -> int | None:
        """Play the first unplayed exchange of the kind of `request`; return its number, or `None` if none is left."""
        if not self._kinds:
            for number, exchange in enumerate(self.exchanges):
                if not is_login(exchange.request):
                    self._kinds.setdefault(kind_of(exchange.request), []).append(number)
        of_kind = self._kinds.get(kind_of(request), [])
        found = next((number for number in of_kind if number not in self.played), None)
        if found is not None:
            self.played.add(found)
        return found

    def give_back(self, number: int) -> None:
        """Let an exchange be played once more, as its client did not get it as it is."""
        self.played.discard(number)
        self._first = min(self._first, number)
        self._next.clear()

    def unplayed(self) -> list[int]:
        """Return the numbers of the exchanges that were not played, but for those that no test needs to ask for."""
        return [n for n, exchange in enumerate(self.exchanges) if n not in self.played and not _may_vary(exchange)]


def _is_poll(request: Request) -> bool:
    is_of_one = (interaction_path(request.uri) or "").startswith("/interactions/")
    return request.method == "GET" and is_of_one and not is_websocket(request)


def _may_vary(exchange: Exchange) -> bool:
    """Return whether an app asks for this as often as it has time to, or never in a replay.

    Logins to Google are recorded by other tools alone.
    """
    return _is_poll(exchange.request) or _is_silent(exchange) or is_login(exchange.request)


def _is_lasting(exchange: Exchange) -> bool:
    """Return whether this answers all later requests of its kind."""
    return _is_silent(exchange) or (_is_poll(exchange.request) and _is_settled(exchange))


def _is_settled(exchange: Exchange) -> bool:
    value = exchange.response.json()
    return isinstance(value, dict) and value.get("status") in _SETTLED


def _is_silent(exchange: Exchange) -> bool:
    """Return whether an app listened to a server that said nothing, as one of MCP may; it does so again and again."""
    if exchange.request.method != "GET" or not exchange.response.is_stream:
        return False
    return all(event.data is None for event in sse.decode(exchange.response.body))
