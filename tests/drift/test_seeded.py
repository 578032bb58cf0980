"""Changes of all kinds are found at their severity, and alone; re-recordings of the same behaviour raise no alarm."""

from __future__ import annotations

from random import Random

import pytest

from pytest_interactions.api.drift.compare import compare
from pytest_interactions.options import Wording
from tests.drift.changes import KINDS, Kind, seeded
from tests.drift.rerecordings import rerecorded
from tests.drift.traffic import conversations


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_change_is_found_alone_and_at_its_severity(kind: Kind, seed: int) -> None:
    name, recorded, live = seeded(kind, Random(f"{kind.name} {seed}"))
    found = compare(recorded, live, wording=Wording.IGNORE)
    told = name, list(map(str, found))
    assert len(found) == 1, told
    assert (found[0].severity, found[0].kind.name in kind.found) == (kind.severity, True), told


@pytest.mark.parametrize("seed", range(200))
def test_a_rerecording_of_the_same_behaviour_raises_no_alarm(seed: int) -> None:
    rng = Random(seed)
    name = rng.choice(sorted(conversations()))
    recorded = conversations()[name]
    live = rerecorded(recorded, rng)
    assert live != recorded
    assert [name, *map(str, compare(recorded, live, wording=Wording.IGNORE))] == [name]
    assert [name, *map(str, compare(live, recorded, wording=Wording.IGNORE))] == [name]
