"""The layout of a cassette: the text of a vcrpy version 1 cassette that a person can review.

JSON bodies are pretty-printed and SSE bodies verbatim, both as literal blocks with their UTF-8 unescaped; any other
body is written as vcrpy writes it. This module lays out the literal blocks itself, as PyYAML's fast emitter quotes text
with emoji and its pure one takes a microsecond for every character. `reading` reads this layout, PyYAML any other.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import yaml

from pytest_interactions.api.exchange import Cut, Exchange, Message, Response
from pytest_interactions.api.json_values import NOT_JSON

if TYPE_CHECKING:
    from collections.abc import Sequence

try:
    from yaml import CSafeDumper as _Dumper
except ImportError:  # pragma: no cover - PyYAML built without libyaml; same text, slower
    from yaml import SafeDumper as _Dumper  # type: ignore[assignment]

# What YAML 1.1 can't hold in a literal block: controls, its extra line breaks (NEL, LS, PS), BOM, lone surrogates.
_NOT_LITERAL: Final = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)

# Not JSON lines (`x-ndjson`, `stream+json`), of which each line is read on its own, also where there is only one.
_JSON: Final = re.compile(r"[^/]+/(?:(?!stream\+)[^/]+\+)?json")


def head(*, incomplete: bool = False, empty: bool = False) -> str:
    """Return the text before the exchanges; `incomplete` marks a first recording whose test failed."""
    metadata = "metadata:\n  incomplete: true\n" if incomplete else ""
    return f"version: 1\n{metadata}interactions:{' []' if empty else ''}\n"


def dumps(exchanges: Sequence[Exchange], *, incomplete: bool = False) -> str:
    """Return the text of a whole cassette."""
    items = [exchange_text(exchange.unparsed()) for exchange in exchanges]
    return head(incomplete=incomplete, empty=not items) + "".join(items)


def exchange_text(exchange: Exchange) -> str:
    """Return the text of one item of the cassette's `interactions` list."""
    request, response = exchange.request, exchange.response
    status = {"code": response.status, "message": response.reason}
    return "".join(
        [
            "- request:\n",
            _indented(_yaml({"method": request.method, "uri": request.uri, "headers": request.headers}), "    "),
            _field("body", request, "    "),
            "  response:\n",
            _indented(_yaml({"status": status, "headers": response.headers}), "    "),
            "    body:\n",
            _field("string", response, "      "),
            _cut(exchange.cut),
        ]
    )


def _cut(cut: Cut | None) -> str:
    if cut is None:
        return ""
    values = {"by": cut.by, "error": cut.error, "message": cut.message}
    return _indented(_yaml({"cut": {name: value for name, value in values.items() if value}}), "  ")


def _field(name: str, message: Message, margin: str) -> str:
    """Return a body as `name: …`, indented by `margin`."""
    text = _json_text(message) or _stream_text(message)
    if text is not None:
        return f"{margin}{name}: {_literal(text, margin + '  ')}"
    try:
        value: str | bytes = message.body.decode()
    except UnicodeDecodeError:
        value = message.body
    return _indented(_yaml({name: value}), margin)


def _json_text(message: Message) -> str | None:
    """Return a JSON body pretty-printed; `None` if it is not JSON, or has a number that Python reads as infinite.

    If an object has a key twice, the last value stays, as in parsers.
    """
    kind = message.content_type
    if not (_JSON.fullmatch(kind) or (not kind and message.body[:1] in b"{[")):
        return None
    value = message.json()
    if value is NOT_JSON:
        return None
    try:
        text = _pretty(value)
    except ValueError:  # 1e999 is JSON, but Python reads it as infinite
        return None
    if text.isascii() and "\x7f" not in text:  # the writer has escaped all other controls
        return text
    # `json.dumps` escapes all but DEL.
    return _NOT_LITERAL.sub(lambda character: json.dumps(character[0])[1:-1].replace("\x7f", "\\u007f"), text)


def _pretty(value: Any) -> str:
    """Return JSON from pydantic's writer, 9 times as fast as Python's, or from Python's, which takes more values.

    Raises:
        ValueError: A number is not finite.
    """
    from pydantic_core import to_json

    try:
        text = to_json(value, indent=2).decode()
    except ValueError:  # lone surrogates, or more than 255 levels
        text = ""
    if not text or "NaN" in text or "Infinity" in text:  # as a text, or as a number, which Python's writer refuses
        return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    return text


def _stream_text(message: Message) -> str | None:
    if not (isinstance(message, Response) and message.is_stream and message.body.strip(b"\n")):
        return None
    try:
        text = message.body.decode()
    except UnicodeDecodeError:
        return None
    return None if _NOT_LITERAL.search(text) else text


def _literal(text: str, margin: str) -> str:
    """Return `text` as a literal block below a key, its lines behind `margin`."""
    hint = "2" if text[0] in " \n\t" else ""
    chomp = "-" if text[-1] != "\n" else "+" if text.endswith("\n\n") else ""
    body = text if chomp == "-" else text[:-1]
    return f"|{hint}{chomp}\n{_indented(body, margin)}\n"


def _indented(text: str, margin: str) -> str:
    """Return `text` with `margin` before each line that is not empty; 5 times as fast as `textwrap.indent`."""
    indented = f"\n{text}".replace("\n", f"\n{margin}")
    return re.sub(rf"\n{margin}(?=\n|\Z)", "\n", indented)[1:]


def _yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=False, width=2**30)
