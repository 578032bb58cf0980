"""One exchange while it is recorded: what has come of its answer, and when."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING

from pytest_interactions.api import sse
from pytest_interactions.api.arrivals import Mark, times_of
from pytest_interactions.api.exchange import Cut, Exchange, Request, Response
from pytest_interactions.cassette.uses import Use
from pytest_interactions.files import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_interactions.errors import InteractionsError


class Recording(Use):
    """One exchange during its recording; it gets its place among the others when its request is sent.

    Attributes:
        exchange: The exchange, once it is finished and to be kept.
        turn: Held by who finishes the recording, as the app's thread and the cassette's end may do so at once.
        leave: A function that finishes the recording of a response that is still open when the cassette closes.
        marks: When its bytes came, as the client got them.
    """

    def __init__(
        self,
        request: Request,
        keep: Callable[[Response, Request], Response | None],
        finished: Callable[[Exchange], None],
        outlived: Callable[[Request], InteractionsError],
    ) -> None:
        """Hold the redacted `request`.

        Args:
            request: The request.
            keep: Redacts its response, or drops it.
            finished: Receives the exchange, with its parsed values, which are not kept.
            outlived: Makes the error of a response that is read on when the cassette has closed.
        """
        super().__init__(request.unparsed(), outlived)
        self.exchange: Exchange | None = None
        self.turn = RLock()
        self.leave: Callable[[], None] | None = None
        self.marks: list[Mark] = []
        self._came = 0
        self._keep = keep
        self._finished = finished
        self._begun = clock.seconds()

    def since(self) -> float:
        """Return the seconds since the request was sent."""
        return clock.seconds() - self._begun

    def came(self, count: int) -> None:
        """Take note that so many more bytes of the response have come just now."""
        self._came += count
        self.marks.append(Mark(clock.seconds() - self._begun, self._came))

    def finish(self, response: Response, cut: Cut | None = None, marks: Sequence[Mark] = ()) -> None:
        """Keep the response, whose body came as `marks` say; only the first call counts."""
        with self.turn:
            if self.is_over:
                return
            self.is_over, self.leave = True, None
            kept = self._keep(response, self.request)
            if kept is not None:
                took = round(clock.seconds() - self._begun, 3)
                times = _times(response.body, kept, marks)
                parsed = Exchange(request=self.request.unparsed(), response=kept, cut=cut, seconds=took, times=times)
                self.exchange = parsed.unparsed()
                self._finished(parsed)
                self.exchange.models = parsed.models
            self.marks = []  # of a long stream, these are many

    def give_up(self) -> None:
        """Keep that the app waited for the answer no longer: a response with status 0, which HTTP has not."""
        self.finish(Response(status=0), Cut(by="app"))

    def drop(self) -> None:
        """Keep nothing: the request was not sent, or what became of it is none of a cassette's."""
        self.is_over, self.leave = True, None

    def close(self) -> None:
        """Keep what has come, and refuse the rest to the app."""
        with self.turn:
            was_over = self.is_over
            if self.leave is not None:
                self.leave()
            self.is_over = was_over
            super().close()


def _times(body: bytes, kept: Response, marks: Sequence[Mark]) -> tuple[float, ...] | None:
    """Return when the events of a stream came; `None` for another response, or if a hook has changed their number."""
    times = times_of(body, marks) if kept.comes_in_events else None
    if times is None or kept.body is body or len(sse.split(kept.body)) == len(times) - 1:
        return times
    return None
