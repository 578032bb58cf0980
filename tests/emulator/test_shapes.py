"""The emulator's answers have the JSON paths of real ones; each difference is listed with its reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support import real_traffic

if TYPE_CHECKING:
    import httpx

MODEL = "gemini-3.5-flash"
FUNCTION = {"type": "function", "name": "getWeather", "parameters": {"properties": {"location": {"type": "string"}}}}
HELLO = {"model": MODEL, "input": "Hello, how are you?"}
SEARCH = {"model": MODEL, "input": "Who won the euro 2024?", "tools": [{"type": "google_search"}]}
CALL = {"model": MODEL, "input": "The weather in Paris", "tools": [FUNCTION]}
RESULT = {
    "model": MODEL,
    "input": [
        {"type": "user_input", "content": [{"type": "text", "text": "x"}]},
        {"type": "function_call", "name": "f", "id": "c", "arguments": {}, "signature": "aGk="},
        {"type": "function_result", "name": "f", "call_id": "c", "result": "22"},
    ],
}
JSON = {"model": MODEL, "input": "x", "response_format": {"type": "text", "mime_type": "application/json"}}
PIXEL = "R0lGODlhAQABAAAAACwAAAAAAQABAAA="  # a GIF of one pixel
IMAGE = {
    "model": MODEL,
    "input": [{"type": "text", "text": "Describe it in many words"}, {"type": "image", "data": PIXEL}],
    "generation_config": {"max_output_tokens": 3},
}
THINKING = {"model": MODEL, "input": "Why?", "generation_config": {"thinking_summaries": "auto"}}
RESEARCH = {"agent": "deep-research-pro-preview-12-2025", "input": "TPUs", "background": True}

SIGNED_CALL = {
    "+ $.steps[function_call].signature": "calls are signed since October 2026; this one is of May",
}
SIGNED_SEARCH = {
    "+ $.steps[google_search_call].signature": "real streams have it, real unary answers do not; ours agree",
    "+ $.steps[google_search_result].signature": "as the call's",
}
SEARCH_TYPE = {
    "+ $[step.start/google_search_call].step.search_type": "real unary answers have it; a fold must too",
}
PROGRESS = {
    f"- $[{event}].metadata": "progress of the token counts, on some events; the final ones are in the last"
    for event in (
        "interaction.created",
        "step.delta/text",
        "step.delta/thought_signature",
        "step.delta/thought_summary",
    )
}
#: A real answer, a request like the one that it answered, and the paths in which the emulator differs: those that
#: only the emulator has (+) and those that it lacks (-). Each stands for all paths below it, and has its reason.
LIKE: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("vercel-ai/basic.json", HELLO, {}),
    ("vercel-ai/basic.chunks.txt", HELLO, {}),
    ("vercel-ai/multi-turn-stateful-turn1.json", HELLO, {}),
    ("vercel-ai/multi-turn-stateless-turn1.json", HELLO | {"store": False}, {}),
    ("vercel-ai/multi-turn-stateless-turn2.chunks.txt", HELLO | {"store": False}, {}),
    ("vercel-ai/structured-output.json", JSON, {}),
    ("vercel-ai/google-search.json", SEARCH, SIGNED_SEARCH),
    ("vercel-ai/google-search.chunks.txt", SEARCH, SEARCH_TYPE),
    ("vercel-ai/tool-call-step1.json", CALL, SIGNED_CALL),
    ("vercel-ai/tool-call-step1.chunks.txt", CALL, {}),
    ("vercel-ai/tool-call-step2.json", RESULT, {}),
    ("vercel-ai/tool-call-step2.chunks.txt", RESULT, {}),
    ("braintrust-sdk-python/test_interactions_create_stream.yaml", HELLO, {}),
    ("braintrust-sdk-python/test_interactions_tool_call_and_follow_up.yaml", CALL, {}),
    ("openinference/test_generate_interactions_multi_model_messages[False].yaml", IMAGE, {}),
    ("openinference/test_interactions_with_thinking_stream.yaml", THINKING, PROGRESS),
    ("openinference/test_agent_stream.yaml", RESEARCH, {}),
]


def real(name: str, number: int = 0) -> Any:
    """Return a real answer: its JSON, or the events of its stream. `number` chooses one of a cassette's."""
    text = real_traffic(name).read_text()
    if name.endswith(".yaml"):
        text = yaml.safe_load(text)["interactions"][number]["response"]["body"]["string"]
    return [json.loads(line) for line in text.splitlines()] if name.endswith(".txt") else parsed(text)


def parsed(text: str) -> Any:
    """Return the value of a JSON text, or the data of the events of a stream."""
    if not text.startswith("event:"):
        return json.loads(text)
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]


def paths(value: Any, here: str = "$") -> set[str]:
    """Return all JSON paths in a value, in which the items of a list go by their type."""
    if isinstance(value, dict):
        return {here}.union(*(paths(member, f"{here}.{key}") for key, member in value.items()))
    if isinstance(value, list):
        return {here}.union(*(paths(item, f"{here}[{_kind(item)}]") for item in value))
    return {here}


def _kind(item: Any) -> str:
    """Return what tells the items of a list apart: the type of a step or content, event and delta of an event."""
    if not isinstance(item, dict):
        return ""
    inner = item.get("delta") or item.get("step") or {}
    return "/".join(filter(None, (item.get("event_type", item.get("type")), inner.get("type"))))


@pytest.mark.parametrize(("name", "body", "differences"), LIKE, ids=[name for name, *_ in LIKE])
def test_same_paths_as_real(rest: httpx.Client, name: str, body: dict[str, Any], differences: dict[str, str]) -> None:
    """The set of paths is that of the real answer to a like request, but for the differences listed."""
    answer = real(name)
    if isinstance(answer, list):
        body = body | {"stream": True}
    emulated = parsed(rest.post("/v1/interactions", json=body).text)
    ours, theirs = paths(emulated), paths(answer)
    unequal = {f"+ {path}" for path in ours - theirs} | {f"- {path}" for path in theirs - ours}
    explained = {start: {path for path in unequal if path.startswith(start)} for start in differences}
    assert unequal == set().union(*explained.values())
    assert all(explained.values()), "a difference that is no more"


def test_get_and_delete_as_real(rest: httpx.Client) -> None:
    """A get with its input, and a delete, have the paths of real ones."""
    folder = "braintrust-sdk-python"
    made = rest.post("/v1/interactions", json=HELLO).json()
    got = rest.get(f"/v1/interactions/{made['id']}", params={"include_input": "true"}).json()
    assert paths(got) == paths(real(f"{folder}/test_interactions_create_and_get.yaml", 1))
    deleted = rest.delete(f"/v1/interactions/{made['id']}").json()
    assert deleted == real(f"{folder}/test_interactions_delete.yaml", 1)


def test_error_as_real(rest: httpx.Client) -> None:
    """An error has the paths and the code of a real one."""
    error = real("braintrust-sdk-python/legacy_create_and_get.yaml", 2)
    ours = rest.post("/v1/interactions", json={"model": MODEL}).json()
    assert paths(ours) == paths(error)
    assert ours["error"]["code"] == error["error"]["code"]
