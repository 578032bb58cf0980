"""The turns of a test, made of its exchanges: what is compared with one another, without retries, polls and hops."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import dropwhile, takewhile
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_interactions.api.behaviour import behaviour_of
from pytest_interactions.api.calls import calls_of
from pytest_interactions.api.conversation import turns
from pytest_interactions.api.drift.conversations import conversations_of, sent
from pytest_interactions.api.fold import payloads
from pytest_interactions.api.lint.concern import creates
from pytest_interactions.api.live.turns import as_http
from pytest_interactions.api.sse import decode
from pytest_interactions.api.steps import as_steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_interactions.api.calls import Call
    from pytest_interactions.api.conversation import Turn
    from pytest_interactions.api.exchange import Exchange, Response
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.api.models import Step

#: The answers after which a client sends its request again by itself.
_REPEATED: Final = (0, 408, 409, 425, 429)
_SERVERS_ERROR: Final = 500
#: The statuses of an interaction that goes on.
_UNDER_WAY: Final = {"", "None", "queued", "in_progress", "requires_continuation"}
_STEPS: Final = {"steps", "outputs"}


class UnitStep(NamedTuple):
    """One step of an answer: the behaviour in it (see `api.behaviour`), and the steps that it came as."""

    behaviour: Json
    raw: list[Json]

    @property
    def type(self) -> str:
        """Return its type; "" if it names none."""
        return str(self.behaviour.get("type") or "")

    @property
    def call(self) -> str:
        """Return the name of its call in its turn, such as `get_weather#1`; "" if it is neither a call nor a result."""
        return str(self.behaviour.get("call") or "")

    @property
    def tool(self) -> str:
        """Return the tool that it calls, or has the result of; "" for any other step."""
        return self.call.partition("#")[0]

    @property
    def is_call(self) -> bool:
        """Return whether it calls a tool."""
        return self.type.endswith("_call")

    @property
    def title(self) -> str:
        """Return what a finding calls it: its type, and the tool of a function."""
        is_own = self.type.rpartition("_")[0] == self.tool
        return " ".join(filter(None, (self.type or "step", "" if is_own else self.tool)))


@dataclass(slots=True, eq=False, kw_only=True)
class Unit:
    """One turn: a call of the app, or a request to create an interaction that something else answers, as an error.

    Attributes:
        number: The number of the turn, from 1.
        asked: The JSON of its first request.
        exchanges: The exchanges that it took.
        sent: What the app added to the conversation, each in one text.
        raw: The interaction as it came, with an empty list in place of its steps.
        steps: The steps of the answer.
        errors: The errors in it.
        is_call: Whether an interaction answers.
        was_left: Whether the app left the stream before its end.
        is_reading: Whether it only reads the interaction of a turn anew; how often is no behaviour.
        tools: How often each tool is called.
    """

    number: int
    asked: Json
    exchanges: Sequence[Exchange]
    sent: tuple[str, ...] = ()
    raw: Json = field(default_factory=dict)
    steps: list[UnitStep] = field(default_factory=list)
    errors: list[Any] = field(default_factory=list)
    is_call: bool = False
    was_left: bool = False
    is_reading: bool = False
    tools: Counter[str] = field(default_factory=Counter)

    @property
    def failure(self) -> Response | None:
        """Return the answer of a turn that no interaction answers; `None` if one does."""
        return None if self.is_call else self.exchanges[0].response

    @property
    def status(self) -> str:
        """Return the interaction's status; "" if there is none."""
        return str(self.raw.get("status") or "")

    @property
    def stream(self) -> Response | None:
        """Return the last stream of the answer; `None` if it was none."""
        streams = [each.response for each in self.exchanges if each.response.is_stream]
        return streams[-1] if streams else None


def units_of(exchanges: Sequence[Exchange]) -> tuple[list[list[Unit]], list[Exchange]]:
    """Return the turns of each conversation, in the order of their first ones, and the exchanges of other kinds."""
    kept = _without_retries(as_http(exchanges))
    calls = calls_of(kept)
    readings = _readings(calls)
    if readings:
        read = {id(each) for each, _ in readings}
        calls = calls_of(each for each in kept if id(each) not in read)
    units = [
        _unit(call.asked, call.exchanges, turn)
        for call, turn in zip(calls, turns(call.interaction for call in calls), strict=True)
    ]
    known = {id(each) for call in calls for each in call.exchanges}
    units += [_failure(each) for each in kept if id(each) not in known and creates(each.request)]
    place = {id(each): number for number, each in enumerate(kept)}
    units.sort(key=lambda unit: place[id(unit.exchanges[0])])
    for number, unit in enumerate(units, 1):
        unit.number = number
    of_first = {id(unit.exchanges[0]): unit for unit in units}
    units += [_reading(each, of_first[id(first)]) for each, first in readings]
    told = {id(each) for unit in units for each in unit.exchanges}
    return conversations_of(units), [each for each in kept if id(each) not in told]


def _readings(calls: Iterable[Call]) -> list[tuple[Exchange, Exchange]]:
    """Return the last request of each call that reads an interaction which had ended, with the call's first one."""
    found = []
    for call in calls:
        has_ended = [number for number, each in enumerate(call.exchanges) if _has_ended(each)]
        if len(has_ended) > 1:
            found += [(each, call.exchanges[0]) for each in call.exchanges[has_ended[0] + 1 :]]
    return found


def _has_ended(exchange: Exchange) -> bool:
    response = exchange.response
    if response.is_stream:
        return b"interaction.complete" in response.body
    answer = response.json()
    return isinstance(answer, dict) and str(answer.get("status")) not in _UNDER_WAY


def _reading(exchange: Exchange, unit: Unit) -> Unit:
    """Return what a request said that reads the interaction of a turn, which tells it under the turn's number."""
    call = calls_of([exchange])[0]
    read = _unit(unit.asked, call.exchanges, turns([call.interaction])[0])
    read.number, read.is_reading = unit.number, True
    read.sent = ("reading", str(unit.number))
    return read


def _without_retries(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Return exchanges without attempts that failed, and after which the same was asked again."""
    left = Counter(map(_request_key, exchanges))
    kept = []
    for exchange in exchanges:
        key = _request_key(exchange)
        left[key] -= 1
        if not (left[key] and _may_be_repeated(exchange)):
            kept.append(exchange)
    return kept


def _request_key(exchange: Exchange) -> tuple[str, str, bytes]:
    return exchange.request.method, exchange.request.uri, exchange.request.body


def _may_be_repeated(exchange: Exchange) -> bool:
    status, cut = exchange.response.status, exchange.cut
    was_broken = cut is not None and cut.by == "connection" and exchange.request.method == "POST"
    return status in _REPEATED or status >= _SERVERS_ERROR or was_broken


def _unit(asked: Json, exchanges: Sequence[Exchange], turn: Turn) -> Unit:
    outputs = list(dropwhile(lambda step: step.type == "user_input", turn.outputs))
    interaction = turn.interaction
    raw = interaction.model_dump(exclude=_STEPS)
    for name in _STEPS & interaction.model_fields_set:
        value = getattr(interaction, name)
        raw[name] = [] if isinstance(value, list) else value
    if any(each.response.is_stream for each in exchanges) and not _STEPS & raw.keys():
        raw["steps"] = []  # which a stream does not spell out
    errors = raw.get("errors")
    steps = list(_steps(outputs))
    cut = exchanges[-1].cut
    return Unit(
        number=0,
        asked=asked,
        exchanges=exchanges,
        sent=tuple(map(sent, turn.inputs)),
        raw=raw,
        steps=steps,
        errors=errors if isinstance(errors, list) else [],
        is_call=True,
        was_left=cut is not None and cut.by == "app",
        tools=Counter(step.tool for step in steps if step.is_call),
    )


def _steps(outputs: Sequence[Step]) -> Iterator[UnitStep]:
    """Yield the steps of an answer; the behaviour has adjacent ones as one, if a limit may have parted them."""
    behaviour = behaviour_of(outputs)[0]["steps"] if outputs else []
    left = [step.model_dump() for step in outputs]
    for number, step in enumerate(behaviour):
        count = max(1, _alike(step, left) - _alike(step, behaviour[number:]) + 1)
        yield UnitStep(step, left[:count])
        del left[:count]


def _alike(step: Json, steps: Iterable[Json]) -> int:
    """Return how many steps at the beginning have the type of `step`."""
    kind = step.get("type") or ""
    return len([*takewhile(lambda other: (other.get("type") or "") == kind, steps)])


def _failure(exchange: Exchange) -> Unit:
    asked = exchange.request.json()
    asked = asked if isinstance(asked, dict) else {}
    steps = [step for step in as_steps(asked.get("input")) if step.type in {"user_input", "function_result"}]
    return Unit(number=0, asked=asked, exchanges=[exchange], sent=tuple(map(sent, steps[-1:])))


# --- streams ---

_TYPE: Final = re.compile(r"[a-z_]+(?:\.[a-z_]+)*")


def event_types(response: Response) -> set[str]:
    """Return the types of the events in a stream."""
    found: set[str] = set()
    for event in decode(response.body):
        data = list(payloads(event))
        names = [str(each.get("event_type")) for each in data] or [event.event]
        found.update(name for name in names if _TYPE.fullmatch(name))
    return found
