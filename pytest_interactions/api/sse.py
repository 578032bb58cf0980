"""Server-sent events, decoded and re-encoded byte for byte. No I/O happens here.

The format is that of https://html.spec.whatwg.org/multipage/server-sent-events.html, with two additions: no byte is
dropped, and JSON without `data:`, which the API writes between events when it cuts a stream short, is an event too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.json_values import NOT_JSON, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: `ServerSentEvent.event` of JSON that stands in a stream without a `data:` prefix.
BARE = "bare"

_BOM = b"\xef\xbb\xbf"
_END_OF_LINE = re.compile(rb"\r\n?|\n")
_LINE_BREAK = re.compile(r"\r\n?|\n")
_FIELD = re.compile(rb"(?:data|event|id|retry)[ \t]*:")
_BARE_JSON = re.compile(rb"[ \t]*[\[{]")
_CLOSED = (b"\n\n", b"\r\n\r\n", b"\r\r", b"\r\n\n")
# The events after which a stream of an interaction may end.
_LAST = frozenset({"interaction.completed", "error", BARE})
# An event as most are, at once: a type, one line of data, and the blank line.
_PLAIN = re.compile(rb"event: ([^\r\n]*)\ndata: ([^\r\n]*)\n\n")
_DATA_LINE = re.compile(rb"data(?:[:\r\n]|\Z)")


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event, or one of the pieces between events (comment, byte order mark, stray blank line).

    Attributes:
        raw: The exact bytes, with the closing blank line if there is one. Joined, they are the stream.
        event: The event's type (`message` by default); `BARE` for JSON without `data:`; `""` for a piece that is
            no event.
        data: The joined `data:` lines; `None` if there are none.
    """

    raw: bytes
    event: str = ""
    data: str | None = None

    @property
    def done(self) -> bool:
        """Return whether this is the sentinel that closes a stream: `event: done` or `data: [DONE]`."""
        return self.event == "done" or self.data == "[DONE]"

    def json(self) -> Any:
        """Return the data parsed as JSON; `NOT_JSON` if there is none, or it isn't JSON, as in `[DONE]`."""
        return NOT_JSON if self.data is None else parse(self.data)

    def with_data(self, data: str) -> ServerSentEvent:
        """Return the same event with other data; the rest of its bytes, and the way its lines are written, stay.

        Raises:
            ValueError: This piece has no data to replace.
        """
        if self.data is None:
            raise ValueError(f"an event without data can't be given any: {self.raw[:80]!r}")
        if data == self.data:
            return self
        rewrite = _bare_with_data if self.event == BARE else _event_with_data
        return replace(self, raw=rewrite(self.raw, data), data=data)


class Decoder:
    """A reader that turns chunks of a stream into events, which do not depend on the size of the chunks."""

    def __init__(self) -> None:
        self._unfinished: list[bytes] = []
        self._block: list[bytes] = []
        self._kind = _NONE
        self._begun = False

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Return the events that this chunk completes."""
        events: list[ServerSentEvent] = []
        start = 0
        while start < len(chunk):
            if not self._block and not any(self._unfinished):
                for plain in self._plain(chunk, start):
                    events.append(plain)
                    start += len(plain.raw)
            end = chunk.find(b"\n\n", start) + 2  # where it may go on so
            end = end if end > 1 else len(chunk)
            for line in self._lines(chunk[start:end]):
                events += self._add(line)
            start = end
        return events

    def _plain(self, chunk: bytes, start: int) -> Iterator[ServerSentEvent]:
        """Yield the plain events with which a part of a chunk begins."""
        while plain := _PLAIN.match(chunk, start):
            start, self._begun = plain.end(), True
            raw, event, data = plain.group(0, 1, 2)
            yield ServerSentEvent(raw, event.decode("utf-8", "replace") or "message", data.decode("utf-8", "replace"))

    def flush(self) -> list[ServerSentEvent]:
        """Return the events that no blank line had closed when the stream ended."""
        rest, self._unfinished = b"".join(self._unfinished), []
        return [*self._add(rest), *self._close()]

    def _lines(self, chunk: bytes) -> Iterator[bytes]:
        if not chunk:
            return
        # A CR that closed the last chunk ends its line alone, unless an LF follows.
        if self._unfinished and self._unfinished[-1].endswith(b"\r"):
            line_feed = chunk[:1] if chunk.startswith(b"\n") else b""
            yield self._finish(line_feed)
            chunk = chunk[len(line_feed) :]
        start = 0
        for end_of_line in _END_OF_LINE.finditer(chunk):
            end = end_of_line.end()
            if end == len(chunk) and chunk.endswith(b"\r"):
                break
            yield self._finish(chunk[start:end])
            start = end
        self._unfinished.append(chunk[start:])

    def _finish(self, rest: bytes) -> bytes:
        line = b"".join([*self._unfinished, rest])
        self._unfinished.clear()
        return line

    def _add(self, line: bytes) -> Iterator[ServerSentEvent]:
        if not self._begun:
            self._begun = True
            if line.startswith(_BOM):
                yield ServerSentEvent(_BOM)
                line = line.removeprefix(_BOM)
        if not line.strip(b"\r\n"):
            self._block.append(line)
            yield from self._close()
            return
        kind = self._kind_of(line)
        if kind != self._kind:
            yield from self._close()
        self._kind = kind
        self._block.append(line)

    def _kind_of(self, line: bytes) -> str:
        """Return the kind of block of this line; a kind other than the open block's begins a new block."""
        is_comment = line.startswith(b":")
        if self._kind == BARE and not is_comment and not _FIELD.match(line):
            return BARE
        if _BARE_JSON.match(line) and not any(map(_DATA_LINE.match, self._block)):
            return BARE
        return _COMMENT if is_comment and self._kind != _EVENT else _EVENT

    def _close(self) -> Iterator[ServerSentEvent]:
        raw, kind = b"".join(self._block), self._kind
        self._block.clear()
        self._kind = _NONE
        if raw:
            yield _READERS.get(kind, ServerSentEvent)(raw)


def _read_event(raw: bytes) -> ServerSentEvent:
    """Read the type and the data of one event, as the standard says."""
    event = ""
    data: list[str] = []
    for line in _LINE_BREAK.split(raw.decode("utf-8", "replace")):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "event":
            event = value
    return ServerSentEvent(raw, event=event or "message", data="\n".join(data) if data else None)


def _read_bare(raw: bytes) -> ServerSentEvent:
    text = raw.rstrip(b"\r\n").decode("utf-8", "replace")
    return ServerSentEvent(raw, event=BARE, data=_LINE_BREAK.sub("\n", text))


#: The kinds of block in a stream, besides `BARE`. A stray blank line is of no kind.
_NONE, _COMMENT, _EVENT = "", "comment", "event"
_READERS: dict[str, Callable[[bytes], ServerSentEvent]] = {_EVENT: _read_event, BARE: _read_bare}


def _event_with_data(raw: bytes, data: str) -> bytes:
    """Replace each data line by a new one, and the last by all new ones that are left."""
    lines = raw.splitlines(keepends=True)
    last = max(place for place, line in enumerate(lines) if _DATA_LINE.match(line))
    values = [line.encode("utf-8", "surrogatepass") for line in _LINE_BREAK.split(data)]
    written: list[bytes] = []
    for place, line in enumerate(lines):
        if not _DATA_LINE.match(line):
            written.append(line)
            continue
        here = values if place == last else values[:1]
        values = values[len(here) :]
        space = line.startswith(b"data: ")
        end = line[len(line.rstrip(b"\r\n")) :]
        fields = [(b"data: " if space or value.startswith(b" ") else b"data:") + value for value in here]
        if fields:
            written.append((end or b"\n").join(fields) + end)
    return b"".join(written)


def _bare_with_data(raw: bytes, data: str) -> bytes:
    end = raw[len(raw.rstrip(b"\r\n")) :]
    return data.encode("utf-8", "surrogatepass") + end


def decode(body: bytes) -> list[ServerSentEvent]:
    """Return all events of a whole body, and the pieces between them; their `raw` joined is the body."""
    decoder = Decoder()
    return decoder.feed(body) + decoder.flush()


def closes(body: bytes) -> bool:
    """Return whether a body ends with the event that closes a stream, so that nothing is missing."""
    return any(event.done for event in decode(body[-200:]))


def is_whole(body: bytes) -> bool:
    """Return whether a body can be a whole stream: its last event is closed, and so is an interaction's stream."""
    events = [event for event in decode(body) if event.event]
    if not events:
        return True
    last = events[-1]
    if last.event == BARE:
        return last.json() is not NOT_JSON
    if not last.raw.endswith(_CLOSED):
        return False
    kinds = [_kind(event) for event in events]
    is_interaction = any(kind.startswith("interaction.") for kind in kinds)
    return not is_interaction or any(event.done for event in events) or not _LAST.isdisjoint(kinds)


def _kind(event: ServerSentEvent) -> str:
    """Return what an event of the API says it is: its type, or where it has none, what its data says."""
    value = event.json() if event.event == "message" else None
    return str(value.get("event_type", "")) if isinstance(value, dict) else event.event


def split(body: bytes) -> list[bytes]:
    """Return the pieces of the body, cut after each event."""
    return [event.raw for event in decode(body)]
