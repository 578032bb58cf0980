"""A test that fails in any way keeps its cassette: by a subtest, a soft check, a teardown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support import Runner

FAILING = {
    "subtest": """
def test_it(interactions, subtests):
    for number in range(3):
        with subtests.test(number=number):
            ask("new")
            assert number != 1 or not BAD
""",
    "unittest's subtest": """
import unittest
@pytest.mark.interactions("test_it/test_it")
class TestIt(unittest.TestCase):
    def test_it(self):
        for number in range(3):
            with self.subTest(number=number):
                ask("new")
                assert number != 1 or not BAD
""",
    "unittest's tearDown": """
import unittest
@pytest.mark.interactions("test_it/test_it")
class TestIt(unittest.TestCase):
    def tearDown(self):
        assert not BAD
    def test_it(self):
        ask("new")
""",
    "unittest's cleanup": """
import unittest
@pytest.mark.interactions("test_it/test_it")
class TestIt(unittest.TestCase):
    def test_it(self):
        self.addCleanup(lambda: 1 / (not BAD))
        ask("new")
""",
    "pytest_check": """
from pytest_check import check
def test_it(interactions):
    with check:
        ask("new")
        assert not BAD
""",
    "teardown of a fixture above": """
@pytest.fixture
def cleaned(interactions):
    yield
    ask("new")
    assert not BAD
def test_it(cleaned):
    pass
""",
    "teardown of a wider fixture": """
@pytest.fixture(scope="module")
def wide():
    yield
    assert not BAD
def test_it(wide, interactions):
    ask("new")
""",
    "finalizer": """
def test_it(interactions, request):
    request.addfinalizer(lambda: 1 / (not BAD))
    ask("new")
""",
}


@pytest.mark.parametrize("how", FAILING)
def test_a_failing_test_keeps_its_cassette(how: str, run: Runner) -> None:
    """A re-recording goes beside it; one that passes takes its place."""
    if how == "pytest_check":
        pytest.importorskip(how, reason="pytest-check is not installed")
        run.apart = True
    run.test("@pytest.mark.interactions('test_it/test_it')\ndef test_it():\n    ask('old')")
    run.record().assert_outcomes(passed=1)
    for bad in (True, False):
        run.test(f"BAD = {bad}\n" + FAILING[how])
        result = run.record(mode="rewrite")
        assert result.ret == (pytest.ExitCode.TESTS_FAILED if bad else pytest.ExitCode.OK)
        assert set(run.prompts("test_it/test_it.yaml")) == {"old" if bad else "new"}
        aside = run.pytester.path / "cassettes/test_it/test_it.failed.yaml"
        assert aside.exists() == bad


@pytest.mark.parametrize("how", [how for how in FAILING if how != "pytest_check"])
def test_a_first_recording_of_a_failing_test_is_incomplete(how: str, run: Runner) -> None:
    run.test("BAD = True\n" + FAILING[how])
    assert run.record().ret == pytest.ExitCode.TESTS_FAILED
    assert "incomplete: true" in (run.pytester.path / "cassettes/test_it/test_it.yaml").read_text()


def test_a_skipped_subtest_fails_nothing(run: Runner) -> None:
    run.test("""
def test_it(interactions, subtests):
    with subtests.test():
        pytest.skip("not here")
    ask("one")
""")
    assert run.record().ret == pytest.ExitCode.OK
    assert "incomplete" not in (run.pytester.path / "cassettes/test_it/test_it.yaml").read_text()


def test_what_is_wrong_with_the_recording_of_a_failing_teardown_is_told_beside(run: Runner) -> None:
    """A report has one error, the test's own; ours is a section of it."""
    run.pytester.path.joinpath("cassettes").write_text("in the way")
    run.test("""
@pytest.fixture
def broken(interactions):
    yield
    raise ValueError("the test's own")
def test_it(broken):
    ask()
""")
    result = run.record()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["*ValueError: the test's own", "*- interactions -*", "*test_it.yaml: can't be written: *"]
    )


def test_a_run_that_is_interrupted_in_a_teardown_has_no_whole_recording(run: Runner) -> None:
    """Where even that can't be written, the summary says where it is."""
    run.apart = True
    run.test("""
@pytest.fixture
def stopped(interactions):
    yield
    raise KeyboardInterrupt
def test_it(stopped):
    ask()
""")
    assert run.record().ret == pytest.ExitCode.INTERRUPTED
    assert "incomplete: true" in (run.pytester.path / "cassettes/test_it/test_it.yaml").read_text()
    (run.pytester.path / "cassettes").rename(run.pytester.path / "elsewhere")
    (run.pytester.path / "cassettes").write_text("in the way")
    result = run.record()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["test_it.py::test_it: *test_it.yaml: can't be written: *The recording was kept in *"])
