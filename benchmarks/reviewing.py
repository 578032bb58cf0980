"""How long the commands take that look at what a whole suite has left."""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks.material import WRITERS, answer, pairs
from benchmarks.measure import child, in_turns
from benchmarks.report import Section, duration

if TYPE_CHECKING:
    from pathlib import Path

_TESTS: Final = 1000
_AIM: Final = 2.0


def run(scratch: Path, *, quick: bool) -> Section:
    """List what waits for review, as text and as JSON with all that would change, in turns."""
    cassettes = scratch / "cassettes"
    cassettes.mkdir()
    others = [answer(_TESTS + number) for number in range(_TESTS)]
    for number, ((asked, answered), other) in enumerate(zip(pairs(_TESTS, 200), others, strict=True)):
        WRITERS["ours"](cassettes / f"test_{number}.yaml", [(asked, answered)])
        changed = {**asked, "system_instruction": "Answer in one word."}
        WRITERS["ours"](cassettes / f"test_{number}.failed.yaml", [(changed, other)])
    commands = ("review --list", "review --list --json")
    runs = {name: partial(_run, scratch, *name.split(), str(cassettes)) for name in commands}
    figures = in_turns(runs, rounds=1 if quick else 3)
    section = Section(f"{_TESTS:,} tests at once", ("command", ""))
    for name, walls in figures.items():
        section.rows.append((f"`pytest-interactions {name}`", duration(median(walls))))
        section.aim(f"`{name}` of {_TESTS:,} tests takes 2 s", duration(median(walls)), met=median(walls) <= _AIM)
    section.notes.append(
        "Each test has a cassette, and a new recording that waits beside it, with another request and another answer."
    )
    return section


def _run(directory: Path, *arguments: str) -> float:
    return child(["-m", "pytest_interactions", *arguments], cwd=directory).wall
