"""The models keep what came, known or not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pytest_interactions.api.models import Content, Event, Interaction, Step
from tests.support import real_traffic

FIELDS = st.sampled_from(
    [
        *("id", "status", "steps", "outputs", "input", "usage", "errors", "type", "content", "summary", "arguments"),
        *("result", "annotations", "index", "delta", "step", "interaction", "event_type"),
        *("model_config", "copy", "output_text", "tomorrow"),
    ]
)
JSON = st.recursive(
    st.sampled_from([None, True, 0, 7, "", "text", "\N{GRINNING FACE}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(FIELDS, JSON))
def test_any_object_survives_a_round_trip(data: dict[str, object]) -> None:
    """Whatever the API may send, each model gives it back field by field, with nothing added."""
    for model in (Interaction, Step, Event, Content):
        assert model.model_validate(data).model_dump() == data
        assert json.loads(model.model_validate(data).model_dump_json()) == data


def test_real_bodies_survive_a_round_trip() -> None:
    """Each recorded interaction is given back as it came."""
    for file in real_traffic("vercel-ai").glob("*.json"):
        body = json.loads(file.read_text())
        assert Interaction.model_validate(body).model_dump() == body


def test_what_is_known_is_typed_and_what_is_not_is_an_attribute() -> None:
    """Steps and contents are objects; a field of tomorrow is an attribute; what did not come is `None`."""
    interaction = Interaction.model_validate(
        {"status": "pondering", "mood": "good", "steps": [{"type": "telepathy", "content": [{"type": "smell"}]}]}
    )
    assert interaction.steps
    (step,) = interaction.steps
    assert step.content
    assert isinstance(step.content[0], Content)
    assert (interaction.status, interaction.model_extra) == ("pondering", {"mood": "good"})
    assert step.name is None


def test_a_name_that_is_no_unicode_is_escaped_and_what_is_no_object_is_refused() -> None:
    """JSON can spell half of a character, which pydantic takes in a value but not in a name."""
    step = Step.model_validate({"type": "half \ud83d", "half \ud83d": 1})
    assert step.model_dump() == {"type": "half \ud83d", "half \\ud83d": 1}
    with pytest.raises(ValidationError):
        Step.model_validate("text")


def test_defaults_are_dumped_when_asked_for() -> None:
    """`model_dump` leaves out what did not come, unless it is told not to."""
    assert Content(type="text").model_dump(exclude_unset=False)["text"] is None


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        (None, ""),
        ("no list", ""),
        ([{"type": "model_output", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}], "ab"),
        ([{"type": "model_output", "content": [{"type": "text", "text": "a"}]}, {"type": "thought"}], "a"),
        (
            [
                {"type": "model_output", "content": [{"type": "text", "text": "before"}]},
                {"type": "function_call"},
                {"type": "model_output", "content": "no list"},
                {"type": "model_output", "content": [{"type": "image"}, {"type": "text", "text": "after"}]},
            ],
            "after",
        ),
    ],
)
def test_output_text_is_what_the_model_said_last(steps: object, text: str) -> None:
    """The text of the outputs after the last call, result or input, thoughts left out."""
    assert Interaction.model_validate({"steps": steps}).output_text == text


def test_an_interaction_knows_what_was_sent_to_it() -> None:
    """The request's input is there, is no part of what came, and does not replace what the response repeats."""
    came = {"status": "completed", "previous_interaction_id": "v1_answer"}
    interaction = Interaction.model_validate(came).sent({"input": "Hi", "previous_interaction_id": "v1_request"})
    assert (interaction.input, interaction.previous_interaction_id) == ("Hi", "v1_answer")
    assert interaction.model_dump() == came
