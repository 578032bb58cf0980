"""What is wrong with a fault that a person wrote is said in one line."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_interactions import faults


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"times": 0}, "times: must be a number from 1 up, or 'all'"),
        ({"times": True}, "times: must be a number from 1 up, or 'all'"),
        ({"times": "al"}, "times: must be a number from 1 up, or 'all'"),
        ({"drop": 0}, "drop: must be the number of an event, from 1 up, or a list of these"),
        ({"drop": [1, "2"]}, "drop: must be the number of an event, from 1 up, or a list of these"),
    ],
    ids=str,
)
def test_a_number_that_is_none_is_told_in_one_line(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        faults.read({"delay": 1, **wrong})
    assert str(caught.value) == told


def test_all_requests_and_several_events_may_be_named() -> None:
    [fault] = faults.read({"drop": [2, 4], "times": "all"})
    assert str(fault) == "drop: [2, 4], times: all"
