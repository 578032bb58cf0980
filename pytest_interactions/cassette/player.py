"""What is played in answer to a request: the recording that matches, the next in sequence, an override, or a fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.cassette.faults import Played

if TYPE_CHECKING:
    from pytest_interactions.api.exchange import Exchange, Request
    from pytest_interactions.cassette.faults import Faults
    from pytest_interactions.cassette.filters import Filters
    from pytest_interactions.cassette.index import Index
    from pytest_interactions.cassette.matching import Key
    from pytest_interactions.cassette.overrides import Overrides
    from pytest_interactions.cassette.record_mode import AppliedMode
    from pytest_interactions.cassette.sequence import InSequence


class Player:
    """The player of one cassette; who asks it for an exchange plays that."""

    def __init__(  # noqa: PLR0913 - it asks each in turn
        self,
        index: Index,
        mode: AppliedMode,
        filters: Filters,
        *,
        sequence: InSequence,
        overrides: Overrides,
        faults: Faults,
    ) -> None:
        """Play what an index has, if the record mode plays."""
        self._index = index
        self._mode = mode
        self._filters = filters
        self._sequence = sequence
        self._overrides = overrides
        self._faults = faults

    @property
    def is_literal(self) -> bool:
        """Return whether `literally` may find what is played."""
        return self._is_by_the_book and self._mode.plays and self._filters.is_literal

    def literally(self, live: Request) -> Exchange | None:
        """Return the exchange that answers a live request to the letter; `None` if that is to be redacted first."""
        number = self._index.take_literal(live)
        return None if number is None else self._index.exchanges[number]

    @property
    def _is_by_the_book(self) -> bool:
        """Return whether what was recorded is played as it was."""
        return not (self._overrides.are_any or self._faults.are_any)

    def take(self, request: Request) -> Played | None:
        """Return what answers a redacted request; `None` if nothing does."""
        if not self._mode.plays or not self._index.exchanges:
            return None
        key = self._filters.key(request)
        number = self._number(key, request)
        if number is None:
            return self._faults.resumed(request)
        overridden = self._overrides.play(number, key) if self._overrides.are_any else None
        exchange = overridden or self._index.exchanges[number]
        exchange = self._sequence.as_asked(exchange, request) if self._sequence.is_on else exchange
        return self._faults.play(number, exchange, request, key) if self._faults.are_any else Played(exchange)

    def _number(self, key: Key, request: Request) -> int | None:
        """Return the number of the exchange that answers a request with this key; `None` if none does."""
        number = self._overrides.again(key) if self._overrides.are_any else None
        number = self._index.take(key) if number is None else number
        number = self._sequence.take(request) if number is None else number
        return self._faults.again(key) if number is None else number
