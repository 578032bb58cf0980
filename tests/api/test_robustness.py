"""Whatever JSON comes, it folds and reads: nothing that the API may send one day is an error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_interactions.api.calls import calls_of, interactions_of
from pytest_interactions.api.conversation import trajectory
from pytest_interactions.api.drift.compare import compare
from pytest_interactions.api.fold import fold
from pytest_interactions.api.json_values import compact
from pytest_interactions.api.live.turns import as_http
from pytest_interactions.api.models import Event, Interaction
from pytest_interactions.api.sse import decode
from pytest_interactions.api.transcript import transcript
from pytest_interactions.api.usage import total_tokens
from pytest_interactions.api.websocket import Frame
from pytest_interactions.options import Wording
from tests.api.conversing import connection

if TYPE_CHECKING:
    from collections.abc import Callable

TYPES = st.sampled_from(
    [
        *("text", "image", "audio", "model_output", "user_input", "thought", "function_call", "function_result"),
        *("google_search_call", "google_search_result", "arguments_delta", "thought_summary", "thought_signature"),
        *("text_annotation_delta", "telepathy", None, 5),
    ]
)
LEAVES: st.SearchStrategy[Any] = st.sampled_from([None, True, 0, 5, "", "a", "a\nb", "{", "QQ==", "\ud800", [], {}])
NAMES = st.sampled_from(
    [
        *("text", "data", "content", "summary", "arguments", "result", "signature", "id", "call_id", "name", "uri"),
        *("annotations", "is_error", "role", "steps", "status", "errors", "input", "unknown_events"),
    ]
)


def typed(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects with a type and some fields."""
    fields = st.dictionaries(NAMES, st.one_of(inner, st.lists(inner, max_size=2)), max_size=3)
    return st.builds(lambda kind, rest: {"type": kind, **rest}, TYPES, fields)


THING = st.recursive(LEAVES, typed, max_leaves=5)
EVENT = st.builds(
    lambda kind, index, key, thing: {"event_type": kind, "index": index, key: thing},
    st.sampled_from(
        [
            *("interaction.created", "interaction.status_update", "interaction.completed", "step.start"),
            *("step.delta", "content.start", "content.delta", "error", "hiccup", None),
        ]
    ),
    st.sampled_from([0, 0, 1, None, "odd"]),
    st.sampled_from(["step", "delta", "delta", "content", "interaction", "error", "status", "interaction_id"]),
    THING,
)


@given(st.lists(EVENT, max_size=6))
def test_any_stream_folds_and_reads(events: list[Any]) -> None:
    """Any events fold, as objects or as bytes, and the interaction has a transcript."""
    body = "".join(f"event: {event['event_type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    interaction = fold(events)
    assert fold(decode(body.encode())) == interaction
    for text in (True, False):
        assert transcript(interaction, text=text).startswith("turn 1: ")
        assert transcript([interaction, interaction], text=text).isprintable() is False


@given(st.lists(typed(THING), max_size=4), THING)
def test_any_interaction_reads(steps: list[Any], sent: Any) -> None:
    """Any steps and any input make a trajectory and a transcript that can be written to a file."""
    first = Interaction.model_validate({"status": "completed", "steps": steps}).sent({"input": sent})
    second = Interaction.model_validate({"steps": steps}).sent({"input": [sent, *steps]})
    trajectory([first, second])
    for text in (True, False):
        assert transcript([first, second], text=text).encode()
        assert isinstance(transcript(steps, text=text).encode(), bytes)


@pytest.mark.parametrize("kind", [["text"], {"text": 1}, [[]]])
def test_a_type_that_is_no_text_is_kept(kind: Any) -> None:
    """In a step, in a content and in a delta."""
    step = {"type": kind, "content": [{"type": kind, "text": "a"}]}
    assert "event" not in transcript([step, {"type": "model_output", "content": [step]}])
    assert transcript(fold([{"event_type": "step.delta", "index": 0, "delta": step}])).startswith("turn 1: ")
    assert trajectory([Interaction.model_validate({"steps": [step]}).sent({"input": step})])


@pytest.mark.parametrize("levels", [400, 3000])
@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"a": value}, lambda value: {"type": [value]}])
def test_what_is_nested_too_deep_to_walk_is_shown_as_far_as_it_goes(wrap: Callable[[Any], Any], levels: int) -> None:
    """An object of a client library may hold it; JSON that is parsed can't."""
    deep: Any = "at the bottom"
    for _ in range(levels):
        deep = wrap(deep)
    step = {"type": "function_result", "result": deep, "arguments": deep, "content": deep}
    interaction = {"status": "completed", "steps": [step], "errors": [deep]}
    events = [{"event_type": "step.start", "index": 0, "step": step}, {"event_type": "odd", "data": deep}]
    for value in (
        [step],
        interaction,
        events,
        Interaction.model_validate(interaction),
        [Event.model_validate(events[0])],
    ):
        shown = transcript(value)
        assert "…" in shown
        assert "at the bottom" not in shown


LIVE = st.builds(
    lambda sent, event, kind, name: Frame(sent, compact({**event, "event_type": kind, "id": name})),
    st.booleans(),
    EVENT,
    st.sampled_from(
        [
            *("interaction.create", "interaction.connect", "input", "user_action", "interaction.cancel"),
            *("interaction.created", "interaction.connected", "interaction.completed", "reconnection_required"),
            *("step.start", "step.start", "step.delta", "step.delta", "step.stop", "step.stop", "error", None, 5),
        ]
    ),
    st.sampled_from(["a", "b", "", None, []]),
)


@given(st.lists(st.lists(LIVE, max_size=8), max_size=3))
def test_any_messages_of_live_interactions_fold_and_read(talks: list[list[Frame]]) -> None:
    """On several connections, too; over HTTP they would be as many turns."""
    exchanges = [connection(talk) for talk in talks]
    calls = calls_of(exchanges)
    interactions = [call.interaction for call in calls]
    assert isinstance(transcript(interactions), str)
    assert len(trajectory(interactions)) >= 0
    assert total_tokens(exchanges) == 0
    assert isinstance(compare(exchanges, exchanges, wording=Wording.SAME), list)
    told = [each for each in as_http(exchanges) if each.response.is_stream]
    assert [each.status for each in interactions_of(told)] == [each.status for each in interactions]
