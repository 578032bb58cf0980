"""What it takes to open a cassette of many exchanges, and to have the first answer from it."""

from __future__ import annotations

from functools import partial
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Final

import httpx2

from benchmarks.contenders import CASSETTES, ask
from benchmarks.material import WRITERS, pairs
from benchmarks.measure import in_turns, ratio, timed
from benchmarks.report import Section, duration, times

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.material import Pair

_COUNT: Final = 1000
_SIZE: Final = 1000


def run(scratch: Path, *, quick: bool) -> Section:
    """Open and ask once, in turns."""
    traffic = pairs(_COUNT, _SIZE)
    paths = {name: scratch / f"{name}.yaml" for name in CASSETTES}
    for name, path in paths.items():
        WRITERS[name](path, traffic)
    opened: dict[str, list[float]] = {name: [] for name in paths}
    works = {name: partial(timed, _work(name, path, traffic[0], opened[name])) for name, path in paths.items()}
    answered = in_turns(works, rounds=3 if quick else 9)
    section = Section("Opening a cassette of 1000 exchanges", ("", "file", "open", "open and first answer"))
    for name, path in paths.items():
        section.rows.append(
            (
                name,
                f"{path.stat().st_size / 1e6:.1f} MB",
                f"{duration(median(opened[name]))} ({times(ratio(opened[name], opened['vcrpy']))})",
                f"{duration(median(answered[name]))} ({times(ratio(answered[name], answered['vcrpy']))})",
            )
        )
        path.unlink()
    found = ratio(opened["ours"], opened["vcrpy"])
    section.aim("opening 1000 exchanges takes at most as long as vcrpy takes", times(found), met=found <= 1)
    section.notes.append(f"Text requests of {_SIZE} B, each contender's own file, ratios to vcrpy.")
    return section


def _work(name: str, path: Path, first: Pair, opened: list[float]) -> Callable[[], None]:
    client = httpx2.Client()

    def work() -> None:
        begun = perf_counter()
        with CASSETTES[name](path):
            opened.append(perf_counter() - begun)
            ask(client, first[0])

    return work
