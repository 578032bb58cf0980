"""The quick reader of the layout of `layout`, which needs neither PyYAML nor temporary copies of the bodies."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from pytest_interactions.api.exchange import SWITCHED, Cut, Exchange, Headers, Request, Response
from pytest_interactions.files import frames
from pytest_interactions.files.marks import PREFIX, Marked

_HEAD = re.compile(
    rb"version: 1\n(?:metadata:\n(?:  exchanges: ([1-9]\d{0,9})\n)?(  incomplete: true\n)?((?:  [a-z_]+: [^\n]+\n)*)"
    rb"(?:  events:\n((?:    [^\n]+\n)+))?)?"
    rb"interactions:\n(?=- request:\n)"
)
_TEXTS = frozenset({"recorded", "by", "client", "api_revision"})
_LISTS = frozenset({"models", "seconds"})
_EVENTS = re.compile(rb"^    ([1-9]\d{0,8}): ((?:0|[1-9]\d*)(?: (?:0|[1-9]\d*))*)\n", re.MULTILINE)
_NUMBER = re.compile(rb"(?:0|[1-9]\d{0,8})\.\d{1,20}")
_NAME = re.compile(rb"[A-Za-z][\w.:@/-]*|'[^',\s]*'")
_SCALAR = rb"([A-Za-z][ -~]*|'[ -&(-~]*')"
_WHOLE_SCALAR = re.compile(_SCALAR)
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
_DIGEST = re.compile(rb"  digest: (" + PREFIX.encode() + rb"[0-9a-f]+)\n")
_NAME_OR_VALUE = re.compile(rb"      (?:([\w-]+):|- " + _SCALAR + rb")\n")
_FRAMES = f"\n  {frames.KEY}:\n".encode()
_SWITCHED = str(SWITCHED).encode()
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n"))
_LITERAL = re.compile(rb"\|(2?)([-+]?)\n")
_WORDS = frozenset({b"null", b"true", b"false", b"yes", b"no", b"on", b"off", b"y", b"n"})


def read(raw: bytes) -> Marked | None:
    """Return what a cassette in the layout of `layout` holds.

    Return `None` if any character differs from that layout: PyYAML must read the file then, and can say what is wrong.
    """
    head = _HEAD.match(raw)
    if head is None or not raw.endswith(b"\n") or len(raw.translate(None, _CONTROLS)) < len(raw) or not _is_utf8(raw):
        return None
    metadata, events = _read_metadata(head[3] or b""), _read_events(head[4] or b"")
    if metadata is None or events is None:
        return None
    if events:
        metadata["events"] = events
    marked = Marked(count=int(head[1]) if head[1] else None, incomplete=head[2] is not None, metadata=metadata)
    place, line = head.end(), raw.count(b"\n", 0, head.end()) + 1
    while place < len(raw):
        end = raw.find(b"\n- request:\n", place) + 1 or len(raw)
        written = _DIGEST.fullmatch(raw, raw.rfind(b"\n", place, end - 1) + 1, end)
        exchange = _read_exchange(raw, place, written.start() if written else end)
        if exchange is None:
            return None
        marked.exchanges.append(exchange)
        marked.digests.append(written[1].decode() if written else None)
        marked.lines.append(line)
        line += raw.count(b"\n", place, end)
        place = end
    return marked


def _read_metadata(lines: bytes) -> dict[str, Any] | None:
    """Return what the head says besides the marks, as YAML reads it."""
    found: dict[str, Any] = {}
    for line in lines.splitlines():
        key, _, value = line[2:].partition(b": ")
        name = key.decode()
        read = _read_text if name in _TEXTS else _read_list if name in _LISTS else None
        found[name] = read(value) if read and name not in found else None
        if found[name] is None:
            return None
    return found


def _read_events(lines: bytes) -> dict[int, str] | None:
    """Return when the events of streams came, by the numbers of their exchanges; `None` for anything else."""
    found = {int(number): gaps.decode() for number, gaps in _EVENTS.findall(lines)}
    return found if len(found) == lines.count(b"\n") else None


def _read_text(value: bytes) -> str | None:
    return _read_scalar(value) if _WHOLE_SCALAR.fullmatch(value) else None


def _read_list(value: bytes) -> list[Any] | None:
    """Return a list on one line of numbers with a point, of nulls and of names; `None` for any other one."""
    if not value.startswith(b"[") or not value.endswith(b"]"):
        return None
    found: list[Any] = []
    for item in value[1:-1].split(b", "):
        if item == b"null":
            found.append(None)
        elif _NUMBER.fullmatch(item):
            found.append(float(item))
        else:
            name = _read_scalar(item) if _NAME.fullmatch(item) else None
            if name is None:
                return None
            found.append(name)
    return found


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
    listed = raw.find(_FRAMES, response.end(), tail) + 1 or tail
    sent, got = _read_body(raw, request.end(), middle, 6), _read_body(raw, response.end(), listed, 8)
    if listed < tail:
        got = _read_frames(raw, listed, tail) if got == b"" and response[1] == _SWITCHED else None
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


def _read_frames(raw: bytes, start: int, end: int) -> bytes | None:
    return frames.read(raw, start + len(_FRAMES) - 1, end, partial(_read_body, raw))


def _read_headers(lines: bytes | None) -> Headers | None:
    headers: Headers = {}
    values: list[str] = []
    place = 0
    while lines and place < len(lines):
        line = _NAME_OR_VALUE.match(lines, place)
        if line is None:
            return None
        if line[1]:
            values = headers.setdefault(line[1].decode(), [])
        else:
            value = _read_scalar(line[2])
            if value is None:
                return None
            values.append(value)
        place = line.end()
    return headers


def _read_scalar(scalar: bytes) -> str | None:
    """Return a quoted text, or a plain one that YAML reads as a text; `None` for any other scalar."""
    if scalar.startswith(b"'"):
        return scalar[1:-1].decode()
    if scalar.lower() in _WORDS or b": " in scalar or b" #" in scalar or scalar.endswith((b":", b" ")):
        return None
    return scalar.decode()


def _read_body(raw: bytes, start: int, end: int, margin: int) -> bytes | None:
    """Return the body between `start` and `end`: nothing, or a literal block behind a margin of `margin` blanks."""
    if raw[start:end] == b"''\n":
        return b""
    mark = _LITERAL.match(raw, start, end)
    if mark is None:
        return None
    start, blanks = mark.end(), b" " * margin
    if not mark[1] and (raw[start : start + margin] != blanks or raw[start + margin : start + margin + 1] in b" \n\t"):
        return None  # without a hint, the first line sets the indentation of a block
    block = b"\n" + raw[start : end - 1]
    empty = (b"\n", b"\n" + blanks)  # such lines at its end are chomped
    if re.search(rb"\n(?!" + blanks + rb"|\n|\Z)", block) or (mark[2] != b"+" and block.endswith(empty)):
        return None
    body = block.replace(b"\n" + blanks, b"\n")[1:]
    return body if mark[2] == b"-" else body + b"\n"
