"""Live interactions: the turns in the messages of a WebSocket, each as the stream that would say the same over HTTP.

A turn is what the app said since the last answer, with the steps that answer it. It begins with its first event: what
the app says in the middle of a step waits for the next one. A step stays in the turn in which it began.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlunsplit

from pytest_interactions.api.deltas import Node, apply
from pytest_interactions.api.exchange import Cut, Exchange, Request, Response
from pytest_interactions.api.json_values import Json, compact
from pytest_interactions.api.latency import Came
from pytest_interactions.api.live_events import ENDS, TELLING, Said, is_live, named, said_in
from pytest_interactions.api.paths import split
from pytest_interactions.api.sse import decode
from pytest_interactions.api.websocket import Closed, event_of, item_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_interactions.api.sse import ServerSentEvent

_HTTP: Final = {"ws": "http", "wss": "https"}
#: Media of which the app sends chunks, as the API does.
_IN_CHUNKS: Final = ("audio", "video")
#: The fields of an interaction that each of its turns has.
_OF_ALL_TURNS: Final = ("model", "agent")


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

        There are none if nobody knows; several connections have no common clock.
        """
        heard = [said for said in self.heard if not said.sent and said.seconds is not None]
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


def turns_of(exchanges: Iterable[Exchange]) -> dict[int, list[Turn]]:
    """Return the turns of all live interactions, by the `id` of the exchange in which they began."""
    begun: dict[int, list[Turn]] = {}
    for session in _sessions(exchanges):
        for turn in session.turns:
            begun.setdefault(id(turn.exchanges[0]), []).append(turn)
    return begun


def as_http(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """Return exchanges with the turns of live interactions in place of their connections; see `Turn.as_http`.

    The last turn has the id of the interaction, as requests may go on with it. A connection without a turn stays.
    """
    listed = list(exchanges)
    told: set[int] = set()
    begun: dict[int, list[Exchange]] = {}
    for number, session in enumerate(_sessions(listed)):
        previous = None
        for place, turn in enumerate(session.turns, 1):
            is_last = place == len(session.turns)
            name = session.name if session.name and is_last else f"{session.name or number}/{place}"
            begun.setdefault(id(turn.exchanges[0]), []).append(turn.as_http(name, previous))
            told.update(map(id, turn.exchanges))
            previous = name
    found: list[Exchange] = []
    for exchange in listed:
        found += begun.get(id(exchange), [exchange] * (id(exchange) not in told))
    return found


def _sessions(exchanges: Iterable[Exchange]) -> list[_Session]:
    """Return the live interactions of some connections, in the order in which they began."""
    known = _Known()
    for exchange in filter(is_live, exchanges):
        known.read(exchange)
    for session in known.all:
        session.finish()
    return known.all


class _Known:
    """All live interactions so far, found by their ids."""

    def __init__(self) -> None:
        self.all: list[_Session] = []
        self._by_name: dict[str, _Session] = {}

    def read(self, exchange: Exchange) -> None:
        """Give the events of a connection to the interaction that they are of, or to one after the other."""
        session: _Session | None = None
        for said in said_in(exchange):
            kind, name = said.event.get("event_type"), named(said)
            is_other = said.sent and (kind == "interaction.create" or bool(name))
            if session is None or is_other:
                session = self._by_name.get(name) or self._begin()
                session.connect(exchange)
            if name:
                session.name = name
                self._by_name[name] = session
            session.add(said)
        if session is not None:
            session.leave(_end(exchange))

    def _begin(self) -> _Session:
        self.all.append(_Session())
        return self.all[-1]


def _end(exchange: Exchange) -> Closed | Cut | None:
    items = map(item_of, decode(exchange.response.body))
    return next((item for item in items if isinstance(item, Closed)), exchange.cut)


class _Session:
    """One interaction, on one connection after another."""

    def __init__(self) -> None:
        self.name = ""
        self.turns: list[Turn] = []
        self._asked: Json = {}
        self._told: Json = {}
        #: What the app has said, and nobody has answered; of it, what it may say again on another connection.
        self._waiting: list[Said] = []
        self._carried: list[Json] = []
        #: By the index of a step, the turn that it is in; of the steps that have begun and not ended, too.
        self._turn_of: dict[int | None, Turn] = {}
        self._open: dict[int | None, Turn] = {}
        self._sent: dict[str, Json] = {}
        self._is_again = False
        self._end: Closed | Cut | None = None
        self._exchange: Exchange

    def connect(self, exchange: Exchange) -> None:
        """Go on, on another connection."""
        self._exchange = exchange
        self._is_again = bool(self.turns)
        self._carried = [said.event for said in self._waiting]

    def leave(self, end: Closed | Cut | None) -> None:
        """Take note of how the connection ended."""
        self._end = end
        for turn in self.turns:
            if turn.exchanges[-1] is self._exchange:
                turn.end = end

    def add(self, said: Said) -> None:
        """Take an event, but for one that was received already, as a server may send some again."""
        kind = str(said.event.get("event_type"))
        if said.sent:
            _SENT.get(kind, _Session.say)(self, said)
        elif not self._is_repeated(said.event):
            _RECEIVED.get(kind, _Session.tell)(self, said)

    def _is_repeated(self, event: Json) -> bool:
        name = event.get("event_id")
        if not name or not isinstance(name, str):
            return False
        return self._sent.setdefault(name, event) is not event and self._sent[name] == event

    # --- what the app sends ---

    def create(self, said: Said) -> None:
        self._asked = {name: value for name, value in said.event.items() if name != "event_type"}
        self._know(self._asked)

    def go_on(self, said: Said) -> None:
        if not self._asked:
            self._asked = {"previous_interaction_id": said.event.get("id")}

    def say(self, said: Said) -> None:
        """Let an input wait for an answer; what else is said in the middle of a step goes to its turn."""
        if said.event in self._carried:
            self._carried.remove(said.event)
        elif self._open and not _is_input(said):
            self.turns[-1].heard.append(said)
        else:
            self._waiting.append(said)

    def cancel(self, said: Said) -> None:
        """End a turn that is under way; the app may be gone before the server says so."""
        if self._open or self._waiting:
            self.end(Said(False, {"event_type": "interaction.cancelled"}, said.seconds))

    def ignore(self, said: Said) -> None:
        """Change nothing: it says nothing that a turn has to show."""

    # --- what the server sends ---

    def know(self, said: Said) -> None:
        interaction = said.event.get("interaction")
        self._know({**said.event, **(interaction if isinstance(interaction, dict) else {})})

    def start(self, said: Said) -> None:
        """Begin a step; one that comes again after a reconnection, without another input, takes its own place."""
        index = _index(said.event)
        old = self._turn_of.get(index) if self._is_again and not self._waiting else None
        if old is None:
            self._turn_of[index] = turn = self._answering()
        else:
            turn = self._at(old)
            turn.heard = [each for each in turn.heard if not _is_of(index, each.event)]
        turn.heard.append(said)
        self._open[index] = turn

    def grow(self, said: Said) -> None:
        """Take a piece of a step, or its end, in the turn in which it began."""
        index = _index(said.event)
        turn = self._at(self._turn_of[index]) if index in self._turn_of else self._answering()
        turn.heard.append(said)
        if said.event["event_type"] == "step.stop":
            self._open.pop(index, None)
        else:
            self._turn_of[index] = self._open[index] = turn

    def end(self, said: Said) -> None:
        self.tell(said)
        self._open.clear()

    def tell(self, said: Said) -> None:
        self._answering().heard.append(said)

    # --- turns ---

    def _know(self, told: Mapping[str, Any]) -> None:
        self._told |= {name: told[name] for name in _OF_ALL_TURNS if isinstance(told.get(name), str)}

    def _at(self, turn: Turn) -> Turn:
        if turn.exchanges[-1] is not self._exchange:
            turn.exchanges.append(self._exchange)
        return turn

    def _answering(self) -> Turn:
        """Return the turn that an event is of: a new one if the app has said something since the last."""
        if self.turns and not self._waiting:
            return self._at(self.turns[-1])
        for index, turn in self._open.items():
            if turn.exchanges[-1] is self._exchange:  # which goes on; steps of one that broke have no end
                turn.heard.append(Said(False, {"event_type": "step.stop", "index": index}))
        self._open.clear()
        return self._begin()

    def _begin(self) -> Turn:
        """Begin a turn with all that waits for an answer."""
        asked = dict(self._asked)
        inputs = list(filter(_is_input, self._waiting))
        if self.turns and self.name:
            asked["previous_interaction_id"] = self.name
        if inputs:
            asked["input"] = _joined(said.event.get("content") for said in inputs)
        began = self._waiting[0].seconds if self._waiting else None
        turn = Turn(asked, [self._exchange], [said for said in self._waiting if not _is_input(said)], began)
        self._waiting, self._carried = [], []
        self.turns.append(turn)
        return turn

    def finish(self) -> None:
        """Come to an end: an input without an answer is a turn, too."""
        is_open = {id(turn) for turn in self._open.values()}
        if any(map(_is_input, self._waiting)):
            self._begin().end = self._end
        elif self.turns:
            self.turns[-1].heard += self._waiting
        for turn in self.turns:
            turn.told = {"interaction_id": self.name, **self._told}
            turn.is_open = id(turn) in is_open or all(said.sent for said in turn.heard)


def _is_input(said: Said) -> bool:
    return said.event.get("event_type") == "input"


def _index(event: Json) -> int | None:
    index = event.get("index")
    return index if isinstance(index, int) else None


def _is_of(index: int | None, event: Json) -> bool:
    return _index(event) == index and str(event.get("event_type")).startswith("step.")


def _joined(inputs: Iterable[Any]) -> list[Any]:
    """Return the contents of inputs as one list, in which chunks of a sound or a film are one."""
    node = Node({"type": "user_input"})
    for content in inputs:
        for part in content if isinstance(content, list) else [content]:
            if isinstance(part, dict) and part.get("type") in _IN_CHUNKS:
                apply(node, part)
            else:
                node.add_items("content", [part])
    contents: list[Any] = node.result()["content"]
    return contents


_SENT: Final[dict[str, Callable[[_Session, Said], None]]] = {
    "interaction.create": _Session.create,
    "interaction.connect": _Session.go_on,
    "interaction.complete": _Session.ignore,
    "interaction.disconnect": _Session.ignore,
    "interaction.cancel": _Session.cancel,
}
_RECEIVED: Final[dict[str, Callable[[_Session, Said], None]]] = {
    **dict.fromkeys(TELLING, _Session.know),
    "reconnection_required": _Session.ignore,
    "step.start": _Session.start,
    "step.delta": _Session.grow,
    "step.stop": _Session.grow,
    **dict.fromkeys(ENDS, _Session.end),
}
