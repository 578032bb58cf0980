"""How the guide survives what goes wrong. All tests but the first replay one cassette, each with a fault of its own."""

import pytest
from guide import ATTEMPTS, SORRY, Guide

QUESTION = "What is the forecast for Lisbon?"
FORECAST = "get_forecast returned"

pytestmark = pytest.mark.interactions("forecast", fast_forward=True)


@pytest.fixture
def asked(interactions):
    """What the API said to each request: statuses, and 0 for no answer at all."""
    return lambda: [exchange.response.status for exchange in interactions.exchanges]


@pytest.fixture
def shown():
    """What the guide has shown."""
    return []


@pytest.fixture
def guide(shown):
    return Guide(shown.append)


def test_a_good_day(guide, shown, interactions, snapshot_steps):
    assert guide.answer(QUESTION).startswith(FORECAST)
    assert len(shown) > 1
    assert interactions == snapshot_steps


@pytest.mark.interactions(fault={"error": 429, "retry_after": 30})
def test_too_many_requests(guide, asked):
    """The SDK waits for the 30 seconds, which cost none here, and asks once more."""
    assert guide.answer(QUESTION).startswith(FORECAST)
    assert asked() == [429, 200, 200]


@pytest.mark.interactions(fault={"error": 503, "times": 2})
def test_an_overloaded_model(guide, asked):
    assert guide.answer(QUESTION).startswith(FORECAST)
    assert asked() == [503, 503, 200, 200]


@pytest.mark.interactions(fault={"refused": True})
def test_a_refused_connection(guide, asked):
    assert guide.answer(QUESTION).startswith(FORECAST)
    assert asked() == [0, 200, 200]


@pytest.mark.interactions(fault={"timeout": "connect"})
def test_nobody_at_the_address(guide, asked):
    assert guide.answer(QUESTION).startswith(FORECAST)
    assert asked() == [0, 200, 200]


@pytest.mark.interactions(fault={"delay": 60})
def test_an_answer_later_than_the_guide_waits(guide, asked):
    """It waits for 20 seconds, and asks again."""
    assert guide.answer(QUESTION).startswith(FORECAST)
    assert asked() == [200, 200, 200]


@pytest.mark.interactions(fault={"cut_after": 8, "on": 2})
def test_a_stream_that_breaks(guide, asked, shown, interactions):
    """After two of three pieces; the guide looks for the answer by its id, and shows it from its beginning."""
    assert guide.answer(QUESTION).startswith(FORECAST)
    assert [exchange.request.method for exchange in interactions.exchanges] == ["POST", "POST", "GET"]
    assert shown[0] in shown[1:]


@pytest.mark.interactions(fault={"bare_error_after": 8, "on": 2})
def test_a_stream_that_ends_with_an_error_in_no_event(guide, asked):
    assert guide.answer(QUESTION).startswith(FORECAST)
    assert asked() == [200, 200, 200]


@pytest.mark.interactions(fault={"error_event_after": 3, "code": "internal", "message": "Try again"})
def test_an_error_event(guide, asked):
    assert guide.answer(QUESTION).startswith(FORECAST)
    assert asked() == [200, 200, 200]


@pytest.mark.interactions(fault={"malformed": 7})
def test_an_event_that_is_no_json(guide, asked):
    assert guide.answer(QUESTION).startswith(FORECAST)
    assert asked() == [200, 200, 200]


@pytest.mark.interactions(fault={"error": 500, "on": {"result_of": "get_forecast"}})
def test_a_failure_after_the_tool_was_called(guide, asked):
    """The results are sent again; the function is not called again."""
    assert guide.answer(QUESTION).startswith(FORECAST)
    assert asked() == [200, 500, 200]


@pytest.mark.interactions(fault={"error": 503, "times": "all"})
def test_an_api_that_is_down(guide, asked):
    """Twice the guide asks, and each time the SDK asks as often as it does, which is five times in its version 3."""
    assert guide.answer(QUESTION) == SORRY
    assert set(asked()) == {503}
    assert len(asked()) > ATTEMPTS
