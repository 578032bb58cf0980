"""When the parts of a played response are due, and how long its client is to wait for each. Nobody waits here."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_interactions.api import sse
from pytest_interactions.api.delays import Delays
from pytest_interactions.conversions import Speed
from pytest_interactions.files import clock

if TYPE_CHECKING:
    from pytest_interactions.api.exchange import Exchange

#: Seconds; no sleep of Python's may be much longer, and nobody waits for its end.
_FOREVER: Final = 10.0**9


class Pause(NamedTuple):
    """A wait.

    Attributes:
        seconds: How long it is.
        is_late: Whether the client's patience is over then, so that it gets no more.
        is_endless: Whether nobody would ever end it: what is waited for never comes, and the client has no time-out.
    """

    seconds: float
    is_late: bool
    is_endless: bool = False


class Pacing:
    """The times of one response, from the moment at which it is made.

    A client that is slow itself waits the less: a server would not wait for it either.
    """

    @classmethod
    def of(cls, exchange: Exchange, pace: float | Speed, delays: Delays | None = None) -> Pacing | None:
        """Return the times at which an exchange's response is played; `None` if all of it is due at once."""
        is_paced = isinstance(pace, Speed) or (pace > 0 and exchange.response.is_stream)
        return cls(exchange, pace, delays or Delays()) if is_paced or delays else None

    def __init__(self, exchange: Exchange, pace: float | Speed, delays: Delays) -> None:
        """Begin to play at a pace; see `Options.pace`."""
        self._exchange = exchange
        self._pace = pace
        self._delays = delays
        self._decoder = sse.Decoder() if exchange.response.is_stream else None
        self._events = 0
        self._began = clock.seconds()
        self._waited_for = 0.0  # the time that it is, at least, be waiting skipped or not
        self._due = self.due(0)

    @property
    def hangs(self) -> bool:
        """Return whether the end never comes."""
        return self._delays.hangs

    def took(self, chunk: bytes) -> None:
        """Take note that a chunk is what comes next."""
        self._events += len(self._decoder.feed(chunk)) if self._decoder is not None else 0
        self._due = self.due(self._events)

    def at_end(self, patience: float | None) -> Pause:
        """Return the wait for the end of a response; whoever has waited for one that never comes gets its error."""
        if self._delays.breaks_at is not None:
            self._due = self._delays.breaks_at
        elif self._exchange.cut is not None and isinstance(self._pace, Speed):
            self._due = max(self._due, self._delays.before + (self._exchange.seconds or 0.0) / self._pace.factor)
        if not self._delays.hangs:
            return self.pause(patience)
        self._due = inf
        return self.pause(patience)._replace(is_late=False)

    def pause(self, patience: float | None) -> Pause:
        """Return the wait for what comes next; a client has the `patience` of so many seconds, or of any number.

        A client without a time-out would wait for ever for what never comes: it waits no more.
        """
        now = max(clock.seconds() - self._began, self._waited_for)
        missing = max(0.0, self._due - now)
        is_late = missing == inf or (patience is not None and missing > patience)
        seconds = min(missing, inf if patience is None else patience)
        is_endless = seconds == inf
        seconds = 0.0 if is_endless else min(seconds, _FOREVER)
        self._waited_for = now + seconds
        return Pause(seconds, is_late, is_endless)

    def due(self, events: int) -> float:
        """Return when so many events have come, in seconds; 0 stands for the head, and any number for another body."""
        return self._delays.before + self._paced(events)

    def _paced(self, events: int) -> float:
        exchange, pace = self._exchange, self._pace
        if self._decoder is None:
            return (exchange.seconds or 0.0) / pace.factor if isinstance(pace, Speed) else 0.0
        late = max(0, events - 1) * self._delays.between
        if not isinstance(pace, Speed):
            return late + max(0, events - 1) * pace
        times = exchange.times or ()
        return late + (times[min(events, len(times) - 1)] / pace.factor if times else 0.0)
