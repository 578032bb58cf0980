"""The layout of a cassette: the text of a vcrpy version 1 cassette that a person can review, and back.

JSON bodies are pretty-printed and SSE bodies verbatim, both as literal blocks with their UTF-8 unescaped; any other
body is written as vcrpy writes it. The literal blocks are laid out here, as PyYAML's fast emitter quotes text with
emoji and its pure one takes a microsecond for every character. For the same reason what was laid out here is read here,
without PyYAML and without a copy of a body beyond the one that is kept; any other file is PyYAML's.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import yaml

from pytest_interactions.api.exchange import Cut, Exchange, Headers, Message, Request, Response
from pytest_interactions.api.json_values import NOT_JSON, parse

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


def head(*, incomplete: bool = False, empty: bool = False) -> str:
    """Write what stands before the exchanges; `incomplete` marks a first recording whose test failed."""
    metadata = "metadata:\n  incomplete: true\n" if incomplete else ""
    return f"version: 1\n{metadata}interactions:{' []' if empty else ''}\n"


def dumps(exchanges: Sequence[Exchange], *, incomplete: bool = False) -> str:
    """Write a whole cassette."""
    return "".join([head(incomplete=incomplete, empty=not exchanges), *map(exchange_text, exchanges)])


def exchange_text(exchange: Exchange) -> str:
    """Write one item of the cassette's `interactions` list."""
    request, response = exchange.request, exchange.response
    return "".join(
        [
            "- request:\n",
            _indented(_yaml({"method": request.method, "uri": request.uri, "headers": request.headers}), "    "),
            _field("body", request, "    "),
            "  response:\n",
            _indented(
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
    return _indented(_yaml({"cut": {name: value for name, value in values.items() if value}}), "  ")


def _field(name: str, message: Message, margin: str) -> str:
    """Write a body as `name: …`, indented by `margin`."""
    text = _json_text(message) or _stream_text(message)
    if text is not None:
        return f"{margin}{name}: {_literal(text, margin + '  ')}"
    try:
        value: str | bytes = message.body.decode()
    except UnicodeDecodeError:
        value = message.body
    return _indented(_yaml({name: value}), margin)


def _json_text(message: Message) -> str | None:
    """Pretty-print a JSON body; `None` if it is not JSON, or has a number without a finite value here.

    Of a key that an object has twice the last value stays, as parsers have it.
    """
    if not (message.content_type.endswith("json") or (not message.content_type and message.body[:1] in b"{[")):
        return None
    value = parse(message.body)  # not message.json(), which would keep the value as long as the message
    if value is NOT_JSON:
        return None
    try:
        text = _pretty(value)
    except ValueError:  # 1e999 is JSON and has no finite value here
        return None
    if text.isascii() and "\x7f" not in text:  # the writer has escaped all other controls
        return text
    return _NOT_LITERAL.sub(lambda character: _escape(character[0]), text)


def _pretty(value: Any) -> str:
    """Lay JSON out by pydantic's writer, 9 times as fast as Python's, which takes what that one does not.

    Raises:
        ValueError: There is a number in it that is not finite.
    """
    from pydantic_core import to_json

    try:
        text = to_json(value, indent=2).decode()
    except ValueError:  # lone surrogates, or more than 255 levels
        text = ""
    if not text or "NaN" in text or "Infinity" in text:  # in a text, or as a number, at which the other one stops
        return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    return text


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
    hint = "2" if text[0] in " \n\t" else ""
    chomp = "-" if text[-1] != "\n" else "+" if text.endswith("\n\n") else ""
    body = text if chomp == "-" else text[:-1]
    return f"|{hint}{chomp}\n{_indented(body, margin)}\n"


def _indented(text: str, margin: str) -> str:
    """Return `text` with `margin` before each line that is not empty, 5 times as fast as `textwrap.indent` does."""
    indented = f"\n{text}".replace("\n", f"\n{margin}")
    return re.sub(rf"\n{margin}(?=\n|\Z)", "\n", indented)[1:]


def _yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=False, width=2**30)


# --- reading ---

_HEAD = re.compile(rb"version: 1\n(metadata:\n  incomplete: true\n)?interactions:\n(?=- request:\n)")
_SCALAR = rb"([A-Za-z][ -~]*|'[ -&(-~]*')"
_HEADERS = rb"    headers:(?: \{\}\n|\n((?:      [\w-]+:\n(?:      - [^\n]+\n)+)+))"
_REQUEST = re.compile(
    rb"- request:\n    method: ([A-Z]+)\n    uri: ([a-z]+://[^\s'\"#]+)\n" + _HEADERS + rb"    body: "
)
_RESPONSE = re.compile(
    rb"  response:\n    status:\n      code: (\d+)\n      message: "
    + _SCALAR
    + rb"\n"
    + _HEADERS
    + rb"    body:\n      string: "
)
_CUT = re.compile(
    rb"  cut:\n    by: (app|connection)\n(?:    error: ([A-Z]\w+)\n)?(?:    message: " + _SCALAR + rb"\n)?"
)
_NAME_OR_VALUE = re.compile(rb"      (?:([\w-]+):|- " + _SCALAR + rb")\n")
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n"))
_LITERAL = re.compile(rb"\|(2?)([-+]?)\n")
_WORDS = frozenset({b"null", b"true", b"false", b"yes", b"no", b"on", b"off", b"y", b"n"})


def read(raw: bytes) -> tuple[list[Exchange], bool] | None:
    """Read a cassette that was laid out here.

    Returns:
        Its exchanges, and whether it is incomplete; `None` where a single character is not as it would be written
        here: the file is for PyYAML then, which knows what is wrong with it.
    """
    start = _HEAD.match(raw)
    if start is None or len(raw.translate(None, _CONTROLS)) < len(raw) or not _is_utf8(raw):
        return None
    exchanges, place = [], start.end()
    while place < len(raw):
        found = raw.find(b"\n- request:\n", place)
        end = len(raw) if found < 0 else found + 1
        exchange = _read_exchange(raw, place, end)
        if exchange is None:
            return None
        exchanges.append(exchange)
        place = end
    return exchanges, start[1] is not None


def _is_utf8(raw: bytes) -> bool:
    if raw.isascii():
        return True
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read_exchange(raw: bytes, place: int, end: int) -> Exchange | None:
    request = _REQUEST.match(raw, place, end)
    middle = raw.find(b"\n  response:\n", place, end) + 1
    response = _RESPONSE.match(raw, middle, end) if request and middle else None
    if request is None or response is None:
        return None
    tail = raw.find(b"\n  cut:\n", response.end(), end) + 1 or end
    sent, got = _read_body(raw, request.end(), middle, 6), _read_body(raw, response.end(), tail, 8)
    sent_headers, got_headers, reason = _read_headers(request[3]), _read_headers(response[3]), _read_scalar(response[2])
    if sent is None or got is None or sent_headers is None or got_headers is None or reason is None:
        return None
    cut = _CUT.fullmatch(raw, tail, end) if tail < end else None
    message = _read_scalar(cut[3]) if cut and cut[3] else ""
    if (tail < end and cut is None) or message is None:
        return None
    return Exchange(
        request=Request(method=request[1].decode(), uri=request[2].decode(), headers=sent_headers, body=sent),
        response=Response(status=int(response[1]), reason=reason, headers=got_headers, body=got),
        cut=cut and Cut(by=cut[1].decode(), error=(cut[2] or b"").decode(), message=message),
    )


def _read_headers(lines: bytes | None) -> Headers | None:
    headers: Headers = {}
    values: list[str] = []
    place = 0
    while lines and place < len(lines):
        found = _NAME_OR_VALUE.match(lines, place)
        if found is None:
            return None
        if found[1]:
            values = headers.setdefault(found[1].decode(), [])
        else:
            value = _read_scalar(found[2])
            if value is None:
                return None
            values.append(value)
        place = found.end()
    return headers


def _read_scalar(scalar: bytes) -> str | None:
    """A text in quotes, or a plain one that can be nothing but a text."""
    if scalar.startswith(b"'"):
        return scalar[1:-1].decode()
    if scalar.lower() in _WORDS or b": " in scalar or b" #" in scalar or scalar.endswith((b":", b" ")):
        return None
    return scalar.decode()


def _read_body(raw: bytes, start: int, end: int, margin: int) -> bytes | None:
    """The body between `start` and `end`: nothing, or a literal block behind a margin of so many blanks."""
    if raw[start:end] == b"''\n":
        return b""
    mark = _LITERAL.match(raw, start, end)
    if mark is None:
        return None
    start, blanks = mark.end(), b" " * margin
    if not mark[1] and (raw[start : start + margin] != blanks or raw[start + margin : start + margin + 1] in b" \n\t"):
        return None  # its first line says how far a block is indented
    block = b"\n" + raw[start : end - 1]
    if re.search(rb"\n(?!" + blanks + rb"|\n|\Z)", block) or (mark[2] != b"+" and block.endswith(b"\n")):
        return None
    body = block.replace(b"\n" + blanks, b"\n")[1:]
    return body if mark[2] == b"-" else body + b"\n"
