"""An interaction as the stream of events that the real API would have sent for it."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.json_values import compact
from pytest_interactions.server.emulator.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_interactions.api.json_values import Json


DONE = b"event: done\ndata: [DONE]\n\n"
#: What arrives in deltas; all other keys of a step come with its `step.start`.
_LATER: dict[str, tuple[str, ...]] = {
    "thought": ("summary", "signature"),
    "model_output": ("content",),
    "user_input": ("content",),
    "function_call": ("arguments",),
}
_LATER_OF_TOOLS = ("arguments", "result", "is_error")
#: What the deltas of such steps say once more, though the `step.start` said it.
_REPEATED = ("name", "server_name")
_WORDS_PER_DELTA = 6


def encode(event: Json) -> bytes:
    """One server-sent event: LF only, one `event:` and one `data:` line, as the real API writes them."""
    return f"event: {event['event_type']}\ndata: {compact(event)}\n\n".encode()


def events(interaction: Json, deltas: list[str] | None) -> Iterator[Json]:
    """The events of a finished interaction; `deltas` says how its first text is cut up."""
    name = interaction.get("id", "")
    created: Json = {"id": name, "status": "in_progress", "object": "interaction"}
    created |= {key: interaction[key] for key in ("model", "agent") if key in interaction}
    yield {"interaction": created, "event_type": "interaction.created"}
    yield {"interaction_id": name, "status": "in_progress", "event_type": "interaction.status_update"}
    for index, step in enumerate(interaction["steps"]):
        own = deltas if deltas and step["type"] == "model_output" else None
        yield {"index": index, "step": _start(step), "event_type": "step.start"}
        for delta in _deltas(step, own):
            yield {"index": index, "delta": delta, "event_type": "step.delta"}
        yield {"index": index, "event_type": "step.stop"}
    completed = {"id": name, **{key: value for key, value in interaction.items() if key != "steps"}}
    yield {"interaction": completed, "event_type": "interaction.completed"}


def identified(events: Iterable[Json]) -> Iterator[Json]:
    """The events with an `event_id` each, as streams have them that can be resumed."""
    for number, event in enumerate(events):
        name = base64.urlsafe_b64encode(b"\x08" + number.to_bytes(2, "big")).decode()
        yield event | {"event_id": name}


def after(events: Iterable[Json], name: str | None) -> list[Json]:
    """The events after the one with this `event_id`, all for `None`; the API's 400 if there is no such."""
    known = list(events)
    if name is None:
        return known
    for number, event in enumerate(known):
        if event["event_id"] == name:
            return known[number + 1 :]
    raise ApiError(400, f"Invalid value at 'last_event_id': '{name}'.")


def _start(step: Json) -> Json:
    later = _LATER.get(step["type"], _LATER_OF_TOOLS)
    start = {key: value for key, value in step.items() if key not in later}
    if step["type"] == "function_call":
        start["arguments"] = {}
    return start


def _deltas(step: Json, cuts: list[str] | None) -> Iterable[Json]:
    match step["type"]:
        case "thought":
            for part in step.get("summary", []):
                yield {"content": part, "type": "thought_summary"}
            if "signature" in step:
                yield {"signature": step["signature"], "type": "thought_signature"}
        case "model_output" | "user_input":
            for part in step["content"]:
                yield from _content(part, cuts)
        case "function_call":
            yield {"arguments": compact(step["arguments"]), "type": "arguments_delta"}
        case kind:
            late = {key: step[key] for key in _LATER_OF_TOOLS if key in step}
            if late:
                yield {"type": kind, **{key: step[key] for key in _REPEATED if key in step}, **late}


def _content(part: Json, cuts: list[str] | None) -> Iterable[Json]:
    if part["type"] != "text":
        yield part
        return
    for text in cuts or split(part["text"]):
        yield {"text": text, "type": "text"}
    if part.get("annotations"):
        yield {"annotations": part["annotations"], "type": "text_annotation_delta"}


def split(text: str) -> list[str]:
    """`text` in pieces of a few words, which joined give `text` again."""
    words: list[Any] = re.findall(r"\s*\S+\s*$|\s*\S+", text) or [text]
    return ["".join(words[start : start + _WORDS_PER_DELTA]) for start in range(0, len(words), _WORDS_PER_DELTA)]
