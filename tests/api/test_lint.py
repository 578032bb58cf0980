"""What the API would refuse: each kind is found in random histories, and nothing in what may be sent."""

from __future__ import annotations

import copy
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.api.lint.check import lint
from pytest_interactions.api.lint.kinds import Finding, Weight
from tests.api.histories import Conversation, conversation

if TYPE_CHECKING:
    from collections.abc import Callable

SEEDS = range(100)
Mutation = "Callable[[Conversation], object]"


def found(talk: Conversation) -> list[Finding]:
    """What is found in the request of a conversation, beside what the API tolerates."""
    findings = lint(talk.request, talk.memory)
    return [finding for finding in findings if finding.weight is not Weight.TOLERATED]


def one(talk: Conversation, *kinds: str, signed: bool = False) -> dict[str, Any]:
    """One of the steps of the turn that goes on."""
    places = [n for n in talk.places(*kinds, since=talk.turn()) if not signed or talk.input[n].get("signature")]
    return talk.input[talk.random.choice(places)]


def last_calls(talk: Conversation) -> list[int]:
    """Where the calls of the last answer are."""
    last = [step["id"] for step in list(talk.memory._answers.values())[-1].calls]
    return [n for n in talk.places("function_call") if talk.input[n]["id"] in last]


def lose_signature(talk: Conversation) -> None:
    step = one(talk, "thought", "function_call", signed=True)
    if talk.random.random() < 0.5:
        del step["signature"]
    else:
        step["signature"] = ""


def alter_signature(talk: Conversation) -> None:
    step = one(talk, "thought", "function_call", signed=True)
    step["signature"] = talk.random.choice([talk.signature(), step["signature"][:-8], "not base64!"])


def move_signature(talk: Conversation) -> None:
    call = talk.input[last_calls(talk)[-1]]
    thought = talk.input[talk.places("thought")[-1]]
    call["signature"] = thought.pop("signature")


def swap_signatures(talk: Conversation) -> None:
    first, *_, last = (talk.input[n] for n in talk.places("thought"))
    first["signature"], last["signature"] = last["signature"], first["signature"]


def drop_thought(talk: Conversation) -> None:
    del talk.input[talk.random.choice(talk.places("thought", since=talk.turn()))]


def put_thought_in_user_input(talk: Conversation) -> None:
    talk.input[0]["content"].append({"type": "thought", "signature": "aGk="})


def call_by_hand(talk: Conversation) -> None:
    call, result = {"id": "mine", "name": "f", "arguments": {}}, {"call_id": "mine", "name": "f", "result": "1"}
    talk.input.append(talk.said())
    talk.input.extend([{"type": "function_call", **call}, {"type": "function_result", **result}])


def begin_with_call(talk: Conversation) -> None:
    del talk.input[: last_calls(talk)[0] - talk.random.randint(0, 1)]
    while talk.input[0]["type"] not in ("function_call", "thought"):
        del talk.input[0]


def change_arguments(talk: Conversation) -> None:
    one(talk, "function_call")["arguments"] = {"other": 1}


def change_name(talk: Conversation) -> None:
    call = one(talk, "function_call")
    result = next(step for step in talk.input if step.get("call_id") == call["id"])
    call["name"] = "other"
    del result["name"]
    result["name"] = "other"


def repeat(talk: Conversation) -> None:
    place = talk.random.choice(talk.places("thought", since=talk.turn()))
    talk.input.insert(place, copy.deepcopy(talk.input[place]))


def repeat_call(talk: Conversation) -> None:
    place = talk.random.choice(talk.places("function_call", since=talk.turn()))
    talk.input.insert(place, copy.deepcopy(talk.input[place]))


def swap_steps(talk: Conversation) -> None:
    thought = talk.places("thought")[-1]
    call = last_calls(talk)[0]
    talk.input[thought], talk.input[call] = talk.input[call], talk.input[thought]


def result_before_call(talk: Conversation) -> None:
    call = talk.places("function_call", since=talk.turn())[-1]
    result = next(n for n, step in enumerate(talk.input) if step.get("call_id") == talk.input[call]["id"])
    talk.input.insert(call, talk.input.pop(result))


def drop_last_result(talk: Conversation) -> None:
    results = talk.places("function_result", since=talk.turn())
    calls = [talk.input[n]["id"] for n in last_calls(talk)]
    of_last = [n for n in results if talk.input[n]["call_id"] in calls]
    del talk.input[of_last[0]]


def drop_result_of_earlier_turn(talk: Conversation) -> None:
    drop_last_result(talk)
    talk.input.append(talk.said())


def answer_twice(talk: Conversation) -> None:
    talk.input.append({**one(talk, "function_result"), "result": "again"})


def other_id(talk: Conversation) -> None:
    one(talk, "function_result")["call_id"] = "f0"


def no_calls(talk: Conversation) -> None:
    talk.request["input"] = [
        talk.input[0],
        talk.input[-1] | {"type": "function_result", "call_id": "x", "name": "f", "result": ""},
    ]


def other_name(talk: Conversation) -> None:
    one(talk, "function_result")["name"] = "other"


def no_name(talk: Conversation) -> None:
    del one(talk, "function_result")["name"]


def no_id(talk: Conversation) -> None:
    del one(talk, "function_result")["call_id"]


def list_result(talk: Conversation) -> None:
    one(talk, "function_result")["result"] = talk.random.choice([[1, 2], [{"temperature": 22}], [[]]])


def number_result(talk: Conversation) -> None:
    one(talk, "function_result")["result"] = talk.random.choice([22, True, None, 1.5])


def empty_previous(talk: Conversation) -> None:
    talk.request["previous_interaction_id"] = ""


def deleted_previous(talk: Conversation) -> None:
    talk.memory.deleted.add("v1_gone")
    talk.request["previous_interaction_id"] = "v1_gone"


def background(talk: Conversation) -> None:
    talk.request["background"] = True


def other_token(talk: Conversation) -> None:
    talk.memory.add({"continuation_token": "t"})
    talk.request["continuation_token"] = "T"


def token_of_another(talk: Conversation) -> None:
    talk.memory.add({"id": "v1_a", "continuation_token": "t"})
    talk.request |= {"continuation_token": "t", "store": True}


MUTATIONS: list[tuple[str, Callable[[Conversation], object]]] = [
    ("signature-missing", lose_signature),
    ("signature-altered", alter_signature),
    ("signature-moved", move_signature),
    ("signature-moved", swap_signatures),
    ("thought-dropped", drop_thought),
    ("thought-from-user", put_thought_in_user_input),
    ("call-unsigned", call_by_hand),
    ("call-first", begin_with_call),
    ("call-changed", change_arguments),
    ("call-changed", change_name),
    ("step-repeated", repeat),
    ("step-repeated", repeat_call),
    ("steps-reordered", swap_steps),
    ("steps-reordered", result_before_call),
    ("result-missing", drop_last_result),
    ("result-missing", drop_result_of_earlier_turn),
    ("result-twice", answer_twice),
    ("result-of-unknown-call", other_id),
    ("result-without-call", no_calls),
    ("result-name", other_name),
    ("result-nameless", no_name),
    ("result-idless", no_id),
    ("result-untyped", list_result),
    ("result-shapeless", number_result),
    ("previous-empty", empty_previous),
    ("previous-deleted", deleted_previous),
    ("store-background", background),
    ("token-changed", other_token),
    ("token-moved", token_of_another),
]


def test_a_history_that_is_sent_back_as_it_was_received_gives_no_finding() -> None:
    """Thoughts, parallel calls, searches, media, results in any order or place: nothing is found."""
    for seed in range(300):
        assert found(conversation(Random(seed))) == [], seed


@pytest.mark.parametrize(("kind", "mutate"), MUTATIONS, ids=[f"{m.__name__}" for _, m in MUTATIONS])
def test_each_change_of_a_history_is_found_as_its_kind_and_no_other(
    kind: str, mutate: Callable[[Conversation], object]
) -> None:
    """In a hundred random histories, one change gives findings of one kind."""
    for seed in SEEDS:
        talk = conversation(Random(seed))
        mutate(talk)
        assert {finding.name for finding in found(talk)} == {kind}, (seed, list(map(str, found(talk))))
