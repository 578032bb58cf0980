"""A client of the emulator's live interactions that says and hears single events."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.live.talk import PATH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.server.emulator import Emulator

MODEL = "gemini-3.5-flash"
WEATHER = {"type": "function", "name": "get_weather", "parameters": {"type": "object", "required": []}}


class Talk:
    """One connection."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def say(self, kind: str, **fields: Any) -> None:
        """Send an event."""
        self.connection.send(json.dumps({"event_type": kind, **fields}))

    def input(self, text: Any) -> None:
        """Send an input: a text, or content."""
        self.say("input", content=[{"type": "text", "text": text}] if isinstance(text, str) else text)

    def hear(self) -> Any:
        """Return the next message, as JSON."""
        return json.loads(self.connection.recv(timeout=5))

    def kind(self) -> str:
        """Return the kind of the next event."""
        return str(self.hear()["event_type"])

    def error(self) -> dict[str, Any]:
        """Return the error that the next event tells."""
        event = self.hear()
        assert event["event_type"] == "error"
        error: dict[str, Any] = event["error"]
        return error

    def turn(self) -> list[Any]:
        """Return the events up to the one with the usage, which is the last of an answer."""
        events = [self.hear()]
        while "usage" not in events[-1]:
            events.append(self.hear())
        return events

    def create(self, **fields: Any) -> str:
        """Begin an interaction, and return its id."""
        self.say("interaction.create", **({"model": MODEL} | fields))
        created = self.hear()
        assert created["event_type"] == "interaction.created"
        return str(created["interaction_id"])

    def connect(self, name: str) -> None:
        """Take part in an interaction."""
        self.say("interaction.connect", id=name)
        assert self.hear() == {"event_type": "interaction.connected"}

    def rest(self) -> list[Any]:
        """Return the messages up to the end, then the code and the reason of the close frame; `None` if it broke."""
        heard = []
        try:
            while True:
                heard.append(self.hear())
        except ConnectionClosed as error:
            return [*heard, None if error.rcvd is None else (error.rcvd.code, error.rcvd.reason)]


@contextmanager
def talking(emulator: Emulator, key: str = "any", **options: Any) -> Iterator[Talk]:
    """Open a connection."""
    url = f"ws{emulator.url.removeprefix('http')}{PATH}"
    with connect(url, additional_headers={"x-goog-api-key": key}, **options) as connection:
        yield Talk(connection)


def refusal(emulator: Emulator, path: str = PATH, **headers: str) -> tuple[int, Any]:
    """Return the status and the error of a handshake that opens nothing."""
    try:
        with connect(f"ws{emulator.url.removeprefix('http')}{path}", additional_headers=headers):
            return 101, None
    except InvalidStatus as error:
        return error.response.status_code, json.loads(error.response.body or b"")["error"]


def text_of(events: list[Any]) -> str:
    """Return the text that events tell."""
    return "".join(event["delta"].get("text", "") for event in events if event["event_type"] == "step.delta")
