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

from pytest_interactions.api.expected.messages import messages_of
from pytest_interactions.api.expected.reference import read, written
from pytest_interactions.api.expected.verdict import MATCHES
from tests.agentevals.trajectories import for_us, pairs
from tests.agentevals.verdicts import CONFIGURATIONS, PATH, is_as_agentevals_says, ours

if TYPE_CHECKING:
    from collections.abc import Callable


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
        configuration = CONFIGURATIONS[match]
        theirs, own = (_microseconds(judge, configuration) for judge in (is_as_agentevals_says, ours))
        print(f"{match}: {own:.0f} µs a pair, agentevals {theirs:.0f} µs")
    texts = [(written(for_us(expected)), written(for_us(received))) for expected, received in pairs()]
    begun = perf_counter()
    for expected, received in texts:
        messages_of(read(expected)), messages_of(read(received))
    print(f"reading both texts: {(perf_counter() - begun) / len(texts) * 1e6:.0f} µs a pair")


def _microseconds(judge: Callable[..., object], configuration: object) -> float:
    pairs()
    begun = perf_counter()
    judge(configuration)
    return (perf_counter() - begun) / len(pairs()) * 1e6


if __name__ == "__main__":
    main()
