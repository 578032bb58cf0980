"""The eleven sections of the API's quickstart, as conversations that any client can hold."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pytest_interactions.server.emulator.png import png

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json

MODEL = "gemini-3.5-flash"
#: The documentation's text in place of a key.
PLACEHOLDER_KEY = "YOUR_API_KEY"


class Api(Protocol):
    """A client of the API. Its answers are the API's JSON, and so are its errors: `{"error": …}`."""

    def create(self, **body: Any) -> Json:
        """Create an interaction, and return it; of an error, return the body."""
        ...

    def stream(self, **body: Any) -> list[Json]:
        """Create an interaction as a stream, and return its events."""
        ...

    def get(self, name: str) -> Json:
        """Return the interaction with this id."""
        ...


#: A function that connects a client with the given API key, or with its own one for `None`.
Connect = Callable[[str | None], AbstractContextManager[Api]]


@dataclass(frozen=True, slots=True)
class Section:
    """One section; `hold` holds its conversation and returns the app's answers."""

    number: int
    title: str
    hold: Callable[[Connect], list[Any]]

    @property
    def name(self) -> str:
        """Return the name of this section's files, without a suffix."""
        return f"{self.number:02}_{self.title.lower().replace(' ', '_')}"


def _key(connect: Connect) -> list[Any]:
    with connect(PLACEHOLDER_KEY) as api:
        return [api.create(model=MODEL, input="Is this key any good?")]


def _first_call(connect: Connect) -> list[Any]:
    with connect(None) as api:
        return [api.create(model=MODEL, input="Explain how AI works in a few words")]


def _stream(connect: Connect) -> list[Any]:
    with connect(None) as api:
        return api.stream(model=MODEL, input="Explain how AI works")


def _turns(connect: Connect) -> list[Any]:
    """Hold the history on the server first, then in the client."""
    fact, question = "I have 2 dogs in my house.", "How many paws are in my house?"
    with connect(None) as api:
        first = api.create(model=MODEL, input=fact)
        second = api.create(model=MODEL, input=question, previous_interaction_id=first["id"])
        history = [_user(fact)]
        third = api.create(model=MODEL, store=False, input=history)
        history += [*third["steps"], _user(question)]
        return [first, second, third, api.create(model=MODEL, store=False, input=history)]


def _media(connect: Connect) -> list[Any]:
    sound = "https://storage.googleapis.com/generativeai-downloads/data/sample.mp3"
    with connect(None) as api:
        parts = [
            {"type": "text", "text": "Compare this local image and this remote audio file."},
            {"type": "image", "data": _picture(), "mime_type": "image/png"},
            {"type": "audio", "uri": sound, "mime_type": "audio/mp3"},
        ]
        return [api.create(model=MODEL, input=parts)]


def _image(connect: Connect) -> list[Any]:
    with connect(None) as api:
        prompt = "Generate an image of a futuristic city skyline at sunset"
        return [api.create(model="gemini-3.1-flash-image", input=prompt)]


def _structured(connect: Connect) -> list[Any]:
    schema = {
        "type": "object",
        "properties": {
            "recipe_name": {"type": "string", "description": "Name of the recipe."},
            "ingredients": {"type": "array", "items": {"type": "string"}},
            "prep_time_minutes": {"type": "integer", "description": "Prep time in minutes."},
        },
        "required": ["recipe_name", "ingredients"],
    }
    response_format = {"type": "text", "mime_type": "application/json", "schema": schema}
    with connect(None) as api:
        answer = api.create(model=MODEL, input="Give me a recipe for banana bread", response_format=response_format)
        return [answer, json.loads(answer["steps"][-1]["content"][0]["text"])]


def _search(connect: Connect) -> list[Any]:
    with connect(None) as api:
        return [api.create(model=MODEL, input="Who won the euro 2024?", tools=[{"type": "google_search"}])]


def _functions(connect: Connect) -> list[Any]:
    """Call the functions that the model asks for until it asks for none, as the quickstart's loop does."""
    tool = {
        "type": "function",
        "name": "get_current_temperature",
        "description": "Gets the current temperature for a given location.",
        "parameters": {
            "type": "object",
            "properties": {"location": {"type": "string", "description": "The city name, e.g. San Francisco"}},
            "required": ["location"],
        },
    }
    interactions: list[Any] = []
    user_input: Any = "What is the temperature in London?"
    link: Json = {}
    with connect(None) as api:
        while user_input:
            interaction = api.create(model=MODEL, input=user_input, tools=[tool], **link)
            interactions.append(interaction)
            calls = [step for step in interaction["steps"] if step["type"] == "function_call"]
            user_input = [_result(call) for call in calls]
            link = {"previous_interaction_id": interaction["id"]}
    return interactions


def _result(call: Json) -> Json:
    measured = json.dumps({**call["arguments"], "temperature": "22", "unit": "celsius"})
    return {
        "type": "function_result",
        "name": call["name"],
        "call_id": call["id"],
        "result": [{"type": "text", "text": measured}],
    }


def _agent(connect: Connect) -> list[Any]:
    task = (
        "Write a Python script that generates the first 20 Fibonacci numbers and saves them to fibonacci.txt."
        " Then read the file and print its contents."
    )
    with connect(None) as api:
        return [api.create(agent="antigravity-preview-05-2026", input=task, environment="remote")]


def _background(connect: Connect) -> list[Any]:
    task = "Write a detailed analysis of the impact of artificial intelligence on modern healthcare."
    with connect(None) as api:
        polls = [api.create(model=MODEL, input=task, background=True)]
        while polls[-1]["status"] not in {"completed", "failed"}:
            polls.append(api.get(polls[0]["id"]))
        return polls


def _user(text: str) -> Json:
    return {"type": "user_input", "content": [{"type": "text", "text": text}]}


def _picture() -> str:
    """Return a grey PNG of 8 x 8 pixels, as base64."""
    return base64.b64encode(png([[0] * 8] * 8, [(128, 128, 128)])).decode()


SECTIONS = tuple(
    Section(number, title, hold)
    for number, (title, hold) in enumerate(
        (
            ("Get an API key", _key),
            ("Make the first call", _first_call),
            ("Stream the answer", _stream),
            ("Talk over several turns", _turns),
            ("Understand images and sound", _media),
            ("Generate an image", _image),
            ("Get structured output", _structured),
            ("Use tools", _search),
            ("Call your own functions", _functions),
            ("Run a managed agent", _agent),
            ("Work in the background", _background),
        ),
        start=1,
    )
)
