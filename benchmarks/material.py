"""The traffic that all contenders replay, and each one's own file of it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


URL: Final = "https://generativelanguage.googleapis.com/v1beta/interactions"
#: Where google-genai sends them.
SDK_URL: Final = "https://generativelanguage.googleapis.com/v1/interactions"
MODEL: Final = "gemini-3.5-flash"
JSON: Final = {"content-type": ["application/json"]}
#: What every contender compares here: method, address and the parsed body, which some do not by default.
VCR_MATCH_ON: Final = ["method", "scheme", "host", "port", "path", "query", "body"]
CASSETTER_MATCH_ON: Final = ["method", "uri", "json_body"]

_TURN: Final = "The quick brown fox, it is said, jumps over the lazy dog; why it does so is not. " * 5
#: A request's body and its answer's.
Pair = tuple[dict[str, Any], dict[str, Any]]


def question(number: int, size: int) -> dict[str, Any]:
    """The body of request `number`, about `size` bytes of JSON: a longer one is a history of turns."""
    text = f"Question {number}: "
    if size <= len(_TURN):
        return {"model": MODEL, "input": text + "why? " * (max(size - 70, 0) // 5)}
    turns = size // (len(_TURN) + 60)
    history = [_step("user_input" if turn % 2 else "model_output", f"{turn}: {_TURN}") for turn in range(1, turns)]
    return {"model": MODEL, "input": [*history, _step("user_input", text)]}


def answer(number: int, content: dict[str, Any] | None = None) -> dict[str, Any]:
    """The body of response `number`: an interaction of one step, with `content` or a short text."""
    step = _step("model_output", f"Answer {number}.")
    if content is not None:
        step["content"] = [content]
    return {
        "id": f"v1_{number:08}",
        "object": "interaction",
        "model": MODEL,
        "status": "completed",
        "created": "2026-01-01T00:00:00Z",
        "updated": "2026-01-01T00:00:01Z",
        "steps": [step],
        "usage": {"total_tokens": 12, "total_input_tokens": 8, "total_output_tokens": 4},
    }


def pairs(count: int, size: int) -> list[Pair]:
    """`count` different questions with their answers."""
    return [(question(number, size), answer(number)) for number in range(count)]


def picture(size: int) -> bytes:
    """An image of `size` bytes, as incompressible as images are."""
    return b"\x89PNG\r\n\x1a\n" + os.urandom(size - 8)


def write_ours(path: Path, traffic: Iterable[Pair], url: str = URL) -> None:
    """Write our cassette of `traffic`."""
    from pytest_interactions.api.exchange import Exchange, Request, Response
    from pytest_interactions.files import storage
    from pytest_interactions.redaction.gate import Gate
    from pytest_interactions.redaction.redactor import Redactor
    from pytest_interactions.redaction.secrets import Secrets

    exchanges = [
        Exchange(
            request=Request(method="POST", uri=url, headers=dict(JSON), body=_bytes(asked)),
            response=Response(status=200, reason="OK", headers=dict(JSON), body=_bytes(answered)),
        )
        for asked, answered in traffic
    ]
    storage.save(path, storage.Contents(exchanges), Gate(Redactor(secrets=Secrets())))


def write_vcrpys(path: Path, traffic: Iterable[Pair], url: str = URL) -> None:
    """Write vcrpy's cassette of `traffic`, by its own serializer."""
    from vcr.request import Request
    from vcr.serialize import serialize
    from vcr.serializers import yamlserializer

    requests, responses = [], []
    for asked, answered in traffic:
        requests.append(Request("POST", url, _bytes(asked), {"content-type": "application/json"}))
        status = {"code": 200, "message": "OK"}
        responses.append({"status": status, "headers": dict(JSON), "body": {"string": _bytes(answered)}})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(serialize({"requests": requests, "responses": responses}, yamlserializer))


def write_cassetters(path: Path, traffic: Iterable[Pair], url: str = URL) -> None:
    """Write cassetter's cassette of `traffic`, by recording it."""
    from cassetter.cassette import Cassette
    from cassetter.recording import RecordMode

    path.parent.mkdir(parents=True, exist_ok=True)
    cassette = Cassette(path, record_mode=RecordMode.ALL)
    cassette.load()
    for asked, answered in traffic:
        cassette.record("POST", url, dict(JSON), _bytes(asked), 200, dict(JSON), _bytes(answered))
    cassette.save()


class _Writer(Protocol):
    def __call__(self, path: Path, traffic: Iterable[Pair], url: str = URL) -> None: ...


WRITERS: Final[dict[str, _Writer]] = {
    "ours": write_ours,
    "vcrpy": write_vcrpys,
    "cassetter": write_cassetters,
}


def _step(kind: str, text: str) -> dict[str, Any]:
    return {"type": kind, "content": [{"type": "text", "text": text}]}


def _bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
