"""The events in the messages of live interactions, which the API has on WebSockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_interactions.api.paths import interaction_path
from pytest_interactions.api.sse import decode
from pytest_interactions.api.websocket import Frame, item_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.api.json_values import Json

PATH: Final = "/interactions/live"
#: What tells of the interaction as a whole, and is no part of an answer.
TELLING: Final = ("interaction.created", "interaction.connected")
#: What ends an answer, and the interaction; the API has spelt it in both ways.
ENDS: Final = ("interaction.completed", "interaction.cancelled", "interaction.canceled")


def is_live(exchange: Exchange) -> bool:
    """Return whether an exchange is a connection to live interactions of the API."""
    return exchange.response.has_messages and interaction_path(exchange.request.uri) == PATH


class Said(NamedTuple):
    """One event on a connection.

    Attributes:
        sent: Whether the app has sent it; else it has received it.
        event: Its JSON.
        seconds: When its message was there, in seconds since the connection was asked for; `None` if nobody knows.
    """

    sent: bool
    event: Json
    seconds: float | None = None

    @property
    def ends(self) -> bool:
        """Return whether it ends its interaction."""
        return self.event.get("event_type") in ENDS


def said_in(exchange: Exchange) -> Iterator[Said]:
    """Yield the events in the messages of a connection, of which one may hold several; no other messages."""
    events = decode(exchange.response.body)
    times = exchange.times or ()
    known = times[1:] if len(times) == len(events) + 1 else [None] * len(events)
    for event, seconds in zip(events, known, strict=True):
        item = item_of(event)
        if isinstance(item, Frame):
            yield from (Said(item.sent, each, seconds) for each in events_in(item.json()))


def events_in(message: Any) -> list[Json]:
    """Return the events in the JSON of a message, which may be a batch of several; none of what is no object."""
    batch = message.get("events") if isinstance(message, dict) else None
    return [each for each in (batch if isinstance(batch, list) else [message]) if isinstance(each, dict)]


def named(said: Said) -> str:
    """Return the id that an event gives its interaction; "" if it gives none."""
    if said.event.get("event_type") not in ("interaction.connect", *TELLING):
        return ""
    interaction = said.event.get("interaction")
    inner = interaction.get("id") if isinstance(interaction, dict) else None
    name = said.event.get("id") if said.sent else said.event.get("interaction_id") or inner
    return name if isinstance(name, str) else ""
