"""What redaction and the gate take, by the size of a text, by its kind, and by the number of known values."""

from __future__ import annotations

import base64
import json
import random
import string
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks.measure import in_turns, ratio, timed
from benchmarks.report import Section, duration, times
from pytest_interactions.redaction.scan import scan
from pytest_interactions.redaction.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SIZES: Final = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
_LETTERS: Final = string.ascii_letters + string.digits
_VALUES: Final = (1, 1000)


def _prose(size: int, chance: random.Random) -> str:
    words = ("the", "agent", "answers", "with", "several", "words,", "and", "a", "model", "said", "so.\n", "It", "went")
    return " ".join(chance.choices(words, k=size // 4))[:size]


def _minified(size: int, chance: random.Random) -> str:
    items = [{"id": number, "text": _prose(80, chance), "at": number / 7} for number in range(size // 120 + 1)]
    return json.dumps({"items": items}, separators=(",", ":"))


_KINDS: Final[dict[str, Callable[[int, random.Random], str]]] = {
    "prose": _prose,
    "hex": lambda size, chance: chance.randbytes(size // 2).hex(),
    "base64": lambda size, chance: base64.b64encode(chance.randbytes(size * 3 // 4)).decode(),
    "base32": lambda size, chance: base64.b32encode(chance.randbytes(size * 5 // 8)).decode(),
    "DNA": lambda size, chance: "".join(chance.choices("ACGT", k=size)),
    "minified JSON": _minified,
}


def run(scratch: Path, *, quick: bool) -> Section:  # noqa: ARG001 - nothing is written
    """Look through texts that hold no secret, as nearly all do."""
    sizes = _SIZES[:-1] if quick else _SIZES
    section = Section("Redaction", ("text", *(f"{size // 1000} KB" for size in sizes), "MB/s", "1000 values : 1"))
    chance = random.Random(7)
    few, many = (_secrets(number, chance) for number in _VALUES)
    growth, dearest, slowest = 0.0, 0.0, float("inf")
    for kind, make in _KINDS.items():
        texts = [make(size, chance) for size in sizes]
        calls = {str(len(text)): partial(timed, partial(_search, few, text)) for text in texts}
        calls["many"] = partial(timed, partial(_search, many, texts[-1]))
        found = in_turns(calls, rounds=3 if quick else 5)
        taken = [median(found[str(len(text))]) for text in texts]
        rate = len(texts[-1]) / taken[-1] / 1e6
        cost = ratio(found["many"], found[str(len(texts[-1]))])
        section.rows.append((kind, *map(duration, taken), f"{rate:.0f}", times(cost)))
        growth = max(growth, taken[-1] / taken[-2] / (len(texts[-1]) / len(texts[-2])))
        dearest = max(dearest, cost)
        slowest = rate if kind == "prose" else slowest
    section.aim("the last tenfold of any text takes at most 13× the time", times(growth * 10), met=growth <= 1.3)
    section.aim("plain text is searched at 100 MB/s or better", f"{slowest:.0f} MB/s", met=slowest >= 100)
    section.aim("1000 known values cost at most twice what one does", times(dearest), met=dearest <= 2)
    built = {str(number): partial(timed, partial(_secrets, number, chance)) for number in _VALUES}
    for number, figures in in_turns(built, rounds=3).items():
        section.notes.append(f"To learn {number} values and be ready to search took {duration(median(figures))}.")
    whole = "see " + _minified(100_000, chance)
    section.notes.append(
        f"A whole `scan` of 100 KB of minified JSON took {duration(timed(partial(scan, whole, few)))}."
    )
    section.notes.append(
        "One value costs a ninth of what it did before searches began with what is quick and certain; for 1,000 values "
        "there are tables to go through that one value does not need."
    )
    return section


def _secrets(number: int, chance: random.Random) -> Secrets:
    secrets = Secrets("".join(chance.choices(_LETTERS, k=40)) for _ in range(number))
    secrets.matcher.redact("x")
    return secrets


def _search(secrets: Secrets, text: str) -> None:
    next(secrets.matcher.find(text), None)
