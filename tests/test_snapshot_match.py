"""`snapshot_steps(match=…)` in real pytest runs: what must happen, and not every word."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.agentevals.trajectories import for_us, pairs
from tests.agentevals.verdicts import PATH
from tests.support import Runner
from tests.test_snapshot import run, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_interactions.server.emulator import Emulator
    from tests.agentevals.trajectories import Json, Trajectory

__all__ = ["run"]

AGENT = """
    def call(city, **more):
        return {"type": "function_call", "id": "c1", "name": "get_weather", "arguments": {"city": city, **more}}
    RESULT = {"type": "function_result", "call_id": "c1", "name": "get_weather", "result": "sunny"}
    def said(text):
        return {"type": "model_output", "content": [{"type": "text", "text": text}]}
    THOUGHT = {"type": "thought", "signature": "c2ln"}
"""
TEST = (
    AGENT
    + """
    def test_it(snapshot_steps):
        assert [THOUGHT, call("Paris"), RESULT, said("Sunny.")] == snapshot_steps(match="strict")
"""
)
REFERENCE = 'function_call get_weather\n  city = "Paris"\nfunction_result get_weather\nmodel_output\n'


def test_a_reference_is_written_and_then_held(run: Callable[..., pytest.RunResult], pytester: pytest.Pytester) -> None:
    """Wording, results and thoughts may change; tools, arguments and their order may not."""
    missing = run(TEST)
    missing.stdout.fnmatch_lines("*Snapshot 'test_it' does not exist!*")
    run(TEST, "--snapshot-update").stdout.fnmatch_lines("*1 snapshot generated*")
    assert written(pytester.path) == {"test_agent/test_it.steps.txt": REFERENCE}
    run(TEST).assert_outcomes(passed=1)
    run(TEST.replace("Sunny.", "It is sunny.").replace("THOUGHT, ", "").replace('"sunny"', "1")).assert_outcomes(
        passed=1
    )
    changed = run(TEST.replace('"Paris"', '"Oslo"'))
    changed.assert_outcomes(failed=1)
    changed.stdout.fnmatch_lines(
        [
            "E * assert [[]+ received] == [[]- snapshot]",
            "E *   strict: get_weather: city differs",
            "E *   turn 1",
            "E *     function_call get_weather",
            'E * -     city = "Paris"',
            'E * +     city = "Oslo"',
        ]
    )


@pytest.mark.parametrize("match", ["unordered", "subset", "superset"])
def test_each_way_to_match_holds_what_it_says(run: Callable[..., pytest.RunResult], match: str) -> None:
    test = TEST.replace("strict", match).replace('call("Paris"),', 'call("Paris"), call("Rome"),')
    run(test, "--snapshot-update").assert_outcomes(passed=1)
    fewer, more = test.replace('call("Rome"),', ""), test.replace('call("Rome"),', 'call("Rome"), call("Oslo"),')
    other_order = test.replace('call("Paris"), call("Rome"),', 'call("Rome"), RESULT, call("Paris"),')
    run(other_order).assert_outcomes(passed=1)
    run(fewer).assert_outcomes(**{"passed" if match == "subset" else "failed": 1})
    run(more).assert_outcomes(**{"passed" if match == "superset" else "failed": 1})


def test_arguments_may_differ_as_the_test_says(run: Callable[..., pytest.RunResult]) -> None:
    run(TEST, "--snapshot-update")
    for tolerate in ('["city"]', '["get_weather.city"]', '"ignore"', '{"city": lambda old, new: new < old}'):
        test = TEST.replace('"Paris"', '"Oslo"').replace('"strict"', f'"strict", tolerate={tolerate}')
        run(test).assert_outcomes(passed=1)


def test_a_tolerated_difference_writes_nothing_anew(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    """A reference that was written by hand stays, comments and all, as long as it holds."""
    run(TEST, "--snapshot-update")
    path = pytester.path / "__snapshots__/test_agent/test_it.steps.txt"
    path.write_text("# by hand\n" + REFERENCE)
    run(TEST, "--snapshot-update").assert_outcomes(passed=1)
    assert path.read_text() == "# by hand\n" + REFERENCE
    run(TEST.replace("Paris", "Oslo"), "--snapshot-update").stdout.fnmatch_lines("*1 snapshot updated*")
    assert path.read_text() == REFERENCE.replace("Paris", "Oslo")


def test_an_exact_snapshot_is_a_reference_as_it_is(run: Callable[..., pytest.RunResult]) -> None:
    run(TEST.replace('(match="strict")', ""), "--snapshot-update").assert_outcomes(passed=1)
    run(TEST.replace("Sunny.", "It is sunny.")).assert_outcomes(passed=1)
    run(TEST.replace("Paris", "Oslo")).assert_outcomes(failed=1)


def test_exact_and_matched_snapshots_stand_in_one_test(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    """Each call changes its own assertion alone, in the failure too."""
    test = (
        AGENT
        + """
    def test_it(snapshot_steps):
        assert [call("Paris"), said("a")] == snapshot_steps(match="superset")
        assert [call("Paris"), said("a")] == snapshot_steps
        assert [call("Paris"), said("a")] == snapshot_steps(match="subset", name="last")
    """
    )
    run(test, "--snapshot-update").assert_outcomes(passed=1)
    files = {name.partition("test_it")[2]: text for name, text in written(pytester.path).items()}
    called = 'function_call get_weather{}\n  city = "Paris"\nmodel_output{}\n'
    assert files == {
        ".steps.txt": called.format("", ""),
        ".1.steps.txt": called.format("#1", ": a"),
        "[last].steps.txt": called.format("", ""),
    }
    run(test).stdout.fnmatch_lines("*3 snapshots passed*")
    exact = run(test.replace('said("a")] == snapshot_steps\n', 'said("b")] == snapshot_steps\n'))
    exact.stdout.fnmatch_lines(["E *- model_output: a*", "E *+ model_output: b*"])
    of_last = '"Paris"), said("a")] == snapshot_steps(match="subset"'
    last = run(test.replace(of_last, of_last.replace("Paris", "Oslo")))
    last.stdout.fnmatch_lines("E *subset: get_weather: city differs")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            'match="supserset"',
            "match: 'supserset' is not one of strict, unordered, subset, superset; did you mean 'sup",
        ),
        ('match="x"', "match: 'x' is not one of strict, unordered, subset, superset."),
        ('tolerate=["city"]', "tolerate goes with match"),
        ('match="strict", matcher=print, exclude=print', "exclude, matcher can't stand beside match; tolerate says"),
        ('match="strict", tolerate=["ctiy"]', "'ctiy' is no tool that was called, and no argument of one, neither in"),
        ('match="strict", tolerate={"city": 1}', "1 for 'city' is neither one of exact, ignore, subset, superset nor"),
    ],
)
def test_what_can_not_be_used_is_an_error(run: Callable[..., pytest.RunResult], given: str, message: str) -> None:
    """It says what can be, in a few lines, and is no difference in a snapshot."""
    run(TEST, "--snapshot-update")
    result = run(TEST.replace('match="strict"', given))
    result.assert_outcomes(failed=1)
    assert message in result.stdout.str()
    assert "Traceback" not in result.stdout.str()


def test_a_reference_that_can_not_be_read_is_told_by_its_line(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester
) -> None:
    run(TEST, "--snapshot-update")
    path = pytester.path / "__snapshots__/test_agent/test_it.steps.txt"
    path.write_text(REFERENCE.replace('"Paris"', "Paris"))
    result = run(TEST)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("E *SnapshotFormatError: *test_it.steps.txt:2: the value of city is not JSON: Paris*")
    run(TEST, "--snapshot-update").stdout.fnmatch_lines("*1 snapshot updated*")
    assert path.read_text() == REFERENCE


def test_text_makes_no_difference_beside_match(run: Callable[..., pytest.RunResult]) -> None:
    run(TEST, "--snapshot-update")
    run(TEST.replace('match="strict"', 'match="strict", text=False')).assert_outcomes(passed=1)


def test_no_secret_of_an_argument_is_written(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_API_KEY", "a-key-of-this-test-alone")
    run(TEST.replace("Paris", "a-key-of-this-test-alone"), "--snapshot-update")
    assert list(written(pytester.path).values()) == [REFERENCE.replace("Paris", "REDACTED")]


def test_a_recorded_conversation_is_matched_on_replay(run_: Runner) -> None:
    """The fixture, the SDK's own objects, streamed or not."""
    run_.test(
        """
from google import genai

def test_talk(interactions, snapshot_steps):
    client = genai.Client()
    tool = {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}
    for stream in (False, True):
        answer = client.interactions.create(model="gemini-3.5-flash", input="Weather", tools=[tool], stream=stream)
        answer = list(answer) if stream else answer
        assert answer == snapshot_steps(match="strict", name="one")
    assert interactions == snapshot_steps(match="superset", name="one")
    assert interactions == snapshot_steps(match="strict", name="both")
"""
    )
    run_.emulator.on(tool="get_weather").reply(
        steps=[{"type": "function_call", "id": "c1", "name": "get_weather", "arguments": {"city": "Paris"}}]
    )
    run_.record("--snapshot-update").assert_outcomes(passed=1)
    run_.replay().assert_outcomes(passed=1)


@pytest.fixture(name="run_")
def _run(pytester: pytest.Pytester, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Runner:
    return Runner(pytester, emulator, monkeypatch)


def test_random_trajectories_get_in_pytest_the_verdicts_of_agentevals(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is written by one run, and matched by the next, as interactions."""
    begins = ["user", "assistant"]
    chosen = [
        number
        for number, pair in enumerate(pairs())
        if all([message["role"] for message in each[:2]] == begins for each in pair)
    ][:150]
    asked = [[interactions(each) for each in pairs()[number]] for number in chosen]
    pytester.path.joinpath("pairs.json").write_text(json.dumps(asked))
    source = """
        import json, os, pathlib

        def test_it(snapshot_steps):
            which, found = int(os.environ["WHICH"]), {}
            for match in ("strict", "unordered", "subset", "superset"):
                for number, pair in enumerate(json.loads(pathlib.Path("pairs.json").read_text())):
                    verdict = pair[which] == snapshot_steps(match=match, name=f"{match} {number}")
                    found[match] = found.get(match, "") + str(int(verdict))
            pathlib.Path("found.json").write_text(json.dumps(found))
    """
    for which, flags in (("0", ["--snapshot-update"]), ("1", [])):
        monkeypatch.setenv("WHICH", which)
        run(source, *flags)
    found = json.loads(pytester.path.joinpath("found.json").read_text())
    known = json.loads(PATH.read_text("utf-8"))["verdicts"]
    assert found == {match: "".join(known[match][number] for number in chosen) for match in found}
    assert all("0" in verdicts and "1" in verdicts for verdicts in found.values())


def interactions(messages: Trajectory) -> list[Json]:
    """A trajectory as the API's JSON: an interaction for each answer, with what was sent before it."""
    found: list[Json] = []
    for number, turn in enumerate(for_us(messages)):
        steps = [
            {**step, "name": step.get("call"), "id": f"{number}.{place}"} for place, step in enumerate(turn["steps"])
        ]
        sent = [step for step in steps if step["type"] in ("user_input", "function_result")]
        answer = [step for step in steps if step not in sent]
        found.append({"status": "completed", "previous_interaction_id": "x", "input": sent, "steps": answer})
    return found
