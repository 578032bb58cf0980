"""What a test records, and how it comes to the file without loss."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING

from pytest_interactions.api.http import Cut, Exchange, Request, Response
from pytest_interactions.cassette import storage
from pytest_interactions.options import RecordMode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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
    """All recordings of one cassette, in the order of their requests."""

    def __init__(self) -> None:
        self._recordings: list[Recording] = []
        self._lock = RLock()

    def add(self, recording: Recording) -> None:
        """Take a place for `recording`."""
        with self._lock:
            self._recordings.append(recording)

    def exchanges(self) -> list[Exchange]:
        """The exchanges that are finished."""
        with self._lock:
            return [recording.exchange for recording in self._recordings if recording.exchange is not None]

    def finish(self) -> list[Exchange]:
        """Finish the recordings whose responses are still open, as far as they were read."""
        for recording in list(self._recordings):
            if recording.leave is not None:
                recording.leave()
        return self.exchanges()


def theirs_in(path: Path, *, ours: list[Exchange], seen: tuple[int, ...] | None) -> list[Exchange]:
    """What other processes have put in the file at `path` since it was opened; call it with the file locked.

    Args:
        path: The cassette.
        ours: What it held when it was opened.
        seen: Its `storage.signature` then.
    """
    if storage.signature(path) in (None, seen):
        return []
    rest, theirs = list(ours), []
    for exchange in storage.load(path).exchanges:
        if exchange in rest:
            rest.remove(exchange)
        else:
            theirs.append(exchange)
    return theirs


def records(mode: RecordMode, *, exists: bool, continues: bool) -> bool:
    """Whether a request without a recording may be sent and recorded.

    `exists` is whether the cassette was there when it was opened, and `continues` whether it is a recording that
    may go on: one of this very run, or one whose test failed.
    """
    if mode is RecordMode.ONCE:
        return not exists or continues
    return mode is not RecordMode.NONE
