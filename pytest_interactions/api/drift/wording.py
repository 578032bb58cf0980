"""Whether two texts say the same: as much as is asked for, without a model of language."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from pytest_interactions.options import Wording

#: From this share of common words on, two texts are similar.
THRESHOLD: Final = 0.5
#: Words; a character of a script that is written without blanks is one by itself.
_WORD: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]|[^\W_]+")


def says_the_same(old: str, new: str, wording: Wording) -> bool:
    """Return whether two texts say the same, as far as `wording` asks."""
    if wording is Wording.IGNORE or old == new:
        return True
    return wording is Wording.SIMILAR and likeness(old, new) >= THRESHOLD


def likeness(old: str, new: str) -> float:
    """Return the share of words that two texts have in common, from 0 to 1; upper and lower case are the same.

    It is twice the number of common words, each as often as both have it, by the number of all words of both.
    """
    words, others = (Counter(_WORD.findall(text.casefold())) for text in (old, new))
    total = words.total() + others.total()
    return 2 * (words & others).total() / total if total else float(old.strip() == new.strip())
