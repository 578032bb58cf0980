"""Cassettes and runs that have a text at each place where a recording, or a test, may have one."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, cast

from tests.commands.showing import API, exchange

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.report.model import Run


def hostile_cassette(path: Path, text: str) -> Path:
    """Write a cassette that has `text` wherever the API or an app may have one."""
    media = [
        {"type": kind, "mime_type": mime, "data": base64.b64encode(data).decode()}
        for kind, mime, data in _media(text.encode("utf-8", "surrogatepass"), text)
    ]
    sent = {
        "model": text,
        "agent": text,
        "system_instruction": text,
        "input": [{"type": "text", "text": text}, *media],
        "tools": [
            {
                "type": "function",
                "name": text,
                "description": text,
                "parameters": {"properties": {text: {"type": text}}},
            },
            {"type": "mcp_server", "name": text, "url": text, "headers": {text: text}},
            {"type": text, text: text},
        ],
        "generation_config": {text: text},
        "response_format": {"type": "text", "mime_type": text, "schema": {"type": text, "enum": [text]}},
        text: text,
    }
    steps = [
        {"type": "thought", "signature": text, "summary": [{"type": "text", "text": text}]},
        {"type": "function_call", "id": text, "name": text, "arguments": {text: text, "deep": [{text: [text]}]}},
        {"type": "mcp_server_tool_call", "id": text, "name": text, "server_name": text, "arguments": {text: text}},
        {"type": "function_result", "call_id": text, "name": text, "result": {text: text}, "is_error": True},
        {"type": "function_result", "call_id": text, "result": text},
        {
            "type": text,
            "id": text,
            "name": text,
            text: text,
            "content": text,
            "result": [text],
            "summary": {text: text},
        },
        {
            "type": "model_output",
            "content": [
                {"type": "text", "text": text, "annotations": [{"type": text, "url": text, "title": text, text: text}]},
                {"type": text, "uri": text, "sha256": text, "bytes": text},
                {"type": "image", "sha256": text, "bytes": 7, "mime_type": {text: text}},
                *media,
            ],
        },
    ]
    answer = {
        "id": text,
        "status": text,
        "model": text,
        "steps": steps,
        "errors": [{text: text}],
        "usage": {text: text},
    }
    events = [
        {"event_type": "interaction.created", "interaction": {"id": text, "status": text}},
        {"event_type": "step.start", "index": 0, "step": {"type": text, "name": text}},
        {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": text}},
        {"event_type": "step.delta", "index": 0, "delta": {"type": text, text: text}},
        {"event_type": text, text: text},
        {"event_type": "error", "error": {"code": text, "message": text}},
    ]
    stream = "".join(f"event: {text.splitlines()[0]}\ndata: {json.dumps(event)}\n\n" for event in events)
    place = re.sub(r"[\x00-\x20\x7f-\xa0\u2028\u2029]", "+", text[:500]).encode("utf-8", "backslashreplace").decode()
    exchanges = [
        exchange(sent, answer),
        exchange({**sent, "input": text, "stream": True}, stream.encode("utf-8", "backslashreplace")),
        exchange({"input": text}, {"error": {"code": text, "message": text}}, status=400),
        exchange({text: text}, {text: text}, uri=f"https://other.example/{place}"),
        exchange({"input": text}, {"id": text, "status": text, "steps": steps[:3]}, uri=f"{API}/{place}"),
    ]
    path.write_text(json.dumps({"version": 1, "interactions": exchanges}))
    return path


def _media(raw: bytes, text: str) -> list[tuple[str, str, bytes]]:
    """Return media that are not what they are said to be, and such that could run if they were opened."""
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='window.canary=1'><script>window.canary=1</script></svg>"
    page = b"<!doctype html><script>window.canary=1</script>"
    return [
        ("image", text, raw),
        ("image", "image/svg+xml", svg),
        ("image", "image/png", svg),
        ("image", "image/png", page),
        ("image", "text/html", b"\x89PNG\r\n\x1a\n" + page),
        ("image", "image/gif", b"GIF89a/*" + b"*/=window.canary=1;"),
        ("audio", "audio/wav", page),
        ("video", "video/mp4", b"\0\0\0\x18ftypmp42" + page),
        ("document", "application/pdf", page),
        ("document", "application/pdf", b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj"),
        (text, text, page),
    ]


def hostile_run(run: Run, text: str) -> Run:
    """Return the model of a run in which each text and each name that a run brought is `text`."""
    return cast("Run", _replaced(run, text, ""))


#: What is of a few values, which this package gives, or is asked for by its name.
_OURS = ("outcome", "kind", "data", "bodies", "setting", "arguments")


def _replaced(value: Any, text: str, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(item, text, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, text, name) for item in value]
    return text if isinstance(value, str) and name not in _OURS else value
