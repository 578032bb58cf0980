"""The messages of a WebSocket, as the events of a text: the body of the answer that opened it. No I/O happens here.

The text is for this package alone, and is in the form of server-sent events, so that whatever holds of the events of a
stream holds of messages too: redaction, times, media. A cassette has each message as an item of a list; see `files`.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pytest_interactions.api.json_values import NOT_JSON, parse
from pytest_interactions.api.sse import ServerSentEvent, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

#: The kinds of events in the text, and of items in a cassette.
SENT, RECEIVED, CLOSED = "sent", "received", "closed"
#: How the text has a message, if not as a text message that stands there as it is: a binary message that is text, one
#: of any bytes, and a text message with a carriage return, which would end a line.
BINARY, BYTES, ESCAPED = "binary", "bytes", "escaped"
FORMS: Final = ("", BINARY, BYTES, ESCAPED)


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of a WebSocket, whatever frames it was sent in.

    Attributes:
        sent: Whether the app has sent it; else it has received it.
        data: A text message's text, or a binary message's bytes.
    """

    sent: bool
    data: str | bytes

    def json(self) -> Any:
        """Return the message parsed as JSON, be it text or binary; `NOT_JSON` if it is none."""
        return parse(self.data)


@dataclass(frozen=True, slots=True)
class Closed:
    """The close frame by which a WebSocket ended.

    Attributes:
        by_app: Whether the app has closed it first; else the server has.
        code: The close code; `None` if there was none (RFC 6455, section 7.1.5).
        reason: The reason, often empty.
    """

    by_app: bool
    code: int | None = None
    reason: str = ""


#: What happens on a WebSocket, in its order.
Item: TypeAlias = Frame | Closed


def written(item: Item) -> bytes:
    """Return the event of the text that stands for an item."""
    if isinstance(item, Closed):
        by = "app" if item.by_app else "server"
        return event_of(CLOSED, json.dumps({"by": by, "code": item.code, "reason": item.reason}, ensure_ascii=False))
    form, text = _laid_out(item.data)
    return event_of(SENT if item.sent else RECEIVED, text, form)


def body_of(items: Iterable[Item]) -> bytes:
    """Return the text of several items."""
    return b"".join(map(written, items))


def event_of(kind: str, text: str, form: str = "") -> bytes:
    """Return an event of the text: one of a kind, in a form, with a text."""
    lines = "".join(f"data: {line}\n" for line in text.split("\n"))
    return f"event: {f'{kind} {form}'.rstrip()}\n{lines}\n".encode("utf-8", "surrogatepass")


def read(body: bytes) -> list[Item]:
    """Return the items of a text; what is none is left out."""
    return [item for event in decode(body) if (item := item_of(event)) is not None]


def item_of(event: ServerSentEvent) -> Item | None:
    """Return the item that an event stands for; `None` if it is none."""
    kind, _, form = event.event.partition(" ")
    text = event.data
    if text is None or form not in _DATA_IN:
        return None
    if kind == CLOSED:
        return _closed(parse(text))
    return Frame(kind == SENT, _DATA_IN[form](text)) if kind in (SENT, RECEIVED) else None


def opened(event: bytes) -> bytes:
    """Return the event of a JSON message with that as its data, whatever ends its lines; any other one as it is."""
    frame = next(iter(read(event)), None)
    if not isinstance(frame, Frame) or not isinstance(frame.json(), dict | list):
        return event
    try:
        data = _on_lines(frame.data) if isinstance(frame.data, str) else _on_lines(frame.data.decode()).encode()
    except UnicodeError:  # JSON in another encoding
        return event
    return written(Frame(frame.sent, data))


def _on_lines(document: str) -> str:
    # In JSON, carriage returns are between values alone, where all white space says the same.
    return document.replace("\r\n", "\n").replace("\r", "\n")


def _closed(value: Any) -> Closed | None:
    if not isinstance(value, dict) or value.get("by") not in ("app", "server"):
        return None
    code, reason = value.get("code"), value.get("reason")
    return Closed(value["by"] == "app", code if type(code) is int else None, reason if isinstance(reason, str) else "")


def _laid_out(data: str | bytes) -> tuple[str, str]:
    """Return the form in which the text has a message, and its text in there."""
    if isinstance(data, str):
        return (ESCAPED, json.dumps(data, ensure_ascii=False)) if "\r" in data else ("", data)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\r"
    if "\r" in text or "\0" in text:
        # In a field `data`, as media are that go to files of their own.
        return BYTES, json.dumps({"data": base64.b64encode(data).decode()})
    return BINARY, text


def _bytes_in(text: str) -> bytes:
    value = parse(text)
    data = value.get("data") if isinstance(value, dict) else None
    try:
        return base64.b64decode(data if isinstance(data, str) else "")
    except ValueError:  # of a file that somebody has edited
        return text.encode()


def _text_in(text: str) -> str:
    value = parse(text)
    return text if value is NOT_JSON else str(value)


_DATA_IN: Final[Mapping[str, Callable[[str], str | bytes]]] = {
    "": str,
    BINARY: str.encode,
    BYTES: _bytes_in,
    ESCAPED: _text_in,
}
