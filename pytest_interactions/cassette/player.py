"""What is played in answer to a request: the recording that matches, the next in sequence, an override, or a fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.cassette.faults import Faults, Played
from pytest_interactions.cassette.overrides import Overrides
from pytest_interactions.cassette.sequence import InSequence

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.api.exchange import Request
    from pytest_interactions.cassette.filters import Filters
    from pytest_interactions.cassette.index import Index
    from pytest_interactions.cassette.matching import Key
    from pytest_interactions.cassette.record_mode import AppliedMode
    from pytest_interactions.cassette.refusals import Refusals
    from pytest_interactions.options import Options


class Player:
    """The player of one cassette; who asks it for an exchange plays that.

    Attributes:
        sequence: The recordings that answer in their order.
        overrides: The answers that the test has replaced.
        faults: What goes wrong with answers.
    """

    def __init__(  # noqa: PLR0913 - it asks each in turn
        self, path: Path, index: Index, mode: AppliedMode, filters: Filters, *, refusals: Refusals, options: Options
    ) -> None:
        """Play what an index has of the cassette at a path, if the record mode plays; `refusals` makes its errors."""
        self.sequence = InSequence(index, mode, refusals=refusals, options=options)
        self.overrides = Overrides(path, index, mode)
        self.faults = Faults(path, index, options, mode.media)
        self._index = index
        self._mode = mode
        self._filters = filters

    @property
    def is_literal(self) -> bool:
        """Return whether `literally` may find what is played."""
        return self._is_by_the_book and self._mode.plays and self._filters.is_literal

    def literally(self, live: Request) -> Played | None:
        """Return what answers a live request to the letter; `None` if that is to be redacted first."""
        number = self._index.take_literal(live)
        return None if number is None else Played(number, self._index.exchanges[number])

    @property
    def _is_by_the_book(self) -> bool:
        """Return whether what was recorded is played as it was."""
        return not (self.overrides.are_any or self.faults.are_any)

    def take(self, request: Request) -> Played | None:
        """Return what answers a redacted request; `None` if nothing does."""
        if not self._mode.plays or not self._index.exchanges:
            return None
        key = self._filters.key(request)
        number = self._number(key, request)
        if number is None:
            return self.faults.resumed(request)
        overridden = self.overrides.play(number, key) if self.overrides.are_any else None
        exchange = overridden or self._index.exchanges[number]
        exchange = self.sequence.as_asked(exchange, request) if self.sequence.is_on else exchange
        return self.faults.play(number, exchange, request, key) if self.faults.are_any else Played(number, exchange)

    def _number(self, key: Key, request: Request) -> int | None:
        """Return the number of the exchange that answers a request with this key; `None` if none does."""
        number = self.overrides.again(key) if self.overrides.are_any else None
        number = self._index.take(key) if number is None else number
        number = self.sequence.take(request) if number is None else number
        return self.faults.again(key) if number is None else number
