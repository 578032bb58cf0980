"""A stream and a unary answer are the same interaction: in real traffic, and in all that the emulator can do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_interactions.api.fold import fold
from pytest_interactions.api.sse import decode
from tests.api.test_fold import PNG, text
from tests.support import real_traffic

if TYPE_CHECKING:
    from pytest_interactions.server.emulator import Emulator

Json = dict[str, Any]


def shape(value: Any, path: str = "") -> set[str]:
    """The paths of all leaves of `value`, list positions left out."""
    if isinstance(value, dict):
        return {leaf for key, item in value.items() for leaf in shape(item, f"{path}.{key}")}
    if isinstance(value, list):
        return {leaf for item in value for leaf in shape(item, path + "[]")}
    return {f"{path}: {type(value).__name__}"}


def test_real_streams_have_the_structure_of_real_answers() -> None:
    """Of like conversations, the folded stream and the unary body have the same steps and the same fields."""
    for chunks in real_traffic("vercel-ai").glob("*.chunks.txt"):
        folded = fold(json.loads(line) for line in chunks.read_text().splitlines()).model_dump()
        unary = json.loads(chunks.with_name(chunks.name.replace(".chunks.txt", ".json")).read_text())
        assert [step["type"] for step in folded["steps"]] == [step["type"] for step in unary["steps"]]
        # The one field that the API tells in its unary answers alone.
        assert shape(folded) == shape(unary) - {".steps[].search_type: str"}, chunks.name


TOOL = {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}
SCENARIOS: dict[str, Json] = {
    "text": {"input": "Explain how AI works in a few words"},
    "thought summaries": {"input": "Hi", "generation_config": {"thinking_summaries": "auto"}},
    "search": {"input": "Who won the euro 2024?", "tools": [{"type": "google_search"}]},
    "code": {"input": "Run it", "tools": [{"type": "code_execution"}]},
    "urls": {"input": "Read https://example.com", "tools": [{"type": "url_context"}]},
    "maps": {"input": "Where?", "tools": [{"type": "google_maps"}]},
    "mcp": {"input": "Ask", "tools": [{"type": "mcp_server", "name": "s", "url": "https://example.com/mcp"}]},
    "function": {"input": "What is the weather in Paris?", "tools": [TOOL]},
    "image": {"model": "gemini-3.1-flash-image", "input": "Generate an image of a skyline"},
    "media": {"input": [text("What is it?"), {**PNG, "data": "iVBORw0KGgo="}]},
    "structured": {
        "input": "A person",
        "response_format": {
            "type": "text",
            "mime_type": "application/json",
            "schema": {"type": "object", "properties": {"name": {"type": "string"}}},
        },
    },
}


@pytest.mark.parametrize("request_", SCENARIOS.values(), ids=SCENARIOS)
def test_a_streamed_answer_is_the_unary_one(request_: Json, emulator: Emulator) -> None:
    """For one and the same interaction, the folded stream is the unary body, field by field."""
    url = f"{emulator.url}/v1beta/interactions"
    body = {"model": "gemini-3.5-flash", "stream": True, **request_}
    streamed = httpx.post(url, json=body, headers={"x-goog-api-key": "k"})
    folded = fold(decode(streamed.content)).model_dump()
    assert folded == httpx.get(f"{url}/{folded['id']}", headers={"x-goog-api-key": "k"}).json()
