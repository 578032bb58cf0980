"""Steps as the messages of OpenTelemetry's conventions for generative AI: a role, and parts of several types."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.behaviour import content_of
from pytest_interactions.api.steps import plain
from pytest_interactions.api.tool_calls import is_call, is_result, tool_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.api.models import Step


def messages_of(steps: Iterable[Step]) -> list[Json]:
    """Return steps as messages; adjacent steps of one role make one message."""
    told = [(role_of(step), list(_parts(step.type, plain(step)))) for step in steps]
    grouped = groupby(told, key=itemgetter(0))
    messages = [{"role": role, "parts": [part for _, parts in group for part in parts]} for role, group in grouped]
    return [message for message in messages if message["parts"]]


def role_of(step: Step) -> str:
    """Return who speaks in a step: `user`, `assistant`, or `tool` for a result."""
    return "user" if step.type == "user_input" else "tool" if is_result(step.type) else "assistant"


def _parts(kind: str, step: Json) -> Iterator[Json]:
    if is_call(kind):
        yield {"type": "tool_call", "id": step.get("id"), "name": tool_of(step), "arguments": step.get("arguments")}
    elif is_result(kind):
        yield {"type": "tool_call_response", "id": step.get("call_id"), "response": step.get("result")}
    elif kind == "thought":
        yield from ({**part, "type": "reasoning"} for part in _contents(step.get("summary")) if part["type"] == "text")
    else:
        yield from _contents(step.get("content"))


def _contents(contents: Any) -> Iterator[Json]:
    """Yield the parts of contents; media that came in the answer itself are told by their size and digest."""
    for content in contents if isinstance(contents, list) else []:
        if not isinstance(content, dict) or "type" not in content:
            continue
        if content["type"] == "text":
            yield {"type": "text", "content": content.get("text")}
        elif content.get("uri"):
            yield {"type": "uri", "modality": content["type"], **_only(content, "mime_type", "uri")}
        else:
            yield content_of(content)


def _only(content: Json, *names: str) -> Json:
    return {name: content[name] for name in names if content.get(name) is not None}
