"""Every section's answers, unary and streamed, against the SDK's own models."""

from __future__ import annotations

import warnings
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
from google.genai import interactions as models
from pydantic import BaseModel, TypeAdapter

from pytest_interactions.api.sse import decode

if TYPE_CHECKING:
    import httpx


MODEL = "gemini-3.5-flash"
FUNCTION = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
SCHEMA = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}}}}
#: A request for each kind of answer that there is.
BODIES: dict[str, dict[str, Any]] = {
    "text": {"input": "Explain how AI works"},
    "summary": {"input": "Hello", "generation_config": {"thinking_summaries": "auto"}},
    "incomplete": {"input": "Hello to you all", "generation_config": {"max_output_tokens": 2}},
    "media": {"input": [{"type": "audio", "uri": "https://example.com/a.mp3", "mime_type": "audio/mp3"}]},
    "image": {"model": "gemini-3.1-flash-image", "input": "A skyline"},
    "structured": {
        "input": "JSON",
        "response_format": {"type": "text", "mime_type": "application/json", "schema": SCHEMA},
    },
    "search": {"input": "Who won the euro 2024?", "tools": [{"type": "google_search"}]},
    "function": {"input": "The weather in Paris and in Rome", "tools": [FUNCTION]},
    "result": {
        "input": [
            {"type": "user_input", "content": [{"type": "text", "text": "x"}]},
            {"type": "function_call", "name": "f", "id": "c", "arguments": {}, "signature": "aGk="},
            {"type": "function_result", "name": "f", "call_id": "c", "result": "22"},
        ]
    },
    "agent": {"agent": "antigravity-preview-05-2026", "input": "Fibonacci", "environment": "remote"},
    "research": {"agent": "deep-research-pro-preview-12-2025", "input": "TPUs"},
    "tools": {
        "input": "Look",
        "tools": [
            {"type": "code_execution"},
            {"type": "google_maps"},
            {"type": "url_context"},
            {"type": "file_search"},
            {"type": "retrieval"},
            {"type": "mcp_server", "name": "docs", "url": "https://example.com/mcp"},
        ],
    },
}


def body_of(kind: str) -> dict[str, Any]:
    """Return the request for this kind of answer."""
    body = BODIES[kind]
    return body if {"agent", "model"} & body.keys() else {"model": MODEL, **body}


def unknown(value: Any) -> list[Any]:
    """Return everything in an SDK object that the SDK did not know."""
    if isinstance(value, list):
        return list(chain.from_iterable(map(unknown, value)))
    if not isinstance(value, BaseModel):
        return []
    extras = [f"{type(value).__name__}.{name}" for name in value.__pydantic_extra__ or ()]
    own = [value] if getattr(value, "is_unknown", False) else extras
    return own + list(chain.from_iterable(map(unknown, vars(value).values())))


@pytest.mark.parametrize("kind", BODIES)
def test_unary(rest: httpx.Client, kind: str) -> None:
    """The SDK's model validates the answer, strictly, and knows all of it."""
    answer = rest.post("/v1/interactions", json=body_of(kind)).json()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        interaction = models.Interaction.model_validate(answer)
    # The SDK has no model of these; the first two are in real answers all the same.
    unmodelled = {"Interaction.object", "FunctionCallStep.signature", "FileSearchResultStep.result"}
    assert [name for name in unknown(interaction) if name not in unmodelled] == []


@pytest.mark.parametrize("kind", BODIES)
def test_streamed(rest: httpx.Client, kind: str) -> None:
    """The SDK's models know every event and delta of a stream."""
    stream = rest.post("/v1/interactions", json=body_of(kind) | {"stream": True})
    adapter: TypeAdapter[Any] = TypeAdapter(models.InteractionSSEEvent)
    context = {"speakeasy_allow_unknown_union_variants": True}  # how the SDK itself reads events
    events = [adapter.validate_python(e.json(), context=context) for e in decode(stream.content)[:-1]]
    assert [event for event in unknown(events) if not isinstance(event, str)] == []
    assert {event.event_type for event in events} >= {"interaction.created", "step.delta", "interaction.completed"}


@pytest.mark.parametrize("kind", BODIES)
def test_stream_folds_to_the_stored_interaction(rest: httpx.Client, kind: str) -> None:
    """Folding a stream gives what a GET of the same interaction gives."""
    from pytest_interactions.api.fold import fold

    stream = rest.post("/v1/interactions", json=body_of(kind) | {"stream": True})
    folded = fold(decode(stream.content)).model_dump(mode="json")
    assert folded == rest.get(f"/v1/interactions/{folded['id']}").json()
