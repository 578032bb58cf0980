"""What the server says on a WebSocket, in parts: each a message with its delay, or an end of the connection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pytest_interactions.api.exchange import Cut
from pytest_interactions.api.json_values import compact
from pytest_interactions.api.websocket import Closed, Frame
from pytest_interactions.server.emulator.spoilt import said

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.api.websocket import Item
    from pytest_interactions.server.emulator.errors import ApiError
    from pytest_interactions.server.emulator.script import Reply
    from pytest_interactions.server.emulator.wire import Hold

#: The end of a connection without a close frame.
BREAK: Final = Cut(by="connection")
#: The end of a connection that has served its purpose (RFC 6455, section 7.4.1).
NORMAL: Final = Closed(by_app=False, code=1000)
_RECONNECT: Final[Json] = {"event_type": "reconnection_required"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A thing to say or to do.

    Attributes:
        item: A message, a close frame, or a break without one.
        events: The number of events in the message.
        wait: The seconds to wait before it.
        hold: A barrier before it.
        is_kept: Whether it is of the interaction, so that a later connection gets it if this one did not.
    """

    item: Item | Cut
    events: int = 0
    wait: float = 0.0
    hold: Hold | None = None
    is_kept: bool = False


def of_event(event: Json, *, is_kept: bool = False) -> Part:
    """Return the part that is one event."""
    return Part(item=Frame(sent=False, data=compact(event)), events=1, is_kept=is_kept)


def of_error(error: ApiError) -> Part:
    """Return the part that tells of an error; the connection stands after it."""
    return of_event({"event_type": "error", **error.body})


def of_answer(events: Iterable[Json], reply: Reply, asking: Json = _RECONNECT) -> list[Part]:
    """Return the parts that answer an input; what goes wrong with them that can't does nothing.

    Args:
        events: The answer.
        reply: What a script has of it.
        asking: The event that asks for a reconnection.
    """
    items = said(map(compact, events), reply)
    messages = [str(item.data) for item in items if isinstance(item, Frame)]
    ends = [Part(item=item) for item in items if isinstance(item, Closed)] or list(_ends(reply, asking))
    cut = reply.cut_after
    if cut is None or cut > len(messages):
        parts = [*_messages(messages, reply, 0), *ends]
    else:
        parts = [*_messages(messages[:cut], reply, 0), Part(item=BREAK), *_messages(messages[cut:], reply, cut), *ends]
    parts[:1] = [replace(part, wait=reply.delay) for part in parts[:1]]
    return _held(parts, reply.hold)


def _ends(reply: Reply, asking: Json) -> Iterator[Part]:
    if reply.reconnect:
        yield Part(item=_message([compact(asking)], reply), events=1)
    if reply.close is not None:
        yield Part(item=Closed(by_app=False, code=reply.close.code, reason=reply.close.reason))
    elif reply.reconnect:
        yield Part(item=NORMAL)


def _messages(messages: Sequence[str], reply: Reply, first: int) -> Iterator[Part]:
    """Yield the messages of events, of which the first has the number `first`."""
    size = reply.batch or 1
    for start in range(0, len(messages), size):
        batch = messages[start : start + size]
        wait = reply.events_delay if first + start else 0.0
        yield Part(item=_message(batch, reply), events=len(batch), wait=wait, is_kept=True)


def _message(events: Sequence[str], reply: Reply) -> Frame:
    text = events[0] if reply.batch is None else f'{{"events":[{",".join(events)}]}}'
    return Frame(sent=False, data=text.encode() if reply.binary else text)


def _held(parts: list[Part], hold: Hold | None) -> list[Part]:
    """Return the parts with the barrier before the one that has its event, or that comes after all events before it."""
    come = 0
    for place, part in enumerate(parts if hold is not None else ()):
        if hold is not None and come + max(part.events - 1, 0) >= hold.before:
            return [*parts[:place], replace(part, hold=hold), *parts[place + 1 :]]
        come += part.events
    return parts
