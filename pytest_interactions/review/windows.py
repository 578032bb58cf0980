"""Single keys of a console of Windows."""

from __future__ import annotations

import msvcrt
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CONSOLE: Final[Any] = msvcrt  # of which type checkers elsewhere know nothing
_NAMES: Final = {"\x03": "ctrl-c", "\x04": "ctrl-d", "\x1a": "ctrl-d", "\r": "enter", "\x1b": "escape"}
_LONG: Final = {"H": "up", "P": "down", "I": "page up", "Q": "page down", "G": "home", "O": "end"}


@contextmanager
def keys() -> Iterator[Callable[[], str]]:
    """Yield a function that waits for a key and returns its name; a console has no mode that must be put back."""
    os.system("")  # noqa: S605, S607 - which makes the console understand where to draw
    yield _next


def _next() -> str:
    try:
        char = str(_CONSOLE.getwch())
        if char in "\x00\xe0":
            return _LONG.get(str(_CONSOLE.getwch()), "")
    except KeyboardInterrupt:
        return "ctrl-c"
    return _NAMES.get(char, char)
