"""Where two requests differ, told in lines that are short however large the requests are."""

from __future__ import annotations

import json
import re
from functools import cached_property
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_interactions.api.json_text import Number
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.cassette.matching import (
    canonical_bytes,
    canonical_json,
    canonical_path,
    canonical_query,
    canonical_text,
    is_api,
    part_of,
)
from pytest_interactions.escaping import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.api.exchange import Request

_WIDTH: Final = 60  # characters of a value around the difference
_BRIEF: Final = 24  # the same, in a line that a summary of all failures has
_PLACE: Final = 300  # characters of a place, a path or an address
_BYTE: Final = re.compile("[\udc80-\udcff]")  # of a query, where it is no UTF-8
_NOTHING: Final = object()  # what a request has at a place where only the other one has something
_WORDS: Final = ("method", "path")  # which are shown as they are
_LARGE: Final = (str, list, dict, bytes)  # values whose JSON may be long
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, default=lambda number: number.text)


def title(request: Request) -> str:
    """Return a request's method and path."""
    path = canonical_path(request)
    if not is_api(request):
        path = " ".join([request.uri.partition("?")[0], *part_of(request)])
    return on_one_line(f"{request.method} {_cut(path)}")


class Parts:
    """The parts of a request that are compared, each computed once, and only if it is asked for."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.method = request.method
        self.path = title(request).partition(" ")[2]

    @cached_property
    def query(self) -> dict[str, str | list[str]]:
        """Return the query by name."""
        return _query(self._request)

    @cached_property
    def json(self) -> Any:
        """Return the body's JSON."""
        return canonical_json(self._request)

    @cached_property
    def body(self) -> bytes:
        """Return the body."""
        return canonical_bytes(self._request)


class Difference(NamedTuple):
    """A place where two requests differ, with what one has there and what the other has; `_NOTHING` for nothing."""

    place: str
    old: Any
    new: Any

    def line(self) -> str:
        """Return the line that tells it, which is short however large the values are, and one whatever is in them."""
        return on_one_line(self._text())

    def brief(self) -> str:
        """Return the same in fewer words: of texts, a word before the place where they differ, and a few characters."""
        old, new = self.old, self.new
        if not (isinstance(old, str) and isinstance(new, str)) or self.place in _WORDS:
            return self.line()
        start = _word_before(old, new)
        return on_one_line(f"{_cut(self.place)}: {_piece(old, start)} -> {_piece(new, start)}")

    def _text(self) -> str:
        place = _cut(self.place)
        if self.new is _NOTHING:
            return f"{place}: removed"
        if self.old is _NOTHING:
            return f"{place}: added"
        if self.place in _WORDS:
            return f"{place}: {_cut(self.old)} -> {_cut(self.new)}"
        start = _start(*map(_readable, (self.old, self.new)))
        return f"{place}: {_short(self.old, start)} -> {_short(self.new, start)}"


def differences(recorded: Parts, live: Parts) -> Iterator[Difference]:
    """Yield the differences of two requests: of method, path and query, then of the body, field by field."""
    for part in _WORDS:
        if getattr(recorded, part) != getattr(live, part):
            yield Difference(part, getattr(recorded, part), getattr(live, part))
    yield from _compare("query", recorded.query, live.query)
    if NOT_JSON not in (recorded.json, live.json):
        yield from _compare("", recorded.json, live.json)
    elif recorded.body != live.body:
        yield Difference("body", recorded.body, live.body)


def _query(request: Request) -> dict[str, str | list[str]]:
    """Return the query by name: a text, or the list of them where the name is there several times."""
    values: dict[str, list[str]] = {}
    for pair in canonical_query(request):
        name, value = (_BYTE.sub(lambda byte: f"%{ord(byte[0]) & 0xFF:02X}", text) for text in pair)
        values.setdefault(name, []).append(value)
    return {name: found if len(found) > 1 else found[0] for name, found in values.items()}


def _compare(path: str, old: Any, new: Any) -> Iterator[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in chain(old, (name for name in new if name not in old)):
            place = f"{path}.{name}" if path else str(name)
            yield from _compare(place, old.get(name, _NOTHING), new.get(name, _NOTHING))
    elif isinstance(old, list) and isinstance(new, list):
        for index, (before, after) in enumerate(zip_longest(old, new, fillvalue=_NOTHING)):
            yield from _compare(f"{path}[{index}]", before, after)
    elif not _says_the_same(old, new):
        yield Difference(path or "body", old, new)


def _says_the_same(old: Any, new: Any) -> bool:
    """Return whether two values are the same, of which at most one is a list or at most one an object."""
    if isinstance(old, _LARGE) or isinstance(new, _LARGE):
        return type(old) is type(new) and bool(old == new)
    return old is new or (_NOTHING not in (old, new) and canonical_text(old) == canonical_text(new))


def _start(old: Any, new: Any) -> int:
    """Return from where on two values are shown: long texts a little before the place where they differ."""
    if not (isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > _WIDTH):
        return 0
    return max(0, _same(old, new) - _WIDTH // 3)


def _word_before(old: str, new: str) -> int:
    """Return where the word begins before the one in which two texts differ."""
    same = _same(old, new)
    begin = max(0, same - _BRIEF)
    words = [begin + match.start() for match in re.finditer(r"\S+", old[begin:same])]
    is_within = bool(words) and not old[same - 1].isspace()
    return words[-2 if is_within and len(words) > 1 else -1] if words else same


def _same(old: str, new: str) -> int:
    """Return how many characters two texts have in common at their beginning."""
    same, end = 0, min(len(old), len(new))
    while same < end:  # halve what may differ: texts are compared faster than their characters
        middle = (same + end + 1) // 2
        if old[same:middle] == new[same:middle]:
            same = middle
        else:
            end = middle - 1
    return same


def brief(value: Any) -> str:
    """Return a value on one line, in as many characters as a person reads at a glance."""
    return on_one_line(_short(value, 0))


def _readable(value: Any) -> Any:
    """Return a body as a text, and any other value as it is."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return f"{len(value)} bytes that are not text"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _piece(text: str, start: int) -> str:
    return _quoted("…" * (start > 0) + text[start : start + _BRIEF] + "…" * (start + _BRIEF < len(text)))


def _short(value: Any, start: int) -> str:
    value = _readable(value)
    if isinstance(value, str):
        piece = value[start : start + _WIDTH]
        before = "..." if start else ""
        after = "..." if start + _WIDTH < len(value) else ""
        return before + _quoted(piece) + after
    if isinstance(value, Number):
        return value.text
    text = ""
    for piece in _ENCODER.iterencode(value):  # as far as it is shown
        text += piece
        if len(text) > _WIDTH:
            return f"{text[:_WIDTH]}..."
    return text


def _cut(text: str) -> str:
    return text if len(text) <= _PLACE else f"{text[:_PLACE]}..."
