"""Interactions: made from a request, and shown as the API shows them while they go on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_interactions.server.emulator import behaviour
from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.hops import Rest, pieces
from pytest_interactions.server.emulator.script import Reply
from pytest_interactions.server.emulator.state import Record, Store, interaction_id
from pytest_interactions.server.emulator.turn import Turn, as_steps, since_model, text_of, usage

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json

#: The statuses of a background interaction before its final one. It has no steps and no usage yet.
_UNFINISHED = ("queued", "in_progress")
#: The statuses of an interaction that has no answer unless the script gives one.
_FRUITLESS = ("failed", "cancelled")


def understand(body: Json, store: Store, *, stream: bool) -> Turn:
    """Return the turn that a create request asks for.

    Raises:
        ApiError: The input is wrong, or the interaction to continue does not exist.
    """
    previous = body.get("previous_interaction_id")
    steps = as_steps(body["input"])
    start = since_model(steps)
    return Turn(
        request=body,
        inputs=steps[start:],
        history=[*(store.history(store.find(previous)) if previous else []), *steps[:start]],
        draw=store.draw(body),
        stream=stream,
    )


def create(turn: Turn, reply: Reply, store: Store) -> Record:
    """Return the interaction that answers `turn`, and store it unless the request says not to."""
    steps, status = answered(turn, reply)
    return _hop(Rest(turn=turn, reply=reply, status=status, pieces=pieces(steps, reply.hops)), store)


def answered(turn: Turn, reply: Reply) -> tuple[list[Json], str]:
    """Return the steps that answer `turn`, and the status of an interaction that ends with them."""
    return _cut_to_budget(turn, _steps(turn, reply))


def begin(body: Json, store: Store) -> Record:
    """Return a live interaction that has said nothing yet, and store it unless the request says not to.

    Raises:
        ApiError: The interaction to continue does not exist.
    """
    turn = understand(body, store, stream=True)
    record = _hop(Rest(turn=turn, reply=Reply(), status="in_progress", pieces=[[]]), store)
    record.inputs, record.is_live = [], True
    record.resource = record.resource | {"usage": {}}
    return record


def go_on(body: Json, store: Store) -> Record:
    """Return the interaction that goes on where the one ended that gave a `continuation_token`.

    Raises:
        ApiError: No interaction gave this token, or the request is none that goes on with it.
    """
    rest = store.rest(body["continuation_token"])
    if not rest.is_asked_for(body):
        raise ApiError(400, "Invalid value at 'continuation_token': it is of another interaction.")
    turn = replace(rest.turn, draw=store.draw(body))
    return _hop(replace(rest, turn=turn, previous=body.get("previous_interaction_id")), store)


def _hop(answer: Rest, store: Store) -> Record:
    """Return the interaction with the first piece of an answer; a token in it stands for the rest."""
    turn, reply, request = answer.turn, answer.reply, answer.turn.request
    steps = answer.pieces[0]
    token = turn.draw.token()
    previous = answer.previous or request.get("previous_interaction_id")
    root = store.find(previous).root if previous else token
    stored = request.get("store") is not False
    name = interaction_id(root, token) if stored else None
    now = store.timestamp()
    goes_on = len(answer.pieces) > 1
    resource: Json = {
        **({} if name is None else {"id": name}),
        "status": "requires_continuation" if goes_on else reply.status or answer.status,
        **({"continuation_token": turn.draw.text("continuation", 40)} if goes_on else {}),
        "usage": usage(turn, steps),
        "created": now,
        "updated": now,
        **({"service_tier": request.get("service_tier", "standard")} if "model" in request else {}),
        **({"labels": request["labels"]} if "labels" in request else {}),
        **_environment(turn),
        "steps": steps,
        **({"errors": [{"code": reply.code or "internal", "message": reply.message}]} if reply.message else {}),
        "object": "interaction",
        **{key: request[key] for key in ("model", "agent") if key in request},
    }
    checkpoint = turn.draw.text("checkpoint", 40) if reply.hops > 1 else None
    for given, left in ((checkpoint, answer.pieces), (resource.get("continuation_token"), answer.pieces[1:])):
        if given is not None:
            store.keep_rest(given, replace(answer, pieces=left, owner=name))
    inputs = turn.inputs if answer.previous is None else []  # a hop brings none of its own
    record = Record(
        resource=resource,
        inputs=inputs,
        root=root,
        previous=previous,
        deltas=reply.deltas,
        checkpoint=checkpoint,
        webhook_config=request.get("webhook_config", {}),
        request={key: value for key, value in request.items() if key != "input"},
    )
    if request.get("background"):
        record.statuses.extend(_UNFINISHED if reply.statuses is None else reply.statuses)
    if stored:
        store.add(record)
    return record


def as_shown(record: Record, *, with_input: bool = False) -> Json:
    """Return the interaction as the API shows it now: without steps while it goes on."""
    resource = record.resource
    if record.status in _UNFINISHED:
        keys = ("id", "status", "created", "updated", "environment_id", "object", "model", "agent")
        shown = {key: resource[key] for key in keys if key in resource}  # one that is not stored has no id
        return shown | {"status": record.status}
    if not with_input:
        return resource | {"status": record.status}
    return resource | {"steps": [*record.inputs, *resource["steps"]], "input": record.inputs}


def _steps(turn: Turn, reply: Reply) -> list[Json]:
    if reply.steps is not None:
        return reply.steps
    if reply.text is not None:
        return [
            behaviour.thought(turn),
            {"content": behaviour.text("".join(reply.text)), "type": "model_output"},
        ]
    return [] if reply.status in _FRUITLESS else behaviour.answer(turn)


def _cut_to_budget(turn: Turn, steps: list[Json]) -> tuple[list[Json], str]:
    """Return the steps cut to `max_output_tokens`, with a word as one token, and the status that follows."""
    if any(step["type"] == "function_call" for step in steps):
        return steps, "requires_action"
    budget = turn.config.get("max_output_tokens")
    words = text_of(steps[-1]).split(" ") if steps else []
    if budget is None or len(words) <= budget:
        return steps, "completed"
    content = behaviour.text(" ".join(words[:budget]))
    return [*steps[:-1], {"content": content, "type": "model_output"}], "incomplete"


def _environment(turn: Turn) -> Json:
    environment = turn.request.get("environment")
    if environment is None:
        return {}
    name = environment.get("environment_id") if isinstance(environment, dict) else environment
    return {"environment_id": turn.draw.uuid("environment") if name in (None, "remote") else name}
