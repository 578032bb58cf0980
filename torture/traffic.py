"""Questions to a server of this package's, and the answers that it gives to each, always the same ones."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from pytest_interactions.api.exchange import Exchange

#: The forms of answers; the name of a question begins with that of its answer.
KINDS: Final = ("unary", "stream", "media")
#: Media above this many bytes are in files of their own.
MEDIA_THRESHOLD: Final = 1000

_PATH: Final = "/v1beta/interactions"
_DELTAS: Final = 6


def ask(client: httpx.Client, url: str, name: str) -> None:
    """Ask the question `name`, and read the answer to its end.

    Raises:
        RuntimeError: It is not the answer to that question.
    """
    asked = question(name)
    if not asked.get("stream"):
        got = client.post(url + _PATH, json=asked).content
    else:
        with client.stream("POST", url + _PATH, json=asked) as response:
            got = b"".join(response.iter_bytes())
    if got != answer(asked):
        raise RuntimeError(f"the answer to {name!r} is not its own: {got[:200]!r}")


def question(name: str) -> dict[str, Any]:
    """Return the body of the request for a question."""
    return {"model": "gemini-3.5-flash", "input": name, **({"stream": True} if name.startswith("stream") else {})}


def answer(asked: dict[str, Any]) -> bytes:
    """Return the body of the response to a request."""
    if asked.get("stream"):
        return b"".join(events(asked))
    content: dict[str, Any] = {"type": "text", "text": f"The answer to {asked['input']}."}
    if asked["input"].startswith("media"):
        picture = b"\x89PNG\r\n\x1a\n" + asked["input"].encode() + bytes(range(256)) * 8
        content = {"type": "image", "mime_type": "image/png", "data": base64.b64encode(picture).decode()}
    return json.dumps(_interaction(asked["input"], content)).encode()


def events(asked: dict[str, Any]) -> Iterator[bytes]:
    """Yield the events of the stream that answers a request."""
    name = asked["input"]
    texts = [{"type": "text", "text": f"Part {number} of the answer to {name}. "} for number in range(_DELTAS)]
    made: list[dict[str, Any]] = [
        {"event_type": "interaction.created", "interaction": {"id": f"v1_{name}", "status": "in_progress"}},
        {"event_type": "step.start", "index": 0, "step": {"type": "model_output"}},
        *({"event_type": "step.delta", "index": 0, "delta": delta} for delta in texts),
        {"event_type": "step.stop", "index": 0},
        {"event_type": "interaction.completed", "interaction": {"id": f"v1_{name}", "status": "completed"}},
    ]
    for event in made:
        yield f"event: {event['event_type']}\ndata: {json.dumps(event)}\n\n".encode()
    yield b"event: done\ndata: [DONE]\n\n"


def name_of(exchange: Exchange) -> str:
    """Return the name of a recorded question."""
    return str(exchange.request.json()["input"])


def is_whole(exchange: Exchange) -> bool:
    """Return whether an exchange, its media in it, was recorded without loss."""
    expected, response = answer(question(name_of(exchange))), exchange.response
    if exchange.cut is not None or response.status != 200:
        return False
    return response.body == expected if response.is_stream else bool(response.json() == json.loads(expected))


def _interaction(name: str, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"v1_{name}",
        "object": "interaction",
        "status": "completed",
        "steps": [{"type": "model_output", "content": [content]}],
    }
