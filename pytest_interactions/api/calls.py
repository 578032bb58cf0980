"""The calls of an app, each made of the HTTP exchanges that it took; a turn of a live interaction is one, too.

One call may take several: the client goes on after a limit (`requires_continuation`), connects again, resumes a stream,
or asks again until background work has ended. How many there are is the server's doing on that day, and no behaviour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_interactions.api.fold import BEGINNINGS, fold, payloads
from pytest_interactions.api.latency import first_in, first_of, gaps, gaps_in
from pytest_interactions.api.live.turns import turns_of
from pytest_interactions.api.models import Interaction
from pytest_interactions.api.paths import interaction_path
from pytest_interactions.api.setting import setting_of
from pytest_interactions.api.sse import BARE, decode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.api.latency import First, Gap
    from pytest_interactions.api.live.turn import Turn

#: The statuses with which a stream that ends was broken off, so that its request is sent again.
_UNFINISHED = ("", "in_progress")


@dataclass(slots=True)
class Call:
    """One call of an app.

    Attributes:
        asked: The JSON of its first request.
        interaction: What came of it, with the input that was sent.
        exchanges: The exchanges that it took. Turns of a live interaction share one.
        turn: The turn of a live interaction that it is; `None` for any other call.
    """

    asked: Json
    interaction: Interaction
    exchanges: list[Exchange]
    turn: Turn | None = None

    @property
    def seconds(self) -> float | None:
        """Return how long its exchanges took while they were recorded; `None` unless it is known of each."""
        if self.turn is not None:
            return self.turn.seconds
        known = [exchange.seconds for exchange in self.exchanges if exchange.seconds is not None]
        return sum(known) if len(known) == len(self.exchanges) else None

    def first(self) -> First | None:
        """Return when the first of its events came, and its first token; `None` if nobody knows."""
        return first_of(self.exchanges) if self.turn is None else first_in(self.turn.came())

    def gaps(self) -> list[Gap]:
        """Return the gaps between the events of its streams; the events of a turn count from its beginning."""
        return gaps(self.exchanges) if self.turn is None else gaps_in([self.turn.came()])


def interactions_of(exchanges: Iterable[Exchange]) -> list[Interaction]:
    """Return the interaction of each call that `calls_of` returns."""
    return [call.interaction for call in calls_of(exchanges)]


def calls_of(exchanges: Iterable[Exchange]) -> list[Call]:
    """Return the calls that these exchanges are, in the order of their first requests.

    A call is what one request to create an interaction began, and all that went on with it: requests that bring a
    `continuation_token` it was given, and requests for the interaction by its id. Each turn of a live interaction is a
    call as well. Exchanges without an interaction, such as an HTTP error, a deletion, another API, are no part of any.
    """
    calls, listed = _Calls(), list(exchanges)
    turns = turns_of(listed)
    for exchange in listed:
        for turn in turns.get(id(exchange), ()):
            calls.add(_Answer(turn.asked, "", events=turn.events, turn=turn), *turn.exchanges)
        answer = _answer(exchange)
        if answer is not None:
            calls.add(answer, exchange)
    return [Call(call.asked, call.interaction(), call.exchanges, call.turn) for call in calls.all]


# --- what one exchange answered ---


@dataclass(slots=True)
class _Answer:
    """What an exchange answered: an interaction as JSON, or the events of a stream.

    Attributes:
        asked: The JSON of the request.
        name: The id in the request's path; `""` for a request that creates an interaction.
        interaction: The answer of a call without `stream`.
        events: The events of a stream, of which there may be none.
        was_left: Whether the app left the stream before its end.
        turn: The turn of a live interaction that it is.
    """

    asked: Json
    name: str
    interaction: Json = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)
    was_left: bool = False
    turn: Turn | None = None

    @property
    def token(self) -> str:
        """Return the token of an earlier answer, which this one goes on with; `""` if there is none."""
        return _text(self.asked.get("continuation_token"))


def _answer(exchange: Exchange) -> _Answer | None:
    request, response = exchange.request, exchange.response
    path = interaction_path(request.uri)
    if path is None or not 200 <= response.status < 300:  # noqa: PLR2004 - HTTP's success
        return None
    sent = request.json()
    answer = _Answer(sent if isinstance(sent, dict) else {}, path.split("/")[2] if path.count("/") > 1 else "")
    if response.is_stream:
        answer.events = list(chain.from_iterable(map(payloads, decode(response.body))))
        answer.was_left = exchange.cut is not None and exchange.cut.by == "app"
        is_broken = exchange.cut is not None and not answer.was_left
        return None if is_broken and not answer.events else answer
    interaction = response.json()
    if not isinstance(interaction, dict) or not ({"status", "steps", "outputs"} & interaction.keys()):
        return None
    answer.interaction = interaction
    return answer


class _Facts(NamedTuple):
    """What an answer, or an event of it, says of its interaction; `""` for what it does not say."""

    name: str
    status: str
    token: str


def _facts(event: Json) -> _Facts:
    inner = event.get("interaction")
    interaction: Json = inner if isinstance(inner, dict) else {}
    return _Facts(
        _text(interaction.get("id")) or _text(event.get("interaction_id")),
        _text(interaction.get("status")) or _text(event.get("status")),
        _text(interaction.get("continuation_token")) or _text(event.get("continuation_token")),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


# --- calls ---


class _Hop:
    """One interaction of a call, with the state in which it was seen last."""

    def __init__(self, answer: _Answer) -> None:
        self.token = answer.token
        self.name = answer.name
        self.status = ""
        self.tokens = {answer.token}
        self.turn = answer.turn
        self._interaction: Json = {}
        self._events: list[Json] = []
        self.see(answer)

    def see(self, answer: _Answer) -> None:
        """Take a further answer: what a poll says replaces what is known, and a stream that was resumed adds to it.

        Events have ids in a stream that can be resumed; one without them is sent from its beginning again. An error
        without an event's frame only said that the stream ends here; no client shows it. A poll of a live interaction
        tells all of its turns, and changes none.
        """
        if self.turn is not None and answer.turn is None:
            return
        begins = answer.events[:1] and answer.events[0].get("event_type") in BEGINNINGS
        if begins and "event_id" not in answer.events[0]:
            self._events = []
        self._interaction = answer.interaction
        self._events = [*(event for event in self._events if event["event_type"] != BARE), *answer.events]
        self.was_left = answer.was_left
        for name, status, token in map(_facts, [{"interaction": answer.interaction}, *answer.events]):
            self.name = name or self.name
            self.status = status or self.status
            self.tokens.add(token)

    @property
    def was_broken_off(self) -> bool:
        """Return whether it is a stream that stopped before its end, and not because the app had left it."""
        return bool(self._events) and not self.was_left and self.status in _UNFINISHED

    @property
    def whole(self) -> Json | None:
        """Return the interaction as it came; `None` if it was streamed."""
        return self._interaction or None

    @property
    def events(self) -> list[Json]:
        """Return its events; those of a plain answer are the ones that a stream would have had at least."""
        if not self._interaction:
            return self._events
        created = {"event_type": "interaction.created", "interaction": {"id": self._interaction.get("id", "")}}
        return [created, {"event_type": "interaction.completed", "interaction": self._interaction}]


class _Call:
    """One call: the JSON of its first request, one hop for each interaction that it took, and its exchanges."""

    def __init__(self, asked: Json) -> None:
        self.asked = asked
        self.hops: list[_Hop] = []
        self.exchanges: list[Exchange] = []

    @property
    def turn(self) -> Turn | None:
        """Return the turn of a live interaction that it is; `None` if it is none."""
        return self.hops[0].turn

    def waits_for(self, answer: _Answer) -> bool:
        """Return whether `answer`, which goes on with a token of this call, goes on with this call.

        A token is used once, or again if the stream that it began was broken off. Who stores nothing sends the same
        request again with the token; else the request names the interaction that gave the token.
        """
        begun = [hop for hop in self.hops if hop.token == answer.token]
        if begun and not begun[-1].was_broken_off:
            return False
        named = _text(answer.asked.get("previous_interaction_id"))
        if named and named in [hop.name for hop in self.hops]:
            return True
        return _without_token(answer.asked) == _without_token(self.asked)

    def interaction(self) -> Interaction:
        """Return the interaction of the whole call."""
        only = self.hops[0].whole if len(self.hops) == 1 else None
        events = chain.from_iterable(hop.events for hop in self.hops)
        interaction = fold(events) if only is None else Interaction.model_validate(only)
        # Who stores nothing goes on after a limit by sending the input again: it is no input to this answer.
        return interaction.sent({**self.asked, "input": None} if "continuation_token" in self.asked else self.asked)


def _without_token(asked: Json) -> Json:
    return {key: value for key, value in asked.items() if key != "continuation_token"}


class _Calls:
    """All calls so far, found by the ids and the tokens that they were given."""

    def __init__(self) -> None:
        self.all: list[_Call] = []
        self._by_name: dict[str, tuple[_Call, _Hop]] = {}
        self._by_token: dict[str, list[_Call]] = {}

    def add(self, answer: _Answer, *exchanges: Exchange) -> None:
        """Give an answer to the call that it goes on with, or begin a call with it."""
        if answer.turn is not None:
            answer.asked = self._with_setting(answer.asked)
        if answer.name in self._by_name:
            call, hop = self._by_name[answer.name]
            hop.see(answer)
        else:
            waiting = (call for call in self._by_token.get(answer.token, ()) if call.waits_for(answer))
            hop = _Hop(answer)
            call = next(waiting, None) or self._begin(answer)
            call.hops.append(hop)
        call.exchanges += exchanges
        if hop.name:
            self._by_name[hop.name] = call, hop
        for token in hop.tokens - {""}:
            calls = self._by_token.setdefault(token, [])
            if call not in calls:
                calls.append(call)

    def _with_setting(self, asked: Json) -> Json:
        """Return what a turn of a live interaction asks, with the setting of the interaction that it goes on with."""
        begun = self._by_name.get(_text(asked.get("previous_interaction_id")))
        return asked if begun is None else {**setting_of(begun[0].asked), **asked}

    def _begin(self, answer: _Answer) -> _Call:
        self.all.append(_Call(answer.asked))
        return self.all[-1]
