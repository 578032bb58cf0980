"""9. Call your own functions."""

from __future__ import annotations

import json
from typing import Any

from google import genai

weather_tool: Any = {
    "type": "function",
    "name": "get_current_temperature",
    "description": "Gets the current temperature for a given location.",
    "parameters": {
        "type": "object",
        "properties": {
            "location": {
                "type": "string",
                "description": "The city name, e.g. San Francisco",
            },
        },
        "required": ["location"],
    },
}

available_functions = {
    "get_current_temperature": lambda location: {"location": location, "temperature": "22", "unit": "celsius"},
}


def test_loop(interactions: Any, snapshot_steps: Any) -> None:
    """The loop calls what the model asks for until it asks no more; the server keeps the history."""
    client = genai.Client()

    user_input: Any = "What is the temperature in London?"
    previous_id = None

    while True:
        interaction = client.interactions.create(
            model="gemini-3.5-flash",
            input=user_input,
            tools=[weather_tool],
            previous_interaction_id=previous_id,
        )

        function_results = []
        for step in interaction.steps:
            if step.type == "function_call":
                result = available_functions[step.name](**step.arguments)
                print(f"Called {step.name}({step.arguments}) → {result}")
                function_results.append(
                    {
                        "type": "function_result",
                        "name": step.name,
                        "call_id": step.id,
                        "result": [{"type": "text", "text": json.dumps(result)}],
                    }
                )

        if not function_results:
            break

        user_input = function_results
        previous_id = interaction.id

    print(interaction.output_text)
    assert '"temperature": "22"' in interaction.output_text
    assert interactions == snapshot_steps


def test_loop_without_server_state(interactions: Any, snapshot_steps: Any) -> None:
    """The same with `store=False`: the client resends the history, signed thoughts and calls included."""
    client = genai.Client()

    history: list[Any] = [
        {"type": "user_input", "content": [{"type": "text", "text": "What is the temperature in London?"}]}
    ]

    while True:
        interaction = client.interactions.create(
            model="gemini-3.5-flash",
            store=False,
            input=history,
            tools=[weather_tool],
        )

        function_results = []
        for step in interaction.steps:
            history.append(step.model_dump())
            if step.type == "function_call":
                result = available_functions[step.name](**step.arguments)
                print(f"Called {step.name}({step.arguments}) → {result}")
                fn_result = {
                    "type": "function_result",
                    "name": step.name,
                    "call_id": step.id,
                    "result": [{"type": "text", "text": json.dumps(result)}],
                }
                function_results.append(fn_result)
                history.append(fn_result)

        if not function_results:
            break

    print(interaction.output_text)
    assert '"temperature": "22"' in interaction.output_text
    assert interactions == snapshot_steps


def test_parallel_calls(interactions: Any, snapshot_steps: Any) -> None:
    """Asked about two cities, the model calls twice in one turn."""
    client = genai.Client()

    interaction = client.interactions.create(
        model="gemini-3.5-flash",
        input="Compare the temperature in London and in San Francisco.",
        tools=[weather_tool],
    )

    calls = [step.arguments["location"] for step in interaction.steps if step.type == "function_call"]
    assert calls == ["London", "San Francisco"]
    assert interactions == snapshot_steps
