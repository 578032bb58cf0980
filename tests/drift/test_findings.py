"""Each kind of difference, in conversations written by hand: what is found, where, and nothing besides."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.api.drift.compare import compare
from pytest_interactions.api.drift.kinds import KINDS, Finding, Place, shown
from pytest_interactions.api.drift.schema import misfits
from pytest_interactions.api.drift.wording import likeness
from pytest_interactions.api.exchange import Cut
from pytest_interactions.options import Wording
from tests.drift.traffic import Exchanges, exchange

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
}
TOOL = {"type": "function", "name": "get_weather", "parameters": SCHEMA}
THOUGHT: Any = {"type": "thought", "signature": "c2ln"}


def call(name: str = "get_weather", /, **arguments: Any) -> Json:
    return {"type": "function_call", "id": f"call_{name}", "name": name, "arguments": arguments}


def text(said: str, **more: Any) -> Json:
    return {"type": "model_output", "content": [{"type": "text", "text": said, **more}]}


def output(*parts: Json) -> Json:
    return {"type": "model_output", "content": list(parts)}


def picture(data: str = "QUFB") -> Json:
    return {"type": "image", "mime_type": "image/png", "data": data}


def turn(*steps: Json, **more: Any) -> Json:
    status = "requires_action" if steps and steps[-1]["type"] == "function_call" else "completed"
    return {"status": status, "model": "gemini-3.5-flash", "steps": list(steps), **more}


def conversation(*turns: Any, stream: bool = False, tools: Any = (TOOL,), **asked: Any) -> Exchanges:
    """Exchanges in which each turn goes on with the one before; a text among them is what the user says next."""
    found: Exchanges = []
    said: Any = "How is it?"
    for each in turns:
        if isinstance(each, str):
            said = each
            continue
        number = len(found) + 1
        body = {"model": "m", "input": said, "tools": list(tools), **asked}
        if found:
            body["previous_interaction_id"] = f"v1_{number - 1}"
        found.append(exchange(body, {"id": f"v1_{number}", **each}, stream=stream))
        steps = each["steps"] if isinstance(each["steps"], list) else []
        called = [step for step in steps if step["type"] == "function_call"]
        said = [{"type": "function_result", "name": s.get("name"), "call_id": "c", "result": "r"} for s in called]
    return found


def found(old: Exchanges, new: Exchanges, wording: Wording = Wording.IGNORE, **more: Any) -> list[str]:
    return [f"{each.severity}: {each}" for each in compare(old, new, wording=wording, **more)]


def _pair(old: Json, new: Json, *expected: str, wording: str = "ignore", stream: bool = False, **asked: Any) -> Any:
    return conversation(old, stream=stream, **asked), conversation(new, stream=stream, **asked), wording, expected


RUN: Any = {"type": "code_execution_call", "id": "call_s", "arguments": {"code": "1"}}
JSON_FORM = {"type": "text", "mime_type": "application/json", "schema": SCHEMA}
ONE_TURN = {
    "text where there was none": _pair(
        turn(call(city="a")),
        turn(text("Hm"), call(city="a")),
        "changed: turn 1: text where there was none (text-added)",
    ),
    "a part of an answer less": _pair(
        turn(text("Hm"), call(city="a"), text("So")),
        turn(text("Hm"), call(city="a")),
        "breaking: turn 1: status completed -> requires_action (status)",
    ),
    "a text around a call less": _pair(
        turn(text("Hm"), call(city="a"), text("So"), status="completed"),
        turn(text("Hm"), call(city="a"), status="completed"),
        "changed: turn 1, model_output: gone (answer-part)",
    ),
    "a text around a call more": _pair(
        turn(text("Hm"), call(city="a"), status="completed"),
        turn(text("Hm"), call(city="a"), text("So"), status="completed"),
        "changed: turn 1, model_output: new (step-added)",
    ),
    "no picture": _pair(
        turn(output({"type": "text", "text": "x"}, picture())),
        turn(text("x")),
        "breaking: turn 1: vanished: image (content-vanished)",
    ),
    "a picture": _pair(
        turn(text("x")),
        turn(output({"type": "text", "text": "x"}, picture())),
        "changed: turn 1: new: image (content-added)",
    ),
    "a picture of another type": _pair(
        turn(output(picture())),
        turn(output(picture() | {"mime_type": "image/jpeg"})),
        "changed: turn 1, model_output, content[image].mime_type: image/png -> image/jpeg (value)",
    ),
    "a content without its text": _pair(
        turn(text("x")),
        turn(output({"type": "text"})),
        "breaking: turn 1, model_output, content[text].text: vanished (field-vanished)",
    ),
    "a content without its type": _pair(
        turn(text("x")),
        turn(output({"text": "x"})),
        "breaking: turn 1, model_output, content[].type: vanished (field-vanished)",
    ),
    "a call without its type": _pair(
        turn(call(city="a"), call("b"), status="requires_action"),
        turn(call("b"), {"id": "i", "name": "get_weather", "arguments": {}} | {"type": ""}, status="requires_action"),
        "breaking: turn 1, function_call get_weather, type: vanished (field-vanished)",
    ),
    "an answer without its type": _pair(
        turn(text("x")),
        turn({"type": "", "content": [{"type": "text", "text": "x"}]}),
        "breaking: turn 1, model_output, type: vanished (field-vanished)",
    ),
    "another tool at another place": _pair(
        turn(call("a"), call("b")),
        turn(call("c"), call("a")),
        "changed: turn 1, function_call b: b -> c (tool)",
    ),
    "a step without a type more": _pair(
        turn(text("x")), turn(text("x"), {"type": "", "x": 1}), "changed: turn 1, step: new (step-added)"
    ),
    "no content": _pair(
        turn(text("x")),
        turn({"type": "model_output"}),
        "breaking: turn 1, model_output, content: vanished (field-vanished)",
    ),
    "a call without its name": _pair(
        turn(call(city="a")),
        turn({"type": "function_call", "id": "i", "arguments": {"city": "a"}}),
        "breaking: turn 1, function_call get_weather, name: vanished (field-vanished)",
    ),
    "a call without arguments": _pair(
        turn(call(city="a")),
        turn({"type": "function_call", "id": "i", "name": "get_weather"}),
        "breaking: turn 1, function_call get_weather, arguments: vanished (field-vanished)",
    ),
    "arguments of another type": _pair(
        turn(call(city="a")),
        turn(call() | {"arguments": "city=a"}),
        "breaking: turn 1, function_call get_weather, arguments: type object -> string (field-type)",
    ),
    "an optional argument less": _pair(
        turn(call(city="a", days=1)),
        turn(call(city="a")),
        "changed: turn 1, function_call get_weather, arguments.days: 1 -> not given (argument)",
    ),
    "an optional argument more": _pair(
        turn(call(city="a")),
        turn(call(city="a", days=1)),
        "changed: turn 1, function_call get_weather, arguments.days: not given -> 1 (argument)",
    ),
    "an argument by another name": _pair(
        turn(call(city="a")),
        turn(call(town="a")),
        "breaking: turn 1, function_call get_weather, arguments.city: is missing, and required (argument-invalid)",
    ),
    "an argument without a schema less": _pair(
        turn(call("other", a=1)),
        turn(call("other")),
        "breaking: turn 1, function_call other, arguments.a: vanished, was 1 (argument-vanished)",
    ),
    "an argument without a schema of another type": _pair(
        turn(call("other", a=1)),
        turn(call("other", a="1")),
        "breaking: turn 1, function_call other, arguments.a: number -> string (argument-type)",
    ),
    "a list among the arguments": _pair(
        turn(call("other", a=[{"x": 1, "y": 2}, {"x": 3}], b=[1, 2])),
        turn(call("other", a=[{"x": 1, "y": 5}, {"x": 3}], b=[2, 1, 3])),
        "changed: turn 1, function_call other, arguments.a[0].y: 2 -> 5 (argument)",
        "changed: turn 1, function_call other, arguments.b: [1,2] -> [2,1,3] (argument)",
    ),
    "a result less": _pair(
        turn(RUN, {"type": "code_execution_result", "call_id": "call_s"}),
        turn(RUN, status="completed"),
        "breaking: turn 1, code_execution_result: vanished (step-vanished)",
    ),
    "a result that fails": _pair(
        turn(RUN, {"type": "code_execution_result", "call_id": "call_s"}),
        turn(
            RUN,
            {"type": "code_execution_result", "call_id": "call_s", "is_error": True},
        ),
        "changed: turn 1, code_execution_result: no error -> an error (result-error)",
    ),
    "a call of the API's own less, with its result": _pair(
        turn({"type": "google_search_call", "id": "s"}, {"type": "google_search_result", "call_id": "s"}, text("x")),
        turn(text("x")),
        "breaking: turn 1: vanished: google_search_call (call-vanished)",
    ),
    "steps that are no list": _pair(
        turn(call(city="a")),
        turn(status="requires_action") | {"steps": "none"},
        "breaking: turn 1, steps: type array -> string (field-type)",
    ),
    "an error in the interaction": _pair(
        turn(text("x"), errors=[{"code": "a", "message": "m"}]),
        turn(text("x"), errors=[{"code": "b", "message": "n"}]),
        "breaking: turn 1: a -> b (error-code)",
    ),
    "a reason to finish": _pair(
        turn(text("x"), finish_reason="STOP"),
        turn(text("x"), finish_reason="MAX_TOKENS"),
        'breaking: turn 1, finish_reason: "STOP" -> "MAX_TOKENS" (finish-reason)',
    ),
    "another tier": _pair(
        turn(text("x"), service_tier="standard"),
        turn(text("x"), service_tier="flex"),
        "changed: turn 1, service_tier: standard -> flex (value)",
    ),
    "a list of objects": _pair(
        turn(text("x"), extra=[{"a": 1}, {"a": 2, "b": 1}]),
        turn(text("x"), extra=[{"b": 1}]),
        "breaking: turn 1, extra[].a: vanished (field-vanished)",
    ),
    "a field that is not always there": _pair(
        turn(text("x"), extra=[{"a": 1, "b": 1}, {"b": 2}]), turn(text("x"), extra=[{"b": 1}])
    ),
    "a summary, in other words": _pair(
        turn(THOUGHT | {"summary": [{"type": "text", "text": "one two"}]}, text("x")),
        turn(THOUGHT | {"summary": [{"type": "text", "text": "three"}]}, text("x")),
        'cosmetic: turn 1, thought: "one two" -> "three" (remark)',
        wording="same",
    ),
    "other words, that are to be the same": _pair(
        turn(text("It is sunny.")),
        turn(text("Sunny it is.")),
        'changed: turn 1: "It is sunny." -> "Sunny it is." (wording)',
        wording="same",
    ),
    "similar words": _pair(turn(text("It is sunny.")), turn(text("Sunny it is!")), wording="similar"),
    "dissimilar words": _pair(
        turn(text("It is sunny.")),
        turn(text("I can't help with that.")),
        'changed: turn 1: "It is sunny." -> "I can\'t help with that." (wording)',
        wording="similar",
    ),
    "a structured answer that was none": _pair(
        turn(text("Sorry")),
        turn(text('{"city": "a"}')),
        'changed: turn 1: "Sorry" -> "{\\"city\\": \\"a\\"}" (wording)',
        wording="same",
        response_format=JSON_FORM,
    ),
    "a stream of no steps": _pair(turn(), turn(), stream=True),
    "a structured answer that is none": _pair(
        turn(text('{"city": "a"}')),
        turn(text("Sorry")),
        "breaking: turn 1: is no JSON any more (output-invalid)",
        wording="similar",
        response_format=JSON_FORM,
    ),
    "a structured answer that does not fit": _pair(
        turn(text('{"city": "a"}')),
        turn(text('{"city": 7}')),
        "breaking: turn 1, model_output, city: is no string, but a number (output-invalid)",
        wording="similar",
        response_format=[JSON_FORM],
    ),
    "a structured answer with another value": _pair(
        turn(text('{"city": "Paris by night", "days": 1}')),
        turn(text('{"days": 2,\n "city": "Paris at night", "more": null}')),
        "changed: turn 1, model_output, days: 1 -> 2 (output)",
        "changed: turn 1, model_output, more: nothing -> null (output)",
        wording="similar",
        response_format=JSON_FORM,
    ),
    "the same structured answer, written otherwise": _pair(
        turn(text('{"city": "a", "days": 1}')), turn(text('{"days":1,"city":"a"}')), wording="same"
    ),
    "a citation's place": _pair(
        turn(text("x", annotations=[{"type": "url_citation", "url": "u", "start_index": 1}])),
        turn(text("x", annotations=[{"type": "url_citation", "url": "u", "start_index": 2}])),
    ),
    "events of another type": (
        conversation(turn(text("x")), stream=True),
        [
            replace(each, response=each.response.with_body(b"event: ping\ndata: {}\n\n" + each.response.body))
            for each in conversation(turn(text("x")), stream=True)
        ],
        "ignore",
        ("cosmetic: turn 1, event ping: new (event-new)",),
    ),
    "no closing event": (
        conversation(turn(text("x")), stream=True),
        [
            replace(each, response=each.response.with_body(each.response.body.rpartition(b"event: done")[0]))
            for each in conversation(turn(text("x")), stream=True)
        ],
        "ignore",
        ("breaking: turn 1, event done: vanished (event-vanished)",),
    ),
}


@pytest.mark.parametrize("name", ONE_TURN)
def test_what_differs_in_one_turn_is_found_alone(name: str) -> None:
    old, new, wording, expected = ONE_TURN[name]
    assert found(old, new, Wording(wording)) == list(expected)


FORKS = [
    exchange({"input": said, "previous_interaction_id": "v1_1"}, turn(text(said), id=said))
    for said in ("One", "Two", "Three")
]
AGAIN = [
    exchange({"input": said, "previous_interaction_id": "v1_2"}, turn(text(said), id=f"{said}_2"))
    for said in ("One", "Two", "Three")
]
CALLS = {
    "a turn more": (
        conversation(turn(call(city="a")), turn(text("x"))),
        conversation(turn(call(city="a")), turn(call("more")), turn(text("x"))),
        ["changed: live turn 2: new: function_call more (turn-added)"],
    ),
    "many turns more": (
        conversation(turn(text("x"))),
        conversation(*(turn(call("m") | {"id": str(each)}) for each in range(5)), turn(text("x"))),
        [
            "changed: live turns 1, 2, 3, …: new: function_call m, then function_call m, then function_call m,… (turn-added)",  # noqa: E501 - what is told
        ],
    ),
    "no call any more": (
        conversation(turn(call(city="a")), turn(text("x"))),
        conversation(turn(text("x"))),
        ["breaking: turn 1: vanished: function_call get_weather (turn-vanished)"],
    ),
    "calls one after the other": (
        conversation(turn(call(city="a"), call("b")), turn(text("x"))),
        conversation(turn(call(city="a")), turn(call("b")), turn(text("x"))),
        ["changed: live turn 2: new: function_call b (turn-added)"],
    ),
    "calls at once": (
        conversation(turn(call(city="a")), turn(call("b")), turn(text("x"))),
        conversation(turn(call(city="a"), call("b")), turn(text("x"))),
        ["changed: turn 2: function_call b -> in other turns (order)"],
    ),
    "a call in the next turn": (
        conversation(turn(call("a"), call("b")), turn(call("c")), turn(text("x"))),
        conversation(turn(call("a")), turn(call("b"), call("c")), turn(text("x"))),
        ["changed: turn 1, function_call b: turn 1 -> turn 2 (order)"],
    ),
    "another answer of an error": (
        [exchange({"input": "x"}, {"error": {"code": "a", "message": "m"}}, status=400)],
        [exchange({"input": "x"}, {"error": {"code": "b", "message": "n"}}, status=400)],
        ["breaking: turn 1: a -> b (error-code)"],
    ),
    "an error no more": (
        [exchange({"input": "x"}, [{"error": {"code": 7}}], status=400)],
        conversation("x", turn(text("y")), tools=()),
        ["breaking: turn 1: 400 7 -> 200 (http-status)"],
    ),
    "something else than an interaction": (
        conversation("x", turn(text("y"))),
        [exchange({"input": "x"}, "<html>")],
        ["breaking: turn 1: an interaction -> something else (content-type)"],
    ),
    "something else than a stream": (
        conversation("x", turn(text("y")), stream=True),
        [exchange({"input": "x"}, "<html>")],
        ["breaking: turn 1: a stream -> no interaction (stream-lost)"],
    ),
    "nothing of a stream": (
        conversation("x", turn(text("y")), stream=True),
        [
            replace(each, response=each.response.with_body(b""), cut=Cut(by="connection"))
            for each in conversation("x", turn(text("y")), stream=True)
        ],
        ["breaking: turn 1: it breaks off before its first event (stream-broken)"],
    ),
    "an error at the end": (
        conversation(turn(call(city="a")), turn(text("x")), "And then?", turn(text("y"))),
        [
            *conversation(turn(call(city="a"))),
            exchange(
                {"previous_interaction_id": "v1_1", "input": [{"type": "function_result", "name": "get_weather"}]},
                {"error": "no"},
                status=400,
            ),
        ],
        ["breaking: turn 2: 200 -> 400 (http-status)"],
    ),
    "two conversations in another order": (
        [*conversation("One", turn(text("1"))), *conversation("Two", turn(text("2")))],
        [*conversation("Two", turn(text("2"))), *conversation("One", turn(text("1")))],
        [],
    ),
    "a turn that fails besides": (
        conversation("One", turn(text("1"))),
        [*conversation("One", turn(text("1"))), exchange({"input": "Two"}, {"error": {"code": "a"}}, status=400)],
        ["changed: live turn 2: new: 400 a (turn-added)"],
    ),
    "what goes on with one of another cassette, in another order": (
        [exchange({"input": said, "previous_interaction_id": "v1_0"}, turn(text(said))) for said in ("One", "Two")],
        [exchange({"input": said, "previous_interaction_id": "v1_0"}, turn(text(said))) for said in ("Two", "One")],
        [],
    ),
    "what is asked at once of one answer, in another order": (
        [*conversation("Hi", turn(text("Yes?"))), *FORKS],
        [*conversation("Hi", turn(text("Yes?"))), *reversed(FORKS)],
        [],
    ),
    "the same question about two answers": (
        [*FORKS, *AGAIN],
        [*FORKS, *AGAIN[:-1]],
        ["breaking: turn 6: vanished: completed (turn-vanished)"],
    ),
    "a conversation less": (
        [*conversation("One", turn(text("1"))), *conversation("Two", turn(text("2")))],
        conversation("One", turn(text("1"))),
        ["breaking: turn 2: vanished: completed (turn-vanished)"],
    ),
    "a conversation that is opened otherwise": (
        conversation("One", turn(call(city="a"))),
        conversation("Two", turn(call(city="b"))),
        ['changed: turn 1, function_call get_weather, arguments.city: "a" -> "b" (argument)'],
    ),
    "the same in several turns": (
        conversation(turn(call(city="a")), turn(text("x"))),
        conversation(turn(call(city="a"), model="new"), turn(text("x"), model="new")),
        ["changed: turns 1, 2, model: gemini-3.5-flash -> new (model)"],
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_differs_in_a_conversation_is_one_finding(name: str) -> None:
    old, new, expected = CALLS[name]
    assert found(old, new) == expected


def test_what_is_missing_at_the_end_of_a_run_that_failed_says_nothing() -> None:
    old = conversation(turn(call(city="a")), turn(text("x")))
    new = conversation(turn(call(city="b")))
    assert len(found(old, new)) == 2
    assert found(old, new, is_whole=False) == [
        'changed: turn 1, function_call get_weather, arguments.city: "a" -> "b" (argument)'
    ]
    other = exchange({}, {}, uri="https://example.com/x")
    assert found([*old, other], [], is_whole=False) == []


def test_a_stream_that_the_app_left_says_nothing_of_what_is_missing() -> None:
    old = conversation(turn(text("one"), RUN, status="completed"), stream=True)
    body = b"".join(old[0].response.body.partition(b"event: step.stop")[:2])
    new = [replace(each, response=each.response.with_body(body), cut=Cut(by="app")) for each in old]
    assert found(old, new) == []
    assert found(new, old) == []


def test_an_error_says_the_same_in_other_words_unless_these_count() -> None:
    old, new = (
        [exchange({"input": "x"}, {"error": {"code": "a", "message": message}}, status=400)] for message in ("m", "n")
    )
    assert found(old, new) == []
    assert found(old, new, Wording.SAME) == ['cosmetic: turn 1, error: "m" -> "n" (remark)']


# --- other APIs ---

GENERATE = "https://generativelanguage.googleapis.com/v1beta/models/gemini-3.5-flash:generateContent"


def _candidate(*parts: Json, **more: Any) -> Json:
    content = {"role": "model", "parts": list(parts)}
    return {"candidates": [{"content": content, "finishReason": "STOP"} | more], "modelVersion": "gemini-3.5-flash"}


def _other(answer: Any, **more: Any) -> Exchanges:
    return [exchange({"contents": []}, answer, **{"uri": GENERATE, **more})]


PLACE = "POST /v1beta/models/gemini-3.5-flash:generateContent"
OTHERS = {
    "the same": (_other(_candidate({"text": "a"})), _other(_candidate({"text": "b", "thoughtSignature": "c2ln"})), []),
    "a reason to finish": (
        _other(_candidate({"text": "a"})),
        _other(_candidate({"text": "a"}, finishReason="MAX_TOKENS")),
        [f"breaking: {PLACE}: STOP -> MAX_TOKENS (finish-reason)"],
    ),
    "a function call less": (
        _other(_candidate({"functionCall": {"name": "f", "args": {"a": 1}}})),
        _other(_candidate({"text": "a"})),
        [
            f"breaking: {PLACE}, candidates[].content.parts[].functionCall: vanished (field-vanished)",
            f"cosmetic: {PLACE}, candidates[].content.parts[].text: new (field-new)",
        ],
    ),
    "a model": (
        _other(_candidate({"text": "a"})),
        _other(_candidate({"text": "a"}) | {"modelVersion": "new"}),
        [f"changed: {PLACE}: gemini-3.5-flash -> new (model)"],
    ),
    "a status": (
        _other({}),
        _other({"error": {"code": 429}}, status=429),
        [f"breaking: {PLACE}: 200 -> 429 (http-status)"],
    ),
    "a code": (
        _other({"error": {"status": "A"}}, status=400),
        _other({"error": {"status": "B"}}, status=400),
        [f'breaking: {PLACE}: "A" -> "B" (error-code)'],
    ),
    "a content type": (
        _other({}),
        [
            replace(each, response=replace(each.response, headers={"content-type": ["text/html"]}))
            for each in _other({})
        ],
        [f"breaking: {PLACE}: application/json -> text/html (content-type)"],
    ),
    "a stream": (
        _other({}),
        [
            replace(
                each,
                response=replace(
                    each.response, headers={"content-type": ["text/event-stream"]}, body=b'data: {"a": 1}\n\n'
                ),
            )
            for each in _other({})
        ],
        [f"breaking: {PLACE}: a plain answer -> a stream (stream-lost)"],
    ),
    "a request more": (
        _other({}),
        [*_other({}), *_other({}, uri="https://example.com/a/b123456789")],
        ["changed: POST /a/…: new (request-added)"],
    ),
    "a request less": (
        [*_other({}), *_other({}, uri="https://example.com/a/b/c")],
        _other({}),
        ["changed: POST /a/b/c: vanished (request-vanished)"],
    ),
    "a name that was drawn": (
        _other({}, uri="https://example.com/v1beta/files/abc123def"),
        _other({}, uri="https://example.com/v1beta/files/xyz789uvw"),
        [],
    ),
    "a path of the same form": (
        _other({"a": 1}, uri="https://example.com/v1/cats"),
        _other({"b": 1}, uri="https://example.com/v1/dogs"),
        [
            "breaking: POST /v1/cats, a: vanished (field-vanished)",
            "cosmetic: POST /v1/cats, b: new (field-new)",
        ],
    ),
}


def _as(exchanges: Exchanges, body: bytes) -> Exchanges:
    return [replace(each, response=each.response.with_body(body)) for each in exchanges]


_LISTED = _other([{"a": True}], uri="https://example.com/v1/cats")
_EVENTS = [replace(each, response=each.response.with_body(b'data: {"a": 1}\n\n')) for each in _other({})]
for _each in _EVENTS:
    _each.response.headers["content-type"] = ["text/event-stream"]
OTHERS |= {
    "no answer any more": (_LISTED, _as(_LISTED, b""), ["breaking: POST /v1/cats: type array -> nothing (field-type)"]),
    "half an answer": (
        _LISTED,
        _as(_LISTED, b'[{"a"'),
        ["breaking: POST /v1/cats: type array -> no JSON (field-type)"],
    ),
    "a list that became an object": (
        _LISTED,
        _as(_LISTED, b'{"a": true}'),
        ["breaking: POST /v1/cats: type array -> object (field-type)"],
    ),
    "a stream without events": (
        _EVENTS,
        _as(_EVENTS, b": nothing\n\n"),
        [f"breaking: {PLACE}: type JSON -> no JSON (field-type)"],
    ),
    "a number for a boolean": (
        _LISTED,
        _as(_LISTED, b'[{"a": 1}]'),
        ["breaking: POST /v1/cats, a: type boolean -> number (field-type)"],
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_apis_are_compared_by_status_type_and_shape(name: str) -> None:
    old, new, expected = OTHERS[name]
    assert found(old, new) == expected


def test_conversations_that_begin_alike_may_come_in_any_order() -> None:
    """They are told apart by the instruction, and by all that was said at once."""
    roles = [conversation(turn(call(city=role)), turn(text(role)), system_instruction=role) for role in ("a", "b")]
    assert found([*roles[0], *roles[1]], [*roles[1], *roles[0]]) == []
    said = [[{"type": "text", "text": "Tag this:"}, {"type": "text", "text": each}] for each in ("one", "two")]
    asked = [exchange({"model": "m", "input": each}, turn(call(city=str(each)))) for each in said]
    assert found(asked, asked[::-1]) == []


def test_polls_of_other_apis_count_once() -> None:
    one = [
        replace(each, request=replace(each.request, method="GET", uri="https://example.com/v1/operations/op12345678"))
        for each in [*_other({"done": False}), *_other({"done": True, "response": {}})]
    ]
    assert found(one, [one[0], *one]) == []
    assert found(one, one[:1]) == ["breaking: GET /v1/operations/…, response: vanished (field-vanished)"]


# --- schemas ---

FITS: list[tuple[Any, Any, list[str]]] = [
    ({"type": "STRING"}, "a", []),
    ({"type": ["string", "null"]}, None, []),
    ({"type": "string", "nullable": True}, None, []),
    ({"type": "integer"}, 1.0, []),
    ({"type": "integer"}, 1.5, ["type"]),
    ({"type": "integer"}, True, ["type"]),
    ({"type": "array"}, {}, ["type"]),
    ({"type": "string"}, None, ["type"]),
    ({"type": "unheard"}, 1, []),
    ({"type": "integer"}, float("inf"), ["type"]),
    ({"type": "integer"}, float("nan"), ["type"]),
    ({"enum": ["a", "b"]}, "c", ["enum"]),
    ({"const": 1}, 2, ["const" and "enum"]),
    ({"minimum": 1}, 0, ["minimum"]),
    ({"maximum": 1}, 2, ["maximum"]),
    ({"minLength": 2}, "a", ["minLength"]),
    ({"maxItems": 1}, [1, 2], ["maxItems"]),
    ({"minItems": "no number"}, [], []),
    ({"pattern": "^a"}, "b", ["pattern"]),
    ({"pattern": "("}, "b", []),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 1, ["anyOf"]),
    ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, 1, []),
    ({"allOf": [{"type": "integer"}, {"minimum": 3}]}, 1, ["minimum"]),
    ({"not": {"type": "string"}}, "a", ["not"]),
    ({"properties": {"a": False}}, {"a": 1}, ["false"]),
    ({"properties": {"a": {}}, "additionalProperties": False}, {"b": 1}, ["additionalProperties"]),
    ({"additionalProperties": {"type": "string"}}, {"b": 1}, ["type"]),
    ({"patternProperties": {"x": {}}, "additionalProperties": False}, {"x": 1}, []),
    ({"required": ["a", 7]}, {}, ["required"]),
    ({"prefixItems": [{"type": "string"}], "items": {"type": "integer"}}, [1, "a"], ["type", "type"]),
    ({"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "string"}}}, 1, ["type"]),
    ({"$ref": "#/$defs/none"}, 1, []),
    ({"$ref": "#/a/b", "a": 7}, 1, []),
    ({"$ref": "https://example.com/schema"}, 1, []),
    ({"$ref": "#"}, 1, []),
    ({"properties": 7, "required": "a"}, {"a": 1}, []),
    (None, 1, []),
]


@pytest.mark.parametrize(("schema", "value", "words"), FITS)
def test_a_value_fits_a_schema_or_says_why_not(schema: Any, value: Any, words: list[str]) -> None:
    assert [each.word for each in misfits(value, schema)] == words


# --- wording, places, values ---


def test_likeness_is_the_share_of_common_words() -> None:
    assert likeness("It is sunny.", "Sunny it is!") == 1
    assert likeness("one two", "one three") == 0.5
    assert likeness("今日は晴れ", "今日は雨") > 0.5
    assert likeness("…", "…") == 1
    assert likeness("…", "!") == 0


def test_values_are_shown_in_few_characters() -> None:
    assert shown("x" * 99) == '"' + "x" * 60 + '…"'
    assert shown([1] * 99).endswith("…")
    assert shown({1, 2}) == "{1, 2}"
    assert str(Finding(KINDS[0], Place(), "a\n", 1)) == '"a\\n" -> 1 (http-status)'


def test_every_kind_has_a_sentence_and_a_name_of_its_own() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS) > 40
    assert all(kind.means.endswith(".") for kind in KINDS)


def test_json_of_any_form_is_compared_without_an_error() -> None:
    odd: list[Any] = [
        None,
        1,
        "x",
        [],
        [[1]],
        {"steps": 1},
        {"status": 7, "steps": [1, None]},
        {"outputs": {}},
        {"id": 3},
    ]
    for before in odd:
        for after in odd:
            asked: Json = {"input": [None, {"type": "user_input"}], "tools": [1, {"name": 2}], "response_format": 5}
            compare([exchange(asked, before)], [exchange(asked, after)], wording=Wording.SAME)
            compare(_other(before), _other(after), wording=Wording.SAME)
    lines = json.dumps({"error": "x"})
    assert found(_other(lines), _other(lines)) == []
