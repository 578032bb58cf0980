"""From recorded HTTP to interactions, and from interactions to the trajectory of a whole conversation."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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
    """The interaction that an exchange returned or streamed, with what was sent to it.

    Returns:
        `None` where there is none: an HTTP error, a deletion, another API.
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
    # To go on after a limit, a client that stores nothing sends the input again: it is no input to this answer.
    return interaction.sent({**sent, "input": None} if "continuation_token" in sent else sent)


def _folded(events: list[ServerSentEvent]) -> Interaction:
    interaction = fold(events)
    interaction._events = events  # noqa: SLF001 - known to this package alone
    return interaction


@dataclass(slots=True)
class Turn:
    """One interaction within a conversation: what was new in its input, what came of it, and how it ended."""

    interaction: Interaction
    inputs: list[Step] = field(default_factory=list)
    outputs: list[Step] = field(default_factory=list)


def trajectory(interactions: Iterable[Interaction]) -> list[Step]:
    """All steps of a conversation in order, inputs included, no step twice. See `turns`."""
    return [step for turn in turns(interactions) for step in (*turn.inputs, *turn.outputs)]


def turns(interactions: Iterable[Interaction]) -> list[Turn]:
    """Put the interactions of one test in order, each with the steps that it added to the conversation.

    An interaction that was polled counts once, in its last state; of a history that was sent again
    (`store: false`), only what is new counts.
    """
    found: list[Turn] = []
    contexts: list[_Context] = []
    seen: set[tuple[str, _Key]] = set()
    for interaction in _last_states(interactions):
        sent = as_steps(interaction.input)
        outputs = _answered(interaction)
        if sent and _keys(outputs[: len(sent)]) == _keys(sent):
            outputs = outputs[len(sent) :]  # the answer repeats what was sent
        new = sent if interaction.previous_interaction_id else _new(sent, contexts)
        contexts.append(_Context(_keys(sent), _keys(outputs)))
        outputs = [step for step in outputs if not step.id or (str(step.id), _key(step)) not in seen]
        seen.update((str(step.id), _key(step)) for step in outputs if step.id)
        found.append(Turn(interaction, new, outputs))
    return found


def _last_states(interactions: Iterable[Interaction]) -> list[Interaction]:
    """Each interaction once, where it began, with what was sent to it and the last that was heard of it."""
    states: dict[Any, Interaction] = {}
    for number, interaction in enumerate(interactions):
        name = str(interaction.id) if interaction.id else number
        first = states.get(name, interaction)
        sent = {"input": first.input, "previous_interaction_id": first.previous_interaction_id}
        last = _resumed(first, interaction)
        states[name] = last.sent({key: value for key, value in sent.items() if value is not None})
    return list(states.values())


def _resumed(first: Interaction, then: Interaction) -> Interaction:
    """`then`, from its beginning on: a stream that goes on where another one broke (`last_event_id`) tells the rest."""
    told, rest = first._events, then._events  # noqa: SLF001 - known to this package alone
    if first is then or not told or not rest or any(_kind(event) in BEGINNINGS for event in rest):
        return then
    return _folded([*told, *rest])


def _kind(event: ServerSentEvent) -> Any:
    data = event.json()
    return data.get("event_type") if isinstance(data, dict) else None


def _answered(interaction: Interaction) -> list[Step]:
    return as_steps(interaction.steps) or as_steps(interaction.outputs, said_by="model_output")


# --- a history that is sent again ---

_Key = str
#: What of a step, and of a content, says that it is the same one.
_OF_STEP = ("type", "content", "name", "server_name", "arguments", "result")
_OF_CONTENT = ("type", "text", "data", "uri")


@dataclass(slots=True)
class _Context:
    """All that the model knew after a turn, as keys."""

    sent: list[_Key]
    answered: list[_Key]


def _keys(steps: Iterable[Step]) -> list[_Key]:
    """A key for each step that was said; thoughts are left out, as a client may drop them."""
    return [_key(step) for step in steps if step.type != "thought"]


def _key(step: Step) -> _Key:
    data = plain(step)
    if isinstance(data.get("content"), list):
        data["content"] = [_identity(part) for part in data["content"]]
    return json.dumps([data.get(name) for name in _OF_STEP], sort_keys=True, default=str)


def _identity(part: Any) -> Any:
    return [part.get(name) for name in _OF_CONTENT] if isinstance(part, dict) else part


def _new(sent: list[Step], contexts: Sequence[_Context]) -> list[Step]:
    """The steps of `sent` that are not the history of an earlier turn, sent again whole or from some step on."""
    spoken = [step for step in sent if step.type != "thought"]
    keys = _keys(spoken)
    for context in reversed(contexts):
        for start in range(len(context.sent) + 1 if context.answered else 0):
            beyond = _beyond([*context.sent[start:], *context.answered], keys)
            if beyond is not None:
                return [spoken[index] for index in beyond]
    return sent


def _beyond(history: list[_Key], keys: list[_Key]) -> list[int] | None:
    """Where in `keys` there are others than those of `history`; `None` if it is not all there, in order.

    Others may stand in between: results are often put right after their calls.
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
