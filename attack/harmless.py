"""Runs what holds no secret through redaction and the scan, and counts what they change or find."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attack.draw import generator
from attack.harmless_json import DOCUMENTS, TOOLS
from attack.harmless_texts import texts
from attack.places import API, ELSEWHERE, answering, asking
from attack.values import known
from pytest_interactions.files.layout import exchange_text
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.scan import scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.redaction.secrets import Secrets

_ROOT: Final = Path(__file__).parent.parent
_TRAFFIC: Final = _ROOT.parent / "shared" / "real-traffic"
_QUICKSTART: Final = _ROOT / "tests" / "quickstart"
#: What real traffic does hold, as it was recorded without redaction.
_EXPECTED: Final = ("a thought signature", "a secret at its place in the API")
_SUFFIXES: Final = {".yaml", ".yml", ".json", ".txt", ".md", ".py", ".ambr"}
_SHOWN: Final = 160
_MODELS: Final = "https://generativelanguage.googleapis.com/v1beta/models/gemini-3.5-flash:generateContent"


def run() -> int:
    """Print what was changed or found, and how many texts that is of how many; return the status."""
    secrets, _ = known(generator("harmless"), 8)
    redactor = Redactor(secrets=secrets)
    counts = {"texts": 0, "exchanges": 0, "changed or found in": 0, "files": 0, "found in files": 0}
    for name, exchanges in _all():
        counts["texts"] += 1
        for where, exchange in exchanges:
            counts["exchanges"] += 1
            if problem := _problem(exchange, redactor, secrets):
                counts["changed or found in"] += 1
                _say(f"{name}, {where}: {problem}")
    for path in _files():
        counts["files"] += 1
        found = _findings(path.read_text("utf-8", "replace"), secrets)
        counts["found in files"] += bool(found)
        for line in found:
            _say(f"{path}: {line}")
    _say("\n".join(f"{count:6} {what}" for what, count in counts.items()))
    return 1 if counts["changed or found in"] or counts["found in files"] else 0


def _all() -> Iterator[tuple[str, list[tuple[str, Exchange]]]]:
    for name, text in texts():
        yield name, list(_with_text(text))
    for name, parameters in TOOLS.items():
        yield name, list(_with_schema(parameters))
    for name, document in DOCUMENTS.items():
        yield name, list(_with_document(document))


def _body(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def _with_text(text: str) -> Iterator[tuple[str, Exchange]]:
    """Yield exchanges in which `text` is sent and received, to and from the API and others."""
    said = {"type": "model_output", "content": [{"type": "text", "text": text}]}
    result = {"type": "function_result", "call_id": "c1", "name": "read", "result": text}
    call = {"type": "function_call", "id": "c1", "name": "run", "arguments": {"code": text}}
    events = [
        {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": part}} for part in _halves(text)
    ]
    stream = b"".join(f"event: step.delta\ndata: {json.dumps(event)}\n\n".encode() for event in events)
    yield "prompt", asking(_body({"input": text}))
    yield "tool's result", asking(_body({"input": [result]}))
    yield "answer", answering(_body({"id": "v1_1", "steps": [said, call]}))
    yield "stream", answering(stream, "text/event-stream")
    yield "generateContent", answering(_body({"candidates": [{"content": {"parts": [{"text": text}]}}]}), uri=_MODELS)
    yield "JSON elsewhere", answering(_body({"items": [{"body": text}]}), uri=ELSEWHERE)
    yield "text elsewhere", answering(text.encode(), "text/plain", ELSEWHERE)
    yield "text sent elsewhere", asking(text.encode(), ELSEWHERE, "text/plain")


def _halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


def _with_schema(parameters: Any) -> Iterator[tuple[str, Exchange]]:
    tool = {"type": "function", "name": "act", "description": "Acts.", "parameters": parameters}
    declared = {"functionDeclarations": [{"name": "act", "parameters": parameters}]}
    yield "tool", asking(_body({"input": "go", "tools": [tool]}))
    yield "response format", asking(_body({"input": "go", "response_format": {"type": "text", "schema": parameters}}))
    yield "generateContent's tool", asking(_body({"contents": [], "tools": [declared]}), _MODELS)
    yield "interaction with the tool", answering(_body({"id": "v1_1", "tools": [tool], "steps": []}))
    yield (
        "schema elsewhere",
        answering(_body({"openapi": "3.1.0", "components": {"schemas": {"A": parameters}}}), uri=ELSEWHERE),
    )


def _with_document(document: Any) -> Iterator[tuple[str, Exchange]]:
    result = {"type": "function_result", "call_id": "c1", "name": "read", "result": document}
    call = {"type": "function_call", "id": "c1", "name": "act", "arguments": document}
    as_text = {**result, "result": json.dumps(document, indent=2)}
    yield "sent elsewhere", asking(_body(document), ELSEWHERE)
    yield "received from elsewhere", answering(_body(document), uri=ELSEWHERE)
    yield "arguments of a call", answering(_body({"id": "v1_1", "steps": [call]}))
    yield "result of a tool", asking(_body({"input": [result]}))
    yield "result of a tool, as text", asking(_body({"input": [as_text]}), API)


def _problem(exchange: Exchange, redactor: Redactor, secrets: Secrets) -> str:
    """Return what redaction changes, or else what the scan finds; nothing if all is well."""
    clean = redactor.exchange(exchange)
    pairs = (
        (exchange.request.uri.encode(), clean.request.uri.encode()),
        (exchange.request.body, clean.request.body),
        (exchange.response.body, clean.response.body),
    )
    for old, new in pairs:
        if old != new:
            return f"changed {_difference(old, new)}"
    findings = scan(f"interactions:\n{exchange_text(exchange)}", secrets)
    shown = (exchange.request.body + b" " + exchange.response.body)[:_SHOWN]
    return f"found {findings[0].kind} {findings[0].where} in {shown!r}" if findings else ""


def _difference(old: bytes, new: bytes) -> str:
    """Return what differs between two texts, with some of what is before it."""
    start = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    begin = max(start - 40, 0)
    return f"{old[begin : start + 60]!r} to {new[begin : start + 60]!r}"


def _files() -> Iterator[Path]:
    for folder in (_TRAFFIC, _QUICKSTART):
        yield from sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES)


def _findings(text: str, secrets: Secrets) -> list[str]:
    lines = text.splitlines()
    return [
        f"{each.kind} {each.where} in line {each.line}: {lines[each.line - 1].strip()[:120]!r}"
        for each in scan(text, secrets)
        if each.kind not in _EXPECTED
    ]


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command prints
