"""Whether a text looks as if a machine had drawn it, as secrets do, or as if a person had written it."""

from __future__ import annotations

import re
from typing import Final

# What people write falls into words, names in capitals, and numbers.
_PARTS: Final = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]+|[a-z]|\d+")
_SEGMENT: Final = re.compile(r"[A-Za-z0-9]+")
_SHORTEST: Final = 8
_LONG: Final = 16
#: As many letters and digits in a row are no word, whatever they are.
_LONGEST_WORD: Final = 20
_FEWEST_PARTS: Final = 4
# Letters and digits to a part: of random ones fewer than 2 or, where there are no small letters, 3; of words 5 or more.
_MOST_TO_A_PART: Final = 3.0
_MOST_TO_A_LONG_PART: Final = 3.5
_KINDS: Final = (re.compile("[a-z]"), re.compile("[A-Z]"), re.compile(r"\d"), re.compile(r"[^\w\s./:,-]"))


def is_random(text: str) -> bool:
    """Return whether `text` is no row of words and numbers: a part of it, or all of it, is too mixed for that.

    `gemini-3.5-flash`, `127.0.0.1` and `AQ.ConfigurationManagerFactoryBean` are such rows; `hunter2` is too short.
    """
    return any(map(_is_mixed, _SEGMENT.findall(text)))


def is_password(text: str) -> bool:
    """Return whether `text` has small and capital letters, digits and other characters, as passwords must have."""
    return len(text) >= _SHORTEST and all(kind.search(text) for kind in _KINDS)


def is_no_word(text: str) -> bool:
    """Return whether so many letters and digits are in a row in `text` that they are no word."""
    return any(len(segment) >= _LONGEST_WORD for segment in _SEGMENT.findall(text))


def _is_mixed(segment: str) -> bool:
    if len(segment) < _SHORTEST:
        return False
    parts = len(_PARTS.findall(segment))
    most = _MOST_TO_A_LONG_PART if len(segment) >= _LONG else _MOST_TO_A_PART
    return parts >= _FEWEST_PARTS and len(segment) < most * parts
