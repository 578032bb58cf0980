"""How many cells of a terminal a text takes, and texts cut to that; by the tables of Unicode that Python has."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_EMOJI_FORM: Final = "\N{VARIATION SELECTOR-16}"
_TAB: Final = 4  # cells
_INDENT: Final = "  "  # before what goes on of a line


@lru_cache(maxsize=4096)
def _cells_of(char: str) -> int:
    if char == _EMOJI_FORM:
        return 1  # a terminal may draw what stands before it twice as wide
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cells(text: str) -> int:
    """Return how many cells a text takes at most: where terminals differ, as with joined emoji, the greater number."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


def padded(text: str, width: int) -> str:
    """Return a text with blanks behind it, so that it takes `width` cells."""
    return text + " " * (width - cells(text))


def wrapped(text: str, width: int) -> Iterator[str]:
    """Yield a line in pieces of at most `width` cells; those after the first are indented as the line is, and more.

    Characters that belong to the one before them stay with it.
    """
    text = text.expandtabs(_TAB)
    indent = " " * (len(text) - len(text.lstrip(" "))) + _INDENT
    indent = indent if len(indent) <= width // 2 else ""
    before, begin = "", 0
    while True:
        end = _fitting(text, begin, width - len(before))
        yield before + text[begin:end]
        if end == len(text):
            return
        before, begin = indent, end


def _fitting(text: str, begin: int, width: int) -> int:
    """Return where a piece of a text ends that fits, of one character at least; behind a blank in its second half.

    Only what fits is looked at: a line may have a million characters.
    """
    taken, end = 0, begin
    while end < len(text) and (taken := taken + _cells_of(text[end])) <= width:
        end += 1
    end = max(end, min(begin + 1, len(text)))
    blank = text.rfind(" ", begin + (end - begin) // 2, end)
    return blank + 1 if blank > begin and end < len(text) else end


def cut(text: str, width: int) -> str:
    """Return a text that takes at most `width` cells, with an ellipsis where it was cut."""
    if cells(text) <= width:
        return text
    fitting = sum(taken < width for taken in accumulate(map(_cells_of, text)))
    return f"{text[:fitting]}…"
