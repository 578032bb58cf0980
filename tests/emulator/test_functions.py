"""Calls of the app's functions by the emulator, and its answers to their results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    import httpx

MODEL = "gemini-3.5-flash"
WEATHER: dict[str, Any] = {
    "type": "function",
    "name": "get_current_temperature",
    "description": "Gets the current temperature for a given location.",
    "parameters": {
        "type": "object",
        "properties": {
            "location": {"type": "string", "description": "The city name"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            "days": {"type": "integer"},
        },
        "required": ["location", "unit"],
    },
}


def post(rest: httpx.Client, **body: Any) -> dict[str, Any]:
    """Create an interaction, and return its JSON."""
    answer = rest.post("/v1beta/interactions", json={"model": MODEL, **body})
    return cast("dict[str, Any]", answer.json())


def text_of(interaction: dict[str, Any]) -> str:
    """Return the text of the last step."""
    return cast("str", interaction["steps"][-1]["content"][0]["text"])


def test_function_call(client: Any) -> None:
    """A prompt that speaks of a declared function gets a call with the required arguments and no others."""
    interaction = client.interactions.create(
        model=MODEL, input="What is the temperature in London, in Fahrenheit?", tools=[WEATHER]
    )
    (call,) = [step for step in interaction.steps or [] if step.type == "function_call"]
    assert call.name == "get_current_temperature"
    assert call.arguments == {"location": "London", "unit": "fahrenheit"}
    assert interaction.status == "requires_action"


def test_parallel_calls(rest: httpx.Client) -> None:
    """Two places in one prompt get two calls with ids of their own."""
    steps = post(rest, input="Compare the temperature in London and in San Francisco.", tools=[WEATHER])["steps"]
    assert [step["arguments"]["location"] for step in steps[1:]] == ["London", "San Francisco"]
    assert steps[1]["id"] != steps[2]["id"]


def test_as_many_functions_as_places(rest: httpx.Client) -> None:
    """Two functions and two places are paired in order."""
    clock = {"type": "function", "name": "getTime", "parameters": {"properties": {"zone": {"type": "string"}}}}
    prompt = 'The temperature of "New York" and the time of Tokyo'
    steps = post(rest, input=prompt, tools=[WEATHER, clock])["steps"][1:]
    assert [(step["name"], next(iter(step["arguments"].values()))) for step in steps] == [
        ("get_current_temperature", "New York"),
        ("getTime", "Tokyo"),
    ]


@pytest.mark.parametrize(
    ("prompt", "choice", "called"),
    [
        ("Hello", "auto", 0),
        ("Hello", "any", 1),
        ("The temperature", "none", 0),
        ("The temperature", {"allowed_tools": {"mode": "auto", "tools": ["other"]}}, 0),
        ("The temperature", {"allowed_tools": {"mode": "any", "tools": ["get_current_temperature"]}}, 1),
    ],
)
def test_tool_choice(rest: httpx.Client, prompt: str, choice: Any, called: int) -> None:
    """The tool choice forbids calls, forces one, or restricts which function."""
    steps = post(rest, input=prompt, tools=[WEATHER], generation_config={"tool_choice": choice})["steps"]
    assert sum(step["type"] == "function_call" for step in steps) == called


def test_function_without_parameters(rest: httpx.Client) -> None:
    """A function that declares no parameters is called with none."""
    steps = post(rest, input="Ping the London server", tools=[{"type": "function", "name": "ping"}])["steps"]
    assert steps[1]["arguments"] == {}


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ([{"type": "text", "text": "22 C"}], "22 C"),
        ("22 C", "22 C"),
        ({"celsius": 22}, '{"celsius": 22}'),
    ],
)
def test_function_result(rest: httpx.Client, result: Any, said: str) -> None:
    """A result in any of its forms is answered, by the name of the function that was called."""
    first = post(rest, input="The temperature in London?", tools=[WEATHER])
    call = first["steps"][1]
    back = {"type": "function_result", "call_id": call["id"], "name": call["name"], "result": result}
    answer = post(rest, input=[back], previous_interaction_id=first["id"], tools=[WEATHER])
    assert text_of(answer) == f"get_current_temperature returned {said}."
    assert answer["status"] == "completed"


def test_result_of_an_unknown_call(rest: httpx.Client) -> None:
    """A result whose call the server has not seen is answered by the name it brings."""
    first = post(rest, input="The temperature in London?", tools=[WEATHER])
    back = {"type": "function_result", "call_id": "x", "name": "f", "result": "1"}
    assert text_of(post(rest, input=[back], previous_interaction_id=first["id"])) == "f returned 1."
