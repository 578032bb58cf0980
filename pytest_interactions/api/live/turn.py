"""One turn of a live interaction, and the stream that would say the same over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlunsplit

from pytest_interactions.api.exchange import Cut, Exchange, Request, Response
from pytest_interactions.api.json_values import Json, compact
from pytest_interactions.api.latency import Came
from pytest_interactions.api.paths import split
from pytest_interactions.api.sse import decode
from pytest_interactions.api.websocket import Closed, event_of

if TYPE_CHECKING:
    from pytest_interactions.api.live.events import Said
    from pytest_interactions.api.sse import ServerSentEvent

_HTTP: Final = {"ws": "http", "wss": "https"}


@dataclass(slots=True, eq=False)
class Turn:
    """One turn of a live interaction.

    Attributes:
        asked: The JSON of the request that would ask the same.
        exchanges: The connections on which it was said and answered.
        heard: The events of the answer, with what the app said that is no input.
        began: When the app said its first word, in seconds since its connection was asked for; `None` if nobody knows.
        told: What all turns of the interaction have: its id, and its model.
        is_open: Whether it has not come to an end: an input without an answer, or a step that goes on.
        end: How the last connection ended; `None` if nobody knows.
    """

    asked: Json
    exchanges: list[Exchange]
    heard: list[Said] = field(default_factory=list)
    began: float | None = None
    told: Json = field(default_factory=dict)
    is_open: bool = True
    end: Closed | Cut | None = None

    @property
    def events(self) -> list[Json]:
        """Return the events of a stream with this turn alone."""
        return [{"event_type": "interaction.created", **self.told}, *(said.event for said in self.heard)]

    @property
    def was_left(self) -> bool:
        """Return whether the app has gone before its end."""
        cut = self._cut()
        return cut is not None and cut.by == "app"

    @property
    def seconds(self) -> float | None:
        """Return how long it took, from the first word to the end of the answer; `None` if nobody knows."""
        came = self.came()
        return came[-1].seconds if came else None

    def came(self) -> list[Came]:
        """Return the events of the answer with their times since the first word, and their numbers in it, from 1.

        There are none if nobody knows; several connections have no common clock. What ends the interaction is none of
        them: the app asks for that when it likes.
        """
        heard = [said for said in self.heard if not said.sent and said.seconds is not None and not said.ends]
        if self.began is None or len(self.exchanges) > 1:
            return []
        return [
            Came(round((said.seconds or 0.0) - self.began, 3), number, _streamed(said.event))
            for number, said in enumerate(heard, 1)
        ]

    def as_http(self, name: str, previous: Any) -> Exchange:
        """Return the request and the stream by which HTTP would say the same.

        Args:
            name: The id of the interaction that it is there, where each turn has another.
            previous: The id of the one before; `None` if there is none.
        """
        request = self.exchanges[0].request
        parts = split(request.uri)
        uri = urlunsplit((_HTTP.get(parts.scheme, parts.scheme), parts.netloc, parts.path[: -len("/live")], "", ""))
        asked = {**self.asked, "previous_interaction_id": previous} if previous else self.asked
        created, *events = self.events
        return Exchange(
            request=Request(method="POST", uri=uri, headers=request.headers, body=_encoded(asked)),
            response=Response(
                status=200,
                headers={"content-type": ["text/event-stream"]},
                body=b"".join(_streamed(event).raw for event in [{**created, "interaction_id": name}, *events]),
            ),
            cut=self._cut(),
            seconds=self.seconds,
        )

    def _cut(self) -> Cut | None:
        if not self.is_open:
            return None
        if isinstance(self.end, Closed):
            return Cut(by="app" if self.end.by_app else "connection")
        return self.end


def _streamed(event: Json) -> ServerSentEvent:
    """Return an event as one of a stream."""
    kind = event.get("event_type")
    name = kind if isinstance(kind, str) and kind.isprintable() and kind else "message"
    return next(iter(decode(event_of(name, _encoded(event).decode("utf-8", "surrogatepass")))))


def _encoded(value: Json) -> bytes:
    return compact(value).encode("utf-8", "surrogatepass")
