"""Agents vary: a test may run several times, and holds as soon as one run does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.verify.conftest import Verifying

WEATHER = """
seen = []

@pytest.fixture
def fresh():
    seen.append("set up")
    yield
    seen.append("torn down")

def test_weather(interactions, fresh):
    assert "sunny" in agent()

def test_last():
    print(seen)
    assert seen[::2] == ["set up"] * (len(seen) // 2)
"""


def test_one_run_that_holds_is_enough(verifying: Verifying) -> None:
    verifying.record(WEATHER)
    verifying.calls({"city": "Oslo"}, times=2)
    result = verifying.verify("--interactions-samples=5", "-s")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "*'set up', 'torn down', 'set up', 'torn down', 'set up', 'torn down'*",
            "changed: *in 2 of 3 samples",
            "1 test verified: 1 holds, 6 live requests*",
        ]
    )


def test_what_all_runs_share_decides(verifying: Verifying) -> None:
    verifying.record(WEATHER)
    verifying.calls({"city": "Oslo"}, times=1)
    verifying.calls({"city": "Oslo"}, ("get_time", {"city": "Oslo"}), times=1)
    verifying.calls({"city": "Rome"}, times=1)
    result = verifying.verify("--interactions-samples=3")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "E*DriftError*",
            "E     changed: turn 1, function_call get_weather, arguments.city: *, in 3 of 3 samples",
            "changed: *call-added*, in 1 of 3 samples",
        ]
    )


def test_runs_that_share_nothing_hold(verifying: Verifying) -> None:
    verifying.record(WEATHER)
    verifying.calls({"city": "Oslo"}, times=1)
    verifying.calls({"city": "Paris"}, ("get_time", {"city": "Paris"}), times=1)
    result = verifying.verify("--interactions-samples=2")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["changed: *in 1 of 2 samples", "changed: *in 1 of 2 samples", "*1 holds*"])


def test_a_test_that_fails_by_itself_gets_more_runs_too(verifying: Verifying) -> None:
    verifying.record(WEATHER)
    verifying.calls({"town": "Oslo"}, times=1)
    verifying.verify("--interactions-samples=2").assert_outcomes(passed=2)
    verifying.calls({"town": "Oslo"}, times=9)
    result = verifying.verify("--interactions-samples=2")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E   KeyError: 'city'", "breaking: *in 2 of 2 samples"])


def test_wider_fixtures_stay_between_the_runs(verifying: Verifying) -> None:
    verifying.record(
        """
made = []

@pytest.fixture(scope="module")
def wide():
    made.append("made")
    yield
    made.append("ended")

class TestAgent:
    asked = 0

    @pytest.mark.parametrize("city", ["Paris"])
    def test_weather(self, interactions, wide, city):
        self.asked += 1
        assert self.asked == 1
        assert made == ["made"]
        agent(f"How is the weather in {city}?")
"""
        "\ndef test_after():\n    assert made == ['made']\n"
    )
    verifying.calls({"city": "Oslo"}, times=1)
    verifying.verify("--interactions-samples=3").assert_outcomes(passed=2)


def test_other_plugins_see_a_test_that_follows(verifying: Verifying) -> None:
    verifying.record("\ndef test_weather(interactions):\n    agent()\n")
    verifying.run.pytester.makeconftest(
        "def pytest_runtest_teardown(item, nextitem):\n    print('next:', nextitem and nextitem.name)\n"
    )
    verifying.calls({"city": "Oslo"}, times=1)
    result = verifying.verify("--interactions-samples=2", "-s")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*next: test_weather", "*next: None"])


def test_a_fixture_that_fails_before_the_cassette_is_told_once(verifying: Verifying) -> None:
    verifying.record(
        """
@pytest.fixture(scope="module")
def wide():
    assert not os.environ.get("BROKEN"), "the beginning of wide"

def test_weather(wide, interactions):
    agent()
"""
    )
    verifying.run.monkeypatch.setenv("BROKEN", "1")
    result = verifying.verify("--interactions-samples=2")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E*the beginning of wide*"])


def test_a_wider_fixture_that_fails_at_its_end_is_told(verifying: Verifying) -> None:
    verifying.record(
        """
@pytest.fixture(scope="module")
def wide():
    yield
    assert not os.environ.get("BROKEN"), "the end of wide"

def test_weather(interactions, wide):
    agent()
"""
    )
    verifying.run.monkeypatch.setenv("BROKEN", "1")
    result = verifying.verify("--interactions-samples=3")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E*the end of wide*"])


def test_a_unittest_has_samples_too(verifying: Verifying) -> None:
    verifying.record(
        """
import unittest

@pytest.mark.interactions(samples=3)
class TestAgent(unittest.TestCase):
    def test_weather(self):
        self.assertIn("sunny", agent())
"""
    )
    verifying.calls({"city": "Oslo"}, times=1)
    result = verifying.verify()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["changed: *in 1 of 2 samples"])


def test_options_that_can_not_be_known_early_mean_one_run(verifying: Verifying) -> None:
    verifying.record(
        """
@pytest.fixture
def interactions_config(tmp_path):
    return {"samples": 3}

def test_weather(interactions):
    agent()
"""
    )
    verifying.calls({"city": "Oslo"}, times=1)
    verifying.verify().assert_outcomes(passed=1, errors=1)


def test_a_test_without_a_request_is_run_once_more_at_most(verifying: Verifying) -> None:
    verifying.record("\ndef test_nothing(interactions):\n    assert not os.environ.get('BROKEN')\n")
    verifying.run.monkeypatch.setenv("BROKEN", "1")
    verifying.verify("--interactions-samples=2").assert_outcomes(failed=1)


def test_a_fixture_that_fails_before_the_cassette_opens_is_told(verifying: Verifying) -> None:
    verifying.record("\ndef test_weather(interactions):\n    agent()\n")
    verifying.run.test("\n@pytest.mark.interactions(pace='x')\ndef test_weather(interactions):\n    agent()\n")
    verifying.verify("--interactions-samples=2").assert_outcomes(errors=1)


def test_subtests_are_run_once(verifying: Verifying) -> None:
    verifying.record("\ndef test_weather(interactions, subtests):\n    with subtests.test('one'):\n        agent()\n")
    verifying.calls({"city": "Oslo"}, times=1)
    assert verifying.verify("--interactions-samples=3").ret == 1


def test_a_run_that_fails_by_itself_is_not_left_out(verifying: Verifying) -> None:
    """What only one of the runs shows of the agent says nothing; that the test fails does."""
    verifying.record(
        """
runs = []

def test_weather(interactions):
    runs.append(agent())
    assert len(runs) == 2
""".replace("== 2", "!= 2 or True")
    )
    source = verifying.path / "test_it.py"
    source.write_text(source.read_text("utf-8").replace("!= 2 or True", "== 1"), "utf-8")
    verifying.calls({"city": "Oslo"}, times=1)
    result = verifying.verify("--interactions-samples=2")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*assert 2 == 1", "*1 failed*"])
