"""The marks by which damage to a cassette is told: a digest of each exchange, and their number in the file's head.

They tell a file that was cut short, that lost a bit, or that somebody edited. Who edits a file on purpose can write new
ones, so they are no protection against anybody.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api import sse
from pytest_interactions.api.digests import IN_CASSETTE, hex_digest_of
from pytest_interactions.api.json_values import NOT_JSON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_interactions.api.exchange import Exchange, Message

#: What a digest begins with, so that YAML takes none for a number.
PREFIX: Final = "sha256-"


@dataclass(slots=True)
class Marked:
    """What a file holds, as it is written, with its marks.

    Attributes:
        exchanges: The exchanges.
        digests: The digest that stands beside each; `None` where there is none.
        lines: The line on which each begins, from 1.
        count: Their number by the file's head; `None` if it says none.
        incomplete: Whether it is a first recording whose test failed.
        metadata: What else the file's head says.
    """

    exchanges: list[Exchange] = field(default_factory=list)
    digests: list[str | None] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    count: int | None = None
    incomplete: bool = False
    metadata: dict[Any, Any] = field(default_factory=dict)


def digest(exchange: Exchange) -> str:
    """Return the digest of an exchange as its file has it: all but what a writer of YAML is free to choose."""
    request, response, cut = exchange.request, exchange.response, exchange.cut
    head = (
        *(request.method, request.uri, request.headers, len(request.body)),
        *(response.status, response.reason, response.headers),
        cut and (cut.by, cut.error, cut.message),
    )
    text = json.dumps(head).encode()
    return PREFIX + hex_digest_of((text, b"\n", request.body, b"\n", response.body), IN_CASSETTE)


def damage(marked: Marked, opened: Sequence[Exchange], *, edited: bool = False) -> tuple[int, str] | None:
    """Return the line and the nature of the first damage; `None` if there is none.

    A file without marks, such as one of vcrpy's, is damaged where JSON is cut short, or where a stream has no end. So
    is one that somebody `edited`.

    Args:
        marked: What the file holds.
        opened: Its exchanges, with the bodies of their responses decoded.
        edited: Whether edits are taken as they are.
    """
    has_marks = marked.count is not None or any(marked.digests)
    each = zip(marked.exchanges, opened, marked.digests, strict=True)
    for number, (exchange, decoded, written) in enumerate(each):
        if has_marks and written == digest(exchange):
            continue
        wrong = "it is not what was recorded, but edited or damaged" if has_marks and not edited else unsound(decoded)
        if wrong:
            return marked.lines[number], f"interactions[{number}]: {wrong}"
    if has_marks and not edited and marked.count != len(marked.exchanges):
        return 1, f"this is not all that was recorded: it has {len(marked.exchanges)} interactions, not {marked.count}"
    return None


def unsound(exchange: Exchange) -> str:
    """Return what is wrong with an exchange that can't be as it was recorded; "" if it may be."""
    response = exchange.response
    if _is_cut_json(exchange.request):
        return "the body of its request is no whole JSON"
    # Of a body that nobody here could decode nothing is known.
    if exchange.cut is not None or not response.body or "content-encoding" in response.headers:
        return ""
    if response.is_stream:
        return "" if sse.is_whole(response.body) else "its stream has no end"
    return "the body of its response is no whole JSON" if _is_cut_json(response) else ""


def _is_cut_json(message: Message) -> bool:
    """Return whether a body is the beginning of JSON, and no more."""
    if message.content_type != "application/json" or not message.body.lstrip().startswith((b"{", b"[")):
        return False
    if message.unparsed().json() is not NOT_JSON:
        return False
    try:
        json.loads(message.body)
    except json.JSONDecodeError as error:
        return not error.msg.startswith("Extra data")  # as in lines of JSON
    except (RecursionError, ValueError):  # nesting, a number or an encoding is too much for it, so that nothing tells
        return False
    return False
