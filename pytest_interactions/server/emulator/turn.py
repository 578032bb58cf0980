"""The turn that a create request asks for: its steps, text, media and tools."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.base64_text import decoded
from pytest_interactions.server.emulator.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.state import Draw

#: All step types, each with the keys that such a step must have (google-genai 3.4, `_gaos`).
STEP_KEYS: dict[str, tuple[str, ...]] = {
    "user_input": ("content",),
    "model_output": ("content",),
    "thought": (),
    "function_call": ("id", "name", "arguments"),
    "function_result": ("call_id", "result"),
    "code_execution_call": ("id", "arguments"),
    "code_execution_result": ("call_id", "result"),
    "google_search_call": ("id", "arguments"),
    "google_search_result": ("call_id", "result"),
    "google_maps_call": ("id",),
    "google_maps_result": ("call_id", "result"),
    "url_context_call": ("id", "arguments"),
    "url_context_result": ("call_id", "result"),
    "file_search_call": ("id",),
    "file_search_result": ("call_id",),
    "retrieval_call": ("id", "arguments"),
    "retrieval_result": ("call_id",),
    "processing_call": ("id",),
    "processing_result": ("call_id",),
    "tool_search_call": ("id", "arguments"),
    "tool_search_result": ("call_id",),
    "mcp_server_tool_call": ("id", "name", "server_name", "arguments"),
    "mcp_server_tool_result": ("call_id", "result"),
}
#: The types of the user's steps. All others are the model's.
_USERS = ("user_input", "function_result")
#: The real API's count for an image of any size. The emulator uses it for all media.
_MEDIA_TOKENS = 258
_CHARACTERS_PER_TOKEN = 4
#: By step type, the count that a step goes into. The other types count as tool use.
_COUNTED_AS = {"model_output": "output", "function_call": "output", "thought": "thought"}


@dataclass(kw_only=True)
class Turn:
    """A request to create an interaction.

    Attributes:
        request: The body of the request.
        inputs: The steps that this turn brings.
        history: All steps before them, stored by the server or resent by the client.
        draw: The source of the turn's ids.
        stream: Whether the answer is to be a stream.
    """

    request: Json
    inputs: list[Json]
    history: list[Json]
    draw: Draw
    stream: bool

    @cached_property
    def prompt(self) -> str:
        """Return the text of this turn's input, results included."""
        return "\n".join(filter(None, map(text_of, self.inputs)))

    @property
    def tools(self) -> list[Json]:
        """Return the declared tools."""
        return self.request.get("tools") or []

    @property
    def config(self) -> Json:
        """Return the generation config."""
        return self.request.get("generation_config") or {}

    @cached_property
    def results(self) -> list[Json]:
        """Return the function results that this turn brings."""
        return [step for step in self.inputs if step["type"] == "function_result"]

    @cached_property
    def media(self) -> list[Json]:
        """Return the images, audio, videos and documents that this turn brings."""
        contents = (step["content"] for step in self.inputs if step["type"] == "user_input")
        return [part for part in chain.from_iterable(contents) if part["type"] != "text"]

    @cached_property
    def formats(self) -> list[Json]:
        """Return the response formats that the request asks for."""
        wanted = self.request.get("response_format") or []
        return wanted if isinstance(wanted, list) else [wanted]

    def asks_for(self, modality: str) -> bool:
        """Return whether the request or its model's name asks for an answer of this modality."""
        named = modality in self.request.get("model", "")
        return named or modality in [
            *(wanted.get("type") for wanted in self.formats),
            *self.request.get("response_modalities", []),
        ]


def as_steps(value: Any) -> list[Json]:
    """Return the input of a request as steps.

    Args:
        value: Any form that the API takes: a text, a content, a step, or a list of one of these.

    Raises:
        ApiError: The input has another form.
    """
    items = value if isinstance(value, list) else [value]
    items = [{"type": "text", "text": item} if isinstance(item, str) else item for item in items]
    if not all(isinstance(item, dict) and isinstance(item.get("type"), str) for item in items):
        raise ApiError(400, "Invalid value at 'input': each element needs a 'type'.")
    if not any(item["type"] in STEP_KEYS for item in items):
        items = [{"type": "user_input", "content": items}]
    return list(map(_as_step, items))


def _as_step(item: Json) -> Json:
    """Return a step with its content as a list of objects."""
    missing = [key for key in STEP_KEYS.get(item["type"], ()) if key not in item]
    if item["type"] not in STEP_KEYS:
        wrong: str | None = f"unknown type '{item['type']}'"
    elif missing:
        wrong = f"a step of type '{item['type']}' needs '{missing[0]}'"
    else:
        if "content" in item:
            parts = item["content"] if isinstance(item["content"], list) else [item["content"]]
            item |= {"content": [{"type": "text", "text": part} if isinstance(part, str) else part for part in parts]}
        wrong = wrong_in(item)
    if wrong:
        raise ApiError(400, f"Invalid value at 'input': {wrong}.")
    return item


def wrong_in(step: Json) -> str | None:
    """Return what is wrong in a step of a known type with all its keys; `None` if nothing is."""
    for key in ("id", "call_id", "name"):
        if not isinstance(step.get(key, ""), str):
            return f"the {key!r} of a step must be a text"
    for key in ("content", "result", "summary"):
        parts = step.get(key, [])
        if isinstance(parts, list):
            wrong = next(filter(None, map(_wrong_part, parts)), None)
            if wrong:
                return f"{wrong} in {key!r}"
        elif key != "result":
            return f"the {key!r} of a step must be a list"
    if "content" in step and not all(isinstance(part.get("type"), str) for part in step["content"]):
        return "each element of 'content' needs a 'type'"
    return None


def _wrong_part(part: Any) -> str | None:
    if not isinstance(part, dict):
        return "there is an element that is no object"
    if part.get("type") == "text" and not isinstance(part.get("text"), str):
        return "there is a text without 'text'"
    if not isinstance(part.get("mime_type") or "", str):
        return "there is a 'mime_type' that is no text"
    return None


def since_model(steps: list[Json]) -> int:
    """Return the index at which the user's last turn starts: after the model's last step."""
    return max((n + 1 for n, step in enumerate(steps) if step["type"] not in _USERS), default=0)


def text_of(step: Json) -> str:
    """Return the text in a step's content or result; an empty one if there is none."""
    parts = step.get("content", step.get("result", []))
    if not isinstance(parts, list):
        return parts if isinstance(parts, str) else json.dumps(parts, ensure_ascii=False)
    return "\n".join(part["text"] for part in parts if part.get("type") == "text")


def media_bytes(part: Json) -> bytes | None:
    """Return the data of an image or the like; `None` if it is given by URI.

    Raises:
        ApiError: The data is not base64.
    """
    if "data" not in part:
        return None
    data = decoded(part["data"]) if isinstance(part["data"], str) else None
    if data is None:
        raise ApiError(400, f"Invalid value at 'input': the data of the {part['type']} is not base64.")
    return data


def tokens(text: str) -> int:
    """Return the number of tokens for which a text counts: at least one."""
    return max(1, len(text) // _CHARACTERS_PER_TOKEN)


def usage(turn: Turn, steps: Iterable[Json]) -> Json:
    """Return the token counts in the real API's spelling; only their sums are meaningful."""
    text = tokens(turn.prompt + turn.request.get("system_instruction", "") + "".join(map(text_of, turn.history)))
    by_modality = {"text": text}
    for part in turn.media:
        by_modality[part["type"]] = by_modality.get(part["type"], 0) + _MEDIA_TOKENS
    counts = {"output": 0, "tool_use": 0, "thought": 0}
    for step in steps:
        counted = text_of(step) if "content" in step else json.dumps(step)
        counts[_COUNTED_AS.get(step["type"], "tool_use")] += tokens(counted)
    total_input = sum(by_modality.values())
    return {
        "total_tokens": total_input + sum(counts.values()),
        "total_input_tokens": total_input,
        "input_tokens_by_modality": [{"modality": kind, "tokens": n} for kind, n in by_modality.items()],
        "total_cached_tokens": 0,
        "total_output_tokens": counts["output"],
        "total_tool_use_tokens": counts["tool_use"],
        **(
            {"tool_use_tokens_by_modality": [{"modality": "text", "tokens": counts["tool_use"]}]}
            if counts["tool_use"]
            else {}
        ),
        "total_thought_tokens": counts["thought"],
    }
