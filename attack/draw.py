"""Draws texts as machines and people make them, from a generator that is seeded."""

from __future__ import annotations

import base64
import string
from random import Random
from typing import Final

ALNUM: Final = string.ascii_letters + string.digits
WORD: Final = ALNUM + "_-"
HEX: Final = "0123456789abcdef"
BASE32: Final = string.ascii_uppercase + "234567"

_WORDS: Final = [
    "a",
    "blue",
    "boat",
    "drifts",
    "past",
    "the",
    "old",
    "mill",
    "while",
    "nine",
    "geese",
    "look",
    "on",
    "and",
    "the",
    "miller",
    "counts",
    "sacks",
    "of",
    "barley",
    "by",
    "the",
    "door",
    "of",
    "a",
    "shed",
    "that",
    "no",
    "one",
    "has",
    "painted",
    "since",
    "the",
    "war",
    "ended",
    "and",
    "the",
    "road",
    "was",
    "built",
    "along",
    "the",
    "river",
    "to",
    "the",
    "next",
    "town",
]


def generator(*seed: object) -> Random:
    """Return a generator of its own for whatever `seed` names."""
    return Random("/".join(map(str, seed)))


def text(dice: Random, alphabet: str, shortest: int, longest: int = 0) -> str:
    """Draw a text of an alphabet: of `shortest` to `longest` characters."""
    return "".join(dice.choices(alphabet, k=dice.randint(shortest, longest or shortest)))


def base64_text(dice: Random, size: int, *, urlsafe: bool = False, padded: bool = True) -> str:
    """Draw bytes, and return base64 of them."""
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    encoded = encode(dice.randbytes(size)).decode()
    return encoded if padded else encoded.rstrip("=")


def words(dice: Random, most: int) -> str:
    """Draw a sentence of up to `most` words, which may be none."""
    return " ".join(dice.choices(_WORDS, k=dice.randint(0, most)))


def cuts(dice: Random, whole: str, start: int, end: int) -> list[str]:
    """Cut a text into two to five pieces, somewhere between `start` and `end`."""
    inside = range(start + 1, end)
    at = sorted(dice.sample(inside, min(dice.randint(1, 4), len(inside))))
    return [whole[i:j] for i, j in zip([0, *at], [*at, len(whole)], strict=True)]
