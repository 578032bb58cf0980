"""Next: functions that are called in parallel, one after the other, or because they must be."""

from __future__ import annotations

import json
from typing import Any

from google import genai


def declared(name: str, description: str, **properties: Any) -> Any:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "name": name, "description": description, "parameters": parameters}


FORECAST = declared("get_forecast", "Gets the weather forecast of a city.", city={"type": "string"})
THERMOSTAT = declared(
    "set_thermostat", "Sets the heating of a house.", degrees={"type": "integer", "minimum": 15, "maximum": 25}
)
FUNCTIONS: Any = {
    "get_forecast": lambda city: {"city": city, "degrees": 3 if city == "Oslo" else 21},
    "set_thermostat": lambda degrees: {"degrees": degrees, "done": True},
}


def results(interaction: Any) -> list[Any]:
    """What the functions return that the model has called."""
    return [
        {
            "type": "function_result",
            "name": step.name,
            "call_id": step.id,
            "result": [{"type": "text", "text": json.dumps(FUNCTIONS[step.name](**step.arguments))}],
        }
        for step in interaction.steps
        if step.type == "function_call"
    ]


def test_parallel_calls_with_their_results(interactions: Any, snapshot_steps: Any) -> None:
    """All results go back at once; a stream brings the same."""
    client = genai.Client()

    first = client.interactions.create(
        model="gemini-3.5-flash", input="Is the weather better in Oslo or in Rome?", tools=[FORECAST]
    )
    second = client.interactions.create(
        model="gemini-3.5-flash", input=results(first), tools=[FORECAST], previous_interaction_id=first.id
    )

    assert [step.arguments["city"] for step in first.steps if step.type == "function_call"] == ["Oslo", "Rome"]
    assert "21" in second.output_text
    assert interactions == snapshot_steps


def test_parallel_calls_without_server_state(interactions: Any, snapshot_steps: Any) -> None:
    """Calls, signatures and results go back in their order."""
    client = genai.Client()

    question = {"type": "text", "text": "Is the weather better in Oslo or in Rome?"}
    history: list[Any] = [{"type": "user_input", "content": [question]}]
    first = client.interactions.create(model="gemini-3.5-flash", input=history, tools=[FORECAST], store=False)
    history += [*(step.model_dump() for step in first.steps), *results(first)]
    second = client.interactions.create(model="gemini-3.5-flash", input=history, tools=[FORECAST], store=False)

    assert "21" in second.output_text
    assert interactions == snapshot_steps


def test_calls_that_build_on_each_other(interactions: Any, snapshot_steps: Any) -> None:
    """What one function returns is what the next is called for."""
    client = genai.Client()
    tools = [FORECAST, THERMOSTAT]

    forecast = client.interactions.create(model="gemini-3.5-flash", input="What is the forecast in Oslo?", tools=tools)
    told = client.interactions.create(
        model="gemini-3.5-flash", input=results(forecast), tools=tools, previous_interaction_id=forecast.id
    )
    heating = client.interactions.create(
        model="gemini-3.5-flash",
        input="So set the heating of my house.",
        tools=tools,
        previous_interaction_id=told.id,
    )
    done = client.interactions.create(
        model="gemini-3.5-flash", input=results(heating), tools=tools, previous_interaction_id=heating.id
    )

    assert [each.status for each in (forecast, told, heating, done)] == ["requires_action", "completed"] * 2
    assert interactions == snapshot_steps


def test_forced_and_forbidden_calls(interactions: Any, snapshot_steps: Any) -> None:
    """`any` calls one though nobody speaks of it, of those that are allowed; `none` calls none."""
    client = genai.Client()

    def called(prompt: str, choice: Any) -> list[str]:
        interaction = client.interactions.create(
            model="gemini-3.5-flash",
            input=prompt,
            tools=[FORECAST, THERMOSTAT],
            generation_config={"tool_choice": choice},
        )
        return [step.name for step in interaction.steps if step.type == "function_call"]

    forced = {"allowed_tools": {"mode": "any", "tools": ["set_thermostat"]}}
    assert called("Hello", forced) == ["set_thermostat"]
    assert called("Hello", "any") == ["get_forecast"]
    assert called("What is the weather forecast?", "none") == []
    assert interactions == snapshot_steps
