"""Server-sent events, decoded and re-encoded byte for byte. No I/O happens here.

The format is that of https://html.spec.whatwg.org/multipage/server-sent-events.html, with two things on top:
nothing of what came is dropped, and the JSON that the API writes between events without `data:`, when
it cuts a stream short, is an event too.
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
_DATA_LINE = re.compile(rb"data(?:[:\r\n]|\Z)")


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event, or one of the pieces between events (comment, byte order mark, stray blank line).

    Attributes:
        raw: The exact bytes, with the closing blank line if there was one. Joined, they are the stream.
        event: The event's type (`message` where none is given), `BARE` for JSON without `data:`, `""`
            for a piece that is no event.
        data: The joined `data:` lines; `None` where there is none.
    """

    raw: bytes
    event: str = ""
    data: str | None = None

    @property
    def done(self) -> bool:
        """Whether this is the sentinel that closes a stream: `event: done` or `data: [DONE]`."""
        return self.event == "done" or self.data == "[DONE]"

    def json(self) -> Any:
        """The data parsed as JSON; `NOT_JSON` if there is none, or it isn't JSON, as in `[DONE]`."""
        return NOT_JSON if self.data is None else parse(self.data)

    def with_data(self, data: str) -> ServerSentEvent:
        """The same event with other data; the rest of its bytes, and the way its lines are written, stay.

        Raises:
            ValueError: This piece has no data that could be replaced.
        """
        if self.data is None:
            raise ValueError(f"an event without data can't be given any: {self.raw[:80]!r}")
        if data == self.data:
            return self
        rewrite = _bare_with_data if self.event == BARE else _event_with_data
        return replace(self, raw=rewrite(self.raw, data), data=data)


class Decoder:
    """Turns chunks of a stream into events; how the stream was cut into chunks does not show in them."""

    def __init__(self) -> None:
        self._unfinished: list[bytes] = []
        self._block: list[bytes] = []
        self._kind = _NONE
        self._begun = False

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """The events that this chunk completes."""
        return [event for line in self._lines(chunk) for event in self._add(line)]

    def flush(self) -> list[ServerSentEvent]:
        """What is left when the stream has ended: events that no blank line closed."""
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
        """The kind of block that this line goes on with or, if it is another than the open one, begins."""
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
            yield _READ[kind](raw)


def _read_event(raw: bytes) -> ServerSentEvent:
    """The type and the data of one event, as the standard says to read them."""
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


#: The kinds of block a stream is made of, and how each is read. A stray blank line is of no kind.
_NONE, _COMMENT, _EVENT = "", "comment", "event"
_READ: dict[str, Callable[[bytes], ServerSentEvent]] = {
    _NONE: ServerSentEvent,
    _COMMENT: ServerSentEvent,
    _EVENT: _read_event,
    BARE: _read_bare,
}


def _event_with_data(raw: bytes, data: str) -> bytes:
    """Put the new lines where the old data lines stand, the last of which takes what is left over."""
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
    """All events of a whole body, and the pieces between them; their `raw` joined is the body."""
    decoder = Decoder()
    return decoder.feed(body) + decoder.flush()


def split(body: bytes) -> list[bytes]:
    """The body, cut after each event; joined, the pieces are the body."""
    return [event.raw for event in decode(body)]
