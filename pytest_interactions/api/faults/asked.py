"""What a recorded or a live request asks for, as a fault's look compares it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.paths import interaction_path, split
from pytest_interactions.api.steps import as_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_interactions.api.exchange import Request
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.api.models import Step

#: The types of the steps that come from the app; all others are the model's.
_APPS = ("user_input", "function_result")


@dataclass(frozen=True)
class Creation:
    """A request to create an interaction.

    Attributes:
        request: Its JSON.
        prompt: The text of what the user or a function says now.
        stream: Whether it asks for a stream.
        tools: The declared tools.
        results: The results of functions that it brings now.
    """

    request: Json
    prompt: str
    stream: bool
    tools: Sequence[Any]
    results: Sequence[Any]

    @classmethod
    def of(cls, request: Request) -> Creation | None:
        """Return what a request asks for; `None` if its body is no JSON object."""
        body = request.unparsed().json()
        if not isinstance(body, dict):
            return None
        steps = _said_now(as_steps(body.get("input")))
        tools = body.get("tools")
        return cls(
            request=body,
            prompt="\n".join(filter(None, map(_text, steps))),
            stream=body.get("stream") is True or "alt=sse" in split(request.uri).query,
            tools=[tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else [],
            results=[step.model_dump() for step in steps if step.type == "function_result"],
        )


def operation_of(request: Request) -> tuple[str | None, Creation | None]:
    """Return what is done with an interaction, and what is asked for if one is created; `None` for another request."""
    path = interaction_path(request.uri)
    if path is None:
        return None, None
    if request.method == "POST":
        return ("create", Creation.of(request)) if path == "/interactions" else ("cancel", None)
    return {"GET": "get", "DELETE": "delete"}.get(request.method), None


def _said_now(steps: list[Step]) -> list[Step]:
    """Return the steps that the app adds: those after the model's last one."""
    start = max((place + 1 for place, step in enumerate(steps) if step.type not in _APPS), default=0)
    return steps[start:]


def _text(step: Step) -> str:
    """Return the text in a step's content or result; an empty one if there is none."""
    value = step.model_dump()
    parts = value.get("content", value.get("result", []))
    if isinstance(parts, str):
        return parts
    texts = (part.get("text") for part in parts if isinstance(part, dict)) if isinstance(parts, list) else ()
    return "\n".join(text for text in texts if isinstance(text, str))
