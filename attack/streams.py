"""Plants secrets that a stream spreads over several of its events, with other streams' events between them."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from attack import readers
from attack.draw import cuts, words
from attack.judge import Planted
from attack.places import API, answering, received
from attack.spellings import SPELLINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from random import Random

    from attack.judge import Item
    from attack.values import Secret

_MODELS: Final = "https://generativelanguage.googleapis.com/v1beta/models/gemini-3.5-flash:streamGenerateContent"
_OPENAI: Final = "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions"
#: The fields that have the pieces of a text.
_PIECES: Final = ("text", "arguments", "content", "delta", "partial_json", "response")
_NUMBERS: Final = ("index", "output_index")
_TYPES: Final = {
    "events": "text/event-stream",
    "words": "text/event-stream",
    "list": "application/json",
    "lines": "application/x-ndjson",
}
# How a model may write a secret that it was told: as it is, or in one of these.
_WRITTEN: Final = ("as it is", "as it is", "as it is", "in JSON", "percent-encoded", "in base64")

_SPELLINGS: Final = {spelling.name: spelling for spelling in SPELLINGS}


@dataclass(frozen=True, slots=True)
class Protocol:
    """A kind of stream.

    Attributes:
        name: Its name in the table.
        uri: The URL that answers with it.
        event: Makes the event with a piece: of the stream's number, the piece and its place among the pieces.
        escaped: Whether the pieces are those of JSON, as a call's arguments are.
        shape: How the events are written: as `events`, as a `list`, as `lines` or as plain `words`.
    """

    name: str
    uri: str
    event: Callable[[int, str, int], dict[str, Any]]
    escaped: bool = False
    shape: str = "events"


def _delta(index: int, delta: dict[str, Any]) -> dict[str, Any]:
    return {"event_type": "step.delta", "index": index, "delta": delta}


def _start(index: int, step: dict[str, Any]) -> dict[str, Any]:
    return {"event_type": "step.start", "index": index, "step": step}


def _text(index: int, piece: str, place: int) -> dict[str, Any]:
    if place == 0:
        return _start(index, {"type": "model_output", "content": [{"type": "text", "text": piece}]})
    return _delta(index, {"type": "text", "text": piece})


def _arguments(index: int, piece: str, place: int) -> dict[str, Any]:
    if place == 0:
        return _start(index, {"type": "function_call", "id": f"c{index}", "name": "run", "arguments": piece})
    return _delta(index, {"type": "arguments_delta", "arguments": piece})


def _summary(index: int, piece: str, place: int) -> dict[str, Any]:
    if place == 0:
        return _start(index, {"type": "thought", "summary": [{"type": "text", "text": piece}]})
    return _delta(index, {"type": "thought_summary", "content": {"type": "text", "text": piece}})


def _candidate(index: int, piece: str, _: int) -> dict[str, Any]:
    content = {"parts": [{"text": piece}], "role": "model"}
    return {
        "candidates": [{"content": content} | ({"index": index} if index else {})],
        "modelVersion": "gemini-3.5-flash",
    }


def _choice(index: int, delta: dict[str, Any]) -> dict[str, Any]:
    return {"id": "x", "object": "chat.completion.chunk", "choices": [{"index": index, "delta": delta}]}


def _tool_call(index: int, piece: str, place: int) -> dict[str, Any]:
    called = {"name": "run", "arguments": piece} if place == 0 else {"arguments": piece}
    return _choice(0, {"tool_calls": [{"index": index, "function": called}]})


def _response(index: int, piece: str, place: int) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "output_index": index, "sequence_number": place, "delta": piece}


def _message(index: int, piece: str, _: int) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": piece}}


def _partial_json(index: int, piece: str, _: int) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": "input_json_delta", "partial_json": piece}}


def _line(_: int, piece: str, __: int) -> dict[str, Any]:
    return {"model": "m", "response": piece, "done": False}


_PROTOCOLS: Final = (
    Protocol("step.start and deltas of text", API, _text),
    Protocol("step.start and deltas of arguments", API, _arguments, escaped=True),
    Protocol("step.start and deltas of a thought", API, _summary),
    Protocol("deltas of text", API, lambda index, piece, _: _delta(index, {"type": "text", "text": piece})),
    Protocol("deltas of arguments", API, lambda index, piece, _: _arguments(index, piece, 1), escaped=True),
    Protocol("generateContent's events", f"{_MODELS}?alt=sse", _candidate),
    Protocol("generateContent's list", _MODELS, _candidate, shape="list"),
    Protocol("chat completion's content", _OPENAI, lambda index, piece, _: _choice(index, {"content": piece})),
    Protocol("chat completion's arguments", _OPENAI, _tool_call, escaped=True),
    Protocol("responses of OpenAI", "https://api.openai.com/v1/responses", _response),
    Protocol("messages of Anthropic", "https://api.anthropic.com/v1/messages", _message),
    Protocol("arguments of Anthropic", "https://api.anthropic.com/v1/messages", _partial_json, escaped=True),
    Protocol("lines of JSON", "https://ollama.example.com/api/generate", _line, shape="lines"),
    Protocol("events of plain text", "https://api.example.com/stream", _line, shape="words"),
)


def split(dice: Random, secret: Secret, family: str, number: int) -> Planted:
    """Plant a secret in pieces in a stream of the kind with that number, which counts on."""
    protocol = _PROTOCOLS[number % len(_PROTOCOLS)]
    spelling = _SPELLINGS[dice.choice(_WRITTEN)]
    said = spelling.write(dice, secret.shown)
    before, after = f"{words(dice, 5)} ", f" {words(dice, 5)}"
    if protocol.escaped:
        before, said, after = '{"code": "' + before, json.dumps(said)[1:-1], after + '"}'
    pieces = cuts(dice, before + said + after, len(before), len(before) + len(said))
    events = list(_interleaved(dice, protocol, pieces))
    exchange = answering(_body(dice, protocol, events), _TYPES[protocol.shape], protocol.uri)
    kind = f"{secret.kind}, {spelling.name}, {len(pieces)} pieces"
    return Planted(
        f"{family}, split: {protocol.name}", kind, secret.value, exchange, lambda item: _read(item, spelling.read)
    )


def _interleaved(dice: Random, protocol: Protocol, pieces: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the events of a stream, and between them some of another one."""
    number, other = dice.choice(((0, 1), (1, 0), (2, 1)))
    others, has_others = 0, protocol.event is not _line
    for place, piece in enumerate(pieces):
        if has_others and dice.randrange(3) == 0:
            yield protocol.event(other, f"{words(dice, 4)} ", others)
            others += 1
        yield protocol.event(number, piece, place)


def _body(dice: Random, protocol: Protocol, events: list[dict[str, Any]]) -> bytes:
    if protocol.shape == "list":
        return json.dumps(events).encode()
    if protocol.shape == "lines":
        return b"".join(json.dumps(event).encode() + b"\n" for event in events)
    lines = map(_plain if protocol.shape == "words" else _written, events)
    return "".join(lines).replace("\n", dice.choice(("\n", "\n", "\r\n"))).encode()


def _plain(event: dict[str, Any]) -> str:
    text = event["response"].replace("\r\n", "\n").replace("\n", "\ndata: ")
    return f"data: {text}\n\n"


def _written(event: dict[str, Any]) -> str:
    name = event.get("event_type") or ("type" in event and event["type"])
    return f"{f'event: {name}{chr(10)}' if name else ''}data: {json.dumps(event)}\n\n"


def _read(item: Item, read: Callable[[str], Iterable[str]]) -> Iterator[str]:
    """Yield what the pieces say once they are joined, stream by stream."""
    joined: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for event in _events(received(item)):
        for numbers, piece in _pieces(event, ()):
            joined[numbers].append(piece)
    for pieces in joined.values():
        text = "".join(pieces)
        for said in (text, readers.unescaped(text)):
            yield said
            yield from read(said)


def _events(body: str) -> Iterator[Any]:
    if body.startswith("["):
        yield from json.loads(body)
        return
    for line in body.splitlines():
        data = line.removeprefix("data: ")
        if data.startswith("{"):
            try:
                yield json.loads(data)
            except ValueError:  # redaction has broken it, or it is text
                yield {"text": data}
        elif data != line:
            yield {"text": data}


def _pieces(value: Any, numbers: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], str]]:
    if isinstance(value, list):
        for item in value:
            yield from _pieces(item, numbers)
    elif isinstance(value, dict):
        numbers += tuple(value[name] for name in _NUMBERS if value.get(name))
        for name, item in value.items():
            if isinstance(item, str) and name in _PIECES:
                yield numbers, item
            else:
                yield from _pieces(item, numbers)
