"""The terminal of a review: its size, its keys, and what is drawn on it."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from pytest_interactions.report.text import STYLES
from pytest_interactions.review.screen import Size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_interactions.review.rows import Row

#: What a terminal is told for each word of a style.
_CODES: Final = {"bold": "1", "dim": "2", "cyan": "36", "green": "32", "yellow": "33", "red": "31", "none": "0"}
_HOME, _BELOW, _END_OF_LINE = "\x1b[H", "\x1b[J", "\x1b[K"
_USUAL: Final = (80, 24)


def is_there() -> bool:
    """Return whether somebody can press keys and see a screen."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def is_dumb() -> bool:
    """Return whether a terminal can't be told where to draw, so that each screen is written below the last one."""
    return os.environ.get("TERM", "dumb" if sys.platform != "win32" else "").lower() in {"dumb", "unknown", ""}


class Terminal:
    """A terminal on which screens are drawn, and keys are read by `key`."""

    def __init__(self, key: Callable[[], str], *, color: bool) -> None:
        self.key = key
        self._color = color and not is_dumb()
        self._is_dumb = is_dumb()
        self._is_begun = False

    def size(self) -> Size:
        """Return its size as it is now."""
        found = os.get_terminal_size(sys.stdout.fileno())
        return Size(found.columns or _USUAL[0], found.lines or _USUAL[1])

    def draw(self, rows: list[Row]) -> None:
        """Draw a screen in place of the one before; on a dumb terminal, below it."""
        texts = [self._painted(row) for row in rows]
        if not self._is_begun and not self._is_dumb:
            self.write("\n" * self.size().lines)  # so that what is there can be scrolled back to
        self._is_begun = True
        if self._is_dumb:
            self.write("\n".join(["", *texts, ""]))
        else:
            self.write(_HOME + "\n".join(f"{text}{_END_OF_LINE}" for text in texts) + _BELOW)

    def leave(self) -> None:
        """Begin a new line below the screen."""
        with suppress(OSError):  # it is gone
            self.write("\n")

    def write(self, text: str) -> None:
        """Write a text; what the terminal's encoding has not is escaped."""
        sys.stdout.flush()
        data = memoryview(text.encode(sys.stdout.encoding, "backslashreplace"))
        while data:
            data = data[os.write(sys.stdout.fileno(), data) :]

    def _painted(self, row: Row) -> str:
        return "".join(self._part(part.kind, part.text) for part in row)

    def _part(self, kind: str, text: str) -> str:
        codes = ";".join(_CODES[word] for word in STYLES[kind].split())
        return f"\x1b[{codes}m{text}\x1b[0m" if self._color and text and codes != "0" else text


@contextmanager
def opened(*, color: bool) -> Iterator[Terminal]:
    """Open the terminal of this process for single keys, and put it back as it was at the end, whatever happens."""
    if sys.platform == "win32":  # pragma: no cover - Windows alone has it
        from pytest_interactions.review.windows import keys
    else:
        from pytest_interactions.review.posix import keys
    with keys() as key:
        yield Terminal(key, color=color)
