"""Text from anywhere, made fit for a line of a terminal or a file: it neither commands the one nor forges the other."""

from __future__ import annotations

import re
from functools import cache

# Controls, surrogates, line ends other than a line feed, marks that reorder or hide what stands beside them, and tags.
_NOT_PRINTABLE = (
    "[^\t\x20-\x7e\xa0-\u061b\u061d-\u200d\u2010-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufff8\ufffc-\U000dffff"
    "\U000e0080-\U0010ffff]"
)


@cache  # it takes longer to compile than all else that pytest loads of this package at its start
def _unprintable() -> re.Pattern[str]:
    return re.compile(_NOT_PRINTABLE)


def escaped(text: str) -> str:
    """Return `text` with unprintable characters as escapes; only its line feeds stay line ends."""
    return "\n".join(map(on_one_line, text.split("\n")))


def on_one_line(text: str) -> str:
    """Return `text` with unprintable characters as escapes, line feeds too."""
    return _unprintable().sub(lambda match: match[0].encode("unicode_escape").decode(), text)
