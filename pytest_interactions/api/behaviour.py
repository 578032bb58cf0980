"""The behaviour in a conversation: its steps as plain data, without what differs at each recording.

Only the table in `volatile` says what differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import dropwhile
from typing import TYPE_CHECKING, Any

from pytest_interactions.api import volatile
from pytest_interactions.api.base64_text import decoded
from pytest_interactions.api.conversation import Turn, last_states, turns
from pytest_interactions.api.digests import IN_SNAPSHOT, hex_digest
from pytest_interactions.api.fold import fold
from pytest_interactions.api.models import Interaction
from pytest_interactions.api.sse import ServerSentEvent
from pytest_interactions.api.steps import as_steps, plain

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json

#: Fields whose fields are the app's own, whatever they are called.
_WHOLE = ("custom_metadata", "parameters")

#: Values that mean the same as no value: streams and plain answers differ in whether they spell them out.
DEFAULTS = {"is_error": False, "search_type": "web_search"}

#: The fields that are left where wording does not count. Of a step's content, only media are left.
STRUCTURE = ("type", "call", "server_name", "arguments", "is_error")
STRUCTURE_OF_MEDIA = ("type", "mime_type")
STRUCTURE_OF_ERRORS = ("code", "status")

#: The steps that a limit may part in the middle, each with the field of its wording.
_WORDING_OF = {"model_output": "content", "thought": "summary"}

#: Steps whose arguments and results are the app's own.
_APP = ("function_call", "function_result", "mcp_server_tool_call", "mcp_server_tool_result")


def behaviour_of(value: Any, *, text: bool = True, opening: bool = False) -> list[Json]:
    """Return the behaviour that `value` shows.

    Args:
        value: An object with `interactions` (the fixture), an interaction, or a list of interactions, steps or
            stream events. Each may be JSON, or an object of this package or of a client library.
        text: Whether wording counts; without it only structure is left.
        opening: Whether to show the input that began the conversation. A single answer does not repeat it, so it is
            left out where different forms of the same behaviour shall look the same.

    Returns:
        One object for each turn: `status` (missing for a list of steps), `steps`, and `errors` and
        `unknown_events` if there are any. A call and its result have the same `call`, such as `get_weather#1`.

    Raises:
        TypeError: `value` is none of these.
    """
    calls = _Calls()
    return [_turn(turn, calls, text=text) for turn in _turns(value, opening=opening)]


def _turns(value: Any, *, opening: bool) -> list[Json]:
    value = _unwrapped(value)
    if isinstance(value, Mapping | Interaction):
        value = [value]
    elif hasattr(value, "interactions"):
        return _with_status(turns(value.interactions), opening=opening)
    elif isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise TypeError(
            f"{value!r:.200} shows no steps: pass the interactions fixture, an interaction, or a list of interactions, "
            "of steps or of stream events."
        )
    items = [_unwrapped(item) for item in value]
    if any(isinstance(item, ServerSentEvent) or _has(item, "event_type") for item in items):
        items = [fold(items)]
    elif not items or not all(_is_interaction(item) for item in items):
        return [{"steps": [step.model_dump() for step in as_steps(items)]}]
    return _with_status(turns(last_states(map(Interaction.model_validate, items))), opening=opening)


def _unwrapped(value: Any) -> Any:
    """Return a client library's object as plain data; keep ours, as an `Interaction` knows more than its data."""
    return value if isinstance(value, Interaction) else plain(value)


def _is_interaction(item: Any) -> bool:
    return isinstance(item, Interaction) or _has(item, "status", "steps", "outputs")


def _has(item: Any, *names: str) -> bool:
    return isinstance(item, Mapping) and any(name in item for name in names)


def _with_status(conversation: list[Turn], *, opening: bool) -> list[Json]:
    return [_plain_turn(turn, inputs=opening or number > 0) for number, turn in enumerate(conversation)]


def _plain_turn(turn: Turn, *, inputs: bool) -> Json:
    answer = dropwhile(lambda step: step.type == "user_input", turn.outputs)
    steps = [*turn.inputs, *turn.outputs] if inputs else answer
    return {
        "status": turn.interaction.status,
        "steps": [step.model_dump() for step in steps],
        "errors": turn.interaction.errors,
        "unknown_events": getattr(turn.interaction, "unknown_events", None),
    }


def _turn(turn: Json, calls: _Calls, *, text: bool) -> Json:
    steps = [_step(step, calls) for step in _joined(turn["steps"])]
    behaviour: Json = {"status": turn["status"]} if "status" in turn else {}
    behaviour["steps"] = steps if text else [_structure(step) for step in steps]
    for name in ("errors", "unknown_events"):
        items = [lasting(plain(item)) or {} for item in _list(turn.get(name))]
        if items:
            kept = ("event_type", *STRUCTURE_OF_ERRORS)
            behaviour[name] = items if text else [_only(item, kept) for item in items]
    return behaviour


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


# --- steps ---


class _Calls:
    """Names of calls, each a tool and a number; a result takes the name of its call."""

    def __init__(self) -> None:
        self._numbers: Counter[str] = Counter()
        self._names: dict[str, str] = {}

    def name(self, step: Json) -> str | None:
        kind = str(step.get("type", ""))
        tool = str(step.get("name") or kind.rpartition("_")[0])
        if kind.endswith("_result"):
            return self._names.get(str(step.get("call_id")), tool)
        if not kind.endswith("_call"):
            return None
        self._numbers[tool] += 1
        name = f"{tool}#{self._numbers[tool]}"
        self._names[str(step.get("id"))] = name
        return name


def _joined(steps: list[Json]) -> list[Json]:
    """Return steps in which adjacent answers are one, and adjacent thoughts: a limit of the API may part them."""
    joined: list[Json] = []
    for step in steps:
        last = joined[-1] if joined else {}
        wording = _WORDING_OF.get(str(step.get("type")))
        if wording is None or last.get("type") != step["type"] or not _are_lists(last.get(wording), step.get(wording)):
            joined.append(step)
        else:
            joined[-1] = {**last, **step, wording: [*(last.get(wording) or []), *(step.get(wording) or [])]}
    return joined


def _are_lists(*values: Any) -> bool:
    return all(value is None or isinstance(value, list) for value in values)


def _step(step: Json, calls: _Calls) -> Json:
    call = calls.name(step)
    behaviour: Json = {"type": step.get("type", "")} | ({} if call is None else {"call": call})
    for key, value in step.items():
        if key in ("type", "call") or (key == "name" and call is not None):
            continue
        is_of_app = key in ("arguments", "result") and step.get("type") in _APP
        lasting = value if is_of_app and not _is_content(value) else _field(key, value)
        if lasting is not None:
            behaviour[key] = lasting
    return behaviour


def _field(key: str, value: Any) -> Any:
    """Return the lasting part of a field's value; `None` if there is none."""
    if key in volatile.FIELDS or (key in DEFAULTS and DEFAULTS[key] == value):
        return None
    return _contents(value) if _is_content(value) else lasting(value)


def _structure(step: Json) -> Json:
    structure: Json = _only(step, STRUCTURE)
    parts = step["content"] if _is_content(step.get("content")) else []
    media = [_only(part, STRUCTURE_OF_MEDIA) for part in parts if part["type"] != "text"]
    return {**structure, "content": media} if media else structure


def _only(item: Any, names: Iterable[str]) -> Any:
    return {name: item[name] for name in names if name in item} if isinstance(item, dict) else item


def lasting(value: Any) -> Any:
    """Return `value` without what differs at each recording; `None` for an object or list that held nothing else."""
    if isinstance(value, Mapping):
        fields = {
            key: item if key in _WHOLE else volatile.lasting_part(key, lasting(item))
            for key, item in value.items()
            if key not in volatile.FIELDS and item is not None
        }
        return fields or (None if value else {})
    if isinstance(value, list):
        items = [item for item in map(lasting, value) if item is not None]
        return items or (None if value else [])
    return value


# --- content ---


def _is_content(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_has(part, "type") for part in value)


def _contents(parts: list[Json]) -> list[Json]:
    """Return contents with adjacent texts joined, as a stream joins them, and media as size and digest."""
    contents: list[Json] = []
    for part in map(content_of, parts):
        last = contents[-1] if contents else {}
        if _is_text(part) and _is_text(last):
            last["text"] += part["text"]
            last["annotations"] = [*last.get("annotations", []), *part.get("annotations", [])]
        else:
            contents.append(part)
    return contents


def _is_text(part: Json) -> bool:
    has_text = part.get("type") == "text" and isinstance(part.get("text"), str)
    return has_text and isinstance(part.get("annotations", []), list)


def content_of(part: Json) -> Json:
    """Return what lasts of a content: of media, the size in bytes and a digest stand for the data."""
    content = {"type": part["type"], **(lasting(part) or {})}
    data = content.get("data")
    if isinstance(data, str | bytes):
        del content["data"]
        raw = data if isinstance(data, bytes) else decoded(data) or data.encode("utf-8", "backslashreplace")
        content |= {"bytes": len(raw), "sha256": hex_digest(raw, IN_SNAPSHOT)}
    return content
