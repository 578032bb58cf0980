"""The assistant with a recorded live connection, and what it does when that breaks."""

import asyncio

import pytest
from assistant import Assistant
from google.genai.interactions import APIWebSocketError

QUESTIONS = ("What is the weather in Oslo?", "And what should I wear?")

pytestmark = pytest.mark.interactions("talk", fast_forward=True)


def ask():
    return asyncio.run(Assistant().answers(*QUESTIONS))


def test_two_questions_and_a_tool(interactions, snapshot_steps):
    weather, clothes = ask()
    assert "21" in weather
    assert clothes
    assert [call.name for call in interactions.calls] == ["get_weather"]
    assert interactions == snapshot_steps


@pytest.mark.interactions(fault={"error": 503, "on": {"path": "/interactions/live"}})
def test_an_api_that_opens_no_connection_at_first(interactions):
    assert len(ask()) == len(QUESTIONS)
    assert [exchange.response.status for exchange in interactions.exchanges] == [200, 503, 101]


@pytest.mark.interactions(fault={"refused": True, "times": 2, "on": {"path": "/interactions/live"}})
def test_an_api_that_opens_none():
    with pytest.raises(APIWebSocketError):
        ask()
