"""The same verdicts as agentevals', on the same thousand pairs of trajectories."""

from __future__ import annotations

import json

import pytest

from tests.agentevals.trajectories import PAIRS
from tests.agentevals.verdicts import CONFIGURATIONS, PATH, is_as_agentevals_says, ours

KNOWN = json.loads(PATH.read_text("utf-8"))["verdicts"]


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_verdicts_are_those_of_agentevals(name: str) -> None:
    """As the real one gave them when the file was written; both verdicts are there often."""
    assert "".join(str(int(each)) for each in ours(CONFIGURATIONS[name])) == KNOWN[name]
    assert len(KNOWN[name]) == PAIRS
    assert PAIRS / 10 < KNOWN[name].count("1") < PAIRS * 9 / 10


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_agentevals_still_says_so(name: str) -> None:
    """Where it is installed, it says the same as in the file."""
    pytest.importorskip("agentevals", reason="agentevals is not installed: see tests/agentevals/__main__.py")
    assert "".join(str(int(each)) for each in is_as_agentevals_says(CONFIGURATIONS[name])) == KNOWN[name]
