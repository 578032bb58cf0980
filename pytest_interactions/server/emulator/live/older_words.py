"""The messages of the older Live API in the words of interactions, and back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api import streaming
from pytest_interactions.server.emulator.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_interactions.api.json_values import Json

# The kinds of media that interactions know; anything else is a document.
_MEDIA: Final = ("image", "audio", "video")
# What the names of modalities ask for; a text is what comes anyway.
_FORMATS: Final = {"AUDIO": {"type": "audio", "mime_type": "audio/l16"}, "IMAGE": {"type": "image"}}
# A sign before each word but the first, and the fields whose value is the app's own JSON.
_SNAKE: Final = re.compile(r"_([a-z])")
_OF_APP: Final = ("args", "parameters", "parametersJsonSchema", "response", "responseJsonSchema")


def in_camel_case(value: Any) -> Any:
    """Return a message with the names of its fields in camel case, as the API takes `client_content` too.

    What an app has named itself stays as it is: arguments, results and schemas.
    """
    if isinstance(value, list):
        return [in_camel_case(each) for each in value]
    if not isinstance(value, dict):
        return value
    named = {_SNAKE.sub(lambda match: match[1].upper(), name): each for name, each in value.items()}
    return {name: each if name in _OF_APP else in_camel_case(each) for name, each in named.items()}


def request_of(message: Json) -> Json:
    """Return the request for an interaction that a message with a `setup` stands for.

    Raises:
        ApiError: It is no such message.
    """
    setup = _object(message.get("setup"), "setup")
    config = _object(setup.get("generationConfig", {}), "setup.generationConfig")
    system = _object(setup.get("systemInstruction", {}), "setup.systemInstruction")
    modalities = _list(config.get("responseModalities", []), "setup.generationConfig.responseModalities")
    words = [part.get("text", "") for part in _objects(system.get("parts", []), "setup.systemInstruction.parts")]
    return {
        "model": setup.get("model"),
        "input": [],
        "tools": [tool for each in _objects(setup.get("tools", []), "setup.tools") for tool in _functions(each)],
        "response_format": [form for name, form in _FORMATS.items() if name in modalities],
        "generation_config": {"speech_config": config.get("speechConfig")},
        "system_instruction": "\n".join(map(str, words)),
    }


def said(message: Json) -> tuple[list[Json], bool]:
    """Return the steps that a message brings, and whether an answer is due after it.

    Raises:
        ApiError: It is no message of an app.
    """
    for name, read in _SAID.items():
        if name in message:
            return read(_object(message[name], name))
    raise ApiError(400, f"Expected a message with one of: {', '.join(_SAID)}.")


def messages_of(steps: list[Json], deltas: list[str] | None, counts: Json) -> Iterator[Json]:
    """Yield the messages that tell the steps of an answer, and its token counts, unless it awaits results of calls."""
    for event in streaming.of_steps(steps, deltas):
        part = _part(event.get("delta", {}))
        if part:
            yield {"serverContent": {"modelTurn": {"role": "model", "parts": [part]}}}
    calls = [step for step in steps if step["type"] == "function_call"]
    if calls:
        called = [{"id": step["id"], "name": step["name"], "args": step["arguments"]} for step in calls]
        yield {"toolCall": {"functionCalls": called}}
        return
    yield {"serverContent": {"generationComplete": True}}
    tokens = {"promptTokenCount": "total_input_tokens", "responseTokenCount": "total_output_tokens"}
    tokens["totalTokenCount"] = "total_tokens"
    yield {
        "serverContent": {"turnComplete": True},
        "usageMetadata": {name: counts[count] for name, count in tokens.items()},
    }


def _part(delta: Json) -> Json:
    if delta.get("type") == "text":
        return {"text": delta["text"]}
    if "data" not in delta:
        return {}
    kind = f"audio/pcm;rate={delta.get('sample_rate')}" if delta["mime_type"] == "audio/l16" else delta["mime_type"]
    return {"inlineData": {"mimeType": kind, "data": delta["data"]}}


def _of_content(fields: Json) -> tuple[list[Json], bool]:
    turns = fields.get("turns", [])
    contents = _objects(turns if isinstance(turns, list) else [turns], "clientContent.turns")
    steps = [step for content in contents for step in _steps(content)]
    return steps, fields.get("turnComplete") is not False


def _steps(content: Json) -> list[Json]:
    parts = _objects(content.get("parts", []), "clientContent.turns.parts")
    kind = "model_output" if content.get("role") == "model" else "user_input"
    return [{"type": kind, "content": [_content(part) for part in parts]}]


def _content(part: Json) -> Json:
    data = part.get("inlineData")
    return _media(data) if data is not None else {"type": "text", "text": str(part.get("text", ""))}


def _media(data: Any) -> Json:
    data = _object(data, "inlineData")
    mime_type = str(data.get("mimeType", ""))
    kind = mime_type.partition("/")[0]
    return {"type": kind if kind in _MEDIA else "document", "mime_type": mime_type, "data": data.get("data", "")}


def _of_realtime(fields: Json) -> tuple[list[Json], bool]:
    """Read what comes as it is spoken: a text is whole, and sound is when its stream or its activity ends."""
    if "text" in fields:
        return [_user(_content(fields))], True
    chunks = [fields[name] for name in ("audio", "video") if name in fields]
    chunks += _objects(fields.get("mediaChunks", []), "realtimeInput.mediaChunks")
    return [_user(_media(chunk)) for chunk in chunks], "audioStreamEnd" in fields or "activityEnd" in fields


def _user(content: Json) -> Json:
    return {"type": "user_input", "content": [content]}


def _of_results(fields: Json) -> tuple[list[Json], bool]:
    results = _objects(fields.get("functionResponses", []), "toolResponse.functionResponses")
    names = {"call_id": "id", "name": "name", "result": "response"}
    return [
        {"type": "function_result", **{ours: result.get(name, "") for ours, name in names.items()}}
        for result in results
    ], True


_SAID: Final[Mapping[str, Callable[[Json], tuple[list[Json], bool]]]] = {
    "clientContent": _of_content,
    "realtimeInput": _of_realtime,
    "toolResponse": _of_results,
}


def _functions(tool: Json) -> Iterator[Json]:
    for function in _objects(tool.get("functionDeclarations", []), "setup.tools.functionDeclarations"):
        schema = function.get("parametersJsonSchema") or _lowered(function.get("parameters") or {"type": "OBJECT"})
        known: Json = {key: function[key] for key in ("name", "description") if key in function}
        yield {"type": "function", **known, "parameters": schema}


def _lowered(schema: Any) -> Any:
    """Return a schema with the names of its types as JSON schema has them."""
    if isinstance(schema, list):
        return [_lowered(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    lowered = {key: _lowered(value) for key, value in schema.items()}
    kind = schema.get("type")
    return lowered | {"type": kind.lower()} if isinstance(kind, str) else lowered


def _object(value: Any, name: str) -> Json:
    if not isinstance(value, dict):
        raise ApiError(400, f"Invalid value at '{name}': an object is expected.")
    return value


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise ApiError(400, f"Invalid value at '{name}': a list is expected.")
    return value


def _objects(value: Any, name: str) -> list[Json]:
    return [_object(each, name) for each in _list(value, name)]
