"""The waits of a stream, of which a page draws a bar."""

from __future__ import annotations

import pytest

from pytest_interactions.report.bodies import bodies_of
from pytest_interactions.report.page.view import waits
from tests.api.test_latency import CREATED, TEXT, stream


def test_each_event_was_waited_for_since_the_one_before() -> None:
    """The first one since the request."""
    found = bodies_of(stream(CREATED, b": hi\n\n", TEXT, times=(0.1, 0.25, 0.3, 0.75)))["waits"]
    assert found == [
        {"event": 1, "count": 1, "start": 0.0, "seconds": 0.25},
        {"event": 3, "count": 1, "start": 0.25, "seconds": 0.5},
    ]
    assert [(start, width) for _, start, width in waits(found)] == [(0.0, 333.33), (333.33, 666.67)]


def test_waits_that_can_t_be_told_apart_are_one() -> None:
    """However many events a stream has, so many are not drawn."""
    times = (0.0, *(number / 1000 for number in range(20_000)), 24.0)
    found = bodies_of(stream(*[CREATED] * 20_001, times=times))["waits"]
    assert len(found) < 600
    assert sum(wait["count"] for wait in found) == 20_001
    assert found[-1]["start"] + found[-1]["seconds"] == pytest.approx(24.0)
    assert found[-1]["event"] == 20_001


def test_events_that_came_at_once_are_drawn_all_the_same() -> None:
    """A clock that a test has set may stand still."""
    found = bodies_of(stream(CREATED, TEXT, times=(0.0, 0.0, 0.0)))["waits"]
    assert [(start, width) for _, start, width in waits(found)] == [(0.0, 0.0), (0.0, 0.0)]


def test_what_nobody_knows_is_not_drawn() -> None:
    """Of a cassette of an earlier version."""
    assert bodies_of(stream(CREATED, TEXT))["waits"] == []
