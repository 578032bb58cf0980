"""The budget of a run: what is left when it is used up is not sent, and not called verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.verify.conftest import Verifying

TESTS = """
def test_a(interactions):
    assert ask("a")

def test_b(interactions):
    assert ask("b")

def test_c(interactions):
    try:
        ask("c")
    except Exception:
        pass

@pytest.fixture
def asked(interactions):
    return ask("d")

def test_d(asked):
    pass
"""


@pytest.mark.parametrize("limit", ["--interactions-max-requests=2", "--interactions-max-tokens=60"])
def test_what_is_left_is_not_sent_and_not_verified(verifying: Verifying, limit: str) -> None:
    verifying.record(TESTS)
    sent = len(verifying.emulator.requests)
    result = verifying.verify(limit, "-rs")
    outcomes = result.parseoutcomes()
    assert len(verifying.emulator.requests) - sent == outcomes["passed"] < 4
    assert outcomes["passed"] + outcomes["skipped"] == 4
    assert result.ret == 6
    result.stdout.fnmatch_lines(
        [
            "not verified: test_it.py::test_d: not sent: max_*",
            "4 tests verified: * hold*, * not verified, *",
            "SKIPPED * not sent: max_*",
        ]
    )


def test_a_failing_run_says_so_by_its_own_status(verifying: Verifying) -> None:
    verifying.record(TESTS)
    verifying.emulator.on(input="a").reply(status="incomplete", text="x")
    result = verifying.verify("--interactions-max-requests=1")
    assert result.ret == 1
    result.assert_outcomes(passed=1, errors=1, skipped=3)


def test_an_end_that_is_refused_is_no_failure(verifying: Verifying) -> None:
    verifying.record(
        """
@pytest.fixture
def tidied(interactions):
    yield
    ask("tidy")

def test_a(tidied):
    ask("a")
"""
    )
    result = verifying.verify("--interactions-max-requests=1")
    result.assert_outcomes(passed=1, skipped=1)
    assert result.ret == 6


def test_workers_share_the_budget(verifying: Verifying) -> None:
    verifying.record(TESTS)
    verifying.run.apart = True
    sent = len(verifying.emulator.requests)
    result = verifying.verify("--interactions-max-requests=2", "-n2")
    assert len(verifying.emulator.requests) - sent == 2
    result.assert_outcomes(passed=2, skipped=2)
    assert result.ret == 6
    result.stdout.fnmatch_lines(["4 tests verified: 2 hold, 2 not verified, 2 live requests*"])
