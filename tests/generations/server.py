"""The API's other mode, on a real socket: generateContent and what is around it, beside interactions."""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Final

from tests.scripted_server import Answer, Asked

KEY: Final = "AIzaSyPlanted-0123456789_abcdefghijklmn"
#: A signature as the API writes it: standard base64, of which the SDK writes the URL-safe one when it sends it again.
SIGNATURE: Final = base64.b64encode(b"\xfb\xef\xbe\xff>?" * 20 + b"\xff").decode()
TICKET: Final = "AHVrFxPlantedUploadTicket0123456789abcdef"
DATA: Final = b"a,b\n1,2\n"


def answer(asked: Asked) -> Answer:
    """Answer as the API does."""
    path = asked.path.partition("?")[0]
    for pattern, reply in _ROUTES:
        if re.fullmatch(pattern, f"{asked.method} {path}"):
            return reply(asked) if callable(reply) else Answer(reply)
    return Answer({"error": {"code": 404, "message": f"there is no {path}", "status": "NOT_FOUND"}}, 404)


def spellings(signature: str = SIGNATURE) -> list[str]:
    """In which ways clients write a signature: both alphabets, padded or not."""
    urlsafe = signature.replace("+", "-").replace("/", "_")
    return [signature, urlsafe, signature.rstrip("="), urlsafe.rstrip("=")]


def _generated(asked: Asked) -> dict[str, Any]:
    """Call the function that there is, unless its result came; else say how many contents were sent."""
    request = json.loads(asked.body)
    last = request["contents"][-1]["parts"][-1]
    if "tools" in request and "text" in last:
        part: dict[str, Any] = {"functionCall": {"name": "get_weather", "args": {"city": "Paris"}}}
    else:
        part = {"text": f"answer {len(request['contents'])}"}
    content = {"role": "model", "parts": [part | {"thoughtSignature": SIGNATURE}]}
    return {
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5},
        "modelVersion": "gemini-3-pro",
        "responseId": "r1",
    }


def _interaction(asked: Asked) -> Answer:
    request = json.loads(asked.body)
    thought = {"type": "thought", "signature": SIGNATURE, "summary": [{"type": "text", "text": "Hm."}]}
    said = {"type": "model_output", "content": [{"type": "text", "text": "Hello"}]}
    whole = {"id": "v1_a", "status": "completed", "model": "gemini-3-pro", "steps": [thought, said]}
    if not request.get("stream"):
        return Answer(whole)
    events: list[Any] = [
        {"event_type": "interaction.created", "interaction": {"id": "v1_a", "status": "in_progress"}},
        {"event_type": "step.start", "index": 0, "step": {"type": "thought"}},
        {"event_type": "step.delta", "index": 0, "delta": {"type": "thought_signature", "signature": SIGNATURE}},
        {"event_type": "step.stop", "index": 0},
        {"event_type": "step.start", "index": 1, "step": {"type": "model_output"}},
        {"event_type": "step.delta", "index": 1, "delta": {"type": "text", "text": "Hello"}},
        {"event_type": "step.stop", "index": 1},
        {"event_type": "interaction.completed", "interaction": {"id": "v1_a", "status": "completed"}},
        b"event: done\ndata: [DONE]\n\n",
    ]
    return Answer(events)


def _upload(asked: Asked) -> Answer:
    if asked.headers["x-goog-upload-command"] == "start":
        url = (
            f"http://{asked.headers['host']}{asked.path.partition('?')[0]}?upload_id={TICKET}&upload_protocol=resumable"
        )
        return Answer(headers={"x-goog-upload-url": url, "x-goog-upload-status": "active"})
    name = "fileSearchStores/s/operations/o" if "fileSearchStores" in asked.path else "files/f"
    kept = {"name": name, "done": True, "response": {"documentName": "d"}} if "Stores" in name else {"file": _FILE}
    return Answer(kept, headers={"x-goog-upload-status": "final"})


_FILE: Final = {
    "name": "files/f",
    "mimeType": "text/csv",
    "sizeBytes": str(len(DATA)),
    "state": "ACTIVE",
    "uri": "https://generativelanguage.googleapis.com/v1beta/files/f",
    "source": "GENERATED",
    "downloadUri": "https://generativelanguage.googleapis.com/v1beta/files/f:download?alt=media",
}
_BATCH: Final = {"name": "batches/b", "metadata": {"state": "BATCH_STATE_PENDING", "model": "models/m"}}
_CACHE: Final = {"name": "cachedContents/c", "model": "models/m", "usageMetadata": {"totalTokenCount": 9}}
_STORE: Final = {"name": "fileSearchStores/s", "displayName": "docs"}
_ROUTES: Final[list[tuple[str, Any]]] = [
    (r"POST /v1(?:beta)?/models/[^/]+:generateContent", lambda asked: Answer(_generated(asked))),
    (r"POST /v1(?:beta)?/models/[^/]+:streamGenerateContent", lambda asked: Answer([_generated(asked)])),
    (r"POST /v1(?:beta)?/models/[^/]+:countTokens", {"totalTokens": 7}),
    (r"POST /v1(?:beta)?/models/[^/]+:(?:batchEmbedContents|embedContent)", {"embeddings": [{"values": [0.5, -0.25]}]}),
    (r"POST /v1(?:beta)?/models/[^/]+:batchGenerateContent", _BATCH),
    (r"GET /v1(?:beta)?/batches/b", _BATCH),
    (r"GET /v1(?:beta)?/batches", {"operations": [_BATCH]}),
    (r"POST /v1(?:beta)?/cachedContents", _CACHE),
    (r"GET /v1(?:beta)?/cachedContents/c", _CACHE),
    (r"DELETE /v1(?:beta)?/(?:cachedContents/c|files/f|fileSearchStores/s)", {}),
    (r"POST /v1(?:beta)?/fileSearchStores", _STORE),
    (r"GET /v1(?:beta)?/fileSearchStores", {"fileSearchStores": [_STORE]}),
    (r"POST /upload/v1(?:beta)?/.*", _upload),
    (r"GET /v1(?:beta)?/files/f:download", lambda _: Answer(DATA, kind="text/csv")),
    (r"GET /v1(?:beta)?/files/f", _FILE),
    (r"GET /v1(?:beta)?/files", {"files": [_FILE]}),
    (r"POST /v1(?:beta)?/interactions", _interaction),
]
