"""Exchanges as the text of a vcrpy version 1 cassette that a person can review.

JSON bodies are pretty-printed and SSE bodies verbatim, both as literal blocks with their UTF-8 unescaped; any other
body is written as vcrpy writes it. The literal blocks are laid out here, as PyYAML's fast emitter quotes text with
emoji and its pure one takes a microsecond for every character.
"""

from __future__ import annotations

import json
import re
from textwrap import indent
from typing import TYPE_CHECKING, Any, Final

import yaml

from pytest_interactions.api.http import NOT_JSON, Cut, Exchange, Message, Response

if TYPE_CHECKING:
    from collections.abc import Iterable

try:
    from yaml import CSafeDumper as _Dumper
except ImportError:  # pragma: no cover - PyYAML built without libyaml; same text, slower
    from yaml import SafeDumper as _Dumper  # type: ignore[assignment]

# What YAML 1.1 can't hold in a literal block: controls, its extra line breaks (NEL, LS, PS), BOM, lone surrogates.
_NOT_LITERAL: Final = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def dumps(exchanges: Iterable[Exchange], *, incomplete: bool = False) -> str:
    """Write a whole cassette; `incomplete` marks a first recording whose test failed, which may be continued."""
    items = [exchange_text(exchange) for exchange in exchanges]
    metadata = "metadata:\n  incomplete: true\n" if incomplete else ""
    return "".join(["version: 1\n", metadata, "interactions:\n" if items else "interactions: []\n", *items])


def exchange_text(exchange: Exchange) -> str:
    """Write one item of the cassette's `interactions` list."""
    request, response = exchange.request, exchange.response
    return "".join(
        [
            "- request:\n",
            indent(_yaml({"method": request.method, "uri": request.uri, "headers": request.headers}), "    "),
            _field("body", request, "    "),
            "  response:\n",
            indent(
                _yaml(
                    {
                        "status": {"code": response.status, "message": response.reason},
                        "headers": response.headers,
                    }
                ),
                "    ",
            ),
            "    body:\n",
            _field("string", response, "      "),
            _cut(exchange.cut),
        ]
    )


def _cut(cut: Cut | None) -> str:
    if cut is None:
        return ""
    values = {"by": cut.by, "error": cut.error, "message": cut.message}
    return indent(_yaml({"cut": {name: value for name, value in values.items() if value}}), "  ")


def _field(name: str, message: Message, margin: str) -> str:
    """Write a body as `name: …`, indented by `margin`."""
    text = _json_text(message) or _stream_text(message)
    if text is not None:
        return f"{margin}{name}: {_literal(text, margin + '  ')}"
    try:
        value: str | bytes = message.body.decode()
    except UnicodeDecodeError:
        value = message.body
    return indent(_yaml({name: value}), margin)


def _json_text(message: Message) -> str | None:
    """Pretty-print a JSON body; `None` if it is not JSON, or would not come back as the same value."""
    if not (message.content_type.endswith("json") or (not message.content_type and message.body[:1] in b"{[")):
        return None
    value = message.json()
    if value is NOT_JSON or not message.body:
        return None
    try:
        text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    except ValueError:  # 1e999 is JSON and has no finite value here
        return None
    return _NOT_LITERAL.sub(lambda found: _escape(found.group()), text)


def _escape(character: str) -> str:
    return json.dumps(character)[1:-1] if character != "\x7f" else "\\u007f"


def _stream_text(message: Message) -> str | None:
    if not (isinstance(message, Response) and message.is_stream and message.body.strip(b"\n")):
        return None
    try:
        text = message.body.decode()
    except UnicodeDecodeError:
        return None
    return None if _NOT_LITERAL.search(text) else text


def _literal(text: str, margin: str) -> str:
    """Lay `text` out as a literal block below a key, its lines behind `margin`."""
    hint = "2" if text[0] in " \n" else ""
    chomp = "-" if text[-1] != "\n" else "+" if text.endswith("\n\n") else ""
    body = text if chomp == "-" else text[:-1]
    return f"|{hint}{chomp}\n{indent(body, margin, _is_not_empty)}\n"


def _is_not_empty(line: str) -> bool:
    return line != "\n"  # a line of blanks is text, too


def _yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=False, width=2**30)
