"""The recordings of a test, and their way into the file without loss."""

from __future__ import annotations

import re
from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pytest_interactions.api import named_models
from pytest_interactions.cassette.recording import Recording
from pytest_interactions.cassette.unchanged import with_old_times
from pytest_interactions.errors import CassetteFormatError, CassetteWriteError, SecretLeakError
from pytest_interactions.files import candidates, clock, decisions, disk, layout, media, storage
from pytest_interactions.files.journal import Journal
from pytest_interactions.files.origin import UNKNOWN, Origin, client_of
from pytest_interactions.files.real import real_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pytest_interactions.api.exchange import Exchange, Headers, Request
    from pytest_interactions.cassette.filters import Filters
    from pytest_interactions.cassette.record_mode import AppliedMode
    from pytest_interactions.errors import InteractionsError
    from pytest_interactions.redaction.gate import Gate


_IDS: Final = re.compile(rb'"(?:id|signature)"\s*:\s*"([^"\\]{6,})"')


def _mentions(ids: set[bytes], request: Request) -> bool:
    words = set(re.findall(rb'"([^"\\]{6,})"', request.body)) | set(urlsplit(request.uri).path.encode().split(b"/"))
    return not ids.isdisjoint(words)


def _without(exchanges: list[Exchange], gone: Iterable[Exchange]) -> list[Exchange]:
    """`exchanges` without those that are `gone`, each as often as it is there."""
    left, rest = list(gone), []
    for exchange in exchanges:
        if exchange in left:
            left.remove(exchange)
        else:
            rest.append(exchange)
    return rest


class Recorder:
    """All recordings of one cassette, in the order of their requests, and their way into the file."""

    def __init__(
        self,
        mode: AppliedMode,
        filters: Filters,
        gate: Gate,
        *,
        media_threshold: int,
        outlived: Callable[[Request], InteractionsError],
    ) -> None:
        """Record for a cassette that was opened in `mode`; `gate` checks all that is written.

        `outlived` makes the error of a response that is read on when the cassette has closed.
        """
        self._mode = mode
        self._filters = filters
        self._gate = gate
        self._media_threshold = media_threshold
        self._outlived = outlived
        self._journal = Journal(mode.path, gate, replaces=mode.replaces)
        self._recordings: list[Recording] = []
        self._tried: list[Exchange] = []
        self._tried_in = mode.path
        self._clients: set[str] = set()
        self._lock = RLock()

    def begin(self, request: Request, sent: Headers) -> Recording:
        """Begin to record the filtered `request`, which was `sent` with these headers, and give it its place."""
        recording = Recording(request, self._filters.keep_response, self._finished, self._outlived)
        with self._lock:
            self._recordings.append(recording)
            self._clients.add(client_of(sent))
        return recording

    def _finished(self, exchange: Exchange) -> None:
        if self._mode.keeps:
            self._journal.add(exchange)
            named_models.look(exchange)

    def exchanges(self) -> list[Exchange]:
        """Return the finished exchanges."""
        with self._lock:
            return [recording.exchange for recording in self._recordings if recording.exchange is not None]

    @real_files()
    def save(self, *, failed: bool) -> Path | None:
        """Put the recording into the file or beside it; see `Cassette.close`."""
        if not self._mode.keeps:
            return None
        # A later run may continue a failed recording, and tries requests without an answer again.
        recorded = [exchange for exchange in self.exchanges() if exchange.response.status or not failed]
        completed = self._mode.old.incomplete and self._mode.records and not failed
        try:
            written = self._put(recorded, failed=failed) if recorded or completed else None
            if written is None and not failed:
                self._remove()
        except CassetteWriteError as error:  # its message says where the recording is, if it was kept
            (self._journal.discard if error.is_kept else self._journal.leave)()
            raise
        except SecretLeakError:  # so does its message
            self._journal.discard()
            raise
        except BaseException:
            self._journal.leave()  # for the next run to recover
            raise
        self._journal.discard()
        self._tried, self._tried_in = (recorded, written) if failed and written is not None else ([], self._mode.path)
        return written

    @real_files()
    def withdraw(self) -> None:
        """Take what a failed test has saved out of its file again: it is run once more, and starts over."""
        if not self._tried:
            return
        path, written = self._mode.path, self._tried_in
        with disk.locked(path):
            contents = storage.load(written)
            contents.exchanges = _without(contents.exchanges, map(self._as_read, self._tried))
            if contents.exchanges or (written == path and self._mode.signature is not None):
                self._write(written, contents)
            elif written == path:
                storage.remove(path)
            else:
                candidates.remove(path)

    def _as_read(self, exchange: Exchange) -> Exchange:
        """What comes back of an exchange that was saved."""
        moved, _ = media.extract(self._gate.redact_again(exchange).unparsed(), self._media_threshold)
        text = layout.head(1) + layout.exchange_text(moved)
        return storage.loads(text.encode(), self._mode.path).exchanges[0]

    def _remove(self) -> None:
        """Delete a cassette that starts over and has no new recording."""
        path = self._mode.path
        if self._mode.starts_over and self._mode.signature is not None:
            with disk.locked(path):
                storage.remove(path)

    def _put(self, recorded: list[Exchange], *, failed: bool) -> Path:
        path, old = self._mode.path, self._mode.old
        aside = candidates.candidate(path)
        with disk.locked(path):
            decisions.finish(path)
            is_aside = failed and self._mode.replaces
            incomplete = failed and self._mode.plays and (self._mode.signature is None or old.incomplete)
            if self._mode.replaces:
                recorded = with_old_times(recorded, old.exchanges, self._as_read)
            try:
                others = self._of_others()
            except CassetteFormatError as error:  # the file was damaged after it was opened
                self._put_aside(storage.Contents(recorded, origin=self._origin(recorded)))
                raise CassetteFormatError(f"{error} What was recorded now is in {aside}.") from None
            if is_aside and self._mode.is_of_this_run(aside):  # of another test, which has the same cassette
                waiting = storage.load(aside).exchanges
                others.exchanges += _without(waiting, [*self._kept(recorded), *others.exchanges])
            elif is_aside:
                candidates.remove_notes(path)  # of a recording that this one replaces
            kept = self._kept(recorded) + others.exchanges
            origin = others.origin.before(self._origin(recorded), kept)
            contents = storage.Contents(kept + recorded, incomplete, origin)
            if is_aside:
                self._put_aside(contents)
                return aside
            self._write(path, contents)
            if not self._mode.is_of_this_run(aside):
                candidates.remove(path)
        return path

    def _put_aside(self, contents: storage.Contents) -> None:
        disk.not_a_link(candidates.candidate(self._mode.path))
        self._write(candidates.candidate(self._mode.path), replace(contents, incomplete=True))

    def _origin(self, recorded: list[Exchange]) -> Origin:
        """Return the origin of what was recorded now."""
        if not recorded:
            return UNKNOWN
        client = ", ".join(sorted(filter(None, self._clients)))
        return Origin.of_recording(recorded, clock.now(), client)

    def _kept(self, recorded: list[Exchange]) -> list[Exchange]:
        """Return the old exchanges that stay; in mode `all`, these were not recorded again."""
        old = self._mode.old.exchanges
        if self._mode.starts_over:
            return []
        if self._mode.plays:
            return old
        key, filtered = self._filters.key, self._filters.redact_request
        again = {key(request) for exchange in recorded if (request := filtered(exchange.request.unparsed()))}
        kept, gone_ids = [], set[bytes]()
        for exchange in old:
            request = filtered(exchange.request.unparsed())
            # A request that continues from a replaced answer mentions ids that no longer exist.
            if request is not None and (key(request) in again or _mentions(gone_ids, request)):
                gone_ids |= set(_IDS.findall(exchange.response.body))
            else:
                kept.append(exchange)
        return kept

    def _of_others(self) -> storage.Contents:
        """Return what the file holds with the exchanges alone that others have put in it since it was opened."""
        if storage.signature(self._mode.path) in (None, self._mode.signature):
            return replace(self._mode.old, exchanges=[])
        found = storage.load(self._mode.path)
        return replace(found, exchanges=_without(found.exchanges, self._mode.old.exchanges))

    def _write(self, path: Path, contents: storage.Contents) -> None:
        threshold = self._media_threshold
        storage.save(path, contents, self._gate, media_threshold=threshold, written=self._journal.text_of)
