"""The recorded exchanges of a cassette, found by a key that is computed once for each."""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Final

from pytest_interactions.api import sse
from pytest_interactions.api.digests import fingerprint
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.api.paths import interaction_path
from pytest_interactions.files import media

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pytest_interactions.api.exchange import Exchange, Request, Response
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
        self._keys: dict[bytes, Key] = {}  # by what recorded requests say
        self._first = 0  # of those not played
        self._words: tuple[int, _Words] | None = None

    def take_literal(self, live: Request) -> int | None:
        """Play what answers `live` next, if it says what a recorded request says; its number, or `None`.

        What says the same is filtered to the same and has the same key, so that nothing need be computed for it. The
        first exchange that was not played yet is tried first: a test that runs as it was recorded asks for nothing
        else, and what comes before that one was played, so nothing with its key is its elder.
        """
        words = _words(live)
        while self._first in self.played:
            self._first += 1
        if self._first < len(self.exchanges) and self._first_words() == words:
            self.played.add(self._first)
            return self._first
        key = self._keys.get(_digest(words)) if self._keys else None
        return None if key is None else self.take(key)

    def _first_words(self) -> _Words:
        if self._words is None or self._words[0] != self._first:
            self._words = self._first, _words(_copy(self.exchanges[self._first].request))
        return self._words[1]

    def numbers(self, key: Key) -> list[int]:
        """The numbers of all exchanges with this key, in recorded order."""
        if self._numbers is None:  # at the first request: a test that makes none pays for none
            self._numbers = {}
            for number, exchange in enumerate(self.exchanges):
                recorded = _copy(exchange.request)
                request = self._redacted(recorded)
                if request is not None:
                    same = self._key(request)
                    self._numbers.setdefault(same, []).append(number)
                    self._keys[_digest(_words(recorded))] = same
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


_Words = tuple[str, str, bytes]


def _words(request: Request) -> _Words:
    """What a request says, to the letter but for the white space of JSON; cheap, as no field is put in order."""
    value = request.json()
    try:
        body = request.body if value is NOT_JSON else marshal.dumps(value, 2)  # of version 2: the same for the same
    except ValueError:  # too deep
        body = request.body
    return request.method, request.uri, body


def _digest(words: _Words) -> bytes:
    method, uri, body = words
    return fingerprint(f"{method} {uri}\n".encode("utf-8", "surrogatepass") + body)


def _copy(request: Request) -> Request:
    """The same request, so that what is parsed of it is not kept with it for ever."""
    return request.with_body(request.body)


def _is_poll(request: Request) -> bool:
    return request.method == "GET" and (interaction_path(request.uri) or "").startswith("/interactions/")


def _is_settled(exchange: Exchange) -> bool:
    if not _is_poll(exchange.request):
        return False
    value = exchange.response.json()
    return isinstance(value, dict) and value.get("status") in _SETTLED


def pieces(response: Response, chunking: str | int, directory: Path) -> Iterator[bytes]:
    """Cut a recorded body into the chunks of its replay.

    Args:
        response: What was recorded.
        chunking: One chunk an event (`"event"`), one in all (`"whole"`), or so many bytes each.
        directory: Where the media files are that the body refers to.
    """
    if chunking == "event" and not response.is_stream:
        yield from media.chunks(response.body, directory)  # one, but for media: these are never put together here
        return
    body = media.inlined(response, directory).body
    if isinstance(chunking, int):
        yield from (body[start : start + chunking] for start in range(0, len(body), chunking))
    else:
        yield from sse.split(body) if chunking == "event" else [body]
