"""What is shown of a WebSocket: how many messages went each way, who closed it, and the messages themselves."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api import websocket
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.api.websocket import Closed, Frame
from pytest_interactions.report.media import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.api.json_values import Json

#: The characters of one message that are shown.
_SHOWN: Final = 2_000
#: The characters of a reason; no WebSocket carries more.
_REASON: Final = 123
_SENT, _RECEIVED = websocket.SENT, websocket.RECEIVED


def facts_of(exchange: Exchange) -> Json:
    """Return the counts of its messages and its close frame, as a report has them; nothing of plain HTTP."""
    if not exchange.response.has_messages:
        return {}
    items = websocket.read(exchange.response.body)
    sent = [item.sent for item in items if isinstance(item, Frame)]
    closings = (item for item in items if isinstance(item, Closed))
    closed = next(({"closed": _told_close(each)} for each in closings), {})
    return {"messages": {_SENT: sum(sent), _RECEIVED: len(sent) - sum(sent)}, **closed}


def sizes_of(exchange: Exchange) -> Json:
    """Return how many bytes the app has sent and received: of bodies, or of messages."""
    sent, received = len(exchange.request.body), len(exchange.response.body)
    if exchange.response.has_messages:
        frames = [item for item in websocket.read(exchange.response.body) if isinstance(item, Frame)]
        sent = sum(_size(frame) for frame in frames if frame.sent)
        received = sum(_size(frame) for frame in frames if not frame.sent)
    return {"request_bytes": sent, "response_bytes": received}


def counted_text(messages: Json) -> str:
    """Return how many messages went each way, in words."""
    sent, received = messages[_SENT], messages[_RECEIVED]
    return f"{sent:,} message{'s' * (sent != 1)} sent, {received:,} received"


def closed_text(closed: Json, *, reason: bool = True) -> str:
    """Return who closed a WebSocket, with the code, and with the reason if that is asked for."""
    details = [closed["code"], closed["reason"][:_REASON] if reason else ""]
    in_brackets = " ".join(str(each) for each in details if each not in (None, ""))
    return f"closed by the {closed['by']}" + (f" ({in_brackets})" if in_brackets else "")


def lines_of_messages(exchange: Exchange) -> Iterator[str]:
    """Yield the messages of a WebSocket as lines, without the bytes of media: each with its direction and time."""
    items = websocket.read(exchange.response.body)
    known = (exchange.times or ())[1:]
    times = [f" after {seconds:.3f} s" for seconds in known] if len(known) == len(items) else [""] * len(items)
    return chain.from_iterable(map(_lines_of, items, times))


def kind_of(item_kind: str, said: Json) -> str:
    """Return the kind of a message, of which `said` is the JSON: its direction, and what it says that it is."""
    direction = item_kind.partition(" ")[0]
    named = said.get("event_type")
    if isinstance(named, str):
        return f"{direction} {named}"
    batch = said.get("events")
    return f"{direction} batch" if isinstance(batch, list) else direction


def _told_close(closed: Closed) -> Json:
    return {"by": "app" if closed.by_app else "server", "code": closed.code, "reason": closed.reason}


def _lines_of(item: Frame | Closed, time: str) -> Iterator[str]:
    if isinstance(item, Closed):
        yield f"{closed_text(_told_close(item))}{time}"
        return
    yield f"{_SENT if item.sent else _RECEIVED}{time}:"
    yield from (f"  {_cut(line)}" for line in _text_of(item).splitlines())


def _text_of(frame: Frame) -> str:
    value: Any = frame.json()
    if value is not NOT_JSON:
        return json.dumps(told(value), indent=2, ensure_ascii=False)
    if isinstance(frame.data, str):
        return frame.data
    try:
        return frame.data.decode()
    except UnicodeDecodeError:
        return f"{len(frame.data):,} bytes"


def _cut(line: str) -> str:
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}… ({len(line) - _SHOWN:,} more)"


def _size(frame: Frame) -> int:
    data = frame.data
    return len(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
