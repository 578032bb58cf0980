"""The way from the interactions of a test to the trajectory of its conversation."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_interactions.api.steps import as_steps, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_interactions.api.models import Interaction, Step


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

    Of a history that was sent again (`store: false`), only the new steps count.
    """
    ordered: list[Turn] = []
    contexts: list[_Context] = []
    seen: set[tuple[str, str]] = set()
    of_name: dict[str, set[tuple[str, str]]] = {}
    for interaction in interactions:
        sent = as_steps(interaction.input)
        outputs = as_steps(interaction.steps) or as_steps(interaction.outputs, said_by="model_output")
        if sent and _keys(outputs[: len(sent)]) == _keys(sent):
            outputs = outputs[len(sent) :]  # the answer repeats its input
        new = sent if interaction.previous_interaction_id else _new(sent, contexts)
        contexts.append(_Context(_keys(sent), _keys(outputs)))
        previous = interaction.previous_interaction_id
        if not previous and new is sent:  # another conversation, whose calls may have the same ids
            seen = set()
        seen = of_name.get(str(previous), seen) if previous else seen
        of_name[str(interaction.id)] = seen
        outputs = [step for step in outputs if not step.id or (str(step.id), _key(step)) not in seen]
        seen.update((str(step.id), _key(step)) for step in outputs if step.id)
        ordered.append(Turn(interaction, new, outputs))
    return ordered


def last_states(interactions: Iterable[Interaction]) -> list[Interaction]:
    """Return each interaction once, with its first input and in its last state, as it may have been polled."""
    states: dict[Any, Interaction] = {}
    for number, interaction in enumerate(interactions):
        # The turns of a live interaction have one id, and each but the first goes on with it.
        is_turn = interaction.previous_interaction_id == interaction.id
        name = str(interaction.id) if interaction.id and not is_turn else number
        first = states.get(name, interaction)
        sent = {"input": first.input, "previous_interaction_id": first.previous_interaction_id}
        states[name] = interaction.sent({key: value for key, value in sent.items() if value is not None})
    return list(states.values())


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
