"""What a line of the lock file tells of a cassette."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_interactions.report.headline import headline


def _turn(*steps: dict[str, Any], status: str = "completed") -> dict[str, Any]:
    return {"status": status, "steps": list(steps)}


def _said(*texts: str) -> dict[str, Any]:
    return {"type": "model_output", "content": [{"type": "text", "text": text} for text in texts]}


CALL = {"type": "function_call", "call": "get_weather#1", "arguments": {}}
AGAIN = {**CALL, "call": "get_weather#2"}
SEARCH = {"type": "google_search_call"}


@pytest.mark.parametrize(
    ("turns", "line"),
    [
        ([_turn(_said("Hello."))], '1 turn, "Hello."'),
        ([_turn(_said("One", "Two")), _turn(_said(" \n "))], '2 turns, "Two"'),
        ([_turn(CALL, AGAIN, status="requires_action")], "1 turn, get_weather \u00d72, requires_action"),
        (
            [_turn(CALL, SEARCH), _turn(_said("Sunny\nand warm"))],
            '2 turns, get_weather, google_search, "Sunny and warm"',
        ),
        ([_turn(_said("Half"), status="incomplete")], "1 turn, incomplete"),
        ([_turn(_said("x" * 99))], f'1 turn, "{"x" * 59}…"'),
        ([_turn({"type": "model_output", "content": "?"})], "1 turn, completed"),
        ([_turn({"type": "model_output", "content": ["?", {"type": "image"}]})], "1 turn, completed"),
    ],
)
def test_a_headline_says_what_the_agent_did(turns: list[dict[str, Any]], line: str) -> None:
    """The number of turns, the tools, and the last text; or how it ended."""
    assert headline({"turns": turns, "exchanges": []}) == line


def test_without_a_turn_it_says_how_many_requests_there_are() -> None:
    assert headline({"turns": [], "exchanges": [{}]}) == "1 request"
    assert headline({"turns": [], "exchanges": [{}, {}]}) == "2 requests"
