"""A run put together of what is told of its tests, or of cassettes without a run; `model` says how it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_interactions.errors import CassetteError
from pytest_interactions.report.model import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_interactions.report.model import Phase, Run, Test, Traced
    from pytest_interactions.report.traced import Tracer

_RANKS: Final = {outcome: rank for rank, outcome in enumerate(OUTCOMES)}


def run_of_cassettes(paths: Iterable[Path], tracer: Tracer) -> Run:
    """Return what is told of cassettes, one entry for each; that one can't be read is told too."""
    tests = sorted((_of_cassette(path, tracer) for path in paths), key=lambda test: test["id"])
    return {"title": "Cassettes", "begun": None, "seconds": None, "collected": None, "ended": "", "tests": tests}


def _of_cassette(path: Path, tracer: Tracer) -> Test:
    try:
        traced = tracer.file(path)
    except CassetteError as error:
        phase: Phase = {"name": "reading", "outcome": "error", "seconds": 0.0, "lines": [("error", str(error))]}
        return tracer.clean(_test(str(path), "error", [phase], []))
    state = "incomplete" if traced["content"]["incomplete"] else "recorded"
    return tracer.clean(_test(traced["path"], "waits" if traced["candidate"] else state, [], [traced]))


def _test(name: str, outcome: str, phases: list[Phase], cassettes: list[Traced]) -> Test:
    return {
        "id": name,
        "outcome": outcome,
        "seconds": None,
        "attempts": 1,
        "phases": phases,
        "cassettes": cassettes,
        "snapshots": [],
    }


def outcome_of(phases: Iterable[Phase]) -> str:
    """Return what became of a test as a whole, of what became of its phases and subtests."""
    outcomes = [phase["outcome"] for phase in phases if phase["outcome"] != "passed" or phase["name"] == "call"]
    return min(outcomes, key=lambda outcome: _RANKS.get(outcome, 0), default="interrupted")


def rank(test: Test) -> int:
    """Return where a test stands among those that a person looks for: failures first."""
    return _RANKS.get(test["outcome"], 0)
