"""The recorded exchanges of one file, with all that is computed of them once, however many tests use the file."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.json_values import parse
from pytest_interactions.cassette.words import Words
from pytest_interactions.redaction import google

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_interactions.api.exchange import Exchange, Request
    from pytest_interactions.cassette.matching import Key
    from pytest_interactions.files.storage import Contents


class Keys:
    """The keys of recorded exchanges, as one redaction and one way to match make them."""

    def __init__(
        self,
        exchanges: Sequence[Exchange],
        redacted: Callable[[Request], Request | None],
        key: Callable[[Request], Key],
    ) -> None:
        self._numbers: dict[Key, list[int]] = {}
        self._by_words: dict[bytes, Key] = {}
        for number, exchange in enumerate(exchanges):
            recorded = exchange.request.unparsed()
            request = redacted(recorded)
            if request is not None:
                found = key(request)
                self._numbers.setdefault(found, []).append(number)
                self._by_words.update(dict.fromkeys(Words(recorded, recorded.json).digests(), found))

    def numbers(self, key: Key) -> list[int]:
        """Return the numbers of all exchanges with this key, in recorded order."""
        return self._numbers.get(key, [])

    def of_words(self, words: Words) -> Key | None:
        """Return the key of the recorded requests with these words; `None` if there are none."""
        return next((self._by_words[each] for each in words.digests() if each in self._by_words), None)


class Recorded:
    """The recorded exchanges of one file; it is shared, so whoever uses it changes nothing of it."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self.exchanges = exchanges
        self._words: tuple[int, Words] | None = None
        self._keys: tuple[Any, Keys] | None = None

    @classmethod
    def of(cls, contents: Contents) -> Recorded:
        """Return that of a file's contents, the same each time."""
        recorded: Recorded = contents.memo.setdefault(cls, cls(contents.exchanges))
        return recorded

    @cached_property
    def are_of_project(self) -> bool:
        """Return whether there are recordings, and all are of a project of Vertex AI, but for logins."""
        requests = [exchange.request for exchange in self.exchanges if not google.is_login(exchange.request)]
        return bool(requests) and all(map(google.is_of_project, requests))

    def words(self, number: int) -> Words:
        """Return the words of a recorded request; those of the last one that was asked for are kept."""
        words = self._words
        if words is None or words[0] != number:
            request = self.exchanges[number].request
            words = self._words = number, Words(request, lambda: parse(request.body))
        return words[1]

    def known_keys(self, state: Any) -> Keys | None:
        """Return the keys that were made in this state of the filters, if they were the last ones that were made."""
        keys = self._keys
        return keys[1] if keys is not None and state is not None and keys[0] == state else None

    def keep_keys(self, state: Any, keys: Keys) -> None:
        """Keep the keys that were made in a state of the filters; `None` is for those that can't be shared."""
        if state is not None:
            self._keys = state, keys
