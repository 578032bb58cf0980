"""From interactions to the tool calls that an agent made."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from pytest_interactions import ToolCall
from pytest_interactions.api.calls import interactions_of
from pytest_interactions.api.tool_calls import tool_calls
from tests.api.test_conversation import THOUGHT, Json, asked, call, exchange, result, said


def made(*exchanges: tuple[Json, Json]) -> list[ToolCall]:
    """The tool calls of requests with their answers."""
    return tool_calls(interactions_of(exchange(sent, {"status": "completed", **answer}) for sent, answer in exchanges))


def test_a_call_has_the_result_that_was_sent_back() -> None:
    found = made(
        ({"input": "Weather?"}, {"id": "v1_a", "steps": [THOUGHT, call("get_weather", "c1", city="Paris")]}),
        ({"previous_interaction_id": "v1_a", "input": [result("c1", {"sky": "blue"})]}, {"steps": [said("Blue.")]}),
    )
    assert found == [ToolCall("get_weather", {"city": "Paris"}, {"sky": "blue"}, turn=1)]
    assert found[0].id == "c1"


def test_calls_of_one_turn_get_their_own_results_in_any_order() -> None:
    found = made(
        ({"input": "Hi"}, {"id": "v1_a", "steps": [call("one", "c1"), call("two", "c2"), call("three", "c3")]}),
        (
            {"previous_interaction_id": "v1_a", "input": [{**result("c2", "b"), "is_error": True}, result("c1", "a")]},
            {"steps": [call("one", "c4")]},
        ),
    )
    assert [(each.name, each.result, each.is_error, each.turn) for each in found] == [
        ("one", "a", False, 1),
        ("two", "b", True, 1),
        ("three", None, False, 1),
        ("one", None, False, 2),
    ]


def test_a_history_that_is_sent_again_makes_no_call_twice() -> None:
    """Of a stateless conversation each request brings all that was before, with the results."""
    first = [asked("Hi"), call("one", "c1")]
    second = [*first, result("c1", 1), call("two", "c2")]
    found = made(
        ({"store": False, "input": "Hi"}, {"steps": first[1:]}),
        ({"store": False, "input": [*first, result("c1", 1)]}, {"steps": second[3:]}),
        ({"store": False, "input": [*second, result("c2", 2)]}, {"steps": [said("Done.")]}),
    )
    assert found == [ToolCall("one", {}, 1, turn=1), ToolCall("two", {}, 2, turn=2)]


def test_a_history_that_the_app_began_with_makes_no_calls() -> None:
    """Its calls were made elsewhere, and its results are for none of this test."""
    history = [asked("Hi"), call("old", "c0"), result("c0", 0), said("Hm."), asked("And now?")]
    assert made(({"input": history}, {"steps": [call("new", "c0")]})) == [ToolCall("new", {}, None, turn=1)]


def test_conversations_that_give_the_same_ids_have_each_their_own_calls() -> None:
    """An id is one of its conversation alone; in that, what is said again is said once."""
    one = {"id": "v1_a", "steps": [call("w", "c1")]}
    found = made(
        ({"input": "Paris?"}, one),
        ({"input": [result("c1", 1)], "previous_interaction_id": "v1_a"}, {"id": "v1_b", "steps": [call("w", "c1")]}),
        ({"input": "Rome?"}, {**one, "id": "v1_c"}),
        ({"input": [result("c1", 2)], "previous_interaction_id": "v1_c"}, {"id": "v1_d", "steps": [said("Done.")]}),
    )
    assert [(each.result, each.turn) for each in found] == [(1, 1), (2, 3)]


def test_a_result_may_be_sent_as_a_content_of_an_input() -> None:
    sent = {"type": "user_input", "content": [{"type": "text", "text": "Here:"}, {**result("c1", 1), "is_error": True}]}
    found = made(
        ({"input": "Hi"}, {"id": "v1_a", "steps": [call("one", "c1")]}),
        ({"input": [sent], "previous_interaction_id": "v1_a"}, {"steps": [said("Done.")]}),
    )
    assert found == [ToolCall("one", {}, 1, turn=1, is_error=True)]


def test_a_tool_of_the_api_has_its_own_result() -> None:
    steps = [
        {"type": "google_search_call", "id": "s1", "arguments": {"queries": ["sky"]}},
        {"type": "google_search_result", "call_id": "s1", "result": [{"title": "Sky"}]},
        {"type": "mcp_server_tool_call", "id": "m1", "name": "find", "server_name": "docs", "arguments": {"q": 1}},
        {"type": "mcp_server_tool_result", "call_id": "m1", "name": "find", "result": "no", "is_error": True},
        {"type": "code_execution_call", "id": "x1"},
        said("Blue."),
    ]
    assert made(({"input": "Sky?"}, {"steps": steps})) == [
        ToolCall("google_search", {"queries": ["sky"]}, [{"title": "Sky"}], kind="google_search_call"),
        ToolCall("find", {"q": 1}, "no", is_error=True, kind="mcp_server_tool_call", server="docs"),
        ToolCall("code_execution", {}, None, kind="code_execution_call"),
    ]


@pytest.mark.parametrize("given", [{}, {"call_id": None}, {"call_id": ""}])
def test_a_result_without_an_id_is_of_the_first_waiting_call_of_its_tool(given: Json) -> None:
    found = made(
        ({"input": "Hi"}, {"id": "v1_a", "steps": [call("one", "c1"), call("two", "c2"), call("two", "c3")]}),
        (
            {
                "previous_interaction_id": "v1_a",
                "input": [{"type": "function_result", "name": "two", "result": n, **given} for n in (1, 2, 3)],
            },
            {},
        ),
    )
    assert [each.result for each in found] == [None, 1, 2]


@pytest.mark.parametrize(("arguments", "kept"), [(None, {}), ('{"city": "Par', '{"city": "Par'), ([1], [1]), ({}, {})])
def test_arguments_that_are_no_object_stay_as_they_came(arguments: Any, kept: Any) -> None:
    steps = [{"type": "function_call", "id": "c1", "name": "f", "arguments": arguments}]
    assert made(({"input": "Hi"}, {"steps": steps}))[0].arguments == kept


def test_a_call_reads_well() -> None:
    """In a list, and on a line of its own, whatever is in it."""
    weather = ToolCall("get_weather", {"city": "Paris", "days": [1, 2]}, "sunny", id="c1")
    assert repr(weather) == (
        "ToolCall(name='get_weather', arguments={'city': 'Paris', 'days': [1, 2]}, result='sunny', turn=1)"
    )
    assert str(weather) == 'get_weather(city="Paris", days=[1,2])'
    search = ToolCall("google_search", kind="google_search_call", turn=2)
    assert (
        repr(search) == "ToolCall(name='google_search', arguments={}, result=None, turn=2, kind='google_search_call')"
    )
    assert str(search) == "google_search()"
    assert str(ToolCall("f\n\x1b[2J", "{")) == 'f\\n\\x1b[2J("{")'


def test_calls_are_equal_that_say_the_same() -> None:
    one = ToolCall("f", {"a": 1}, id="c1")
    other = copy.copy(one)
    other.id = "c2"
    assert one == other
    assert one != ToolCall("f", {"a": 2}, id="c1")
