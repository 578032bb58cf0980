"""A run put together of what is told of its tests, or of cassettes without a run; `model` says how it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_interactions.errors import CassetteError
from pytest_interactions.report.bounds import Room
from pytest_interactions.report.model import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_interactions.report.model import Phase, Run, Test, TextLine, Traced
    from pytest_interactions.report.traced import Tracer

_RANKS: Final = {outcome: rank for rank, outcome in enumerate(OUTCOMES)}


def run_of_cassettes(paths: Iterable[Path], tracer: Tracer) -> Run:
    """Return what is told of cassettes, one entry for each; that one can't be read is told too."""
    tests = sorted(Room().fit(_of_cassette(path, tracer) for path in paths), key=lambda test: test["id"])
    return {"title": "Cassettes", "begun": None, "seconds": None, "collected": None, "ended": "", "tests": tests}


def _of_cassette(path: Path, tracer: Tracer) -> Test:
    try:
        traced = tracer.file(path)
    except CassetteError as error:
        told = [("error", line) for line in str(error).split("\n")]
        return tracer.clean(entry(str(path), "error", [phase("reading", "error", told, headline=told[0][1])]))
    state = "incomplete" if traced["content"]["incomplete"] else "recorded"
    return tracer.clean(entry(traced["path"], "waits" if traced["candidate"] else state, cassettes=[traced]))


def entry(name: str, outcome: str, phases: Iterable[Phase] = (), cassettes: Iterable[Traced] = ()) -> Test:
    """Return what is told of a test that was run once, and of which nobody knows how long it took."""
    return {
        "id": name,
        "outcome": outcome,
        "seconds": None,
        "attempts": 1,
        "phases": list(phases),
        "cassettes": list(cassettes),
        "snapshots": [],
    }


def phase(name: str, outcome: str, lines: list[TextLine], *, headline: str = "", seconds: float = 0.0) -> Phase:
    """Return what is told of a phase."""
    return {"name": name, "outcome": outcome, "seconds": seconds, "headline": headline, "lines": lines}


def outcome_of(phases: Iterable[Phase]) -> str:
    """Return what became of a test as a whole, of what became of its phases and subtests."""
    outcomes = [phase["outcome"] for phase in phases if phase["outcome"] != "passed" or phase["name"] == "call"]
    return min(outcomes, key=lambda outcome: _RANKS.get(outcome, 0), default="interrupted")


def rank(test: Test) -> int:
    """Return where a test stands among those that a person looks for: failures first."""
    return _RANKS.get(test["outcome"], 0)
