"""`snapshot_steps` in real pytest runs, and the diffs that it shows."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.snapshot import StepsExtension, StructureExtension
from tests.api.test_transcript import NEXT, TRANSCRIPT, TURN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator

Json = dict[str, Any]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Run a test module with `snapshot_steps` and the conversation at hand."""
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makeconftest(
        """
        import json, pathlib
        import pytest
        @pytest.fixture
        def turns():
            return json.loads(pathlib.Path("turns.json").read_text())
        """
    )
    pytester.path.joinpath("turns.json").write_text(json.dumps([TURN, NEXT]))

    def run(source: str, *options: str, alone: bool = False) -> pytest.RunResult:
        pytester.makepyfile(test_agent=source)
        start = pytester.runpytest_subprocess if alone else pytester.runpytest_inprocess
        return start("-p", "no:cacheprovider", "-p", "no:xdist", *options)

    return run


def written(path: Path) -> dict[str, str]:
    """The snapshot files below `path`, by name."""
    files = sorted(path.joinpath("__snapshots__").rglob("*.*"))
    return {str(file.relative_to(path / "__snapshots__").as_posix()): file.read_text("utf-8") for file in files}


def test_a_snapshot_is_its_transcript(run: Callable[..., pytest.RunResult], pytester: pytest.Pytester) -> None:
    """One file per snapshot holds the transcript and nothing else; it passes until the behaviour changes."""
    test = "def test_weather(turns, snapshot_steps):\n    assert turns == snapshot_steps\n"
    missing = run(test)
    missing.assert_outcomes(failed=1)
    missing.stdout.fnmatch_lines("*1 snapshot failed*")
    created = run(test, "--snapshot-update")
    created.assert_outcomes(passed=1)
    created.stdout.fnmatch_lines("*1 snapshot generated*")
    assert written(pytester.path) == {"test_agent/test_weather.steps.txt": TRANSCRIPT}
    run(test).assert_outcomes(passed=1)
    changed = run(test.replace("assert", "turns[0]['steps'][2]['arguments']['city'] = 'Oslo'\n    assert"))
    changed.assert_outcomes(failed=1)
    changed.stdout.fnmatch_lines(['*-     city = "Rome"*', '*+     city = "Oslo"*'])


def test_all_that_syrupy_takes_is_taken(run: Callable[..., pytest.RunResult], pytester: pytest.Pytester) -> None:
    """Names, filters, matchers and diffs work, with and without text, and each counts for one assertion only."""
    test = """
        from syrupy.filters import paths, props
        from syrupy.matchers import path_type

        def test_options(turns, snapshot_steps):
            assert turns == snapshot_steps(name="structure", text=False)
            assert turns == snapshot_steps(exclude=props("arguments", "content"))
            assert turns == snapshot_steps(include=props("0", "1", "2", "steps", "type", 0, 1, 2))
            assert turns == snapshot_steps(matcher=path_type({"0.steps.1.arguments.id": (int,)}))
            assert turns[:1] == snapshot_steps(name="first")
            assert turns == snapshot_steps(diff="first")
            assert turns == snapshot_steps(name="whole")
            assert turns[:1] == snapshot_steps(exclude=paths("0.steps"))
        """
    run(test, "--snapshot-update").assert_outcomes(passed=1)
    run(test).assert_outcomes(passed=1)
    files = {name.removeprefix("test_agent/test_options"): text for name, text in written(pytester.path).items()}
    assert files["[whole].steps.txt"] == TRANSCRIPT
    assert "function_result get_weather#1 (error)\n" in files["[structure].steps.txt"]
    assert "city" not in files[".1.steps.txt"]
    assert files[".2.steps.txt"].startswith("thought\n")
    assert "id = int" in files[".3.steps.txt"]
    assert "+ turn 2: completed" in files[".5.steps.txt"]
    assert files[".7.steps.txt"] == "turn 1: requires_action\n"


def test_a_snapshot_that_nobody_asks_for_is_reported(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    """The report and the clean-up of syrupy know our files, and leave those of its other extensions alone."""
    test = """
        def test_one(turns, snapshot_steps, snapshot):
            assert turns == snapshot_steps
            assert "plain" == snapshot
        """
    run(
        test + "\n        def test_two(turns, snapshot_steps):\n            assert turns == snapshot_steps\n",
        "--snapshot-update",
    )
    left = run(test)
    left.stdout.fnmatch_lines("*1 snapshot unused*")
    cleaned = run(test, "--snapshot-update")
    cleaned.stdout.fnmatch_lines("*1 unused snapshot deleted*")
    assert set(written(pytester.path)) == {"test_agent.ambr", "test_agent/test_one.steps.txt"}
    run(test).assert_outcomes(passed=1)


def test_what_shows_no_steps_fails_with_the_reason(run: Callable[..., pytest.RunResult]) -> None:
    """Comparing with something else says what can be compared."""
    result = run("def test_text(snapshot_steps):\n    assert 'text' == snapshot_steps\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("*'text' shows no steps: pass the interactions fixture*")


# --- what a change looks like ---


def changed(change: Callable[[list[Json]], Any]) -> list[Json]:
    """The conversation after `change`."""
    turns = copy.deepcopy([TURN, NEXT])
    change(turns)
    return turns


def swap(steps: list[Json], first: int, second: int) -> None:
    """Let two steps change places."""
    steps[first], steps[second] = steps[second], steps[first]


#: A change, and the lines that go and come.
CHANGES: dict[str, tuple[Callable[[list[Json]], Any], list[str]]] = {
    "argument": (
        lambda turns: turns[0]["steps"][2]["arguments"].update(city="Oslo"),
        ['-     city = "Rome"', '+     city = "Oslo"'],
    ),
    "dropped thought": (lambda turns: turns[0]["steps"].pop(0), ["-   thought: Let me see."]),
    "dropped call": (
        lambda turns: (turns[0]["steps"].pop(2), turns[1]["steps"].pop(0)),
        ["-   function_call get_weather#2", '-     city = "Rome"'],
    ),
    "dropped result": (lambda turns: turns[1]["steps"].pop(1), ["-   function_result get_weather#1 (error): down"]),
    "swapped results": (
        lambda turns: swap(turns[1]["steps"], 0, 1),
        ["+   function_result get_weather#1 (error): down", "-   function_result get_weather#1 (error): down"],
    ),
    "status": (
        lambda turns: turns[1].update(status="incomplete"),
        ["- turn 2: completed", "+ turn 2: incomplete"],
    ),
    "one more turn": (
        lambda turns: turns.append({"status": "completed", "steps": [{"type": "model_output", "content": "Bye"}]}),
        ["+ turn 3: completed", "+   model_output: Bye"],
    ),
    "tool": (
        lambda turns: turns[0]["steps"][2].update(name="get_time"),
        ["-   function_call get_weather#2", "+   function_call get_time#1"],
    ),
    "wording": (
        lambda turns: turns[1]["steps"][2]["content"][0].update(text="Rome is clear.\n\nParis\nis cloudy."),
        ["-     is unknown.", "+     is cloudy."],
    ),
}
#: What changes along with a change, as it must: a result that loses its call, or is one of another tool.
ALONG = ("get_weather#2", "get_time#1", "sky", "signature")


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_a_line_or_two_that_name_it(change: Callable[[list[Json]], Any], expected: list[str]) -> None:
    """Each change of behaviour fails, with a diff that holds little else."""
    extension = StepsExtension()
    before, after = extension.serialize([TURN, NEXT]), extension.serialize(changed(change))
    assert not extension.matches(serialized_data=after, snapshot_data=before)
    diff = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in extension.diff_lines(after, before)]
    told = [line for line in diff if line.startswith(("+", "-"))]
    assert [line for line in told if line in expected or not any(name in line for name in ALONG)] == expected


@pytest.mark.parametrize("name", CHANGES)
def test_without_text_only_wording_may_change(name: str) -> None:
    """With `text=False`, another wording passes, and each other change still fails."""
    change, _ = CHANGES[name]
    extension = StructureExtension()
    same = extension.serialize(changed(change)) == extension.serialize([TURN, NEXT])
    assert same == (name == "wording")


def test_five_ways_to_write_one_behaviour_are_one_snapshot(
    run: Callable[..., pytest.RunResult],
    pytester: pytest.Pytester,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The SDK, sync and as an async stream, REST JSON, a list of events and the fixture: recorded, and replayed."""
    for name, value in emulator.env.items():
        monkeypatch.setenv(name, value)
    test = f"""
        import httpx, json, pytest
        from google import genai
        from pytest_interactions.api.sse import decode

        ASK = {{"model": "gemini-3.5-flash", "input": "Explain how AI works in a few words"}}
        URL = "{emulator.url}/v1beta/interactions"
        post = httpx.Client(headers={{"x-goog-api-key": "any"}}).post

        def test_sync(interactions, snapshot_steps):
            assert genai.Client().interactions.create(**ASK) == snapshot_steps

        @pytest.mark.asyncio
        async def test_stream(interactions, snapshot_steps):
            client = genai.Client()
            stream = await client.aio.interactions.create(**ASK, stream=True)
            assert [event async for event in stream] == snapshot_steps

        def test_rest(interactions, snapshot_steps):
            assert post(URL, json=ASK).json() == snapshot_steps

        def test_events(interactions, snapshot_steps):
            body = post(URL, json=dict(ASK, stream=True)).content
            events = [event.json() for event in decode(body) if not event.done]
            assert events == snapshot_steps

        def test_fixture(interactions, snapshot_steps):
            post(URL, json=dict(ASK, stream=True))
            assert interactions == snapshot_steps
        """
    options = ("-W", "ignore", "-o", "asyncio_mode=strict")
    run(test, *options, "--interactions-record-mode=once", "--snapshot-update", alone=True).assert_outcomes(passed=5)
    files = written(pytester.path)
    assert len(files) == 5
    said = "AI learns patterns from data, then uses those patterns to make predictions."
    assert set(files.values()) == {f"turn 1: completed\n  thought\n  model_output: {said}\n"}
    emulator.stop()
    run(test, *options, alone=True).assert_outcomes(passed=5)
