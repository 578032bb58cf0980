"""What became of a cassette's exchanges: which were played, which stay, and which are new."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from pytest_interactions.files import clock
from pytest_interactions.options import Options, Stale, Unplayed

if TYPE_CHECKING:
    from pytest_interactions.api.exchange import Exchange, Request
    from pytest_interactions.cassette.faults import Faults
    from pytest_interactions.cassette.filters import Filters
    from pytest_interactions.cassette.index import Index
    from pytest_interactions.cassette.record_mode import AppliedMode
    from pytest_interactions.cassette.recorder import Recorder
    from pytest_interactions.cassette.refusals import Refusals
    from pytest_interactions.errors import StaleError, UnplayedError


class Account:
    """The account of one cassette; it is that of now, whenever it is asked."""

    def __init__(  # noqa: PLR0913 - it is made of all parts of a cassette
        self,
        index: Index,
        recorder: Recorder,
        mode: AppliedMode,
        *,
        filters: Filters,
        refusals: Refusals,
        faults: Faults,
        options: Options,
        shared: bool,
    ) -> None:
        """Keep account for a cassette; if it is `shared`, each test leaves the others' exchanges unplayed."""
        self._index = index
        self._recorder = recorder
        self._mode = mode
        self._filters = filters
        self._refusals = refusals
        self._faults = faults
        self._options = options
        self._shared = shared

    @property
    def all_played(self) -> bool:
        """Return whether the test asked for each recorded exchange."""
        return len(self._index.played) == len(self._index.exchanges)

    def played(self) -> dict[int, Request]:
        """Return the recorded requests that were played, redacted, by their numbers from 0."""
        return self._refusals.shown(sorted(self._index.played))

    def replayed(self) -> list[Exchange]:
        """Return the recorded exchanges that were played, each once, as they are in the file."""
        return [self._index.exchanges[number] for number in sorted(self._index.played)]

    def unplayed(self) -> dict[int, Request]:
        """Return the recorded requests that were not asked for, as `played` does; polls may be left."""
        return self._refusals.shown(self._index.unplayed())

    def missed_out(self) -> list[int]:
        """Return the numbers of the exchanges that the test should have asked for, and did not.

        An app that a fault has hit may give up, whatever it asked for when it was recorded.
        """
        if (
            self._faults.may_end_early
            or self._mode.records
            or self._shared
            or self._options.unplayed is Unplayed.IGNORE
        ):
            return []
        return self._index.unplayed()

    def problem(self) -> UnplayedError | StaleError | None:
        """Return the error for what the test should have asked for, or replayed; `None` if it is a warning at most."""
        missed = self.missed_out()
        error = self._refusals.unplayed(missed) if missed else None
        if error is not None and self._options.unplayed is Unplayed.WARN:
            warnings.warn(str(error), stacklevel=3)
            error = None
        return error or self.stale()

    def stale(self) -> StaleError | None:
        """Return the error for a replay that is too old, or of a model that is no more; `None` if it may be."""
        concerns = self._concerns() if self._options.stale is Stale.FAIL else []
        return self._refusals.stale(concerns) if concerns else None

    def doubts(self) -> list[str]:
        """Return what speaks against what was replayed, where that is no error; see `age.concerns`."""
        return self._concerns() if self._options.stale is Stale.WARN else []

    def _concerns(self) -> list[str]:
        max_age, retired = self._options.max_age, self._options.retired_models
        if not self._index.played or (max_age is None and not retired):
            return []
        from pytest_interactions.cassette.age import concerns

        old = self._mode.old
        return concerns(old.origin, old.exchanges, max_age=max_age, retired=retired, now=clock.now())

    @property
    def is_of_project(self) -> bool:
        """Return whether there are recordings, and all are of a project of Vertex AI, but for logins."""
        return self._index.recorded.are_of_project

    @property
    def left_over(self) -> int:
        """Return how many exchanges stay though the test did not ask for them; 0 if other tests may ask for them."""
        return 0 if self._shared or not self._mode.plays else len(self._index.unplayed())

    def recorded(self) -> list[Request]:
        """Return the requests that were recorded, redacted, in their order."""
        return [exchange.request for exchange in self.added()]

    def added(self) -> list[Exchange]:
        """Return the exchanges that were recorded, redacted, in the order of their requests."""
        return self._recorder.exchanges()

    @property
    def is_new(self) -> bool:
        """Return whether there was no cassette when this one was opened."""
        return self._mode.signature is None

    @property
    def left_out(self) -> set[str]:
        """Return the names of headers of responses that were not recorded, though an app may miss them on replay."""
        return self._filters.left_out
