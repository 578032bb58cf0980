"""The recorded exchanges of a cassette, found by a key that is computed once for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_interactions.api.digests import fingerprint
from pytest_interactions.api.json_text import spelt
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.api.paths import interaction_path

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Sequence

    from pytest_interactions.api.exchange import Exchange, Request
    from pytest_interactions.cassette.matching import Key

# A GET of an interaction keeps answering with its last recording once that says one of these.
_SETTLED: Final = {"completed", "failed", "cancelled", "incomplete", "budget_exceeded", "requires_action"}


class Index:
    """Plays each exchange once, identical requests in recorded order, and a settled poll for ever."""

    def __init__(
        self,
        exchanges: Sequence[Exchange],
        *,
        redacted: Callable[[Request], Request | None],
        key: Callable[[Request], Key],
    ) -> None:
        """Hold `exchanges`; `redacted` and `key` do to a recorded request what is done to a live one."""
        self.exchanges = exchanges
        self.played: set[int] = set()
        self._redacted = redacted
        self._key = key
        self._numbers: dict[Key, list[int]] | None = None
        self._next: dict[Key, int] = {}
        self._literal = _LiteralLane(exchanges, self.played)

    def take_literal(self, live: Request) -> int | None:
        """Play what answers `live` next, if it says what a recorded request says; return its number, or `None`.

        What says the same is filtered to the same and has the same key, so that nothing need be computed for it.
        """
        for words in _words(live):
            number = self._literal.next(words)
            if number is not None:
                self.played.add(number)
                return number
            key = self._literal.key(words)
            if key is not None:
                return self.take(key)
        return None

    def numbers(self, key: Key) -> list[int]:
        """The numbers of all exchanges with this key, in recorded order."""
        if self._numbers is None:  # at the first request: a test that makes none pays for none
            self._numbers = {}
            for number, exchange in enumerate(self.exchanges):
                recorded = exchange.request.unparsed()
                request = self._redacted(recorded)
                if request is not None:
                    same = self._key(request)
                    self._numbers.setdefault(same, []).append(number)
                    self._literal.learn(recorded, same)
        return self._numbers.get(key, [])

    def find(self, key: Key) -> int | None:
        """The number of the exchange that answers next; nothing is played by asking."""
        numbers = self.numbers(key)
        place = self._next.get(key, 0)
        while place < len(numbers) and numbers[place] in self.played:
            place += 1
        self._next[key] = place
        if place < len(numbers):
            return numbers[place]
        return numbers[-1] if numbers and _is_settled(self.exchanges[numbers[-1]]) else None

    def take(self, key: Key) -> int | None:
        """Play the exchange that answers next; its number, or `None` where there is none left."""
        number = self.find(key)
        if number is not None:
            self.played.add(number)
        return number

    def unplayed(self) -> list[int]:
        """The numbers of the exchanges that were not played, but for polls: how often a test asks may vary."""
        entries = enumerate(self.exchanges)
        return [n for n, exchange in entries if n not in self.played and not _is_poll(exchange.request)]


class _LiteralLane:
    """Finds a recorded request that says to the letter what a live one says.

    The first exchange that was not played yet is tried first: a test that runs as it was recorded asks for nothing
    else, and what comes before that one was played, so nothing with its key is its elder.
    """

    def __init__(self, exchanges: Sequence[Exchange], played: Container[int]) -> None:
        self._exchanges = exchanges
        self._played = played
        self._first = 0  # of those not played
        self._words: tuple[int, list[_Words]] | None = None
        self._keys: dict[bytes, Key] = {}

    def next(self, words: _Words) -> int | None:
        """Return the number of the first exchange that was not played yet, if its request says `words`."""
        while self._first in self._played:
            self._first += 1
        if self._first == len(self._exchanges):
            return None
        if self._words is None or self._words[0] != self._first:
            self._words = self._first, list(_words(self._exchanges[self._first].request.unparsed()))
        return self._first if words in self._words[1] else None

    def learn(self, recorded: Request, key: Key) -> None:
        """Remember the key of a recorded request by what it says."""
        for words in _words(recorded):
            self._keys[_digest(words)] = key

    def key(self, words: _Words) -> Key | None:
        """Return the key of the recorded requests that say `words`, if it is known."""
        return self._keys.get(_digest(words)) if self._keys else None


_Words = tuple[str, str, bytes]


def _words(request: Request) -> Iterator[_Words]:
    """Yield what a request says, as it came and then but for the white space of JSON; no field is put in order."""
    yield request.method, request.uri, request.body
    if request.body.startswith((b"{", b"[")) and request.json() is not NOT_JSON:
        yield request.method, request.uri, spelt(request.body, request.json())


def _digest(words: _Words) -> bytes:
    method, uri, body = words
    return fingerprint(f"{method} {uri}\n".encode("utf-8", "surrogatepass") + body)


def _is_poll(request: Request) -> bool:
    return request.method == "GET" and (interaction_path(request.uri) or "").startswith("/interactions/")


def _is_settled(exchange: Exchange) -> bool:
    if not _is_poll(exchange.request):
        return False
    value = exchange.response.json()
    return isinstance(value, dict) and value.get("status") in _SETTLED
