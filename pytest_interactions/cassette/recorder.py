"""What a test records, and how it comes to the file without loss."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING

from pytest_interactions.api.http import Cut, Exchange, Request, Response
from pytest_interactions.cassette import storage
from pytest_interactions.cassette.journal import Journal, beside

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_interactions.cassette.filtering import Filter
    from pytest_interactions.cassette.opening import Opening


class Recording:
    """One exchange being recorded; its place among the others is taken when its request is sent."""

    def __init__(
        self,
        request: Request,
        keep: Callable[[Response], Response | None],
        finished: Callable[[Exchange], None],
    ) -> None:
        """Hold the redacted `request`; `keep` redacts its response, or drops it, and `finished` is given both."""
        self.request = request.with_body(request.body)  # without its parsed value, which may be many times as large
        self.exchange: Exchange | None = None
        #: Finishes the recording of a response that is still open when the test ends.
        self.leave: Callable[[], None] | None = None
        self._keep = keep
        self._finished = finished
        self._done = False

    def finish(self, response: Response, cut: Cut | None = None) -> None:
        """Keep the response; only the first call counts."""
        if self._done:
            return
        self._done = True
        kept = self._keep(response)
        if kept is not None:
            self.exchange = Exchange(request=self.request, response=kept, cut=cut)
            self._finished(self.exchange)


class Recorder:
    """All recordings of one cassette, in the order of their requests, and their way into the file."""

    def __init__(self, opening: Opening, gate: Filter, *, media_threshold: int) -> None:
        """Record for the cassette that was opened so; `gate` filters what is kept."""
        self._opening = opening
        self._filter = gate
        self._media_threshold = media_threshold
        self._journal = Journal(opening.path, gate, replaces=opening.replaces)
        self._recordings: list[Recording] = []
        self._lock = RLock()

    def begin(self, request: Request) -> Recording:
        """Take a place for the filtered `request` and its answer."""
        recording = Recording(request, self._filter.response, self._journal.add)
        with self._lock:
            self._recordings.append(recording)
        return recording

    def exchanges(self) -> list[Exchange]:
        """The exchanges that are finished."""
        with self._lock:
            return [recording.exchange for recording in self._recordings if recording.exchange is not None]

    def save(self, *, failed: bool) -> Path | None:
        """Put what was recorded into the file, or beside it; see `Cassette.close`."""
        for recording in list(self._recordings):
            if recording.leave is not None:
                recording.leave()
        recorded = self.exchanges()
        completed = self._opening.old.incomplete and self._opening.records and not failed
        try:
            return self._put(recorded, failed=failed) if recorded or completed else None
        finally:
            self._journal.discard()

    def _put(self, recorded: list[Exchange], *, failed: bool) -> Path:
        path, old = self._opening.path, self._opening.old
        aside = beside(path)
        if failed and self._opening.replaces:
            self._write(aside, storage.Contents(recorded, incomplete=True))
            return aside
        with storage.locked(path):
            incomplete = failed and self._opening.plays and (self._opening.seen is None or old.incomplete)
            exchanges = self._kept(recorded) + self._theirs() + recorded
            self._write(path, storage.Contents(exchanges, incomplete=incomplete))
        aside.unlink(missing_ok=True)
        return path

    def _kept(self, recorded: list[Exchange]) -> list[Exchange]:
        """The old exchanges that stay: in mode `all`, those that weren't recorded again."""
        old = self._opening.old.exchanges
        if self._opening.starts_over:
            return []
        if self._opening.plays:
            return old
        key, filtered = self._filter.key, self._filter.recorded
        again = {key(request) for exchange in recorded if (request := filtered(exchange.request))}
        stored = ((exchange, filtered(exchange.request)) for exchange in old)
        return [exchange for exchange, request in stored if request is None or key(request) not in again]

    def _theirs(self) -> list[Exchange]:
        """What other processes have put in the file since it was opened."""
        if storage.signature(self._opening.path) in (None, self._opening.seen):
            return []
        rest, theirs = list(self._opening.old.exchanges), []
        for exchange in storage.load(self._opening.path).exchanges:
            if exchange in rest:
                rest.remove(exchange)
            else:
                theirs.append(exchange)
        return theirs

    def _write(self, path: Path, contents: storage.Contents) -> None:
        storage.save(path, contents, self._filter, media_threshold=self._media_threshold)
