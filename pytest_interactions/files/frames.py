"""A WebSocket's messages as a cassette has them: a list beside the answer that opened it, one item for each.

An item is `sent`, `received` or `closed`, with the text of it, and says under `form` how that text stands for a message
that is no plain text (see `api.websocket`). JSON stays as it was sent, on one line or on many.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.sse import decode
from pytest_interactions.api.websocket import CLOSED, FORMS, RECEIVED, SENT, event_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: The key of the list in a cassette.
KEY: Final = "frames"
KINDS: Final = (SENT, RECEIVED, CLOSED)

_ITEM: Final = re.compile(rb"  - (sent|received|closed): ")
_FORM: Final = re.compile(rb"    form: (binary|bytes|escaped)\n")


def of_body(body: bytes) -> Iterator[tuple[str, str, str]]:
    """Yield the kind, the text and the form of each item that the body of an answer stands for."""
    for event in decode(body):
        kind, _, form = event.event.partition(" ")
        if event.data is not None and kind in KINDS and form in FORMS:
            yield kind, event.data, form


def body_of(items: Iterable[tuple[str, str, str]]) -> bytes:
    """Return the body that stands for items."""
    return b"".join(event_of(kind, text, form) for kind, text, form in items)


def laid_out(body: bytes, text: Callable[[str, str], Iterable[str]]) -> Iterator[str]:
    """Yield the list of items that a body stands for, in pieces of YAML.

    Args:
        body: The body.
        text: Writes a text as the value of a key, with which it begins.
    """
    items = list(of_body(body))
    if items:
        yield f"  {KEY}:\n"
    for kind, value, form in items:
        yield "  - "
        yield from text(kind, value)
        if form:
            yield f"    form: {form}\n"


def of_list(items: Any) -> bytes:
    """Return the body that stands for the list in an item of a cassette.

    Raises:
        ValueError: It is no such list; the message shows nothing of it.
    """
    if not isinstance(items, list):
        raise ValueError("its frames are no list")  # noqa: TRY004 - as all that is wrong with a file
    return body_of(_in_order(number, each) for number, each in enumerate(items))


def _in_order(number: int, frame: Any) -> tuple[str, str, str]:
    kinds = [kind for kind in KINDS if isinstance(frame, dict) and kind in frame]
    if len(kinds) != 1:
        raise ValueError(f"frames[{number}] is not one of {', '.join(KINDS)}")
    kind, form = kinds[0], str(frame.get("form", ""))
    if not isinstance(frame[kind], str):
        raise ValueError(f"frames[{number}].{kind} is no text")  # noqa: TRY004 - as all that is wrong with a file
    if form not in FORMS:
        raise ValueError(f"frames[{number}].form is not one of {', '.join(filter(None, FORMS))}")
    return kind, frame[kind], form


def read(raw: bytes, start: int, end: int, text: Callable[[int, int, int], bytes | None]) -> bytes | None:
    """Return the body that stands for the items between two places; `None` if they are in no layout of ours.

    Args:
        raw: The bytes of a cassette.
        start: Where the first item begins.
        end: Where the last one ends.
        text: Reads the text between two places, behind a margin of so many blanks; `None` as above.
    """
    body: list[bytes] = []
    while start < end:
        item = _ITEM.match(raw, start, end)
        following = raw.find(b"\n  - ", start, end) + 1 or end
        form = _FORM.fullmatch(raw, raw.rfind(b"\n", start, following - 1) + 1, following)
        value = text(item.end(), form.start() if form else following, 6) if item else None
        if item is None or value is None:
            return None
        body.append(event_of(item[1].decode(), value.decode(), form[1].decode() if form else ""))
        start = following
    return b"".join(body)
