"""The layout of a cassette: the text of a vcrpy version 1 cassette that a person can review.

JSON bodies are pretty-printed with their UTF-8 unescaped, where that changes nothing but white space and escapes; other
JSON, lines of JSON and SSE bodies are verbatim. All of these are literal blocks; any other body is written as vcrpy
writes it. This module lays out the literal blocks itself, as PyYAML's fast emitter quotes text with emoji and its pure
one takes a microsecond for every character. `reading` reads this layout, PyYAML any other.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

import yaml

from pytest_interactions.api.arrivals import fitting_times
from pytest_interactions.api.exchange import Cut, Exchange, Headers, Message, Response
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.files import frames
from pytest_interactions.files.marks import digest
from pytest_interactions.files.origin import UNKNOWN
from pytest_interactions.files.pace import gaps_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_interactions.files.origin import Origin

try:
    from yaml import CSafeDumper as _Dumper
except ImportError:  # pragma: no cover - PyYAML built without libyaml; same text, slower
    from yaml import SafeDumper as _Dumper  # type: ignore[assignment]

_M = TypeVar("_M", bound=Message)

# What YAML 1.1 can't hold in a literal block: controls, its extra line breaks (NEL, LS, PS), BOM, lone surrogates.
_NOT_LITERAL: Final = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
# The bytes of which most texts are made, and which it can hold.
_LITERAL: Final = bytes((*b"\t\n", *range(0x20, 0x7F)))
# The media types of one JSON text, and those among them of which each line is one.
_DOCUMENTS: Final = ("/json", "+json")
_LINES: Final = ("stream+json", "ndjson+json", "lines+json", "seq+json")
_CHARSET: Final = re.compile(r';\s*charset\s*=\s*"?([^\s;"]+)', re.IGNORECASE)

# Not JSON lines (`x-ndjson`, `stream+json`), of which each line is read on its own, also where there is only one.
_JSON: Final = re.compile(r"[^/]+/(?:(?!stream\+)[^/]+\+)?json")


def head(
    count: int,
    *,
    incomplete: bool = False,
    origin: Origin = UNKNOWN,
    seconds: Sequence[float | None] = (),
    times: Sequence[Sequence[float] | None] = (),
) -> str:
    """Return the text before `count` exchanges.

    Args:
        count: Their number.
        incomplete: Whether this is a first recording whose test failed.
        origin: When they were recorded, and by what.
        seconds: How long each took, as far as that is known.
        times: When the events of each came, as far as it is a stream and that is known.
    """
    metadata = {"exchanges": count, **({"incomplete": True} if incomplete else {}), **origin.written()}
    if any(each is not None for each in seconds):
        metadata["seconds"] = list(seconds)
    lines = "".join(f"  {name}: {_inline(value)}\n" for name, value in metadata.items())
    events = "".join(f"    {number}: {gaps_of(each)}\n" for number, each in enumerate(times, 1) if each)
    lines += f"  events:\n{events}" if events else ""
    return f"version: 1\nmetadata:\n{lines}interactions:{'' if count else ' []'}\n"


def _inline(value: Any) -> str:
    """Return a number, a text or a list of them in YAML, on one line."""
    if isinstance(value, int):
        return str(value).lower()
    return yaml.dump([value], Dumper=_Dumper, default_flow_style=True, width=2**30)[1:-2]


def dumps(exchanges: Sequence[Exchange], *, incomplete: bool = False, origin: Origin = UNKNOWN) -> str:
    """Return the text of a whole cassette."""
    items = [exchange_text(exchange.unparsed()) for exchange in exchanges]
    seconds, times = [exchange.seconds for exchange in exchanges], list(map(fitting_times, exchanges))
    begun = head(len(items), incomplete=incomplete, origin=origin, seconds=seconds, times=times)
    return begun + "".join(items)


def exchange_text(exchange: Exchange) -> str:
    """Return the text of one item of the cassette's `interactions` list, with its digest."""
    try:
        return _exchange_text(exchange)
    except UnicodeEncodeError:  # a lone surrogate outside of a body, which no YAML can have
        return _exchange_text(_encodable(exchange))


def _encodable(exchange: Exchange) -> Exchange:
    """Return an exchange with lone surrogates as the escapes that Python has for them."""
    request, response, cut = exchange.request, exchange.response, exchange.cut
    return Exchange(
        request=replace(request, uri=_escaped(request.uri), headers=_escaped_all(request.headers)),
        response=replace(response, reason=_escaped(response.reason), headers=_escaped_all(response.headers)),
        cut=cut and replace(cut, message=_escaped(cut.message)),
    )


def _escaped_all(headers: Headers) -> Headers:
    return {_escaped(name): list(map(_escaped, values)) for name, values in headers.items()}


def _escaped(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _exchange_text(exchange: Exchange) -> str:
    request, response = exchange.request, exchange.response
    sent, got = _laid_out(request), _Body("") if response.has_messages else _laid_out(response)
    written = replace(exchange, request=_as_read(request, sent), response=_response_as_read(response, got))
    return "".join(
        [
            _begun_request(request.method, request.uri, _frozen(request.headers)),
            *_field("body", sent, "    "),
            _begun_response(response.status, response.reason, _frozen(response.headers)),
            *_field("string", got, "      "),
            *(frames.laid_out(response.body, _frame) if response.has_messages else ()),
            _cut(exchange.cut),
            f"  digest: {digest(written)}\n",
        ]
    )


_Frozen = tuple[tuple[str, tuple[str, ...]], ...]


def _frozen(headers: Headers) -> _Frozen:
    return tuple((name, tuple(values)) for name, values in headers.items())


def _thawed(headers: _Frozen) -> Headers:
    return {name: list(values) for name, values in headers}


# Most exchanges of a run have the same headers, and PyYAML takes longer for them than all else does for a short body.
@lru_cache(maxsize=128)
def _begun_request(method: str, uri: str, headers: _Frozen) -> str:
    """Return a request up to its body."""
    fields = {"method": method, "uri": uri, "headers": _thawed(headers)}
    return f"- request:\n{_indented(_yaml(fields), '    ')}"


@lru_cache(maxsize=128)
def _begun_response(status: int, reason: str, headers: _Frozen) -> str:
    """Return a response up to its body."""
    fields = {"status": {"code": status, "message": reason}, "headers": _thawed(headers)}
    return f"  response:\n{_indented(_yaml(fields), '    ')}    body:\n"


def _cut(cut: Cut | None) -> str:
    if cut is None:
        return ""
    values = {"by": cut.by, "error": cut.error, "message": cut.message}
    return _indented(_yaml({"cut": {name: value for name, value in values.items() if value}}), "  ")


@dataclass(frozen=True, slots=True)
class _Body:
    """A body as it is written: a text, in a literal block or not, or bytes."""

    value: str | bytes
    is_literal: bool = False


def _laid_out(message: Message) -> _Body:
    text = _json_text(message) or _verbatim_text(message)
    if text is not None:
        return _Body(text, is_literal=True)
    try:
        return _Body(message.body.decode())
    except UnicodeDecodeError:
        return _Body(message.body)


def _as_read(message: _M, body: _Body) -> _M:
    """Return a message as whoever reads it will find it."""
    return message.with_body(body.value if isinstance(body.value, bytes) else body.value.encode())


def _response_as_read(response: Response, body: _Body) -> Response:
    if not response.has_messages:
        return _as_read(response, body)
    return response.with_body(frames.body_of(frames.of_body(response.body)))


def _frame(kind: str, text: str) -> Iterator[str]:
    """Yield a WebSocket's message as an item of a list, behind its dash."""
    is_literal = bool(text.strip("\n")) and not _NOT_LITERAL.search(text)
    field, *rest = _field(kind, _Body(text, is_literal=is_literal), "    ")
    yield from (field.removeprefix("    "), *rest)


def _field(name: str, body: _Body, margin: str) -> Iterator[str]:
    """Yield a body as `name: …`, indented by `margin`, in pieces, as it may be large."""
    if body.is_literal and isinstance(body.value, str):
        yield f"{margin}{name}: "
        yield from _literal(body.value, margin + "  ")
    else:
        yield _indented(_yaml({name: body.value}), margin)


def _json_text(message: Message) -> str | None:
    """Return a JSON body pretty-printed; `None` if it is none, or if an app could tell by more than space and escapes.

    An app can tell if lines are records, if the characters are not in UTF-8, if a number has another text, and if an
    object has a key once instead of twice.
    """
    if not _is_document(message) or message.json() is NOT_JSON:
        return None
    text = _pretty(message.json())
    if not message.is_told(text.encode("utf-8", "surrogatepass")):
        return None
    if text.isascii() and "\x7f" not in text:  # the writer has escaped all other controls
        return text
    # `json.dumps` escapes all but DEL.
    return _NOT_LITERAL.sub(lambda character: json.dumps(character[0])[1:-1].replace("\x7f", "\\u007f"), text)


def _pretty(value: Any) -> str:
    """Lay JSON out by pydantic's writer, 9 times as fast as Python's, which takes what that one does not."""
    from pydantic_core import to_json

    try:
        return to_json(value, indent=2).decode()
    except ValueError:  # lone surrogates
        return json.dumps(value, ensure_ascii=False, indent=2)


def _is_document(message: Message) -> bool:
    """Whether a body is by its headers one JSON text, and in UTF-8."""
    if b"\0" in message.body or message.body.startswith(BOM_UTF8):
        return False
    if not message.content_type:
        return message.body.startswith((b"{", b"["))
    charset = _CHARSET.search(message.headers["content-type"][0])
    is_utf8 = charset is None or charset[1].lower() in {"utf-8", "utf8"}
    return is_utf8 and message.content_type.endswith(_DOCUMENTS) and not message.content_type.endswith(_LINES)


def _verbatim_text(message: Message) -> str | None:
    is_stream = isinstance(message, Response) and message.is_stream
    is_json = "json" in message.content_type or (not message.content_type and message.body.startswith((b"{", b"[")))
    if not (is_stream or is_json) or not message.body.strip(b"\n"):
        return None
    try:
        text = message.body.decode()
    except UnicodeDecodeError:
        return None
    return None if message.body.translate(None, _LITERAL) and _NOT_LITERAL.search(text) else text


def _literal(text: str, margin: str) -> Iterator[str]:
    """Yield `text` as a literal block below a key, its lines behind `margin`."""
    hint = "2" if text[0] in " \n\t" else ""
    chomp = "-" if text[-1] != "\n" else "+" if text.endswith("\n\n") else ""
    body = text if chomp == "-" else text[:-1]
    yield from (f"|{hint}{chomp}\n", _indented(body, margin), "\n")


def _indented(text: str, margin: str) -> str:
    """Return `text` with `margin` before each line that is not empty; 10 times as fast as `textwrap.indent`."""
    indented = margin + text.replace("\n", f"\n{margin}")
    if text and "\n\n" not in text and text.strip("\n") == text:  # there is no empty line
        return indented
    indented = f"\n{indented}\n"
    for _ in range(2):  # every other one of several in a row at a time
        indented = indented.replace(f"\n{margin}\n", "\n\n")
    return indented[1:-1]


def _yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=False, width=2**30)
