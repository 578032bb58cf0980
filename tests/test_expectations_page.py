"""The examples of docs/expectations.md run as they stand: recorded against the emulator, and replayed."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.pages import ROOT, Page

if TYPE_CHECKING:
    from tests.support import Runner

PAGE = Page("expectations.md")


@pytest.fixture
def page(run: Runner) -> Runner:
    """The page's examples as one test file beside their agent, recorded."""
    run.pytester.path.joinpath("agent.py").write_text((ROOT / "examples/agent/agent.py").read_text())
    run.pytester.path.joinpath("test_trips.py").write_text("".join(PAGE.blocks("python")))
    run.record("--snapshot-update").assert_outcomes(passed=5, skipped=2)
    return run


def test_all_examples_hold(page: Runner) -> None:
    result = page.replay("-Wdefault")
    result.assert_outcomes(passed=7, warnings=1)


def test_a_changed_prompt_is_told_as_the_page_has_it(page: Runner) -> None:
    change(page, "Answer in two sentences", "Be brief")
    assert PAGE.shown("E   DifferingError") in page.replay("test_trips.py::test_prompt").stdout.str()


def test_a_snapshot_and_a_difference_are_as_the_page_has_them(page: Runner) -> None:
    """Of a snapshot that was edited by hand, and then of another city and one tool."""
    (written,) = page.pytester.path.glob("__snapshots__/test_trips/test_trip.steps.txt")
    edited = PAGE.shown("turn 1")
    assert re.sub(r"  #.*\n", "", edited) == written.read_text()
    written.write_text(edited)
    page.replay("test_trips.py::test_trip").assert_outcomes(passed=1)
    change(page, "def plan(question", "def plan_before(question")
    change(page, "def plan_or", 'def plan(_):\n    return plan_before("How is the weather in Porto?")\n\n\ndef plan_or')
    assert PAGE.shown("E       assert") in page.record("test_trips.py::test_trip", mode="rewrite").stdout.str()


def change(page: Runner, old: str, new: str) -> None:
    """Change the agent, so that the next run imports the changed one."""
    agent = page.pytester.path / "agent.py"
    assert old in agent.read_text()
    agent.write_text(agent.read_text().replace(old, new, 1))
    shutil.rmtree(page.pytester.path / "__pycache__", ignore_errors=True)
