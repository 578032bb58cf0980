"""What a cassette refuses, and why: the errors for requests, for reads and for a whole test, made of all it knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.cassette import messages, socket_words
from pytest_interactions.cassette.closest import explain
from pytest_interactions.cassette.differences import title
from pytest_interactions.errors import (
    CassetteMissError,
    CassetteNotFoundError,
    DifferingError,
    PlaceholderError,
    StaleError,
    StreamEndedError,
    UnplayedError,
)
from pytest_interactions.naming import namesakes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from pytest_interactions.api.exchange import Exchange, Request
    from pytest_interactions.cassette.dialogue import Script
    from pytest_interactions.cassette.filters import Filters
    from pytest_interactions.cassette.index import Index
    from pytest_interactions.cassette.said import Said
    from pytest_interactions.cassette.sequence import Differs


class Refusals:
    """The errors of the cassette at a path, each with the command that records it anew, which `rerecord` makes."""

    def __init__(self, cassette: Path, index: Index, filters: Filters, *, rerecord: Callable[[], str]) -> None:
        self._cassette = cassette
        self._index = index
        self._filters = filters
        self._make_rerecord = rerecord

    @property
    def _rerecord(self) -> str:
        return self._make_rerecord()

    def not_found(self, request: Request, projects: Sequence[Path], cassette_dir: str) -> CassetteNotFoundError:
        """Return the error for a redacted request that has no cassette, which was looked for in `projects`."""
        from pytest_interactions.store.lock_file import naming  # which nothing else needs without a store

        record = "once".join(self._rerecord.rsplit("rewrite", 1))  # the last one: a test's name may hold the word
        looked_in = [project / cassette_dir for project in projects]
        hints = messages.elsewhere(namesakes(self._cassette, projects), naming(self._cassette))
        text = messages.not_found(request, cassette=self._cassette, record=record, looked_in=looked_in, hints=hints)
        return CassetteNotFoundError(text, headline=f"no cassette yet: {title(request)}")

    def missed(self, request: Request, refused: Sequence[str] = ()) -> CassetteMissError:
        """Return the error for a redacted request that no recording answers; `refused` says what the API would not."""
        exchanges, played = self._index.exchanges, self._index.played
        recorded = [(exchange.request, number in played) for number, exchange in enumerate(exchanges)]
        same = self._index.numbers(self._filters.key(request))
        found = explain(
            request,
            recorded,
            cassette=self._cassette,
            same=same,
            rerecord=self._rerecord,
            shown=self._shown,
            refused=refused,
        )
        return CassetteMissError(found.text, headline=found.headline)

    def placeholder(self, request: Request, where: str) -> PlaceholderError:
        """Return the error for a redacted request that has a placeholder of redaction at `where`."""
        text = messages.placeholder(request, where, rerecord=self._rerecord)
        return PlaceholderError(text, headline=f"{where} holds a placeholder of redaction: {title(request)}")

    def read_too_far(self, exchange: Exchange) -> StreamEndedError:
        """Return the error for a response that is read further than it was recorded."""
        text = messages.read_too_far(exchange.request, cassette=self._cassette, rerecord=self._rerecord)
        return StreamEndedError(text, headline=f"read further than recorded: {title(exchange.request)}")

    def missed_message(self, script: Script, number: int | None, said: Said) -> CassetteMissError:
        """Return the error for a WebSocket's message that is not what was to come; that has this number, if any."""
        found = socket_words.missed(script, number, said, cassette=self._cassette, rerecord=self._rerecord)
        return CassetteMissError(found.text, headline=found.headline)

    def awaited_message(self, script: Script, number: int | None) -> CassetteMissError | StreamEndedError:
        """Return the error for an app that waits for a message, though one of its own was to come; or none at all."""
        if number is None:
            return self.read_too_far(script.exchange)
        found = socket_words.awaited(script, number, cassette=self._cassette, rerecord=self._rerecord)
        return CassetteMissError(found.text, headline=found.headline)

    def unsaid(self, script: Script, numbers: Sequence[int]) -> UnplayedError:
        """Return the error for messages of a WebSocket that the app did not send."""
        found = socket_words.unsaid(script, numbers, cassette=self._cassette, rerecord=self._rerecord)
        return UnplayedError(found.text, headline=found.headline)

    def unplayed(self, numbers: Iterable[int]) -> UnplayedError:
        """Return the error for recorded exchanges that the test did not ask for."""
        shown, of = self.shown(numbers), len(self._index.exchanges)
        text = messages.unplayed(shown, of, cassette=self._cassette, rerecord=self._rerecord)
        asked = "; ".join(title(request) for request in shown.values())
        return UnplayedError(text, headline=f"{len(shown)} of {of} recorded exchanges not asked for: {asked}")

    def differing(self, found: Sequence[Differs], count: int) -> DifferingError:
        """Return the error for `count` requests that differ by what was `found` from what answered them in sequence."""
        lines = [line for each in found for line in (each.head, *(f"  {line}" for line in each.lines))]
        text, brief = (
            messages.differing(shown, count, cassette=self._cassette, rerecord=self._rerecord)
            for shown in (lines, messages.first_of(lines))
        )
        fields = "; ".join(line for each in found for line in each.lines[: messages.SHOWN])
        return DifferingError(text, headline=fields, brief=brief)

    def stale(self, concerns: Sequence[str]) -> StaleError:
        """Return the error for a cassette that was replayed though there are `concerns`."""
        text = messages.stale(concerns, cassette=self._cassette, rerecord=self._rerecord)
        return StaleError(text, headline=f"stale: {'; '.join(concerns)}")

    def drifted(self, findings: Sequence[str]) -> str:
        """Return what is said of a live run that differs from the recording."""
        return messages.drifted(findings, cassette=self._cassette, rerecord=self._rerecord)

    def shown(self, numbers: Iterable[int]) -> dict[int, Request]:
        """Return recorded requests by their numbers from 0, as a message may show them."""
        return {number: self._shown(number) for number in numbers}

    def _shown(self, number: int) -> Request:
        """Redact a recorded request: another recorder may have left secrets in it."""
        recorded = self._index.exchanges[number].request.unparsed()
        return self._filters.redact_request(recorded) or self._filters.redactor.request(recorded)
