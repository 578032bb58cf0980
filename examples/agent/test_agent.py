import agent
import pytest

TRIP = "Which flights go to Lisbon, and how is the weather there?"


@pytest.fixture
def replayed(interactions):
    """The cassette, in a test that overrides what was recorded."""
    if not interactions.replays_only:
        pytest.skip("only what was recorded can be overridden")
    return interactions


@pytest.mark.interactions("trip")
def test_a_trip_is_planned(interactions, snapshot_steps):
    assert agent.plan(TRIP)
    assert sorted(call.name for call in interactions.calls) == ["find_flights", "get_weather"]
    assert all(call.arguments == {"city": "Lisbon"} and not call.is_error for call in interactions.calls)
    assert interactions == snapshot_steps(match="unordered", name="tools")
    assert interactions == snapshot_steps(name="transcript")


@pytest.mark.interactions("trip", unplayed="ignore", fast_forward=True)
def test_what_if_the_api_is_overloaded(replayed):
    replayed.override(1, error="unavailable")
    assert agent.plan_or_apologise(TRIP) == "Sorry, I can't look that up now."


@pytest.mark.interactions("trip", match_on="sequence", differing="warn")
def test_what_if_the_model_asks_for_a_city_that_is_unknown(replayed, monkeypatch):
    """The results differ from the recorded ones then, so the answers that follow play in sequence."""

    def ask_for_atlantis(interaction):
        for step in interaction["steps"]:
            if step["type"] == "function_call":
                step["arguments"] = {"city": "Atlantis"}

    def fail(city):
        raise LookupError(f"there is no weather in {city}")

    monkeypatch.setitem(agent.FUNCTIONS, "get_weather", fail)
    replayed.override(1, change=ask_for_atlantis)
    agent.plan(TRIP)
    weather = next(call for call in replayed.calls if call.name == "get_weather")
    assert (weather.arguments, weather.is_error) == ({"city": "Atlantis"}, True)
