"""Recordings played in sequence, in real pytest runs: what a test is told, and where the option may stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support import Runner

TEST = """
import pytest
@pytest.mark.interactions(match_on="sequence"MORE)
def test_talk():
    for number in range(9):
        ask(f"Paris {number}")
"""


def replayed(run: Runner, *args: str, more: str = "") -> pytest.RunResult:
    """Record nine calls, and replay others."""
    run.test(TEST.replace("MORE", more))
    run.record().assert_outcomes(passed=1)
    run.test(TEST.replace("MORE", more).replace("Paris", "Oslo"))
    return run.replay(*args)


def test_a_test_passes_and_fails_at_its_end(run: Runner) -> None:
    result = replayed(run)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*9 requests differ*", "*... and 11 more lines; --full-trace shows all"])


def test_all_of_it_is_shown_by_full_trace(run: Runner) -> None:
    result = replayed(run, "--full-trace")
    result.assert_outcomes(passed=1, errors=1)
    assert all(f'"Paris {number}" -> "Oslo {number}"' in result.stdout.str() for number in range(9))
    assert "more lines" not in result.stdout.str()


@pytest.mark.parametrize("way", ["marker", "command line"])
def test_a_warning_is_never_silent(run: Runner, way: str) -> None:
    """It is one of pytest's, and in the summary whatever becomes of warnings."""
    args = ["--interactions-differing=warn"] if way == "command line" else []
    more = ', differing="warn"' if way == "marker" else ""
    result = replayed(run, "-Wdefault", *args, more=more)
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*DifferingWarning:*", '*"Paris 8" -> "Oslo 8"*'])
    result = run.replay("-Wignore", *args)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("test_it.py::test_talk got answers in sequence to requests that differ*, 9 in all; *")


def test_a_warning_may_be_an_error(run: Runner) -> None:
    result = replayed(run, "-Werror::pytest_interactions.DifferingWarning", more=', differing="warn"')
    result.assert_outcomes(passed=1, errors=1)


def test_the_option_is_one_of_the_ini_file_too(run: Runner) -> None:
    run.test("def test_talk(interactions):\n    ask('Paris')\n")
    run.record().assert_outcomes(passed=1)
    run.pytester.makeini("[pytest]\ninteractions_match_on = sequence\ninteractions_differing = warn\n")
    run.test("def test_talk(interactions):\n    ask('Oslo')\n")
    run.replay("-Wignore").assert_outcomes(passed=1)


def test_a_second_attempt_starts_over(run: Runner) -> None:
    """Each attempt plays from the beginning, and is told what it sent itself."""
    run.test("def test_talk(interactions):\n    ask('Paris')\n")
    run.record().assert_outcomes(passed=1)
    run.test(
        """
import pytest
tries = []

@pytest.mark.interactions(match_on="sequence", differing="warn")
def test_talk():
    tries.append(1)
    ask(f"Oslo {len(tries)}")
    assert len(tries) > 1
"""
    )
    result = run.replay("-Wdefault", "--reruns=1", "-p", "rerunfailures")
    assert '"Paris" -> "Oslo 2"' in result.stdout.str()
    assert '"Oslo 1"' not in result.stdout.str()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ('match_on="sequnce"', "match_on: 'sequnce' is not one of *; did you mean 'sequence'?"),
        ('match_on=["sequence", "body"]', "match_on: 'sequence' stands alone: recordings answer in their order*"),
        ('differing="wran"', "differing: 'wran' is not one of fail, warn; did you mean 'warn'?"),
    ],
)
def test_an_option_that_can_not_be_is_an_error(run: Runner, given: str, message: str) -> None:
    run.test(f"import pytest\n@pytest.mark.interactions({given})\ndef test_talk():\n    ask()\n")
    result = run.replay()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(f"E *OptionError: *{message}")


def test_another_process_is_told_by_the_test(run: Runner) -> None:
    """The replay server plays in sequence, too."""
    source = """
import pytest, subprocess, sys, os

SCRIPT = '''
import os, sys, urllib.request, json
body = json.dumps({"model": "gemini-3.5-flash", "input": "Paris"}).encode()
url = os.environ["GOOGLE_GEMINI_BASE_URL"] + "/v1beta/interactions"
headers = {"content-type": "application/json", "x-goog-api-key": os.environ["GEMINI_API_KEY"]}
print(urllib.request.urlopen(urllib.request.Request(url, body, headers)).read().decode())
'''

@pytest.mark.interactions(match_on="sequence")
def test_talk(interactions_server):
    env = os.environ | interactions_server.env
    subprocess.run([sys.executable, "-c", SCRIPT], env=env, check=True)
"""
    run.test(source)
    run.record().assert_outcomes(passed=1)
    run.test(source.replace("Paris", "Oslo"))
    result = run.replay()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines('*input: "Paris" -> "Oslo"*')
