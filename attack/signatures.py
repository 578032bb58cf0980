"""Plants thought signatures, which no run knows, at all places where an API sends or takes them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from attack import readers
from attack.draw import base64_text, words
from attack.judge import Planted
from attack.places import API, ELSEWHERE, answering, asking, event, received, sent, written
from pytest_interactions.api.exchange import Cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from attack.judge import Item
    from pytest_interactions.api.exchange import Exchange

_MODEL: Final = "https://generativelanguage.googleapis.com/v1beta/models/gemini-3.5-flash"
_OPENAI: Final = "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions"
_VERTEX: Final = "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/m"
_LONGEST: Final = 2000
# The rows of the table, by how the names of their places begin.
_GROUPS: Final = {
    "generateContent": "generateContent",
    "countTokens": "generateContent",
    "file of a batch": "batches",
    "batch": "batches",
    "chat completion": "chat completions",
    "history in": "history in a text or elsewhere",
    "history at": "history in a text or elsewhere",
    "encrypted": "encrypted_content",
    "answer that": "in an answer that breaks off",
    "thinking": "thinking of Anthropic",
}


def _thought(signature: str) -> dict[str, Any]:
    return {"type": "thought", "summary": [{"type": "text", "text": "I look."}], "signature": signature}


def _call(signature: str) -> dict[str, Any]:
    return {"type": "function_call", "id": "c1", "name": "read", "arguments": {"n": 1}, "signature": signature}


def _step(dice: Random, signature: str) -> dict[str, Any]:
    result = {"type": "google_search_result", "call_id": "c1", "result": [], "signature": signature}
    return dice.choice((_thought(signature), _call(signature), result))


def _stream(dice: Random, *events: dict[str, Any], uri: str = API) -> Exchange:
    other = {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": words(dice, 3)}}
    return answering(b"".join(map(event, (other, *events))), "text/event-stream", uri)


def _contents(dice: Random, signature: str) -> list[dict[str, Any]]:
    name = dice.choice(("thoughtSignature", "thought_signature"))
    part = dice.choice(
        ({"text": "It is."}, {"functionCall": {"name": "f", "args": {"a": 1}}}, {"text": "", "thought": True})
    )
    return [
        {"role": "user", "parts": [{"text": words(dice, 4)}]},
        {"role": "model", "parts": [part | {name: signature}]},
    ]


def _candidates(dice: Random, signature: str) -> dict[str, Any]:
    content = _contents(dice, signature)[1]
    return {
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
        "modelVersion": "gemini-3.5-flash",
    }


def _openai_call(signature: str, **more: Any) -> dict[str, Any]:
    extra = {"google": {"thought_signature": signature}}
    return {"tool_calls": [{**more, "id": "c1", "type": "function", "function": {"name": "f"}, "extra_content": extra}]}


def _history(dice: Random, signature: str) -> list[dict[str, Any]]:
    return [{"type": "user_input", "content": [{"type": "text", "text": words(dice, 4)}]}, _step(dice, signature)]


def _batch(dice: Random, signature: str, side: str) -> bytes:
    """Write a file of a batch: a request or a response on each line."""
    mine = _candidates(dice, signature) if side == "response" else {"contents": _contents(dice, signature)}
    lines = [{"key": "r1", side: {"usage": 1}}, {"key": "r2", side: mine}]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def _in_result(dice: Random, signature: str) -> Exchange:
    kept = dice.choice(
        (_history(dice, signature), {"contents": _contents(dice, signature)}, [_candidates(dice, signature)])
    )
    step = {"type": "function_result", "call_id": "c1", "name": "read_history", "result": json.dumps(kept)}
    document = {"input": [step]} if dice.randrange(2) else {"steps": [step]}
    return asking(written(dice, document)) if "input" in document else answering(written(dice, document))


def _reasoning(dice: Random, signature: str) -> Exchange:
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": signature}
    if dice.randrange(2):
        return asking(written(dice, {"model": "m", "input": [item]}), "https://api.openai.com/v1/responses")
    return answering(written(dice, {"output": [item]}), uri="https://api.openai.com/v1/responses")


def _broken(dice: Random, signature: str) -> Exchange:
    """Break a connection in the middle of a signature, which is as long as what came of it."""
    made = dice.choice(
        (
            answering(written(dice, {"id": "v1_1", "steps": [_thought(signature)]})),
            answering(written(dice, _candidates(dice, signature)), uri=f"{_MODEL}:generateContent"),
            _stream(dice, {"event_type": "step.start", "index": 0, "step": _thought(signature)}),
            _stream(dice, _candidates(dice, signature), uri=f"{_MODEL}:streamGenerateContent?alt=sse"),
        )
    )
    body = made.response.body
    response = made.response.with_body(body[: body.index(signature.encode()) + len(signature)])
    cut = Cut(by="connection", error="ReadError", message="the connection broke")
    return replace(made, response=response, cut=cut)


def _thinking(dice: Random, signature: str) -> Exchange:
    uri, block = (
        "https://api.anthropic.com/v1/messages",
        {"type": "thinking", "thinking": "I look.", "signature": signature},
    )
    if dice.randrange(2):
        return asking(written(dice, {"messages": [{"role": "assistant", "content": [block]}]}), uri)
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": signature}}
    return dice.choice((answering(written(dice, {"content": [block]}), uri=uri), _stream(dice, delta, uri=uri)))


_PLACES: Final[dict[str, Callable[[Random, str], Exchange]]] = {
    "step of an answer": lambda d, s: answering(written(d, {"id": "v1_1", "steps": [_step(d, s)]})),
    "step in a list of interactions": lambda d, s: answering(written(d, {"interaction": {"steps": [_step(d, s)]}})),
    "delta": lambda d, s: _stream(
        d, {"event_type": "step.delta", "index": 0, "delta": {"type": "thought_signature", "signature": s}}
    ),
    "delta of a call": lambda d, s: _stream(
        d,
        {
            "event_type": "step.delta",
            "index": 1,
            "delta": {"type": "arguments_delta", "arguments": "{}", "signature": s},
        },
    ),
    "step.start": lambda d, s: _stream(d, {"event_type": "step.start", "index": 0, "step": _step(d, s)}),
    "interaction.completed": lambda d, s: _stream(
        d, {"event_type": "interaction.completed", "interaction": {"id": "v1_1", "steps": [_step(d, s)]}}
    ),
    "history that is sent again": lambda d, s: asking(written(d, {"model": "m", "input": _history(d, s)})),
    "history of turns": lambda d, s: asking(written(d, {"input": [{"role": "model", "content": [_thought(s)]}]})),
    "outputs of before May 2026": lambda d, s: answering(written(d, {"id": "v1_1", "outputs": [_step(d, s)]})),
    "content.delta of before May 2026": lambda d, s: _stream(
        d, {"event_type": "content.delta", "index": 0, "delta": {"type": "thought_signature", "signature": s}}
    ),
    "generateContent, answer": lambda d, s: answering(written(d, _candidates(d, s)), uri=f"{_MODEL}:generateContent"),
    "generateContent, request": lambda d, s: asking(
        written(d, {"contents": _contents(d, s)}), f"{_MODEL}:{d.choice(('generateContent', 'streamGenerateContent'))}"
    ),
    "generateContent, events": lambda d, s: _stream(
        d, _candidates(d, s), uri=f"{_MODEL}:streamGenerateContent?alt=sse"
    ),
    "generateContent, list": lambda d, s: answering(
        written(d, [_candidates(d, s), {"usageMetadata": {}}]), uri=f"{_MODEL}:streamGenerateContent"
    ),
    "generateContent on Vertex AI": lambda d, s: answering(
        written(d, _candidates(d, s)), uri=f"{_VERTEX}:generateContent"
    ),
    "file of a batch, answers": lambda d, s: answering(
        _batch(d, s, "response"), "application/jsonl", f"{_MODEL}/files/f"
    ),
    "file of a batch, requests": lambda d, s: asking(_batch(d, s, "request"), f"{_MODEL}/files/f", "application/jsonl"),
    "batch that is inline": lambda d, s: asking(
        written(d, {"batch": {"inputConfig": {"requests": {"requests": [{"request": {"contents": _contents(d, s)}}]}}}})
    ),
    "countTokens": lambda d, s: asking(
        written(d, {"generateContentRequest": {"contents": _contents(d, s)}}), f"{_MODEL}:countTokens"
    ),
    "chat completion, answer": lambda d, s: answering(
        written(d, {"choices": [{"message": {"role": "assistant", **_openai_call(s)}}]}), uri=_OPENAI
    ),
    "chat completion, events": lambda d, s: _stream(d, {"choices": [{"delta": _openai_call(s, index=0)}]}, uri=_OPENAI),
    "chat completion, request": lambda d, s: asking(
        written(d, {"messages": [{"role": "assistant", **_openai_call(s)}]}), _OPENAI
    ),
    "history in a tool's result": _in_result,
    "history at another host": lambda d, s: asking(written(d, {"messages": _history(d, s)}), ELSEWHERE),
    "encrypted_content": _reasoning,
    "answer that breaks off": _broken,
    "thinking of Anthropic": _thinking,
}


def signature(dice: Random, number: int) -> Planted:
    """Plant a signature at the place with that number, which counts on."""
    name = list(_PLACES)[number % len(_PLACES)]
    size, urlsafe, padded = dice.randint(64, _LONGEST), dice.randrange(3) == 0, dice.randrange(3) > 0
    value = base64_text(dice, size, urlsafe=urlsafe, padded=padded)
    group = next((group for begin, group in _GROUPS.items() if name.startswith(begin)), "Interactions API")
    return Planted(f"thought signature, {group}", f"{name}, {size} bytes", value, _PLACES[name](dice, value), _read)


def _read(item: Item) -> Iterator[str]:
    for body in (sent(item), received(item)):
        yield body
        yield from readers.escapes(body)
