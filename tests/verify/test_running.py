"""Record mode `verify`: live, compared by behaviour at the end of a test, and nothing is written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import httpx
import pytest

from pytest_interactions import BudgetError, CassetteNotFoundError, DriftError
from pytest_interactions.clients.context import open_cassette, opened
from pytest_interactions.files import journal
from pytest_interactions.options import resolve
from pytest_interactions.redaction.placeholders import PLACEHOLDER_KEY
from pytest_interactions.server.reports import finished
from tests.support import use_cassette

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator
    from tests.verify.conftest import Verifying

WEATHER = """
def test_weather(interactions, snapshot_steps):
    assert "sunny" in agent()
    assert interactions.all_played
    assert interactions == snapshot_steps
"""


def test_the_same_behaviour_holds_and_snapshots_are_not_judged(verifying: Verifying) -> None:
    verifying.record(WEATHER, "--snapshot-update")
    verifying.emulator.on(result_of="get_weather").reply(text="It is sunny, as ever.")
    sent = len(verifying.emulator.requests)
    result = verifying.verify()
    result.assert_outcomes(passed=1)
    assert len(verifying.emulator.requests) == sent + 2
    result.stdout.fnmatch_lines(["1 test verified: 1 holds, 2 live requests, * tokens, 1 snapshot not judged"])
    result.stdout.no_fnmatch_line("*unused*")


def test_a_change_fails_the_test_and_is_told_in_ten_lines(verifying: Verifying) -> None:
    verifying.record(WEATHER, "--snapshot-update")
    verifying.calls({"city": "Oslo"})
    result = verifying.verify()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "E   DriftError: cassettes/test_it/test_weather.yaml: the live run differs from the recording:",
            'E     changed: turn 1, function_call get_weather, arguments.city: "Paris" -> "Oslo" (argument)',
            "E   If what it does now is right, record it again: pytest *::test_weather *=rewrite --snapshot-update",
            '*changed: test_it.py::test_weather: turn 1, function_call get_weather, arguments.city: "Paris" -> "Oslo"*',
            "1 test verified: 1 drifted, 2 live requests, * tokens, 1 snapshot not judged",
        ]
    )


def test_an_apps_error_is_told_with_the_drift_that_it_follows_from(verifying: Verifying) -> None:
    verifying.record(WEATHER, "--snapshot-update")
    verifying.calls({"town": "Paris"})
    result = verifying.verify()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E   KeyError: 'city'",
            "*how the live run differs from the recording*",
            "breaking: turn 1, function_call get_weather, arguments.city: is missing, and required (argument-invalid)",
        ]
    )
    result.stdout.no_fnmatch_line("*turn-vanished*")


def test_a_tests_own_assertion_is_judged(verifying: Verifying) -> None:
    verifying.record(WEATHER, "--snapshot-update")
    verifying.emulator.on(result_of="get_weather").reply(text="It rains.")
    result = verifying.verify()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*AssertionError*", "1 test verified: 1 failed*"])


@pytest.mark.parametrize(("fail_on", "outcome"), [("breaking", "passed"), ("never", "passed"), ("cosmetic", "errors")])
def test_the_threshold_decides(verifying: Verifying, fail_on: str, outcome: str) -> None:
    verifying.record(WEATHER, "--snapshot-update")
    verifying.calls({"city": "Oslo"})
    result = verifying.verify(f"--interactions-fail-on={fail_on}")
    assert outcome in result.parseoutcomes()
    assert result.ret == (outcome == "errors")
    result.stdout.fnmatch_lines(['changed: test_it.py::test_weather: turn 1*"Paris" -> "Oslo"*'])


def test_wording_counts_as_much_as_is_asked_for(verifying: Verifying) -> None:
    verifying.record("\ndef test_hello(interactions):\n    assert ask()\n")
    verifying.emulator.on(input="Hello").reply(text="Something else altogether.")
    verifying.verify().assert_outcomes(passed=1)
    verifying.verify("--interactions-wording=similar").assert_outcomes(passed=1, errors=1)
    verifying.verify("--interactions-wording=same").assert_outcomes(passed=1, errors=1)


def test_a_missing_cassette_is_said_before_anything_is_sent(verifying: Verifying) -> None:
    verifying.run.test("\ndef test_hello(interactions):\n    ask()\n")
    result = verifying.verify()
    result.assert_outcomes(failed=1)
    assert not verifying.emulator.requests
    result.stdout.fnmatch_lines(["E   To record it: pytest *::test_hello --interactions-record-mode=once"])


def test_a_damaged_cassette_is_an_error(verifying: Verifying) -> None:
    verifying.record("\ndef test_hello(interactions):\n    ask()\n")
    cassette = verifying.path / "cassettes/test_it/test_hello.yaml"
    cassette.write_text("interactions: [", "utf-8")
    result = verifying.verify()
    result.assert_outcomes(errors=1)
    assert len(verifying.emulator.requests) == 1


def test_a_lost_media_file_fails_the_test(verifying: Verifying) -> None:
    picture = "{'type': 'image', 'mime_type': 'image/png', 'data': 'QUFB' * 9}"
    verifying.record(
        "\n@pytest.mark.interactions(media_threshold=9)\n"
        f"def test_picture(interactions):\n    ask([{{'type': 'text', 'text': 'What?'}}, {picture}])\n"
    )
    for file in (verifying.path / "cassettes").rglob("*.media/*"):
        file.unlink()
    result = verifying.verify()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*CassetteFormatError*", "1 test verified: 1 failed*"])


def test_a_request_without_a_key_is_refused_before_it_is_sent(verifying: Verifying) -> None:
    """The key of a replay is none for the API, which would answer by an error that is no drift."""
    verifying.record("\ndef test_hello(interactions):\n    ask()\n")
    sent = len(verifying.emulator.requests)
    verifying.run.monkeypatch.setenv("GEMINI_API_KEY", PLACEHOLDER_KEY)
    verifying.run.monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", verifying.emulator.url)
    result = verifying.run.replay("--interactions-record-mode=verify")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   PlaceholderError: *"])
    assert len(verifying.emulator.requests) == sent


def test_snapshots_are_not_updated_in_this_mode(verifying: Verifying) -> None:
    verifying.record(WEATHER, "--snapshot-update")
    result = verifying.verify("--snapshot-update")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --snapshot-update: record mode verify writes no snapshot*"])


def test_snapshots_of_a_test_that_asks_for_the_mode_itself_stay(verifying: Verifying) -> None:
    verifying.record(WEATHER, "--snapshot-update")
    verifying.calls({"city": "Oslo"})
    config = "\n@pytest.fixture\ndef interactions_config():\n    return {'record_mode': 'verify', 'fail_on': 'never'}\n"
    verifying.run.test(
        (verifying.path / "test_it.py").read_text("utf-8")
        + config
        + "\n@pytest.mark.interactions('test_it/test_weather')\ndef test_other(interactions, snapshot_steps):\n"
        "    agent()\n    assert interactions == snapshot_steps(name='x')\n"
        "    assert interactions == snapshot_steps.with_defaults()\n"
    )
    before = verifying.files()
    with verifying.run.monkeypatch.context() as patch:
        for name, value in verifying.emulator.env.items():
            patch.setenv(name, value)
        result = verifying.run.replay("--snapshot-update")
    result.assert_outcomes(passed=2)
    assert verifying.files() == before


def test_no_journal_is_kept(verifying: Verifying) -> None:
    verifying.record(WEATHER, "--snapshot-update")
    kept = os.environ[journal.VARIABLE]
    before = {(root, name) for root, _, names in os.walk(kept) for name in names}
    verifying.verify()
    assert {(root, name) for root, _, names in os.walk(kept) for name in names} == before


def test_cassettes_of_wider_scopes_are_verified_as_a_whole(verifying: Verifying) -> None:
    verifying.record(
        """
@pytest.fixture(scope="module")
def asked(module_interactions):
    return agent()

def test_one(asked, interactions):
    assert asked and ask("one")

def test_two(asked, interactions):
    assert asked and ask("two")
"""
    )
    verifying.verify().assert_outcomes(passed=2)
    verifying.calls({"city": "Oslo"})
    result = verifying.verify()
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(['changed: module_interactions of test_it.py: turn 1*"Paris" -> "Oslo"*'])


def test_a_cassette_that_tests_share_is_verified_by_each_as_far_as_it_goes(verifying: Verifying) -> None:
    verifying.record(
        """
@pytest.mark.interactions("shared")
def test_one():
    agent()

@pytest.mark.interactions("shared")
def test_two():
    ask("two")
    httpx.get(os.environ["GOOGLE_GEMINI_BASE_URL"] + "/v1beta/models")
"""
    )
    verifying.verify().assert_outcomes(passed=2)
    verifying.calls({"city": "Oslo"})
    verifying.verify().assert_outcomes(passed=2, errors=1)


def test_a_unittest_is_verified(verifying: Verifying) -> None:
    verifying.record(
        """
import unittest

@pytest.mark.interactions
class TestAgent(unittest.TestCase):
    def test_weather(self):
        self.assertIn("sunny", agent())
"""
    )
    verifying.verify().assert_outcomes(passed=1)
    verifying.calls({"city": "Oslo"})
    verifying.verify().assert_outcomes(passed=1, errors=1)


def test_another_process_is_verified_by_the_server(verifying: Verifying) -> None:
    verifying.record(
        """
import subprocess, sys

def test_child(interactions_server):
    code = "import test_it; print(test_it.agent())"
    env = {**os.environ, **interactions_server.env}
    assert "sunny" in subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True).stdout
"""
    )
    verifying.verify().assert_outcomes(passed=1)
    verifying.calls({"city": "Oslo"})
    result = verifying.verify()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(['*"Paris" -> "Oslo"*'])


def test_secrets_are_in_nothing_that_is_said(verifying: Verifying) -> None:
    verifying.record(WEATHER, "--snapshot-update")
    secret = "hunter2hunter2hunter2"
    verifying.run.monkeypatch.setenv("MY_API_KEY", secret)
    verifying.calls({"city": secret})
    result = verifying.verify("--interactions-verify-markdown=verified.md", "--interactions-verify-json=verified.json")
    assert secret not in result.stdout.str()
    assert secret not in "".join((verifying.path / f"verified.{each}").read_text() for each in ("md", "json"))
    assert "REDACTED" in result.stdout.str()


# --- use_cassette ---


def _verified(emulator: Emulator, path: Path, **options: object) -> None:
    def ask() -> str:
        url, key = emulator.url, {"x-goog-api-key": "k"}
        body = {"model": "gemini-3.5-flash", "input": "Hello"}
        answer = httpx.post(f"{url}/v1beta/interactions", json=body, headers=key).json()
        return str(answer["steps"][-1]["content"][0]["text"])

    with use_cassette(path, **options):
        assert ask()


def test_a_block_raises_at_its_end(emulator: Emulator, tmp_path: Path) -> None:
    path = tmp_path / "hello.yaml"
    _verified(emulator, path, record_mode="once")
    before = path.read_bytes()
    _verified(emulator, path, record_mode="verify")
    emulator.on(input="Hello").reply(status="incomplete", text="Hel")
    with pytest.raises(DriftError, match="status completed -> incomplete"):
        _verified(emulator, path, record_mode="verify")
    emulator.on(input="Hello", model="gemini-3.5-flash").reply(steps=[])
    assert path.read_bytes() == before


def test_a_blocks_own_error_is_told_with_the_drift(emulator: Emulator, tmp_path: Path) -> None:
    path = tmp_path / "hello.yaml"
    _verified(emulator, path, record_mode="once")
    emulator.on(input="Hello").reply(error=400)
    with pytest.raises(KeyError) as raised:
        _verified(emulator, path, record_mode="verify")
    assert raised.value.__notes__ == [
        "The live run differs from the recording, breaking: turn 1: 200 -> 400 invalid_request (http-status)"
    ]


def test_a_server_tells_that_a_test_of_another_language_has_drifted(emulator: Emulator, tmp_path: Path) -> None:
    path = tmp_path / "hello.yaml"
    _verified(emulator, path, record_mode="once")
    emulator.on(input="Hello").reply(status="incomplete", text="Hel")
    options = resolve(("test", {"record_mode": "verify", "recorded_hosts": "127.0.0.1"}))
    cassette = open_cassette(path, options, rerecord=str)
    body, key = {"model": "gemini-3.5-flash", "input": "Hello"}, {"x-goog-api-key": "k"}
    with opened(cassette):
        httpx.post(f"{emulator.url}/v1beta/interactions", json=body, headers=key)
    report = finished(cassette)
    assert ["status completed -> incomplete" in problem for problem in report.problems()] == [True]
    assert report.saved is None


def test_a_block_without_a_recording_sends_nothing(emulator: Emulator, tmp_path: Path) -> None:
    with pytest.raises(CassetteNotFoundError):
        _verified(emulator, tmp_path / "none.yaml", record_mode="verify")
    assert not emulator.requests


def test_a_block_keeps_to_its_budget(emulator: Emulator, tmp_path: Path) -> None:
    from pytest_interactions.cassette.budget import BUDGETS, Budget

    BUDGETS.append(Budget())
    try:
        path = tmp_path / "hello.yaml"
        _verified(emulator, path, record_mode="once")
        _verified(emulator, path, record_mode="verify", max_requests=1)
        with pytest.raises(BudgetError, match="max_requests = 1, and the tests of this run have used that up"):
            _verified(emulator, path, record_mode="verify", max_requests=1)
    finally:
        BUDGETS.pop().close()
    assert len(emulator.requests) == 2


def test_blocks_are_among_what_a_run_tells(verifying: Verifying) -> None:
    verifying.record(
        """
from pytest_interactions import use_cassette

def test_block():
    with use_cassette("cassettes/block.yaml", record_mode=os.environ.get("MODE", "once")):
        agent()
"""
    )
    verifying.calls({"city": "Oslo"})
    verifying.run.monkeypatch.setenv("MODE", "verify")
    result = verifying.verify()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["changed: test_it.py::test_block, use_cassette('cassettes/block.yaml'): turn 1*"])


def test_a_skipped_test_has_no_verdict(verifying: Verifying) -> None:
    """Nothing is known of it, and nothing went wrong."""
    verifying.record("""
def test_weather(interactions):
    agent()

def test_skipped(interactions):
    pytest.skip("not today")
""")
    verifying.verify().stdout.fnmatch_lines(["1 test verified: 1 holds*"])


def test_each_block_of_one_path_has_a_verdict(verifying: Verifying) -> None:
    """What the first has found is not lost by the second."""
    verifying.record("""
from pytest_interactions import use_cassette

def ask_in_a_block():
    with use_cassette("block.yaml", record_mode=MODE, unplayed="ignore"):
        return agent()

def test_blocks():
    ask_in_a_block()
    ask_in_a_block()
MODE = "new_episodes"
""")
    source = verifying.path / "test_it.py"
    source.write_text(source.read_text("utf-8").replace('"new_episodes"', '"verify"'), "utf-8")
    told = verifying.json()["tests"]
    names = [
        "test_it.py::test_blocks, use_cassette('block.yaml')",
        "test_it.py::test_blocks, use_cassette('block.yaml') (2)",
    ]
    assert sorted(each["test"] for each in told) == names
