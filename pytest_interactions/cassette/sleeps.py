"""The waiting of a test during replay, which is skipped or measured."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from threading import RLock, get_ident
from typing import TYPE_CHECKING, Final

from pytest_interactions.files import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDLE: Final = 1.0  # seconds of sleep in one replay; more are worth a note in the summary
#: How often a loop that spins is seen to sleep, and how many times the real time it is to have slept.
_MANY: Final = 10_000
_FAR_BEYOND: Final = 100


class Sleeps:
    """The waiting of one replay: sleeps, and what timers of an event loop waited for if waiting is skipped.

    Attributes:
        skip: Whether waiting is skipped.
        seconds: The time in which at least one thread or task slept; if waiting is skipped, all that was skipped.
        count: How often something was skipped.
        thread: The thread in which the replay began.
    """

    def __init__(self, *, skip: bool) -> None:
        self.skip = skip
        self.seconds = 0.0
        self.count = 0
        self.thread = get_ident()
        self._sleepers = 0
        self._since = 0.0
        self._begun = clock.seconds()
        self._lock = RLock()

    @property
    def idle(self) -> bool:
        """Return whether the test slept for so long that skipping is worth it."""
        return not self.skip and self.seconds > _IDLE

    @property
    def elapsed(self) -> float:
        """Return the real seconds since the replay began."""
        return clock.seconds() - self._begun

    @property
    def spins(self) -> bool:
        """Return whether it looks as if a loop had waited for a real time to come, and skipped each sleep meanwhile."""
        return self.count >= _MANY and self.seconds > _FAR_BEYOND * self.elapsed

    def skipped(self, seconds: float) -> None:
        """Count `seconds` that were skipped."""
        with self._lock:
            self.seconds += seconds
            self.count += 1

    @contextmanager
    def one(self, seconds: float) -> Iterator[float]:
        """Count one sleep of `seconds`; yield the seconds that it is to take."""
        if not self.skip:
            with self._measured():
                yield seconds
        elif is_an_end(seconds):
            self.skipped(seconds)
            yield 0
        else:
            yield seconds

    @contextmanager
    def _measured(self) -> Iterator[None]:
        with self._lock:
            if not self._sleepers:
                self._since = time.monotonic()
            self._sleepers += 1
        try:
            yield
        finally:
            with self._lock:
                self._sleepers -= 1
                if not self._sleepers:
                    self.seconds += time.monotonic() - self._since


def is_an_end(seconds: float) -> bool:
    """Return whether a sleep of `seconds` is one that takes time, and ends."""
    return 0 < seconds < math.inf
