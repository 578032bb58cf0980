"""What a run says of cassettes that are old, or of models that are no more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support import Runner

TESTS = """
@pytest.mark.parametrize("name", "abcde")
def test_it(interactions, name):
    ask(name)
"""


@pytest.fixture
def old(run: Runner) -> Runner:
    """Five tests whose cassettes were recorded in 2020."""
    run.test(TESTS)
    run.record().assert_outcomes(passed=5)
    for path in run.pytester.path.glob("cassettes/test_it/*.yaml"):
        path.write_text(re.sub(r"(?m)^  recorded: .*$", "  recorded: '2020-01-01T00:00:00Z'", path.read_text()))
    return run


@pytest.mark.parametrize("workers", [(), ("-n2",)])
def test_the_summary_tells_of_all_in_one_note(old: Runner, workers: tuple[str, ...]) -> None:
    """Three by their names, and how many more there are; pytest-xdist's workers add up."""
    result = old.replay("--interactions-max-age=90d", *workers)
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(
        [
            "5 cassettes that were replayed may not be what the API answers today; record mode rewrite records again:",
            *(
                f"  cassettes/test_it/test_it[[]{name}].yaml: it is * days old (recorded on 2020-01-01), *"
                for name in "abc"
            ),
            "  ... and 2 more",
        ],
        consecutive=True,
    )
    assert result.stdout.str().count("may not be what") == 1


def test_one_is_told_of_as_one(old: Runner) -> None:
    """With all that speaks against it."""
    args = ("--interactions-max-age=1", "--interactions-retired-models=a-model gemini-3.5-flash", "-k", "it[a]")
    result = old.replay(*args)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "a cassette that was replayed may not be what the API answers today; record mode rewrite records again:",
            "  cassettes/test_it/test_it[[]a].yaml: it is * days old *; it names what is retired: gemini-3.5-flash",
        ],
        consecutive=True,
    )


def test_nothing_is_told_of_what_is_young_enough(old: Runner) -> None:
    """Nor of a recording."""
    assert "may not be" not in old.replay("--interactions-max-age=9999w").stdout.str()
    assert "may not be" not in old.record("--interactions-max-age=1", mode="rewrite").stdout.str()


def test_a_stale_test_fails_at_its_end(old: Runner) -> None:
    """With the file, its age, and the command that records it again; a test that failed already is not failed twice."""
    old.test(TESTS + "    assert name != 'b'\n")
    result = old.replay("--interactions-max-age=90", "--interactions-stale=fail", "-rE", "-k", "it[a] or it[b]")
    result.assert_outcomes(passed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*StaleError: cassettes/test_it/test_it[[]a].yaml may not be what the API answers today: it is * days *",
            "*To record it again: pytest 'test_it.py::test_it[[]a]' --interactions-record-mode=rewrite",
            "ERROR *StaleError: stale: it is * days old*",
        ]
    )
    assert "may not be what the API answers today; " not in result.stdout.str()
