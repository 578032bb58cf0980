"""What else of pytest sees a failure by an error of ours: options for all of it, counts, reports, and snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from pytest_interactions.errors import CassetteMissError, InteractionsError
from pytest_interactions.plugin.failures import _causes
from tests.support import ASYNCIO

if TYPE_CHECKING:
    from tests.support import Runner

_SWALLOWS = """
def answer(prompt):
    try:
        return ask(prompt)
    except Exception:
        return "I don't know."

def test_it(interactions):
    assert answer(PROMPT)

def test_other(interactions):
    assert answer("Hello")
"""


def _changed(run: Runner, source: str) -> None:
    """Record a test, and change what it asks for."""
    run.test(source + '\nPROMPT = "Hello"\n')
    run.record("--snapshot-update")
    run.test(source + '\nPROMPT = "Help"\n')


@pytest.mark.parametrize("option", ["--full-trace", "-l", "--tb=long", "--tb=native"])
def test_who_asks_for_all_of_a_failure_gets_it_as_pytest_has_it(option: str, run: Runner) -> None:
    """Down to the client's source, and with the difference."""
    _changed(run, "def test_it(interactions):\n    assert ask(PROMPT)")
    result = run.replay(option)
    result.assert_outcomes(failed=1)
    assert "site-packages" in result.stdout.str()
    result.stdout.fnmatch_lines(['*input: "Hello" -> "Help"*'])


def test_a_swallowed_error_is_one_failure_for_all_that_count(run: Runner) -> None:
    """The summary, the report for machines, `-x` and `--lf` see a test that failed, and no error beside it."""
    _changed(run, _SWALLOWS)
    result = run.replay("--junit-xml=report.xml", "-x")
    result.assert_outcomes(failed=1)
    [suite] = ET.parse(run.pytester.path / "report.xml").getroot()
    assert (suite.get("failures"), suite.get("errors")) == ("1", "0")
    [failure] = suite.iter("failure")
    assert failure.get("message") == 'CassetteMissError: input: "Hello" -> "Help"'
    for only_last in ((), ("--lf",)):
        result = run.pytester.runpytest_inprocess("-p", "no:recording", *ASYNCIO, *only_last)
        result.assert_outcomes(failed=1, passed=0 if only_last else 1)


def test_a_swallowed_error_is_tried_again(run: Runner) -> None:
    """Each attempt of pytest-rerunfailures fails by it, and they are one failure."""
    _changed(run, _SWALLOWS)
    result = run.replay("--reruns=2")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*2 rerun*"])


def test_a_test_that_expects_an_error_says_so(run: Runner) -> None:
    """It clears what it has expected, and passes."""
    _changed(
        run,
        """
import pytest_interactions

def test_it(interactions):
    if PROMPT == "Help":
        with pytest.raises(pytest_interactions.CassetteMissError):
            ask(PROMPT)
        interactions.failures.clear()
    ask("Hello")
""",
    )
    run.replay().assert_outcomes(passed=1)


def test_what_others_have_swallowed_of_a_wider_cassette_is_not_told_again(run: Runner) -> None:
    """A test that fails of its own says nothing of what another test was refused before it."""
    _changed(
        run,
        """
@pytest.fixture(scope="module")
def asked(module_interactions):
    return ask

def test_first(asked):
    try:
        asked(PROMPT)
    except Exception:
        pass

def test_second(asked):
    assert asked("again") == PROMPT
""",
    )
    result = run.replay()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["E   CassetteMissError*", "*_ test_second _*", "E  *AssertionError*"])


def test_several_refusals_are_told_of_by_the_first_and_their_number(run: Runner) -> None:
    """Each of them would take ten lines."""
    _changed(
        run,
        """
def test_it(interactions):
    for prompt in (PROMPT, PROMPT + "!", PROMPT + "?"):
        try:
            ask(prompt.replace("Hello!", "Hello").replace("Hello?", "Hello"))
        except Exception:
            pass
""",
    )
    run.replay().stdout.fnmatch_lines(
        [
            'E     input: "Hello" -> "Help"',
            "E   The app caught this error and went on, so the test fails.",
            "E   Refused besides: 2; --full-trace shows all.",
        ]
    )


_SNAPSHOTS = """
def test_it(interactions, snapshot_steps):
    ask(PROMPT)
    assert interactions == snapshot_steps
    assert interactions == snapshot_steps(text=False)

def test_other(interactions, snapshot_steps):
    if PROMPT == "Help":
        pytest.skip("not today")
    ask("Hello")
    assert interactions == snapshot_steps
"""


@pytest.mark.parametrize("args", [(), ("-n2",), ("test_it.py",), ("test_it.py::test_it",)])
def test_the_snapshots_of_a_failed_or_skipped_test_are_not_unused(args: tuple[str, ...], run: Runner) -> None:
    """Nothing advises to delete them, and an update does not."""
    _changed(run, _SNAPSHOTS)
    snapshots = sorted((run.pytester.path / "__snapshots__").rglob("*.txt"))
    assert len(snapshots) == 3
    for update in ((), ("--snapshot-update",)):
        run.replay(*args, *update).stdout.no_re_match_line(r".*(snapshots? unused|unused snapshots?)")
    assert sorted((run.pytester.path / "__snapshots__").rglob("*.txt")) == snapshots


def test_a_snapshot_that_no_test_asks_for_is_unused(run: Runner) -> None:
    """The failure of a test saves no other's."""
    _changed(run, _SNAPSHOTS)
    left = run.pytester.path / "__snapshots__" / "test_it" / "test_gone.steps.txt"
    left.write_text("turn 1: completed\n", "utf-8")
    run.replay().stdout.fnmatch_lines(["*1 snapshot unused.*"])
    run.replay("--snapshot-update").stdout.fnmatch_lines(["*1 unused snapshot deleted.*"])
    assert not left.exists()


def test_an_error_tells_where_it_was_raised_and_what_differs() -> None:
    """It has the frames of the user's own code, and the first line of its message where there is no better headline."""
    error = CassetteMissError("first line\nsecond line")
    assert [(frame.function, frame.file) for frame in error.frames][-1] == (
        "test_an_error_tells_where_it_was_raised_and_what_differs",
        __file__,
    )
    assert error.headline == "first line"
    assert InteractionsError("text", headline="what\x07 differs").headline == "what\\x07 differs"


def test_a_failure_of_a_group_of_tasks_shows_the_error_in_it(run: Runner) -> None:
    """Whatever else has failed beside it, and whatever was suppressed."""
    _changed(
        run,
        """
import asyncio

def suppressing():
    try:
        raise ValueError("not shown")
    except ValueError:
        raise KeyError("nor this") from None

async def grouped():
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.to_thread(ask, PROMPT))

def test_it(interactions):
    if PROMPT == "Help":
        with pytest.raises(KeyError):
            suppressing()
    asyncio.run(grouped())
""",
    )
    result = run.replay()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   CassetteMissError: *", 'E     input: "Hello" -> "Help"'])


def test_a_failure_that_another_has_hidden_is_shown_as_that(run: Runner) -> None:
    """An error that an app raises `from None` says that ours does not matter; what the app was refused comes first."""
    _changed(
        run,
        """
def test_it(interactions):
    try:
        ask(PROMPT)
    except Exception:
        raise ExceptionGroup("unknown", [KeyError("answer")]) from None
    assert PROMPT == "Hello"
""",
    )
    result = run.replay()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E   CassetteMissError: *",
            "E   After this error the test went on, and failed:",
            "E   test_it.py:*: *ExceptionGroup*",
        ]
    )


def test_a_failure_without_a_place_is_told_behind_the_refusal(run: Runner) -> None:
    """Such as that of a fixture that there is not."""
    _changed(
        run,
        """
def test_it(interactions, request):
    try:
        ask(PROMPT)
    except Exception:
        pass
    request.getfixturevalue("nothing")
""",
    )
    told = [
        "E   After this error the test went on, and failed:",
        "E   file *test_it.py, line *",
        "E*'nothing' not found",
    ]
    run.replay().stdout.fnmatch_lines(told)


def test_what_fails_at_the_end_of_a_test_that_has_failed_is_a_section_of_it(run: Runner) -> None:
    """A cassette that can't be written, where the teardown has failed of its own."""
    run.test(
        """
@pytest.fixture
def spoilt(interactions):
    yield
    interactions.path.parent.parent.mkdir()
    interactions.path.parent.write_text("")
    raise ValueError("the teardown")

def test_it(spoilt):
    ask("Hello")
"""
    )
    result = run.record()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E  *ValueError: the teardown", "*- interactions -*", "*CassetteWriteError: *"])


def test_a_swallowed_error_is_not_hidden_by_a_skip(run: Runner) -> None:
    """Many tests skip where a model is down; a test that is skipped without one of our errors is skipped."""
    _changed(
        run,
        """
def answer(prompt):
    try:
        return ask(prompt)
    except Exception:
        pytest.skip("the model is down")

def test_it(interactions):
    answer(PROMPT)

def test_other(interactions):
    ask("Hello")
    pytest.skip("not today")
""",
    )
    run.replay().assert_outcomes(failed=1, skipped=1)


def test_what_a_teardown_finds_wrong_is_its_own(run: Runner) -> None:
    """The error of the call is told once."""
    _changed(
        run,
        """
@pytest.fixture
def closing():
    yield
    if PROMPT == "Help":
        raise ValueError("not closed")

def test_it(interactions, closing):
    ask(PROMPT)
""",
    )
    result = run.replay("-rfE")
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(["FAILED *CassetteMissError: *", "ERROR *ValueError: not closed"])
    assert result.stdout.str().count("To record it again") == 1


def test_what_else_a_group_of_errors_holds_is_told(run: Runner) -> None:
    """One of two tasks has found a fault of the app."""
    _changed(
        run,
        """
def test_it(interactions):
    found = []
    try:
        ask(PROMPT)
    except Exception as error:
        raise ExceptionGroup("two", [AssertionError("the app's own fault"), error]) from None
""",
    )
    run.replay().stdout.fnmatch_lines(
        ["E   CassetteMissError: *", "E   Beside it: AssertionError: the app's own fault"]
    )


def test_a_chain_of_thousands_of_errors_is_gone_through() -> None:
    """As some retries make it; a circle ends too."""
    first = CassetteMissError("the first")
    raised: BaseException = first
    for number in range(3000):
        following = ValueError(number)
        following.__cause__ = raised
        raised = following
    first.__context__ = raised
    assert [each for each in _causes(raised) if isinstance(each, CassetteMissError)] == [first]


def test_paths_are_shown_from_where_pytest_was_begun(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the top of the file system, nothing is cut from an address; a path elsewhere is shown as a whole."""
    _changed(run, "def test_it(interactions):\n    ask(PROMPT)")
    run.pytester.makepyfile(
        test_it=(run.pytester.path / "test_it.py").read_text().replace('"Help"', '"see https://x.example/"')
    )
    monkeypatch.chdir("/")
    shown = run.replay(str(run.pytester.path), f"--rootdir={run.pytester.path}")
    shown.stdout.fnmatch_lines(['E     input: "Hello" -> "see https://x.example/"'])


def test_no_secret_of_a_parameter_is_in_a_command(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command names all parameters of the test then."""
    monkeypatch.setenv("AGENT_API_KEY", "hunter2hunter2hunter2")
    _changed(
        run,
        """
@pytest.mark.parametrize("key", ["hunter2hunter2hunter2"])
def test_it(interactions, key):
    ask(PROMPT)
""",
    )
    run.replay().stdout.fnmatch_lines(
        ["E   To record it again: pytest test_it.py::test_it --interactions-record-mode=*"]
    )


def test_an_error_that_a_user_raises_is_shown_too(run: Runner) -> None:
    """One without a message, one of a class that calls nothing of its base's, and one in code that has no module."""
    run.test("""
from pytest_interactions.errors import CassetteError, InteractionsError

class OwnError(CassetteError):
    def __init__(self): pass

def test_empty():
    raise InteractionsError

def test_own():
    raise OwnError

def test_nowhere():
    exec("raise error('told')", {"error": InteractionsError, "__name__": None})
""")
    result = run.replay("-rf")
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        ["*test_empty", "*InteractionsError", "*test_own", "*OwnError", "*test_nowhere*", "*InteractionsError: told"]
    )
    assert "INTERNALERROR" not in result.stdout.str()
