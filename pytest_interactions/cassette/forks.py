"""Forked processes: each has a copy of its parent's cassettes, through which nothing is played, recorded or saved."""

from __future__ import annotations

import mmap
import os
from typing import Final
from weakref import WeakSet

_PAGE: Final = 4096  # bytes, for one message


class Process:
    """The process in which a cassette was opened, and what it is told by those that were forked from it."""

    def __init__(self) -> None:
        self._id = os.getpid()
        self._page: mmap.mmap | None = None
        _OPEN.add(self)

    @property
    def is_another(self) -> bool:
        """Return whether this code runs in a process that was forked from it."""
        return os.getpid() != self._id

    def share(self) -> None:
        """Share memory with a process that is about to be forked."""
        if self._page is None:
            self._page = mmap.mmap(-1, _PAGE)

    def tell(self, text: str) -> None:
        """Leave `text` for the parent, from a forked process: it may swallow its error, or die of it."""
        if self._page is not None:
            self._page[:] = text.encode()[:_PAGE].ljust(_PAGE, b"\0")

    def told(self) -> str:
        """Return the text that a forked process has left, once; "" if there is none."""
        if self._page is None:
            return ""
        text = self._page[:].rstrip(b"\0")
        self._page[:] = bytes(_PAGE)
        return text.decode(errors="ignore")


_OPEN: Final[WeakSet[Process]] = WeakSet()


def _share() -> None:
    for process in list(_OPEN):
        process.share()


getattr(os, "register_at_fork", dict)(before=_share)  # Windows has no forks
