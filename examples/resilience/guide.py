"""A travel guide that survives a bad day of the API: it asks again, looks for what broke off, and gives up politely."""

import json
import time
from collections.abc import Callable
from typing import Any

from google import genai

MODEL = "gemini-3.5-flash"
TIMEOUT = 20_000  # milliseconds without a word from the API
ATTEMPTS = 2  # for each turn; in each of them the SDK asks several times where the API is busy
PAUSE = 5.0  # seconds between them
IN_VAIN = {400, 401, 403, 404}  # statuses after which it is no use to ask again
SORRY = "Sorry, the travel service does not answer now. Please ask me again in some minutes."

FORECAST = {
    "type": "function",
    "name": "get_forecast",
    "description": "Gets the forecast for a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def get_forecast(city: str) -> dict:
    """Return the forecast for a city."""
    return {"city": city, "morning": "fog", "noon": "sunny", "evening": "rain", "celsius": [12, 21, 15]}


class NoAnswerError(Exception):
    """A turn that the API did not answer, or not to its end."""


class Turn:
    """One answer of the model, put together of the events of its stream."""

    def __init__(self, show: Callable[[str], None]) -> None:
        """Begin a turn; `show` is called with the text so far whenever more of it has come."""
        self._show = show
        self.id = None
        self.is_complete = False
        self.text = ""
        self.calls: dict[int, Any] = {}

    def take(self, event: Any) -> None:
        """Take the next event."""
        match getattr(event, "event_type", None):
            case "interaction.created":
                self.id = event.interaction.id
            case "step.start" if event.step.type == "function_call":
                self.calls[event.index] = {"id": event.step.id, "name": event.step.name, "arguments": ""}
            case "step.delta" if event.delta.type == "arguments_delta":
                self.calls[event.index]["arguments"] += event.delta.arguments
            case "step.delta" if event.delta.type == "text":
                self.text += event.delta.text
                self._show(self.text)
            case "interaction.completed":
                self.is_complete = True
            case "error":
                raise NoAnswerError(f"the API said: {event.error.message}")
            case None:  # the SDK hands on as text what is no JSON
                raise NoAnswerError("an event can't be read")

    def results(self) -> list[dict]:
        """Return the results of the functions that the model calls."""
        return [
            {
                "type": "function_result",
                "call_id": call["id"],
                "name": call["name"],
                "result": get_forecast(**json.loads(call["arguments"])),
            }
            for call in self.calls.values()
        ]


class Guide:
    """An agent with one tool; its answers are shown as they come."""

    def __init__(self, show: Callable[[str], None] = print) -> None:
        """Make a guide that calls `show` with the text so far."""
        self._client = genai.Client(http_options={"timeout": TIMEOUT})
        self._show = show

    def answer(self, question: str) -> str:
        """Return the answer to a question, or an apology."""
        try:
            turn = self._turn(input=question)
            while turn.calls:
                turn = self._turn(input=turn.results(), previous_interaction_id=turn.id)
        except NoAnswerError:
            return SORRY
        return turn.text

    def _turn(self, **request: Any) -> Turn:
        """Return the answer to a request, after as many attempts as it takes."""
        for attempt in range(ATTEMPTS):
            time.sleep(PAUSE if attempt else 0)
            try:
                return self._streamed(request)
            except Exception as error:  # noqa: BLE001 - of an interaction's errors google-genai has no public names
                failure = error
                if getattr(error, "status_code", None) in IN_VAIN:
                    break
        raise NoAnswerError(f"there is no answer: {failure}") from failure

    def _streamed(self, request: dict[str, Any]) -> Turn:
        """Return the answer to one request; one whose connection broke is looked for, as the API may have finished."""
        turn = Turn(self._show)
        events = self._client.interactions.create(model=MODEL, tools=[FORECAST], stream=True, **request)
        try:
            self._read(events, turn)
        except NoAnswerError:
            raise
        except Exception:
            if turn.id is None:
                raise
            turn = self._resumed(turn.id)
        return turn

    def _resumed(self, number: str) -> Turn:
        """Return the answer with an id, from its first event on."""
        turn = Turn(self._show)
        self._read(self._client.interactions.get(number, stream=True), turn)
        return turn

    def _read(self, events: Any, turn: Turn) -> None:
        for event in events:
            turn.take(event)
        if not turn.is_complete:
            raise NoAnswerError("the stream ended too early")
