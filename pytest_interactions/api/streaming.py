"""Interactions as streams: the events that the real API would have sent."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.json_values import compact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_interactions.api.json_values import Json


DONE = b"event: done\ndata: [DONE]\n\n"
#: By step type, the keys that arrive in deltas. All others arrive in the `step.start`.
_LATER: dict[str, tuple[str, ...]] = {
    "thought": ("summary", "signature"),
    "model_output": ("content",),
    "user_input": ("content",),
    "function_call": ("arguments",),
}
_LATER_OF_TOOLS = ("arguments", "result", "is_error")
#: The keys that arrive in the deltas of such steps as well as in the `step.start`.
_REPEATED = ("name", "server_name")
_WORDS_PER_DELTA = 6


def encode(event: Json) -> bytes:
    """Return a server-sent event as the real API writes it: an `event:` and a `data:` line, which end with LF."""
    return f"event: {event['event_type']}\ndata: {compact(event)}\n\n".encode()


def events(interaction: Json, deltas: list[str] | None = None, checkpoint: str | None = None) -> Iterator[Json]:
    """Yield the events of a finished interaction.

    Args:
        interaction: The interaction.
        deltas: The pieces of the text, if a script gives them.
        checkpoint: A token from which the stream goes on, should it break.
    """
    name = interaction.get("id", "")
    created: Json = {"id": name, "status": "in_progress", "object": "interaction"}
    created |= {key: interaction[key] for key in ("model", "agent") if key in interaction}
    yield {"interaction": created, "event_type": "interaction.created"}
    token = {} if checkpoint is None else {"continuation_token": checkpoint}
    yield {"interaction_id": name, "status": "in_progress", **token, "event_type": "interaction.status_update"}
    yield from of_steps(interaction.get("steps") or [], deltas)
    completed = {"id": name, **{key: value for key, value in interaction.items() if key != "steps"}}
    yield {"interaction": completed, "event_type": "interaction.completed"}


def of_steps(steps: Iterable[Json], deltas: list[str] | None = None, first: int = 0) -> Iterator[Json]:
    """Yield the events of steps, of which the first has the number `first`; `deltas` as in `events`."""
    for index, step in enumerate(steps, first):
        pieces = deltas if step.get("type") == "model_output" else None
        yield {"index": index, "step": _start(step), "event_type": "step.start"}
        for delta in _deltas(step, pieces):
            yield {"index": index, "delta": delta, "event_type": "step.delta"}
        yield {"index": index, "event_type": "step.stop"}


def identified(events: Iterable[Json]) -> Iterator[Json]:
    """Yield each event with an `event_id`, as in streams that can be resumed."""
    for number, event in enumerate(events):
        name = base64.urlsafe_b64encode(b"\x08" + number.to_bytes(2, "big")).decode()
        yield event | {"event_id": name}


def _start(step: Json) -> Json:
    later = _LATER.get(step.get("type", ""), _LATER_OF_TOOLS)
    start = {key: value for key, value in step.items() if key not in later}
    if step.get("type") == "function_call":
        start["arguments"] = {}
    return start


def _deltas(step: Json, pieces: list[str] | None) -> Iterable[Json]:
    match step.get("type"):
        case "thought":
            for part in step.get("summary") or []:
                yield {"content": part, "type": "thought_summary"}
            if "signature" in step:
                yield {"signature": step["signature"], "type": "thought_signature"}
        case "model_output" | "user_input":
            for part in step.get("content") or []:
                yield from _content(part, pieces)
        case "function_call":
            yield {"arguments": compact(step.get("arguments") or {}), "type": "arguments_delta"}
        case kind:
            later = {key: step[key] for key in _LATER_OF_TOOLS if key in step}
            if later:
                yield {"type": kind, **{key: step[key] for key in _REPEATED if key in step}, **later}


def _content(part: Json, pieces: list[str] | None) -> Iterable[Json]:
    if part.get("type") != "text" or not isinstance(part.get("text"), str):
        yield part
        return
    for text in pieces or split(part["text"]):
        yield {"text": text, "type": "text"}
    if part.get("annotations"):
        yield {"annotations": part["annotations"], "type": "text_annotation_delta"}


def split(text: str) -> list[str]:
    """Return `text` in pieces of a few words each, which make up `text` when joined."""
    words: list[Any] = re.findall(r"\s*\S+\s*$|\s*\S+", text) or [text]
    return ["".join(words[start : start + _WORDS_PER_DELTA]) for start in range(0, len(words), _WORDS_PER_DELTA)]
