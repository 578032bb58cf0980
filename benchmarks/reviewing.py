"""How long the commands take that look at what a whole suite has left."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from statistics import median
from time import process_time
from typing import Final

from benchmarks.material import WRITERS, answer, pairs
from benchmarks.measure import child, in_turns
from benchmarks.report import Section, duration
from pytest_interactions.api.drift.compare import compare
from pytest_interactions.files import storage
from pytest_interactions.options import Wording

_TESTS: Final = 1000
_AIM: Final = 2.0
_QUICKSTART: Final = Path(__file__).parents[1] / "cassettes" / "tests" / "quickstart"


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
    _report(section, scratch, rounds=1 if quick else 3)
    comparing = _comparing()
    section.rows.append(("comparison of record mode `verify`, beside the live calls", duration(comparing)))
    section.aim(f"`verify` adds 2 s to {_TESTS:,} tests", duration(comparing), met=comparing <= _AIM)
    return section


def _report(section: Section, scratch: Path, rounds: int) -> None:
    """Add how long a report of as many cassettes is written, and how long a browser takes to open it."""
    tapes, page = scratch / "tapes", scratch / "report.html"
    tapes.mkdir()
    for number, pair in enumerate(pairs(_TESTS, 200)):
        WRITERS["ours"](tapes / f"test_{number}.yaml", [pair])
    written = median(_run(scratch, "report", str(tapes), "-o", str(page)) for _ in range(rounds))
    section.rows.append(("`pytest-interactions report`, of cassettes without such recordings", duration(written)))
    section.aim(f"`report` of {_TESTS:,} tests takes 2 s", duration(written), met=written <= _AIM)
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        section.notes.append("How long a browser takes to open the report was not measured: there is no chromium.")
        return
    from tests.report.browsing import Browser

    browser = Browser(scratch / "profile")
    try:
        opened = median(browser.open(page) for _ in range(rounds))
    finally:
        browser.close()
    section.rows.append(("Chromium opens that report", duration(opened)))
    section.aim(f"a report of {_TESTS:,} tests opens in a second", duration(opened), met=opened <= 1)


def _comparing() -> float:
    """Return the seconds of the processor that it takes to compare recordings of the quickstart with themselves."""
    found = [storage.load(file).exchanges for file in sorted(_QUICKSTART.rglob("*.yaml"))]
    tests = [[exchange.copied() for exchange in found[number % len(found)]] for number in range(2 * _TESTS)]
    begun = process_time()
    for number in range(_TESTS):
        compare(tests[number], tests[number + _TESTS // len(found) * len(found)], wording=Wording.SIMILAR)
    return process_time() - begun


def _run(directory: Path, *arguments: str) -> float:
    return child(["-m", "pytest_interactions", *arguments], cwd=directory).wall
