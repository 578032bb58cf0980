"""From exchanges to interactions, and to the trajectory of a conversation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_interactions.api.calls import interactions_of
from pytest_interactions.api.conversation import last_states, trajectory
from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.api.models import Interaction
from pytest_interactions.api.steps import as_steps
from pytest_interactions.files.storage import load
from tests.support import real_traffic

Json = dict[str, Any]
API = "https://generativelanguage.googleapis.com/v1beta/interactions"


def exchange(sent: Any, answer: Any, *, uri: str = API, method: str = "POST", status: int = 200) -> Exchange:
    """One exchange with JSON both ways, or a stream where `answer` is bytes."""
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    kind = "text/event-stream" if isinstance(answer, bytes) else "application/json"
    return Exchange(
        request=Request(method=method, uri=uri, body=b"" if sent is None else json.dumps(sent).encode()),
        response=Response(status=status, headers={"content-type": [kind]}, body=body),
    )


def said(text: str) -> Json:
    """A step in which the model says `text`."""
    return {"type": "model_output", "content": [{"type": "text", "text": text}]}


def asked(text: str) -> Json:
    """A step in which the user says `text`."""
    return {"type": "user_input", "content": [{"type": "text", "text": text}]}


def call(name: str, id_: str, **arguments: Any) -> Json:
    """A step in which the model calls a function."""
    return {"type": "function_call", "id": id_, "name": name, "arguments": arguments}


def result(id_: str, value: Any) -> Json:
    """A step in which the app answers a call."""
    return {"type": "function_result", "call_id": id_, "result": value}


THOUGHT: Json = {"type": "thought", "signature": "c2ln"}


def conversation(*exchanges: tuple[Json, Json]) -> list[Json]:
    """The trajectory of requests with their answers, without signatures."""
    found = interactions_of(exchange(sent, {"status": "completed", **answer}) for sent, answer in exchanges)
    return [step.model_dump() for step in trajectory(found)]


@pytest.mark.parametrize(
    ("value", "steps"),
    [
        (None, []),
        ("Hi", [asked("Hi")]),
        ({"type": "text", "text": "Hi"}, [asked("Hi")]),
        (
            ["Hi", {"type": "image", "data": "AAAA"}],
            [{**asked("Hi"), "content": [*asked("Hi")["content"], {"type": "image", "data": "AAAA"}]}],
        ),
        ({"type": "user_input", "content": "Hi"}, [asked("Hi")]),
        ({"type": "user_input", "content": {"type": "text", "text": "Hi"}}, [asked("Hi")]),
        ({"type": "user_input"}, [{"type": "user_input"}]),
        ([asked("Hi"), THOUGHT, said("Hello"), "Bye"], [asked("Hi"), THOUGHT, said("Hello"), asked("Bye")]),
        (
            [
                {"role": "user", "content": "Hi"},
                {"role": "model", "content": [THOUGHT, {"type": "text", "text": "Hello"}]},
                {"role": "critic", "content": "Hm"},
            ],
            [asked("Hi"), THOUGHT, said("Hello"), {**asked("Hm"), "type": "critic"}],
        ),
        ([{"type": "telepathy", "to": "Bob"}], [{"type": "telepathy", "to": "Bob"}]),
        ([5], [{"content": 5}]),
        (Interaction.model_validate({"steps": [said("Hi")]}).steps, [said("Hi")]),
    ],
)
def test_all_forms_of_an_input_are_steps(value: Any, steps: list[Json]) -> None:
    """A text, contents, steps and the turns of old are the same steps."""
    assert [step.model_dump() for step in as_steps(value)] == steps


def test_a_stateful_chain_is_inputs_and_outputs_in_order() -> None:
    """With `previous_interaction_id`, each input is new, even one that was sent before."""
    assert conversation(
        ({"input": "Hi"}, {"id": "v1_a", "steps": [THOUGHT, call("f", "1", a=1)]}),
        ({"input": [result("1", 5)], "previous_interaction_id": "v1_a"}, {"id": "v1_b", "steps": [said("5")]}),
        ({"input": "Hi", "previous_interaction_id": "v1_b"}, {"id": "v1_c", "steps": [said("Hi")]}),
    ) == [asked("Hi"), THOUGHT, call("f", "1", a=1), result("1", 5), said("5"), asked("Hi"), said("Hi")]


def test_a_call_that_the_next_answer_repeats_counts_once() -> None:
    """Some answers hold the call that their input answered once more."""
    assert conversation(
        ({"input": "Hi"}, {"id": "v1_a", "steps": [call("f", "1")]}),
        ({"input": [result("1", 5)], "previous_interaction_id": "v1_a"}, {"steps": [call("f", "1"), said("5")]}),
    ) == [asked("Hi"), call("f", "1"), result("1", 5), said("5")]


def test_an_input_that_the_answer_repeats_counts_once() -> None:
    """An answer may begin with what was sent (`include_input`)."""
    assert conversation(({"input": "Hi"}, {"steps": [asked("Hi"), said("Hello")]})) == [asked("Hi"), said("Hello")]


def test_a_history_that_is_sent_again_counts_once() -> None:
    """With `store: false`, only what is new in an input counts, thoughts kept or dropped, results put anywhere."""
    first = [THOUGHT, call("f", "1"), call("g", "2")]
    answered = [call("f", "1"), result("1", 5), {**THOUGHT, "signature": "b3RoZXI="}, call("g", "2"), result("2", 6)]
    history = [{"type": "user_input", "content": "Hi"}, *answered]
    assert conversation(
        ({"input": "Hi", "store": False}, {"steps": first}),
        ({"input": history, "store": False}, {"steps": [THOUGHT, said("11")]}),
        ({"input": [*history, said("11"), asked("Bye")], "store": False}, {"steps": [said("Bye")]}),
    ) == [
        *(asked("Hi"), *first, result("1", 5), result("2", 6), THOUGHT, said("11")),
        *(asked("Bye"), said("Bye")),
    ]


def test_a_history_without_its_beginning_counts_once() -> None:
    """An app that drops the oldest steps sends the rest again."""
    assert conversation(
        ({"input": [asked("a"), said("b"), asked("c")]}, {"steps": [said("d")]}),
        ({"input": [asked("c"), said("d"), asked("e")]}, {"steps": [said("f")]}),
    ) == [asked("a"), said("b"), asked("c"), said("d"), asked("e"), said("f")]


def test_two_conversations_that_begin_alike_are_two() -> None:
    """A question that is asked twice, and was answered with nothing but a thought or otherwise, was asked twice."""
    assert conversation(
        ({"input": "Hi"}, {"steps": [said("Hello")]}),
        ({"input": "Hi"}, {"steps": [THOUGHT]}),
        ({"input": "Hi"}, {"steps": [said("Hello")]}),
        ({"input": [asked("Hi"), said("Other"), asked("Bye")]}, {"steps": []}),
    ) == [
        *(asked("Hi"), said("Hello"), asked("Hi"), THOUGHT, asked("Hi"), said("Hello")),
        *(asked("Hi"), said("Other"), asked("Bye")),
    ]


def test_steps_in_odd_forms_are_compared_too() -> None:
    """A content that is no list, or holds no objects, does not stop the search for a history."""
    odd = {"type": "model_output", "content": 5}
    strange = {"type": "model_output", "content": [5]}
    assert conversation(
        ({"input": "Hi"}, {"steps": [odd, strange]}), ({"input": [asked("Hi"), odd, strange]}, {"steps": []})
    ) == [asked("Hi"), odd, strange]


def test_a_list_of_states_is_the_last_of_each() -> None:
    """Who passes on what each poll returned shows one turn."""
    states = [{"id": "v1_a", "status": "in_progress"}, {"status": "completed"}, {"id": "v1_a", "status": "completed"}]
    first, *rest = map(Interaction.model_validate, states)
    found = last_states([first.sent({"input": "Hi"}), *rest])
    assert [(each.id, each.status, each.input) for each in found] == [
        ("v1_a", "completed", "Hi"),
        (None, "completed", None),
    ]


def test_outputs_of_before_may_2026_are_steps() -> None:
    """Bare content is what the model said; thoughts and calls are steps already."""
    text = {"type": "text", "text": "Hi"}
    assert conversation(({"input": "Hi"}, {"outputs": [THOUGHT, text, call("f", "1")]})) == [
        asked("Hi"),
        THOUGHT,
        said("Hi"),
        call("f", "1"),
    ]


def test_real_cassettes_give_their_interactions() -> None:
    """Each recorded success is an interaction; the trajectories are those of the conversations that were had."""
    kinds = {}
    for file in sorted(real_traffic("").rglob("*.yaml")):
        exchanges = load(file).exchanges
        found = interactions_of(exchanges)
        creations = [each for each in exchanges if each.response.status == 200 and each.request.method == "POST"]
        assert len(found) == len(creations), file.name
        kinds[file.stem] = [step.type for step in trajectory(found)]
    assert kinds.pop("test_agent_stream") == ["user_input"]  # background work that nobody waited for
    tools = [kinds.pop(name) for name in list(kinds) if "tool" in name]
    assert tools == 2 * [["user_input", "thought", "function_call", "function_result", "thought", "model_output"]]
    assert all(each == ["user_input", "thought", "model_output"] for each in kinds.values())
