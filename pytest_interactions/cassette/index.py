"""The index of a cassette's recorded exchanges, with one computed key for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_interactions.api import sse
from pytest_interactions.api.digests import fingerprint
from pytest_interactions.api.json_text import spelt
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.api.paths import interaction_path
from pytest_interactions.cassette.matching import part_of
from pytest_interactions.redaction.google import is_login

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Sequence

    from pytest_interactions.api.exchange import Exchange, Request
    from pytest_interactions.cassette.matching import Key

# A GET of an interaction keeps playing its last recording once that has one of these statuses.
_SETTLED: Final = {
    *("completed", "failed", "cancelled", "incomplete", "budget_exceeded"),
    *("requires_action", "requires_continuation", "idle"),  # it is the client that goes on, by a new interaction
}


class Index:
    """The order of play: each exchange once, identical requests in recorded order, a settled poll for ever."""

    def __init__(
        self,
        exchanges: Sequence[Exchange],
        *,
        redacted: Callable[[Request], Request | None],
        key: Callable[[Request], Key],
    ) -> None:
        """Hold `exchanges`; `redacted` and `key` are the redaction and the key of live and of recorded requests."""
        self.exchanges = exchanges
        self.played: set[int] = set()
        self._redacted = redacted
        self._key = key
        self._numbers: dict[Key, list[int]] | None = None
        self._next: dict[Key, int] = {}
        self._literal = _LiteralLane(exchanges, self.played)

    def take_literal(self, live: Request) -> int | None:
        """Play the next answer to `live` if a recorded request has the same words; return its number, or `None`.

        Requests with the same words have the same key, so that `live` needs neither redaction nor a key of its own.
        """
        for words in _words(live) if self.exchanges else ():
            number = self._literal.next(words)
            if number is not None:
                self.played.add(number)
                return number
            key = self._literal.key(words)
            if key is not None:
                return self.take(key)
        return None

    def numbers(self, key: Key) -> list[int]:
        """Return the numbers of all exchanges with this key, in recorded order."""
        if self._numbers is None:  # computed late, as a test without requests needs no keys
            self._numbers = {}
            for number, exchange in enumerate(self.exchanges):
                recorded = exchange.request.unparsed()
                request = self._redacted(recorded)
                if request is not None:
                    recorded_key = self._key(request)
                    self._numbers.setdefault(recorded_key, []).append(number)
                    self._literal.learn(recorded, recorded_key)
        return self._numbers.get(key, [])

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

    def unplayed(self) -> list[int]:
        """Return the numbers of the exchanges that were not played, but for those that no test needs to ask for."""
        return [n for n, exchange in enumerate(self.exchanges) if n not in self.played and not _may_vary(exchange)]


class _LiteralLane:
    """The quick search for a recorded request with the same words as a live one.

    It tries the first unplayed exchange first, as a test that runs as it was recorded asks for that one. All exchanges
    before it were played, so no exchange with the same key comes before it.
    """

    def __init__(self, exchanges: Sequence[Exchange], played: Container[int]) -> None:
        self._exchanges = exchanges
        self._played = played
        self._first = 0  # the first unplayed exchange
        self._words: tuple[int, list[_Words]] | None = None
        self._keys: dict[bytes, Key] = {}

    def next(self, words: _Words) -> int | None:
        """Return the number of the first unplayed exchange if its request has these words."""
        while self._first in self._played:
            self._first += 1
        if self._first == len(self._exchanges):
            return None
        if self._words is None or self._words[0] != self._first:
            self._words = self._first, list(_words(self._exchanges[self._first].request.unparsed()))
        return self._first if words in self._words[1] else None

    def learn(self, recorded: Request, key: Key) -> None:
        """Remember the key of a recorded request by its words."""
        for words in _words(recorded):
            self._keys[_digest(words)] = key

    def key(self, words: _Words) -> Key | None:
        """Return the key of the recorded requests with these words, if it is known."""
        return self._keys.get(_digest(words)) if self._keys else None


_Words = tuple[str, str, bytes]


def _words(request: Request) -> Iterator[_Words]:
    """Yield a request's method, URI and body: as it came, then without the white space of JSON; no field is sorted."""
    uri = " ".join([request.uri, *part_of(request)])
    yield request.method, uri, request.body
    if request.body.startswith((b"{", b"[")) and request.json() is not NOT_JSON:
        yield request.method, uri, spelt(request.body, request.json())


def _digest(words: _Words) -> bytes:
    method, uri, body = words
    return fingerprint(f"{method} {uri}\n".encode("utf-8", "surrogatepass") + body)


def _is_poll(request: Request) -> bool:
    return request.method == "GET" and (interaction_path(request.uri) or "").startswith("/interactions/")


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
