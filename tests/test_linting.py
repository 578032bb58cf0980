"""What the API would refuse, told at the end of a test: as a warning, as an error, in a failure, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from pytest_interactions import CassetteMissError, LintError, LintWarning
from tests.support import use_cassette

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator
    from tests.support import Runner

LOOP = """
import os
from google import genai

TOOL = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}

def loop(change=lambda history: None, *, stored=False, stream=False):
    url = os.environ.get("GOOGLE_GEMINI_BASE_URL", "https://generativelanguage.googleapis.com")
    history = [{"type": "user_input", "content": [{"type": "text", "text": "The weather in Paris and in Rome"}]}]
    more = {"model": "gemini-3.5-flash", "tools": [TOOL]} | ({} if stored else {"store": False})
    with genai.Client(http_options={"base_url": url}) as client:
        first = client.interactions.create(input=history, stream=stream, **more)
        if stream:
            from pytest_interactions import fold
            first = fold(list(first))
        steps = [step.model_dump(exclude_none=True) for step in first.steps]
        for step in [step for step in steps if step["type"] == "function_call"]:
            steps.append({"type": "function_result", "call_id": step["id"], "name": step["name"], "result": "Sunny"})
        if stored:
            steps = [step for step in steps if step["type"] == "function_result"]
            change(steps)
            last = client.interactions.create(input=steps, previous_interaction_id=first.id, **more)
        else:
            history += steps
            change(history)
            last = client.interactions.create(input=history, **more)
    return last.output_text

def other_city(history):
    history[2]["arguments"] = {"city": "Oslo"}

def other_name(results):
    results[0]["name"] = "wether"

def no_thought(history):
    del history[1]
"""
#: The outer run makes errors of warnings, and in-process the inner one would too.
WARNS = "-Wdefault::pytest_interactions.LintWarning"
TOLD = [
    "*LintWarning: *: the API would refuse what was sent:*",
    "*exchange 2, input?2?.arguments: the arguments of this function_call changed since it was received.*",
]


def test_what_is_sent_back_as_it_was_received_is_not_told_of(run: Runner) -> None:
    """Stateless and stored, streamed and not: neither a recording nor its replay warns."""
    run.test(
        LOOP
        + """
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("stored", [False, True])
def test_loop(interactions, stored, stream):
    assert "Sunny" in loop(stored=stored, stream=stream)
    assert interactions.findings() == []
"""
    )
    run.record("-Werror", "--interactions-lint=error").assert_outcomes(passed=4)
    run.replay("-Werror", "--interactions-lint=error").assert_outcomes(passed=4)


@pytest.mark.parametrize("stream", [False, True])
def test_a_passing_test_warns_while_recording_and_on_replay(run: Runner, stream: bool) -> None:
    """A call that was changed in the history is told of once, with its exchange and its place."""
    run.test(LOOP + f"def test_loop(interactions):\n    loop(other_city, stream={stream})")
    for result in (run.record(WARNS), run.replay(WARNS)):
        result.assert_outcomes(passed=1, warnings=1)
        result.stdout.fnmatch_lines(TOLD)


def test_a_warning_that_the_user_makes_an_error_of_is_told_in_its_own_words(run: Runner) -> None:
    """Of what the API would refuse, and of what was not asked for: no line of this package's source is shown."""
    run.test(LOOP + "def test_loop(interactions):\n    loop(other_city)")
    run.record(WARNS).assert_outcomes(passed=1)
    refused = run.replay("-Werror")
    refused.assert_outcomes(passed=1, errors=1)
    refused.stdout.fnmatch_lines(["*the API would refuse what was sent:", "*exchange 2, input*"])
    run.test("def test_loop(interactions):\n    pass")
    unplayed = run.replay("-Werror", "--interactions-unplayed=warn")
    unplayed.assert_outcomes(passed=1, errors=1)
    unplayed.stdout.fnmatch_lines(["*2 of 2 recorded exchanges were not asked for:"])
    for result in (refused, unplayed):
        result.stdout.no_fnmatch_line("*warnings.warn*")


def test_the_options_of_a_test_decide(run: Runner) -> None:
    """With `error` the test fails, with `off` nothing is said; a marker beats the ini file."""
    run.pytester.makeini("[pytest]\ninteractions_lint = off")
    run.test(
        LOOP
        + """
def test_off(interactions):
    loop(other_city)

@pytest.mark.interactions(lint="error")
def test_error():
    loop(other_name, stored=True)

@pytest.mark.interactions(lint="warn")
def test_warn():
    loop(other_city)
"""
    )
    for result in (run.record(WARNS), run.replay(WARNS)):
        result.assert_outcomes(passed=3, errors=1, warnings=1)
        result.stdout.fnmatch_lines(
            [
                "*the API would refuse what was sent:",
                "*exchange 2, input?0?.name: the call * is of weather, and not of *",
            ]
        )


def test_a_failing_test_shows_what_the_api_would_refuse(run: Runner) -> None:
    """Its report has a section, and it is not failed twice; nor does it warn."""
    run.test(LOOP + "def test_loop(interactions):\n    assert loop(other_city) == 'Rain'")
    for result in (run.record(), run.replay("--interactions-lint=error")):
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            ["*- interactions: what the API would refuse -*", "exchange 2, input?2?.arguments*"]
        )
    assert "what the API would refuse" not in run.replay("--interactions-lint=off").stdout.str()


def test_a_miss_says_what_the_api_would_refuse(run: Runner) -> None:
    """A thought that the app does not send back any more is a miss on replay, and more than a difference."""
    run.test(LOOP + "def test_loop(interactions):\n    loop()")
    run.record().assert_outcomes(passed=1)
    run.test(LOOP + "def test_loop(interactions):\n    loop(no_thought)")
    result = run.replay()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*The API would refuse this request:",
            "*input?1?: the thought of the same answer as this function_call was left out.*(thought-dropped)",
            "*To record it again: *",
        ]
    )
    assert "The API would refuse" not in run.replay("--interactions-lint=off").stdout.str()


def test_an_error_that_was_recorded_is_told_of_in_a_failure_alone(run: Runner) -> None:
    """A test of what the app does with the API's own refusal passes without a warning."""
    run.test(
        LOOP
        + """
@pytest.mark.parametrize("fails", [False, True])
def test_refused(interactions, fails):
    with pytest.raises(Exception, match="invalid argument"):
        loop(no_thought)
    assert not fails
"""
    )
    for result in (run.record("-Werror"), run.replay("-Werror")):
        result.assert_outcomes(passed=1, failed=1)
        result.stdout.fnmatch_lines(["exchange 2, input?1?: the thought of the same answer*"])


def test_a_wider_cassette_is_told_of_at_its_end(run: Runner) -> None:
    """The last test of a module fails, though another test has sent it."""
    run.test(
        LOOP
        + """
def test_loop(module_interactions):
    loop(other_city)

def test_other(module_interactions):
    ask()
"""
    )
    for result in (run.record("--interactions-lint=error"), run.replay("--interactions-lint=error")):
        result.assert_outcomes(passed=2, errors=1)
        result.stdout.fnmatch_lines(["*exchange 2, input?2?.arguments*"])


def test_unplayed_exchanges_that_only_warn_leave_the_rest_to_be_told(run: Runner) -> None:
    """With `unplayed = warn`, what was not played and what was wrong are two warnings."""
    run.test(LOOP + "def test_loop(interactions):\n    loop(other_city)\n    ask()")
    run.record(WARNS).assert_outcomes(passed=1, warnings=1)
    run.test(LOOP + "def test_loop(interactions):\n    loop(other_city)")
    run.replay("-Wdefault", "--interactions-unplayed=warn").assert_outcomes(passed=1, warnings=2)


BODY = {
    "model": "gemini-3.5-flash",
    "store": False,
    "previous_interaction_id": "",
    "input": "Hello",
}


def test_a_script_is_told_of_at_the_end_of_its_block(tmp_path: Path, emulator: Emulator) -> None:
    """`use_cassette` warns, raises, or adds notes to the error that ends the block."""
    path, url = tmp_path / "c.yaml", f"{emulator.url}/v1beta/interactions"

    def ask(**options: str) -> None:
        with use_cassette(path, record_mode="once", **options):
            httpx.post(url, json=BODY, headers={"x-goog-api-key": "k"}).raise_for_status()

    words = "exchange 1, previous_interaction_id: it is empty, as the interaction before was not stored."
    with pytest.warns(LintWarning, match=words):
        ask()
    with pytest.raises(LintError, match=words):
        ask(lint="error")
    ask(lint="off")
    with pytest.raises(ZeroDivisionError) as raised, use_cassette(path):
        httpx.post(url, json=BODY, headers={"x-goog-api-key": "k"})
        1 / 0  # noqa: B018
    assert [words in note for note in raised.value.__notes__] == [True]
    with pytest.raises(CassetteMissError, match="The API would refuse this request:\n  store: what runs in the"):
        with use_cassette(path, unplayed="ignore"):
            httpx.post(url, json={**BODY, "background": True, "previous_interaction_id": "v1_x"})
