"""What the emulator answers when no script says otherwise."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_interactions.server.emulator.state import SKIPPED_THOUGHT

if TYPE_CHECKING:
    from pytest_interactions.server.emulator.state import Draw, Json

_MODEL_STEPS = ("model_output", "thought", "function_call")


@dataclass(kw_only=True)
class Turn:
    """One request, understood: `inputs` are this turn's steps, `history` all steps before them."""

    request: Json
    inputs: list[Json]
    history: list[Json]
    draw: Draw
    stream: bool

    @property
    def prompt(self) -> str:
        """The text of this turn's input, results included."""
        return "\n".join(filter(None, map(text_of, self.inputs)))

    @property
    def tools(self) -> list[Json]:
        """The declared tools."""
        return self.request.get("tools") or []

    @property
    def results(self) -> list[Json]:
        """The function results that this turn brings."""
        return [step for step in self.inputs if step["type"] == "function_result"]


def answer(turn: Turn) -> list[Json]:
    """The steps that answer `turn`."""
    if turn.results:
        return [{"signature": SKIPPED_THOUGHT, "type": "thought"}, say(report(turn.results))]
    calls = function_calls(turn)
    if calls:
        return [thought(turn.draw), *calls]
    return [thought(turn.draw), say(talk(turn))]


def thought(draw: Draw) -> Json:
    """A signed thought."""
    return {"signature": draw.signature("thought"), "type": "thought"}


def say(text: str, **more: Any) -> Json:
    """A model's answer in text."""
    return {"content": [{"text": text, **more, "type": "text"}], "type": "model_output"}


def text_of(step: Json) -> str:
    """The text in a step's content or result."""
    parts = step.get("content", step.get("result", []))
    if not isinstance(parts, list):
        return parts if isinstance(parts, str) else json.dumps(parts)
    return "\n".join(part["text"] for part in parts if part.get("type") == "text")


def report(results: list[Json]) -> str:
    """Function results in a sentence each."""
    return " ".join(f"{result.get('name', 'The function')} returned {text_of(result)}." for result in results)


def function_calls(turn: Turn) -> list[Json]:
    """A call of each declared function that the prompt has to do with, for each place that it names."""
    words = set(re.findall(r"[a-z]{4,}", turn.prompt.lower()))
    places = re.findall(r"(?<=[a-z,] )[A-Z]\w+(?: [A-Z]\w+)*", turn.prompt) or ["Paris"]
    calls: list[Json] = []
    for tool in turn.tools:
        if tool["type"] != "function":
            continue
        about = set(
            re.findall(
                r"[a-z]{4,}", f"{tool['name']} {tool.get('description', '')}".lower().replace("_", " ")
            )
        )
        if not words & about:
            continue
        required = tool.get("parameters", {}).get("required", [])
        calls += [
            {
                "id": turn.draw.text(f"call {tool['name']} {place}", 8),
                "signature": turn.draw.signature("thought"),
                "type": "function_call",
                "name": tool["name"],
                "arguments": dict.fromkeys(required, place),
            }
            for place in places
        ]
    return calls


def talk(turn: Turn) -> str:
    """A plain answer, which shows what the model was told, now and before."""
    earlier = [text_of(step) for step in turn.history if step["type"] == "user_input"]
    before = f" Earlier you said: {'; '.join(earlier)}" if earlier else ""
    return f"You said: {turn.prompt}{before}"
