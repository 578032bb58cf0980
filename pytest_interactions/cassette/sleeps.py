"""What a test sleeps while it replays: skipped, or measured."""

from __future__ import annotations

import time
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDLE: Final = 1.0  # seconds of sleep in one replay that are worth a word


class Sleeps:
    """The sleeps of one replay, by `time.sleep` and `asyncio.sleep`.

    Attributes:
        skip: Whether sleeping is skipped.
        seconds: For how long the app slept, however many of its threads and tasks at once; if it is skipped, what it
            asked for.
    """

    def __init__(self, *, skip: bool) -> None:
        self.skip = skip
        self.seconds = 0.0
        self._sleepers = 0
        self._since = 0.0
        self._lock = RLock()

    @property
    def idle(self) -> bool:
        """Whether the test really slept for so long that it is worth skipping."""
        return not self.skip and self.seconds > _IDLE

    @contextmanager
    def one(self, asked: float) -> Iterator[float]:
        """Count one sleep of `asked` seconds; yield how many seconds it is to take."""
        if self.skip:
            self.seconds += asked
            yield 0
            return
        with self._lock:
            if not self._sleepers:
                self._since = time.monotonic()
            self._sleepers += 1
        try:
            yield asked
        finally:
            with self._lock:
                self._sleepers -= 1
                if not self._sleepers:
                    self.seconds += time.monotonic() - self._since
