"""The real file system, where pyfakefs has put a fake one in its place for the test."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Pauses:
    """The fake file system that is paused, and by how many who work at once; the last one resumes it."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._count = 0
        self._paused: Any = None

    def begin(self) -> None:
        with self._lock:
            if not self._count:
                pyfakefs: Any = sys.modules.get("pyfakefs.fake_filesystem_unittest")
                patcher = pyfakefs.Patcher.PATCHER if pyfakefs else None
                self._paused = patcher if patcher is not None and patcher.is_patching else None
                if self._paused is not None:
                    self._paused.pause()
            self._count += 1

    def end(self) -> None:
        with self._lock:
            self._count -= 1
            if not self._count and self._paused is not None:
                self._paused.resume()


_pauses = _Pauses()


@contextmanager
def real_files() -> Iterator[None]:
    """Read, write and import inside as if there were no fake file system: cassettes are none of what a test fakes."""
    _pauses.begin()
    try:
        yield
    finally:
        _pauses.end()
