"""What is played in answer to a request: the recording that matches, the next in sequence, or an override."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_interactions.api.exchange import Exchange, Request
    from pytest_interactions.cassette.filters import Filters
    from pytest_interactions.cassette.index import Index
    from pytest_interactions.cassette.overrides import Overrides
    from pytest_interactions.cassette.record_mode import AppliedMode
    from pytest_interactions.cassette.sequence import InSequence


class Player:
    """The player of one cassette; who asks it for an exchange plays that."""

    def __init__(
        self, index: Index, mode: AppliedMode, filters: Filters, *, sequence: InSequence, overrides: Overrides
    ) -> None:
        """Play what an index has, if the record mode plays."""
        self._index = index
        self._mode = mode
        self._filters = filters
        self._sequence = sequence
        self._overrides = overrides

    @property
    def is_literal(self) -> bool:
        """Return whether `literally` may find what is played."""
        return self._mode.plays and self._filters.is_literal and not self._overrides.are_any

    def literally(self, live: Request) -> Exchange | None:
        """Return the exchange that answers a live request to the letter; `None` if that is to be redacted first."""
        number = self._index.take_literal(live)
        return None if number is None else self._index.exchanges[number]

    def take(self, request: Request) -> Exchange | None:
        """Return the exchange that answers a redacted request; `None` if none does."""
        if not self._mode.plays or not self._index.exchanges:
            return None
        key = self._filters.key(request)
        number = self._overrides.again(key) if self._overrides.are_any else None
        number = self._index.take(key) if number is None else number
        number = self._sequence.take(request) if number is None else number
        if number is None:
            return None
        overridden = self._overrides.play(number, key) if self._overrides.are_any else None
        exchange = overridden or self._index.exchanges[number]
        return self._sequence.as_asked(exchange, request) if self._sequence.is_on else exchange
