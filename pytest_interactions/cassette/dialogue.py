"""A recorded WebSocket as it is played: what comes next, when, and what the app must have said before.

What the server said comes once the app has said all that it had said before that. No I/O happens here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import filterfalse, islice, pairwise
from threading import RLock
from typing import TYPE_CHECKING, Final

from pytest_interactions.api import sse
from pytest_interactions.api.arrivals import fitting_times
from pytest_interactions.api.websocket import CLOSED, SENT, Closed, Item, item_of
from pytest_interactions.cassette.said import Said
from pytest_interactions.conversions import Speed
from pytest_interactions.errors import CassetteFormatError
from pytest_interactions.files import clock, media
from pytest_interactions.options import SEQUENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pytest_interactions.api.exchange import Cut, Exchange
    from pytest_interactions.cassette.uses import Use
    from pytest_interactions.errors import InteractionsError
    from pytest_interactions.options import Options

#: The seconds for which an app is waited for that waits itself for a message, while one of its own is due before that.
PATIENCE: Final = 10.0
#: The messages that are looked at for the parts of one secret.
_MOST_PARTS: Final = 8
#: The close codes that a library sends by itself: for what is against the protocol, no UTF-8, or too large.
_OF_LIBRARY: Final = (1002, 1007, 1009)


@dataclass(frozen=True, slots=True)
class Script:
    """What a recorded WebSocket holds: its events, and when each came after the one before, in seconds."""

    exchange: Exchange
    events: list[sse.ServerSentEvent]
    gaps: list[float]

    @classmethod
    def of(cls, exchange: Exchange) -> Script:
        """Return that of an exchange."""
        events = [event for event in sse.decode(exchange.response.body) if item_of(event) is not None]
        times = fitting_times(exchange) or ()
        gaps = [later - before for before, later in pairwise(times)]
        return cls(exchange, events, gaps if len(gaps) == len(events) else [0.0] * len(events))

    def said(self, number: int) -> Said:
        """Return the message with a number, which the app has said."""
        return Said(self.events[number], self.exchange.request.uri)

    def is_said(self, number: int) -> bool:
        """Return whether the app has said the message with a number."""
        return self.events[number].event.startswith(SENT)

    def passed(self, said: Sequence[Said], heard: Sequence[bytes]) -> set[int] | None:
        """Return the numbers of what has passed when the app has said and heard so much; `None` if it was not so.

        Args:
            said: What the app has said, in its order.
            heard: What it has heard, as events of the text.
        """
        numbers = range(len(self.events))
        ours = list(islice(filter(self.is_said, numbers), len(said)))
        theirs = list(islice(filterfalse(self.is_said, numbers), len(heard)))
        is_same = [self.said(each).key for each in ours] == [each.key for each in said]
        if not is_same or [self.events[each].raw for each in theirs] != list(heard):
            return None
        passed = {*ours, *theirs}
        following = next((each for each in numbers if each not in passed), len(numbers))
        return passed if all(each < following for each in theirs) else None


def _nobody() -> None:
    """Tell nobody."""


@dataclass(eq=False)
class Dialogue:
    """One recorded WebSocket, to be played once.

    Attributes:
        script: What it holds.
        options: The options of its cassette.
        directory: Where the media are to which it refers.
        use: The app's use of it.
        kept: Redacts the events of live messages; returns nothing for what a hook drops.
        changes: Has it follow another script that goes on with a message, as several may have begun alike; returns the
            dialogues that follow another script now, none if no script goes on so.
        missed: Makes the error for a message that is not as recorded: of a script, the number of what was to come, if
            anything was, and the message.
        waits: Makes the error for an app that waits, where the message with a number was to come from it.
        remember: Takes each of our errors, as the app may swallow it.
        ends_early: Whether it ends sooner than it was recorded, so that nobody knows what the app says then.
        lock: Held while it goes on. Those of one cassette share it, as they may change places.
        changed: Tells whoever plays it that it follows another script; called in any thread.
    """

    script: Script
    options: Options
    directory: Path
    use: Use
    kept: Callable[[bytes], bytes]
    changes: Callable[[Dialogue, Said], list[Dialogue]]
    missed: Callable[[Script, int | None, Said], InteractionsError]
    waits: Callable[[Script, int | None], InteractionsError]
    remember: Callable[[InteractionsError], InteractionsError]
    ends_early: bool = False
    lock: RLock = field(default_factory=RLock)
    changed: Callable[[], object] = _nobody
    _unsaid: dict[int, Said] = field(default_factory=dict)
    _parts: list[bytes] = field(default_factory=list)
    _place: int = 0
    _now: float = field(default_factory=clock.seconds)

    def __post_init__(self) -> None:
        self.follow(self.script, set())

    def follow(self, script: Script, passed: set[int]) -> None:
        """Go on with a script, of which so much has passed."""
        numbers = filter(script.is_said, range(len(script.events)))
        self.script = script
        self._unsaid = {number: script.said(number) for number in numbers if number not in passed}
        self._place = next((each for each in range(len(script.events)) if each not in passed), len(script.events))

    def passed_in(self, script: Script, *more: Said) -> set[int] | None:
        """Return the numbers of what has passed, had it followed another script; `None` if that begins otherwise.

        `more` is what the app says now.
        """
        ours = self.script
        said = [ours.said(each) for each in filter(ours.is_said, range(len(ours.events))) if each not in self._unsaid]
        heard = [ours.events[each].raw for each in filterfalse(ours.is_said, range(self._place))]
        return script.passed([*said, *more], heard)

    @property
    def exchange(self) -> Exchange:
        """Return the recorded exchange."""
        return self.script.exchange

    # --- what the app says ---

    def say(self, message: bytes) -> None:
        """Take what the app says, as the event that stands for it.

        Raises:
            CassetteMissError: It is not what was recorded.
            StreamEndedError: The cassette has closed.
        """
        __tracebackhide__ = True
        self.use.check()
        event = next(iter(sse.decode(self.kept(message))), None)
        if event is None:
            return
        with self.lock:
            changed = self._say(message, Said(event, self.exchange.request.uri))
        for each in changed:  # without the lock, as whoever plays it may hold one of its own
            each.changed()

    def _say(self, message: bytes, said: Said) -> list[Dialogue]:
        """Take what the app says; return the dialogues that follow another script now."""
        __tracebackhide__ = True
        if self.break_off is not None:
            return []  # nobody gets it
        number = self._number_of(said)
        if number is None and (changed := self.changes(self, said)):
            self._now = self._time()
            return changed
        if number is None:
            number = self._number_of_part(message, said)
        if number is None and self.ends_early and not self._unsaid:
            return []  # as above
        if number is None:
            raise self.remember(self.missed(self.script, next(iter(self._unsaid), None), said))
        del self._unsaid[number]
        self._now = self._time()
        self._go_on()
        return []

    def _number_of(self, said: Said) -> int | None:
        """Return the number of the recorded message that this one is; `None` if it is none, or not in its place."""
        is_strict = self.options.match_on == SEQUENCE
        for number, recorded in self._unsaid.items():
            if recorded.key == said.key:
                return number
            if is_strict or not said.may_overtake(recorded):
                return None
        return None

    def _number_of_part(self, message: bytes, said: Said) -> int | None:
        """Return the number of what is next, if a part of a secret stands in this message, and a placeholder there."""
        number = next(iter(self._unsaid), None)
        if number is None:
            return None
        recorded = self._unsaid[number]
        self._parts = [*self._parts[-_MOST_PARTS:], message]
        *_, event = sse.decode(self.kept(b"".join(self._parts))) or [said.event]
        goes_on, whole = len(self._parts) > 1, Said(event, said.uri)
        if goes_on and whole.key == recorded.key:
            self._parts = [message] if recorded.has_placeholder else []  # here it ends, and another one may begin
            return number
        return number if recorded.may_be(said, goes_on=goes_on) else None

    def unsaid(self) -> list[int]:
        """Return the numbers of what the app has not said."""
        return list(self._unsaid)

    # --- what the server says ---

    def _go_on(self) -> None:
        while self._place < len(self.script.events) and self._is_done(self._place):
            self._place += 1

    def _is_done(self, number: int) -> bool:
        return self.script.is_said(number) and number not in self._unsaid

    def _time(self) -> float:
        """Return what time it is for the app, be waiting skipped or not."""
        return max(clock.seconds(), self._now)

    @property
    def is_due(self) -> bool:
        """Return whether what comes next comes from the server: a message, or its close frame."""
        events = self.script.events
        if self._place >= len(events) or self.script.is_said(self._place):
            return False
        item = item_of(events[self._place]) if events[self._place].event == CLOSED else None
        return not (isinstance(item, Closed) and item.by_app)

    def pause(self) -> float:
        """Return the seconds until that is due."""
        pace = self.options.pace
        gap = self.script.gaps[self._place] / pace.factor if isinstance(pace, Speed) else pace
        return max(0.0, self._now + gap - self._time())

    @property
    def patience(self) -> float:
        """Return the seconds for which the app may let wait for what comes next from it.

        They are as many more as it took when it was recorded: a tool that took long then takes long again.
        """
        return PATIENCE + (self.script.gaps[self._place] if self._place < len(self.script.gaps) else 0.0)

    def take(self) -> list[Item]:
        """Return what comes next, as it is due; nothing if it is due no more, as another thread has changed that.

        Raises:
            CassetteFormatError: A media file is missing or was altered.
            StreamEndedError: The cassette has closed.
        """
        self.use.check()
        with self.lock:
            if not self.is_due:
                return []
            event = self.script.events[self._place]
            self._now = self._time() + self.pause()
            self._place += 1
            self._go_on()
        if media.PREFIX in event.raw:
            event = sse.decode(self._whole(event.raw))[0]
        item = item_of(event)
        assert item is not None, "a script has nothing else"  # noqa: S101 - for the type checker
        return [item]

    def _whole(self, raw: bytes) -> bytes:
        try:
            return b"".join(media.chunks(raw, self.directory))
        except CassetteFormatError as error:
            raise self.remember(error) from None

    @property
    def failed(self) -> Closed | None:
        """Return how the client library closes the connection now, as it can't take what comes; `None` if it does not.

        What it could not take is not recorded.
        """
        events = self.script.events
        item = item_of(events[self._place]) if self._place < len(events) else None
        return item if isinstance(item, Closed) and item.by_app and item.code in _OF_LIBRARY else None

    @property
    def break_off(self) -> Cut | None:
        """Return how the connection breaks now; `None` if it does not."""
        cut = self.exchange.cut
        is_over = self._place >= len(self.script.events)
        return cut if is_over and cut is not None and cut.by == "connection" else None

    def overdue(self) -> Iterator[Item]:
        """Yield what is left as the app closes the connection, and had come before that when it was recorded.

        What waits for its time then comes no more, unless the test skips waiting: the app has skipped its own.
        """
        while (
            self.is_due
            and self.script.events[self._place].event != CLOSED
            and (self.options.fast_forward or self.pause() <= 0)
        ):
            yield from self.take()

    def lost_patience(self) -> InteractionsError:
        """Return the error for an app that waits for what does not come, as the app has not said what it had."""
        return self.remember(self.waits(self.script, next(iter(self._unsaid), None)))

    def left(self) -> None:
        """Take note that the connection has ended."""
        self.use.is_over = True
        self.use.is_awaited = False
        self.changed = _nobody
