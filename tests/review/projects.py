"""Projects with candidates that wait."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.files import candidates, leaving, storage
from pytest_interactions.files.leaving import Changed
from pytest_interactions.redaction.gate import Gate
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets

if TYPE_CHECKING:
    from pathlib import Path

GATE = Gate(Redactor(secrets=Secrets([])))
_JSON = {"content-type": ["application/json"]}
_URL = "https://generativelanguage.googleapis.com/v1beta/interactions"


def exchange(prompt: str, answer: str, *, media: bool = False) -> Exchange:
    """One exchange of a conversation, maybe with a picture of its own."""
    picture = {"type": "image", "mime_type": "image/png", "data": base64.b64encode(prompt.encode() * 20).decode()}
    asked: Any = [{"type": "text", "text": prompt}, picture] if media else prompt
    request = Request(method="POST", uri=_URL, headers=_JSON)
    response = Response(status=200, reason="OK", headers=_JSON)
    steps = [{"type": "model_output", "content": [{"type": "text", "text": answer}]}]
    return Exchange(
        request=request.with_json({"model": "gemini-3.5-flash", "input": asked}).unparsed(),
        response=response.with_json({"id": "v1_x", "status": "completed", "steps": steps}).unparsed(),
    )


def waiting(
    home: Path, name: str, *, old: str = "Paris", new: str = "Oslo", media: bool = False, is_there: bool = False
) -> Path:
    """Make a cassette and a snapshot, unless they are there, and a candidate for both; return its path."""
    cassette = home / "cassettes" / f"{name}.yaml"
    snapshot = home / "__snapshots__" / f"{name}.steps.txt"
    before, after = (f"model_output: {text}\n" for text in (old, new))
    contents = [storage.Contents([exchange(f"Where is {text}?", text, media=media)]) for text in (old, new)]
    if not is_there:
        snapshot.parent.mkdir(exist_ok=True)
        snapshot.write_text(before, "utf-8")
        storage.save(cassette, contents[0], GATE, media_threshold=100)
    contents[1].incomplete = True
    storage.save(candidates.candidate(cassette), contents[1], GATE, media_threshold=100)
    leaving.leave(cassette, f"test_it.py::{name}", {snapshot: Changed(after, before)})
    return candidates.candidate(cassette)
