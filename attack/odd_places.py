"""Puts a text into bodies and headers that are met more rarely: forms of parts, broken JSON, parts of events."""

from __future__ import annotations

import html
import json
from codecs import BOM_UTF8
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from attack import readers
from attack.draw import words
from attack.places import ELSEWHERE, Place, answering, asking, event, received, sent
from pytest_interactions.api.exchange import Cut

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from attack.judge import Item
    from pytest_interactions.api.exchange import Exchange

_STREAM: Final = "text/event-stream"
_BOUNDARY: Final = "----part7MA4YWxk"


def _parts(_: Random, text: str) -> Exchange:
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="note"\r\n\r\n'
    file = f'\r\n--{_BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="x.bin"\r\n\r\n'
    body = head.encode() + text.encode() + file.encode() + b"\xff\xd8\0\0" + f"\r\n--{_BOUNDARY}--\r\n".encode()
    return asking(body, ELSEWHERE, f"multipart/form-data; boundary={_BOUNDARY}")


def _markup(_: Random, text: str) -> Exchange:
    body = f'<?xml version="1.0"?><r><v name="a">{html.escape(text)}</v></r>'
    return answering(body.encode(), "application/xml", ELSEWHERE)


def _comment(_: Random, text: str) -> Exchange:
    return answering(f": {text}\n\n".encode() + event({"event_type": "ping"}), _STREAM)


def _event_id(_: Random, text: str) -> Exchange:
    return answering(f"id: {text}\ndata: {{}}\n\n".encode(), _STREAM)


def _data_lines(_: Random, text: str) -> Exchange:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return answering("".join(f"data: {line}\n" for line in lines).encode() + b"\n", _STREAM, ELSEWHERE)


def _broken(dice: Random, text: str) -> Exchange:
    """Break a connection in the middle of an answer, soon after the text."""
    step = {"type": "model_output", "content": [{"type": "text", "text": f"{text} {words(dice, 3)}"}]}
    if dice.randrange(2):
        exchange = answering(json.dumps({"id": "v1_1", "steps": [step]}).encode().removesuffix(b'"}]}]}'))
    else:
        started = event({"event_type": "step.start", "index": 0, "step": step})
        exchange = answering(started.removesuffix(b'"}]}}\n\n'), _STREAM)
    exchange.cut = Cut(by="connection", error="ReadError", message="the connection broke")
    return exchange


def _twice(_: Random, text: str) -> Exchange:
    return answering(f'{{"note": {json.dumps(text)}, "note": "none"}}'.encode(), uri=ELSEWHERE)


def _marked(_: Random, text: str) -> Exchange:
    return answering(BOM_UTF8 + json.dumps({"note": text}).encode(), uri=ELSEWHERE)


def _upload(_: Random, text: str) -> Exchange:
    exchange = asking(b"\x89PNG", "https://generativelanguage.googleapis.com/upload/v1beta/files", "image/png")
    exchange.request.headers["x-goog-upload-file-name"] = [quote(text)]
    return exchange


def _tagged(_: Random, text: str) -> Exchange:
    return answering(b"{}", uri=ELSEWHERE, etag=f'"{text}"')


def _lines(_: Random, text: str) -> Exchange:
    body = b"".join(
        json.dumps(line).encode() + b"\n" for line in ({"key": "1"}, {"key": "2", "request": {"text": text}})
    )
    return asking(body, ELSEWHERE, "application/jsonl")


def _said(item: Item) -> Iterator[str]:
    yield received(item)
    yield readers.unescaped(received(item))


def _data(item: Item) -> Iterator[str]:
    yield "\n".join(line.removeprefix("data: ") for line in received(item).split("\n"))


ODD_PLACES: Final = (
    Place("part of a form", _parts, lambda item: [sent(item)]),
    Place("response's XML", _markup, lambda item: readers.entities(received(item))),
    Place("comment in a stream", _comment, lambda item: [received(item)], one_line=True),
    Place("event's id", _event_id, lambda item: [received(item)], one_line=True),
    Place("event's lines of text", _data_lines, _data),
    Place("answer that breaks off", _broken, _said, over_http=False),
    Place("field that is given twice", _twice, _said),
    Place("text that is all of the JSON", lambda _, t: answering(json.dumps(t).encode(), uri=ELSEWHERE), _said),
    Place("JSON behind a byte order mark", _marked, _said),
    Place("line of JSON in a request", _lines, lambda item: [readers.unescaped(sent(item))]),
    Place(
        "header x-goog-upload-file-name",
        _upload,
        lambda item: readers.percents("".join(item["request"]["headers"].get("x-goog-upload-file-name", []))),
    ),
    Place(
        "header etag",
        _tagged,
        lambda item: ["".join(item["response"]["headers"].get("etag", []))],
        one_line=True,
    ),
)
