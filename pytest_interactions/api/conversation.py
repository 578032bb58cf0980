"""The way from recorded HTTP to interactions, and from these to the trajectory of a whole conversation."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_interactions.api.fold import BEGINNINGS, fold
from pytest_interactions.api.models import Interaction, Step
from pytest_interactions.api.paths import interaction_path
from pytest_interactions.api.sse import decode
from pytest_interactions.api.steps import as_steps, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.api.sse import ServerSentEvent


def interaction_of(exchange: Exchange) -> Interaction | None:
    """Return the interaction that an exchange returned or streamed, with the input that was sent to it.

    An exchange without an interaction gives `None`: an HTTP error, a deletion, another API.
    """
    request, response = exchange.request, exchange.response
    if interaction_path(request.uri) is None or not 200 <= response.status < 300:  # noqa: PLR2004 - HTTP's success
        return None
    if response.is_stream:
        interaction = _folded(decode(response.body))
    else:
        answer = response.json()
        if not isinstance(answer, dict) or not ({"status", "steps", "outputs"} & answer.keys()):
            return None
        interaction = Interaction.model_validate(answer)
    sent = request.json()
    if not isinstance(sent, dict):
        return interaction
    # A client that stores nothing goes on after a limit by sending the input again: it is no input to this answer.
    return interaction.sent({**sent, "input": None} if "continuation_token" in sent else sent)


def _folded(events: list[ServerSentEvent]) -> Interaction:
    interaction = fold(events)
    interaction._events = events  # noqa: SLF001 - known to this package alone
    return interaction


@dataclass(slots=True)
class Turn:
    """One interaction within a conversation, with the new steps of its input and the steps of its answer."""

    interaction: Interaction
    inputs: list[Step] = field(default_factory=list)
    outputs: list[Step] = field(default_factory=list)


def trajectory(interactions: Iterable[Interaction]) -> list[Step]:
    """Return all steps of a conversation in order, inputs included, no step twice. See `turns`."""
    steps: list[Step] = []
    for turn in turns(interactions):
        steps += [*turn.inputs, *turn.outputs]
    return steps


def turns(interactions: Iterable[Interaction]) -> list[Turn]:
    """Put the interactions of one test in order, each with the steps that it added to the conversation.

    An interaction that was polled counts once, in its last state. Of a history that was sent again
    (`store: false`), only the new steps count.
    """
    ordered: list[Turn] = []
    contexts: list[_Context] = []
    seen: set[tuple[str, str]] = set()
    for interaction in _last_states(interactions):
        sent = as_steps(interaction.input)
        outputs = as_steps(interaction.steps) or as_steps(interaction.outputs, said_by="model_output")
        if sent and _keys(outputs[: len(sent)]) == _keys(sent):
            outputs = outputs[len(sent) :]  # the answer repeats its input
        new = sent if interaction.previous_interaction_id else _new(sent, contexts)
        contexts.append(_Context(_keys(sent), _keys(outputs)))
        outputs = [step for step in outputs if not step.id or (str(step.id), _key(step)) not in seen]
        seen.update((str(step.id), _key(step)) for step in outputs if step.id)
        ordered.append(Turn(interaction, new, outputs))
    return ordered


def _last_states(interactions: Iterable[Interaction]) -> list[Interaction]:
    """Return each interaction once, at the place of its first exchange, with its input and its last state."""
    states: dict[Any, Interaction] = {}
    for number, interaction in enumerate(interactions):
        name = str(interaction.id) if interaction.id else number
        first = states.get(name, interaction)
        sent = {"input": first.input, "previous_interaction_id": first.previous_interaction_id}
        last = _resumed(first, interaction)
        states[name] = last.sent({key: value for key, value in sent.items() if value is not None})
    return list(states.values())


def _resumed(first: Interaction, then: Interaction) -> Interaction:
    """Return `then` from its beginning: a stream may go on where the `first` one broke (`last_event_id`)."""
    events, rest = first._events, then._events  # noqa: SLF001 - known to this package alone
    if first is then or not events or not rest or any(_kind(event) in BEGINNINGS for event in rest):
        return then
    return _folded([*events, *rest])


def _kind(event: ServerSentEvent) -> Any:
    data = event.json()
    return data.get("event_type") if isinstance(data, dict) else None


# --- a history that is sent again ---

#: The fields that identify a step, and a content.
_OF_STEP = ("type", "content", "name", "server_name", "arguments", "result")
_OF_CONTENT = ("type", "text", "data", "uri")


class _Context(NamedTuple):
    """The keys of all steps that the model knew after a turn."""

    sent: list[str]
    answered: list[str]


def _keys(steps: Iterable[Step]) -> list[str]:
    """Return a key for each step; thoughts are left out, as a client may drop them."""
    return [_key(step) for step in steps if step.type != "thought"]


def _key(step: Step) -> str:
    data = plain(step)
    if isinstance(data.get("content"), list):
        data["content"] = [_identity(part) for part in data["content"]]
    return json.dumps([data.get(name) for name in _OF_STEP], sort_keys=True, default=str)


def _identity(part: Any) -> Any:
    return [part.get(name) for name in _OF_CONTENT] if isinstance(part, dict) else part


def _new(sent: list[Step], contexts: Sequence[_Context]) -> list[Step]:
    """Return the steps of `sent` that are not the history of an earlier turn, sent again whole or from some step on."""
    without_thoughts = [step for step in sent if step.type != "thought"]
    keys = _keys(without_thoughts)
    for context in reversed(contexts):
        for start in range(len(context.sent) + 1 if context.answered else 0):
            beyond = _beyond([*context.sent[start:], *context.answered], keys)
            if beyond is not None:
                return [without_thoughts[index] for index in beyond]
    return sent


def _beyond(history: list[str], keys: list[str]) -> list[int] | None:
    """Return the indices of `keys` that are not of `history`; `None` unless all of `history` is there, in order.

    Other keys may stand in between: a client often puts a result right after its call.
    """
    if keys[:1] != history[:1]:
        return None
    expected = iter(history)
    next_key = next(expected, None)
    beyond = []
    for index, key in enumerate(keys):
        if key == next_key:
            next_key = next(expected, None)
        else:
            beyond.append(index)
    return beyond if next_key is None else None
