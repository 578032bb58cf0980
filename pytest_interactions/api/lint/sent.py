"""The steps that a request sends, each with its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.lint.memory import CLIENTS, signature_of
from pytest_interactions.api.steps import CONTENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.api.json_values import Json


@dataclass(eq=False, slots=True)
class Sent:
    """A step of a request, and where it stands: `input[3]`, or `input[3].content[0]` for a result in a user's input."""

    place: str
    step: Json

    @property
    def kind(self) -> str:
        """Return the step's type."""
        return str(self.step["type"])

    @property
    def is_own(self) -> bool:
        """Return whether it says that the model made it."""
        return self.kind not in CLIENTS

    @property
    def signature(self) -> bytes:
        """Return its signature; empty if it has none."""
        return signature_of(self.step)


@dataclass(frozen=True, slots=True)
class Request:
    """A request to create an interaction: its JSON, and the steps of its input."""

    body: Json
    steps: list[Sent]

    @property
    def previous(self) -> Any:
        """Return the id of the interaction that it continues."""
        return self.body.get("previous_interaction_id")

    @property
    def turn(self) -> int:
        """Return where the turn that goes on begins: after the last step that the user said."""
        said = [number for number, sent in enumerate(self.steps) if sent.kind == "user_input"]
        return said[-1] + 1 if said else 0


def read(body: Json) -> Request:
    """Return a request's JSON with the steps of its input in order; content that is in no step is the user's."""
    value = body.get("input")
    listed = isinstance(value, list)
    items = value if isinstance(value, list) else [value]
    places = ((f"input[{number}]" if listed else "input", item) for number, item in enumerate(items))
    return Request(body, [sent for place, item in places for sent in _steps(place, item)])


def _steps(place: str, item: Any) -> Iterator[Sent]:
    if isinstance(item, str) or (isinstance(item, dict) and item.get("type") in CONTENT):
        item = {"type": "user_input", "content": [item]}
    if not isinstance(item, dict) or not isinstance(item.get("type"), str):
        return
    parts = item.get("content") if item["type"] == "user_input" else None
    results = [
        Sent(f"{place}.content[{number}]", part)
        for number, part in enumerate(parts if isinstance(parts, list) else [])
        if isinstance(part, dict) and part.get("type") == "function_result"
    ]
    yield from results
    if not results or len(results) < len(item["content"]):
        yield Sent(place, item)
