"""What the tests of redaction share."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_interactions.api.exchange import Request, Response
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "AIzaSyPlanted-0123456789_abcdefghijklmn"
SIGNATURE = base64.b64encode(b"\n$e24830a7-5cd6-42fe-998b-ee539e72b9cc" * 3).decode()
URL = "https://generativelanguage.googleapis.com/v1beta/interactions"
JSON = {"content-type": ["application/json; charset=UTF-8"]}

ENCODINGS: dict[str, Callable[[str], str]] = {
    "raw": lambda text: text,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON twice": lambda text: json.dumps(json.dumps(text))[1:-1],
    "JSON, all escaped": lambda text: "".join(
        f"\\u{unit:04x}" for unit in memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")
    ),
    "percent": lambda text: quote(text, safe=""),
    "percent, all escaped": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "percent twice": lambda text: quote(quote(text, safe="")),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64, one on": lambda text: base64.b64encode(b"x" + text.encode() + b"end").decode(),
    "base64, two on": lambda text: base64.b64encode(b"xy" + text.encode() + b"end").decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(b"?>" + text.encode()).decode(),
}


def redactor(*values: str, **options: Any) -> Redactor:
    """A redactor that knows these values."""
    return Redactor(secrets=Secrets(values), **options)


def post(document: Any, **headers: str) -> Request:
    """A request to create an interaction."""
    sent = {name.replace("_", "-"): [value] for name, value in headers.items()}
    return Request(method="POST", uri=URL, headers=JSON | sent, body=json.dumps(document).encode())


def answer(document: Any) -> Response:
    """A response whose body is this document."""
    return Response(status=200, reason="OK", headers=dict(JSON), body=json.dumps(document).encode())


def stream(*events: Any) -> Response:
    """A response that streams these events."""
    body = "".join(f"event: {e['event_type']}\ndata: {json.dumps(e)}\n\n" for e in events)
    closing = "event: done\ndata: [DONE]\n\n"
    return Response(status=200, headers={"content-type": ["text/event-stream"]}, body=(body + closing).encode())


def holds(body: bytes, secret: str) -> bool:
    """Whether `secret` can be read from `body` in any of the usual ways, base64 by what all alignments share."""
    text = body.decode("utf-8", "surrogateescape")
    raw = secret.encode()
    fragments = [base64.b64encode(b"\0" * n + raw)[(0, 2, 3)[n] : (n + len(raw)) * 8 // 6].decode() for n in range(3)]
    forms = [encode(secret) for encode in list(ENCODINGS.values())[:7]] + fragments
    forms += [fragment.replace("+", "-").replace("/", "_") for fragment in fragments]
    return any(form in text for form in forms) or gzip.compress(raw) in body
