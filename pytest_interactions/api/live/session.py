"""One live interaction: its events put into turns, on one connection after another.

A turn is what the app said since the last answer, with the steps that answer it. It begins with its first event: what
the app says in the middle of a step waits for the next one. A step stays in the turn in which it began.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.deltas import Node, apply
from pytest_interactions.api.live.events import ENDS, TELLING, Said
from pytest_interactions.api.live.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_interactions.api.exchange import Cut, Exchange
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.api.websocket import Closed

#: Media of which the app sends chunks, as the API does.
_IN_CHUNKS: Final = ("audio", "video")
#: The fields of an interaction that each of its turns has.
_OF_ALL_TURNS: Final = ("model", "agent")


class Session:
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
            _SENT.get(kind, Session.say)(self, said)
        elif not self._is_repeated(said.event):
            _RECEIVED.get(kind, Session.tell)(self, said)

    def _is_repeated(self, event: Json) -> bool:
        name = event.get("event_id")
        if not name or not isinstance(name, str):
            return False
        return self._sent.setdefault(name, event) is not event and self._sent[name] == event

    # --- what the app sends ---

    def create(self, said: Said) -> None:
        """Begin the interaction, with a setting for all of its turns."""
        self._asked = {name: value for name, value in said.event.items() if name != "event_type"}
        self._know(self._asked)

    def go_on(self, said: Said) -> None:
        """Go on with an interaction, be it one that something else has begun."""
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
        """Take note of what is told of the interaction as a whole."""
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
        """End an answer, and the interaction, whose usage is that of the turns which have told theirs."""
        if any(map(_tells_usage, self.turns)):
            said = said._replace(event={name: value for name, value in said.event.items() if name != "usage"})
        self.tell(said)
        self._open.clear()

    def tell(self, said: Said) -> None:
        """Take any other event."""
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


def _tells_usage(turn: Turn) -> bool:
    return any("usage" in said.event and said.event.get("event_type") == "step.stop" for said in turn.heard)


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


_SENT: Final[dict[str, Callable[[Session, Said], None]]] = {
    "interaction.create": Session.create,
    "interaction.connect": Session.go_on,
    "interaction.complete": Session.ignore,
    "interaction.disconnect": Session.ignore,
    "interaction.cancel": Session.cancel,
}
_RECEIVED: Final[dict[str, Callable[[Session, Said], None]]] = {
    **dict.fromkeys(TELLING, Session.know),
    "reconnection_required": Session.ignore,
    "step.start": Session.start,
    "step.delta": Session.grow,
    "step.stop": Session.grow,
    **dict.fromkeys(ENDS, Session.end),
}
