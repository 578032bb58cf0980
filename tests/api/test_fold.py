"""A stream folds into the interaction that a unary call would have returned."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from google.genai import interactions as sdk

from pytest_interactions.api.fold import fold
from pytest_interactions.api.models import Event
from pytest_interactions.api.sse import decode

Json = dict[str, Any]

CREATED: Json = {"event_type": "interaction.created", "interaction": {"id": "v1_a", "status": "in_progress"}}
COMPLETED: Json = {"event_type": "interaction.completed", "interaction": {"id": "v1_a", "status": "completed"}}


def start(step: Any, index: int = 0) -> Json:
    """The event that begins a step."""
    return {"event_type": "step.start", "index": index, "step": step}


def delta(data: Any, index: int = 0) -> Json:
    """The event that adds to a step."""
    return {"event_type": "step.delta", "index": index, "delta": data}


def stop(index: int = 0) -> Json:
    """The event that ends a step."""
    return {"event_type": "step.stop", "index": index}


def text(said: str) -> Json:
    """The content, and delta, of a text."""
    return {"type": "text", "text": said}


def step_of(*events: Json) -> Json:
    """The one step that these events make."""
    (step,) = fold([CREATED, *events, COMPLETED]).model_dump()["steps"]
    assert isinstance(step, dict)
    return step


def base64_of(data: bytes) -> str:
    """`data` as the API writes media."""
    return base64.b64encode(data).decode()


PNG, WAV = {"type": "image", "mime_type": "image/png"}, {"type": "audio", "mime_type": "audio/wav"}
CITED = {"type": "url_citation", "url": "https://example.com"}

#: The `step.start`, the deltas, and the step that a unary call would have returned.
DELTAS: dict[str, tuple[Json, list[Json], Json]] = {
    "text": ({"type": "model_output"}, [text("a"), text("b")], {"type": "model_output", "content": [text("ab")]}),
    "text that the start began": (
        {"type": "model_output", "content": [text("a")]},
        [text("b")],
        {"type": "model_output", "content": [text("ab")]},
    ),
    "annotations": (
        {"type": "model_output"},
        [
            text("a"),
            {"type": "text_annotation_delta", "annotations": [CITED]},
            {"type": "text_annotation_delta", "annotations": [CITED]},
            {"type": "text_annotation_delta"},
            text("b"),
        ],
        {"type": "model_output", "content": [{**text("ab"), "annotations": [CITED, CITED]}]},
    ),
    "annotations with their text": (
        {"type": "model_output"},
        [{**text("a"), "annotations": [CITED]}],
        {"type": "model_output", "content": [{**text("a"), "annotations": [CITED]}]},
    ),
    "images": (
        {"type": "model_output"},
        [{**PNG, "data": "AAAA"}, {**PNG, "data": "BBBB"}, text("two")],
        {"type": "model_output", "content": [{**PNG, "data": "AAAA"}, {**PNG, "data": "BBBB"}, text("two")]},
    ),
    "an image in pieces": (
        {"type": "model_output"},
        [{**PNG, "data": "AA"}, {"type": "image", "data": "BB"}],
        {"type": "model_output", "content": [{**PNG, "data": "AABB"}]},
    ),
    "sound in chunks": (
        {"type": "model_output"},
        [{**WAV, "data": base64_of(b"a")}, {**WAV, "data": base64_of(b"b")}],
        {"type": "model_output", "content": [{**WAV, "data": base64_of(b"ab")}]},
    ),
    "sound in chunks that are no base64": (
        {"type": "model_output"},
        [{**WAV, "data": "x="}, {**WAV, "data": "y="}],
        {"type": "model_output", "content": [{**WAV, "data": "x=y="}]},
    ),
    "media by address": (
        {"type": "model_output"},
        [{"type": "video", "uri": "https://example.com/1"}, {"type": "document", "uri": "https://example.com/2"}],
        {
            "type": "model_output",
            "content": [
                {"type": "video", "uri": "https://example.com/1"},
                {"type": "document", "uri": "https://example.com/2"},
            ],
        },
    ),
    "arguments": (
        {"type": "function_call", "id": "1", "name": "f", "arguments": {}, "signature": ""},
        [{"type": "arguments_delta", "arguments": piece} for piece in ("", '{"a"', ": [1]}")],
        {"type": "function_call", "id": "1", "name": "f", "arguments": {"a": [1]}},
    ),
    "no arguments": (
        {"type": "function_call", "id": "1", "name": "f", "arguments": {}},
        [{"type": "arguments_delta", "arguments": ""}],
        {"type": "function_call", "id": "1", "name": "f", "arguments": {}},
    ),
    "arguments cut short": (
        {"type": "function_call", "id": "1", "name": "f", "arguments": {}},
        [{"type": "arguments_delta", "arguments": '{"a'}],
        {"type": "function_call", "id": "1", "name": "f", "arguments": '{"a'},
    ),
    "arguments as objects": (
        {"type": "function_call", "name": "f", "arguments": {"a": 1}},
        [{"type": "arguments_delta", "arguments": {"b": 2}}],
        {"type": "function_call", "name": "f", "arguments": {"a": 1, "b": 2}},
    ),
    "thought": (
        {"type": "thought"},
        [
            {"type": "thought_summary", "content": text("a")},
            {"type": "thought_signature", "signature": ""},
            {"type": "thought_summary", "content": text("b")},
            {"type": "thought_summary"},
            {"type": "thought_signature", "signature": "c2ln"},
            {"type": "thought_signature", "signature": ""},
        ],
        {"type": "thought", "summary": [text("ab")], "signature": "c2ln"},
    ),
    "call of a tool": (
        {"type": "google_search_call", "id": "1", "signature": ""},
        [{"type": "google_search_call", "arguments": {"queries": ["a"]}, "signature": "c2ln"}],
        {"type": "google_search_call", "id": "1", "arguments": {"queries": ["a"]}, "signature": "c2ln"},
    ),
    "result of a tool, as a list": (
        {"type": "google_search_result", "call_id": "1"},
        [{"type": "google_search_result", "result": [{"a": each}], "is_error": False} for each in (1, 2)],
        {"type": "google_search_result", "call_id": "1", "result": [{"a": 1}, {"a": 2}], "is_error": False},
    ),
    "result of a tool, as a text": (
        {"type": "code_execution_result", "call_id": "1"},
        [{"type": "code_execution_result", "result": each} for each in ("a", "b")],
        {"type": "code_execution_result", "call_id": "1", "result": "ab"},
    ),
    "result of a tool, as an object": (
        {"type": "function_result", "call_id": "1"},
        [{"type": "function_result", "name": "f", "result": {each: 1}} for each in ("a", "b")],
        {"type": "function_result", "call_id": "1", "name": "f", "result": {"a": 1, "b": 1}},
    ),
    "mcp": (
        {"type": "mcp_server_tool_call", "id": "1", "name": "f", "server_name": "s"},
        [{"type": "mcp_server_tool_call", "name": "f", "server_name": "s", "arguments": {"a": 1}}],
        {"type": "mcp_server_tool_call", "id": "1", "name": "f", "server_name": "s", "arguments": {"a": 1}},
    ),
    "unknown delta": (
        {"type": "model_output"},
        [text("a"), {"type": "smell", "of": ["roses"]}, {"of": "no type"}, text("b")],
        {
            "type": "model_output",
            "content": [text("a"), {"type": "smell", "of": ["roses"]}, {"of": "no type"}, text("b")],
        },
    ),
    "unknown step": (
        {"type": "telepathy", "to": "Bob"},
        [{"type": "telepathy", "words": ["a"]}, {"type": "telepathy", "words": ["b"]}],
        {"type": "telepathy", "to": "Bob", "words": ["a", "b"]},
    ),
    "content in an odd form": (
        {"type": "model_output", "content": "a"},
        [text("b")],
        {"type": "model_output", "content": [text("b")]},
    ),
}


@pytest.mark.parametrize(("step", "deltas", "folded"), DELTAS.values(), ids=DELTAS)
def test_deltas_make_the_step_of_a_unary_call(step: Json, deltas: list[Json], folded: Json) -> None:
    """Each type of delta adds to its step what the unary answer would have held."""
    before = json.dumps([step, deltas])
    assert step_of(start(step), *map(delta, deltas), stop()) == folded
    assert json.dumps([step, deltas]) == before, "what was passed in is not changed"


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (text("a"), "model_output"),
        ({"type": "text_annotation_delta", "annotations": [CITED]}, "model_output"),
        ({"type": "thought_signature", "signature": "c2ln"}, "thought"),
        ({"type": "arguments_delta", "arguments": "{}"}, "function_call"),
        ({"type": "google_search_call", "arguments": {}}, "google_search_call"),
    ],
)
def test_a_delta_without_its_start_says_what_its_step_is(first: Json, kind: str) -> None:
    """A stream that is read from its middle on folds too."""
    assert step_of(delta(first, 7))["type"] == kind


def test_steps_that_run_at_the_same_time_are_kept_apart() -> None:
    """Deltas find their step by index; one without an index goes to the step that began last."""
    events = [
        start({"type": "model_output"}),
        start({"type": "model_output"}, 1),
        delta(text("a")),
        delta(text("b"), 1),
        {"event_type": "step.delta", "delta": text("c")},
    ]
    steps = fold(events).model_dump()["steps"]
    assert [step["content"] for step in steps] == [[text("a")], [text("bc")]]


def test_a_stream_that_stops_early_gives_what_it_told() -> None:
    """Without its end, a stream folds into an interaction that is in progress."""
    assert fold([CREATED, start({"type": "model_output"}), delta(text("a"))]).model_dump() == {
        "id": "v1_a",
        "status": "in_progress",
        "steps": [{"type": "model_output", "content": [text("a")]}],
    }


def test_nothing_folds_into_nothing() -> None:
    """A stream without events is an interaction without fields."""
    assert fold([]).model_dump() == {}


def test_status_updates_count_until_the_next_one() -> None:
    """The last status is the interaction's, and an update names the interaction if nothing else did."""
    update = {"event_type": "interaction.status_update", "interaction_id": "v1_a", "event_id": "1"}
    events = [{**update, "status": "queued"}, {**update, "status": "failed", "usage": {"total_tokens": 1}}]
    assert fold(events).model_dump() == {"id": "v1_a", "status": "failed", "usage": {"total_tokens": 1}}


def test_an_interaction_that_is_not_stored_has_no_id() -> None:
    """`store: false` is an empty id in a stream, and none in the JSON of a unary answer."""
    created = {"event_type": "interaction.created", "interaction": {"id": "", "status": "in_progress"}}
    update = {"event_type": "interaction.status_update", "interaction_id": "", "status": "completed"}
    assert fold([created, update]).model_dump() == {"status": "completed"}
    assert fold([update]).model_dump() == {"status": "completed"}


def test_errors_are_told() -> None:
    """Error events, nearly empty ones, and errors in a bare array all end in `errors`."""
    body = (
        b'event: error\ndata: {"error":{"code":"x"},"event_type":"error"}\n\n'
        b'event: error\ndata: {"event_type":"error"}\n\n'
        b'data: {"error":{"code":"untyped"}}\n\n'
        b'[{"error":{"code":503,"message":"cut"}}]\n'
    )
    assert fold([CREATED, *decode(body)]).errors == [
        {"code": "x"},
        {},
        {"code": "untyped"},
        {"code": 503, "message": "cut"},
    ]
    known = {"event_type": "interaction.completed", "interaction": {"errors": [{"code": "a"}]}}
    assert fold([known, {"event_type": "error", "error": {"code": "b"}}]).errors == [{"code": "a"}, {"code": "b"}]


def test_unknown_events_are_kept() -> None:
    """An event of tomorrow, JSON of any form, and a delta without data are kept as they came."""
    events = [
        {"event_type": "interaction.hiccup", "note": [1]},
        {"event_type": ["odd"]},
        {"event_type": "step.delta", "delta": None},
        *decode(b"event: odd\ndata: 5\n\n: comment\n\nevent: done\ndata: [DONE]\n\n"),
        {"event_type": "done"},
    ]
    unknown = fold(events).model_dump()["unknown_events"]
    assert unknown == [*events[:3], {"event_type": "odd", "data": 5}]


def test_the_steps_of_the_last_event_are_the_last_word() -> None:
    """An event whose interaction holds steps replaces those told so far; what is no step is kept as it came."""
    final = {"event_type": "interaction.completed", "interaction": {"id": "v1_a", "steps": [{"type": "thought"}]}}
    assert fold([CREATED, start({"type": "model_output"}), final]).model_dump()["steps"] == [{"type": "thought"}]
    assert fold([{"event_type": "interaction.completed", "interaction": {"steps": 5}}]).model_dump() == {"steps": 5}
    assert fold([{"event_type": "interaction.completed", "interaction": "odd"}]).model_dump() == {}


def test_a_stream_that_is_sent_again_counts_once() -> None:
    """The same interaction, created again, begins anew; another one goes on, as clients chain them after a limit."""
    turn = [start({"type": "model_output"}), delta(text("a")), stop()]
    again = fold([CREATED, *turn, CREATED, *turn, COMPLETED]).model_dump()
    assert again["steps"] == [{"type": "model_output", "content": [text("a")]}]
    other = {"event_type": "interaction.created", "interaction": {"id": "v1_b"}}
    assert len(fold([CREATED, *turn, other, *turn]).model_dump()["steps"]) == 2


def test_what_was_streamed_before_may_2026_folds() -> None:
    """`interaction.start`, `content.…` and `interaction.complete` make `outputs`."""
    contents: list[tuple[Json, list[Json]]] = [
        (
            {"type": "thought"},
            [{"type": "thought_signature", "signature": "c2ln"}, {"type": "thought_summary", "content": text("hm")}],
        ),
        (text(""), [text("a"), text("b"), {"type": "text_annotation_delta", "annotations": [CITED]}]),
        ({"type": "image"}, [{**PNG, "data": "AAAA"}]),
        ({}, [{"type": "function_call", "id": "1", "name": "f", "arguments": {"a": 1}}]),
    ]
    events: list[Json] = [{"event_type": "interaction.start", "interaction": {"id": "v1_a", "status": "in_progress"}}]
    for index, (content, deltas) in enumerate(contents):
        at = {"index": index}
        if content:
            events.append({"event_type": "content.start", "content": content, **at})
        events += [{"event_type": "content.delta", "delta": each, **at} for each in deltas]
        events.append({"event_type": "content.stop", **at})
    events.append({"event_type": "interaction.complete", "interaction": {"id": "v1_a", "status": "completed"}})
    assert fold(events).model_dump() == {
        "id": "v1_a",
        "status": "completed",
        "outputs": [
            {"type": "thought", "signature": "c2ln", "summary": [text("hm")]},
            {**text("ab"), "annotations": [CITED]},
            {**PNG, "data": "AAAA"},
            {"type": "function_call", "id": "1", "name": "f", "arguments": {"a": 1}},
        ],
    }


def test_every_form_of_an_event_folds_alike() -> None:
    """Dicts, our events, the SDK's and the codec's give the same interaction."""
    events = [
        {**CREATED, "interaction": {**CREATED["interaction"], "object": "interaction", "model": "m"}},
        start({"type": "function_call", "id": "1", "name": "f", "arguments": {}}),
        delta({"type": "arguments_delta", "arguments": '{"a":1}'}),
        stop(),
        COMPLETED,
    ]
    models: dict[str, Any] = {
        "interaction.created": sdk.InteractionCreatedEvent,
        "interaction.completed": sdk.InteractionCompletedEvent,
        "step.start": sdk.StepStart,
        "step.delta": sdk.StepDelta,
        "step.stop": sdk.StepStop,
    }
    body = "".join(f"event: {each['event_type']}\ndata: {json.dumps(each)}\n\n" for each in events)
    expected = fold(events)
    assert fold(map(Event.model_validate, events)) == expected
    assert fold([models[each["event_type"]].model_validate(each) for each in events]) == expected
    assert fold(decode(body.encode())) == expected


def test_what_is_no_event_is_refused() -> None:
    """A string in the list is a mistake of the caller's."""
    with pytest.raises(TypeError, match="not an event"):
        fold(["data: {}"])


def test_time_is_linear_in_the_deltas() -> None:
    """Ten times the deltas take about ten times as long."""

    def seconds(size: int) -> float:
        deltas = [delta(text("word ")) for _ in range(size)]
        pieces = [delta({"type": "arguments_delta", "arguments": "1"}, 1) for _ in range(size)]
        cited = [delta({"type": "text_annotation_delta", "annotations": [CITED]}) for _ in range(size // 10)]
        begin = time.perf_counter()
        fold([start({"type": "model_output"}), start({"type": "function_call"}, 1), *deltas, *cited, *pieces])
        return time.perf_counter() - begin

    seconds(100)
    ratio = min(seconds(50_000) for _ in range(2)) / max(seconds(5_000) for _ in range(2))
    assert ratio < 25
