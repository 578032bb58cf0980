"""An assistant on one live connection: it asks, calls a tool where it is told to, and connects again after a break."""

import json
import warnings

from google import genai
from google.genai.interactions import APIWebSocketError

MODEL = "gemini-3.5-flash"
CONNECTIONS = 2  # for each question

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Gets the weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def get_weather(city: str) -> dict:
    """Return the weather of a city."""
    return {"city": city, "sky": "sunny", "celsius": 21}


class Assistant:
    """An assistant with one conversation."""

    def __init__(self) -> None:
        """Make the client; nothing is sent yet."""
        self._client = genai.Client()
        self._id = ""

    async def answers(self, *questions: str) -> list[str]:
        """Return the answer to each question, all asked over one connection, or over two if the first one breaks."""
        begun = await self._client.aio.interactions.create(
            model=MODEL, input="Hello! Answer in one sentence.", tools=[WEATHER]
        )
        self._id = begun.id
        texts: list[str] = []
        for attempt in range(CONNECTIONS):
            try:
                await self._ask(questions, texts)
            except APIWebSocketError:
                if attempt == CONNECTIONS - 1:
                    raise
            else:
                break
        return texts

    async def _ask(self, questions: tuple[str, ...], texts: list[str]) -> None:
        """Ask what was not answered yet."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Live Interactions usage")  # that it is experimental
            connection = self._client.aio.interactions.connect(self._id)
        async with connection as live:
            await anext(live.receive())  # that it is connected
            for question in questions[len(texts) :]:
                await live.send(question)
                texts.append(await self._answer(live))
            await live.complete()
            async for _ in live.receive():
                pass

    async def _answer(self, live) -> str:
        """Return the text of the next answer, after all calls of tools."""
        while True:
            text, calls = await self._turn(live)
            if not calls:
                return text
            results = [
                {
                    "type": "function_result",
                    "call_id": call["id"],
                    "name": call["name"],
                    "result": get_weather(**json.loads(call["arguments"])),
                }
                for call in calls
            ]
            await live.send({"event_type": "input", "content": results})

    async def _turn(self, live) -> tuple[str, list[dict]]:
        """Return the text and the calls of what the model says next."""
        text, calls = "", {}
        async for event in live.receive():
            match event.event_type:
                case "step.start" if event.step.type == "function_call":
                    calls[event.index] = {"id": event.step.id, "name": event.step.name, "arguments": ""}
                case "step.delta" if event.delta.type == "arguments_delta":
                    calls[event.index]["arguments"] += event.delta.arguments
                case "step.delta" if event.delta.type == "text":
                    text += event.delta.text
                case "step.stop" if event.usage is not None:  # the last step of the turn
                    break
        return text, list(calls.values())
