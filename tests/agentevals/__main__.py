"""Writes the verdicts of the real agentevals to `verdicts.json`, and says how long it takes beside ours.

It runs in a virtual environment of its own, as a dependency of agentevals is a plugin of pytest that each run would
load:

    python -m venv /tmp/agentevals && /tmp/agentevals/bin/pip install agentevals pydantic
    LANGSMITH_TRACING=false /tmp/agentevals/bin/python -m tests.agentevals
"""

from __future__ import annotations

import json
from importlib.metadata import version
from time import perf_counter
from typing import TYPE_CHECKING

from pytest_interactions.api.expected.verdict import MATCHES
from tests.agentevals.trajectories import PAIRS
from tests.agentevals.verdicts import CONFIGURATIONS, PATH, is_as_agentevals_says, ours, texts_of_pairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.agentevals.verdicts import Configuration


def main() -> None:
    """Compute, write, and say how long both take a pair."""
    verdicts = {}
    for name, configuration in CONFIGURATIONS.items():
        print(name, flush=True)
        verdicts[name] = "".join(str(int(each)) for each in is_as_agentevals_says(configuration))
        differing = sum(int(theirs) != own for theirs, own in zip(verdicts[name], ours(configuration), strict=True))
        print(f"  as expected: {verdicts[name].count('1')}, other verdicts of ours: {differing}")
    PATH.write_text(json.dumps({"agentevals": version("agentevals"), "verdicts": verdicts}, indent=1) + "\n")
    for match in MATCHES:
        figures = [[_microseconds(judge, match) for _ in range(3)] for judge in (ours, is_as_agentevals_says)]
        own, theirs = (min(each) for each in figures)
        print(f"{match}: {own:.0f} µs a pair with its texts read, agentevals {theirs:.0f} µs: {theirs / own:.1f} times")


def _microseconds(judge: Callable[[Configuration], object], match: str) -> float:
    texts_of_pairs()
    begun = perf_counter()
    judge(CONFIGURATIONS[match])
    return (perf_counter() - begun) / PAIRS * 1e6


if __name__ == "__main__":
    main()
