"""The sleeps of a test during replay, which are skipped or measured."""

from __future__ import annotations

import time
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDLE: Final = 1.0  # seconds of sleep in one replay; more are worth a note in the summary


class Sleeps:
    """The sleeps of one replay, by `time.sleep` and `asyncio.sleep`.

    Attributes:
        skip: Whether sleeping is skipped.
        seconds: The time in which at least one thread or task slept; if sleeping is skipped, the sum of all sleeps.
    """

    def __init__(self, *, skip: bool) -> None:
        self.skip = skip
        self.seconds = 0.0
        self._sleepers = 0
        self._since = 0.0
        self._lock = RLock()

    @property
    def idle(self) -> bool:
        """Return whether the test slept for so long that skipping is worth it."""
        return not self.skip and self.seconds > _IDLE

    @contextmanager
    def one(self, seconds: float) -> Iterator[float]:
        """Count one sleep of `seconds`; yield the seconds that it is to take."""
        if self.skip:
            self.seconds += seconds
            yield 0
            return
        with self._lock:
            if not self._sleepers:
                self._since = time.monotonic()
            self._sleepers += 1
        try:
            yield seconds
        finally:
            with self._lock:
                self._sleepers -= 1
                if not self._sleepers:
                    self.seconds += time.monotonic() - self._since
