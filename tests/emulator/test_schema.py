"""Values for schemas: whatever is given out validates."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.schema import value_for
from pytest_interactions.server.emulator.state import Draw

DRAW = Draw("test")
TREE = {
    "$defs": {
        "Node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "parent": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
                "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
            },
            "required": ["name", "parent", "children"],
        }
    },
    "$ref": "#/$defs/Node",
}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (True, "Value"),
        ({}, "Value"),
        ({"const": 3}, 3),
        ({"enum": ["a"]}, "a"),
        ({"type": ["null", "integer"]}, 1),
        ({"type": ["null"]}, None),
        ({"type": "boolean"}, True),
        ({"minimum": 2.5}, 3),
        ({"type": "integer", "maximum": -2}, -2),
        ({"type": "integer", "exclusiveMinimum": 2, "multipleOf": 5}, 5),
        ({"type": "integer", "exclusiveMinimum": 5, "multipleOf": 5}, 10),
        ({"type": "integer", "exclusiveMaximum": 1}, 0),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
        ({"type": "string", "minLength": 8}, "Valuexxx"),
        ({"type": "string", "maxLength": 3}, "Val"),
        ({"type": "string", "format": "date"}, "2026-06-09"),
        ({"type": "string", "format": "of-our-own"}, "text"),
        ({"items": {"type": "integer"}, "uniqueItems": True}, [1, 2]),
        ({"type": "array", "items": {"type": "integer", "maximum": 1}}, [1, 1]),
        ({"type": "array", "maxItems": 1, "items": {"type": "string"}}, ["Value 1"]),
        ({"prefixItems": [{"type": "integer"}, {"type": "boolean"}], "items": False}, [1, True]),
        ({"type": "array", "contains": {"const": 7}}, [7, 7]),
        ({"properties": {"a": {"type": "integer"}}, "required": ["b"]}, {"a": 1, "b": "B"}),
        (
            {"type": "object", "minProperties": 1, "additionalProperties": {"type": "integer"}},
            {"key_1": 1},
        ),
        ({"oneOf": [{"type": "null"}, {"type": "integer"}]}, 1),
        ({"oneOf": [{"type": "null"}]}, None),
        (
            {
                "allOf": [
                    {"properties": {"a": {"type": "integer"}}, "required": ["a"]},
                    {"properties": {"b": {"type": "integer"}}, "required": ["b"]},
                ]
            },
            {"b": 1, "a": 1},
        ),
        ({"$defs": {"a/b": {"type": "integer"}}, "$ref": "#/$defs/a~1b"}, 1),
    ],
)
def test_values(schema: Any, value: Any) -> None:
    """Each keyword is heeded, with the least value that it allows."""
    assert value_for(schema, DRAW) == value


def test_pattern() -> None:
    """A text matches the pattern that it must match."""
    schema = {"type": "string", "pattern": r"^[A-Z]{2}-\d{3,5}$"}
    jsonschema.validate(value_for(schema, DRAW), schema)


def test_recursion() -> None:
    """A recursive schema gets a value that ends."""
    value = value_for(TREE, DRAW)
    jsonschema.validate(value, TREE)
    assert value["parent"]["children"]


def test_hints() -> None:
    """A hint is taken where it is valid, and not where it is not."""
    schema = {"properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
    assert value_for(schema, DRAW, {"city": "Rome", "days": "x"}) == {"city": "Rome", "days": 1}


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "text"}, "invalid at $.type"),
        ({"not": {}}, "can't make a value for this schema: $"),
        (False, "nothing satisfies 'false'"),
        ({"$ref": "https://example.com/schema"}, "is not in the schema"),
        ({"$ref": "#/$defs/none"}, "nothing satisfies 'false'"),
        (
            {"type": "object", "properties": {"me": {"$ref": "#"}}, "required": ["me"]},
            "goes on without an end",
        ),
        ({"$ref": "#"}, "goes on without an end"),
    ],
)
def test_impossible(schema: Any, message: str) -> None:
    """A schema that is wrong, or beyond the generator, is refused with the reason."""
    with pytest.raises(ApiError) as caught:
        value_for(schema, DRAW)
    assert message in caught.value.message


SCALARS = st.one_of(
    st.builds(
        lambda low, size: {"type": "integer", "minimum": low, "maximum": low + size},
        st.integers(-50, 50),
        st.integers(0, 9),
    ),
    st.builds(
        lambda low, size: {"type": "string", "minLength": low, "maxLength": low + size},
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    st.just({"type": "null"}),
    st.builds(lambda values: {"enum": values}, st.lists(st.text(), min_size=1)),
)
SCHEMAS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.builds(
            lambda items, low, size: {
                "type": "array",
                "items": items,
                "minItems": low,
                "maxItems": low + size,
            },
            inner,
            st.integers(0, 3),
            st.integers(0, 3),
        ),
        st.builds(
            lambda properties: {
                "type": "object",
                "properties": properties,
                "required": list(properties),
                "additionalProperties": False,
            },
            st.dictionaries(st.text(max_size=5), inner, max_size=3),
        ),
        st.builds(lambda branches: {"anyOf": branches}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(SCHEMAS)
def test_any_schema_of_these(schema: Any) -> None:
    """Whatever schema these keywords make, its value validates; that it is made at all is the test."""
    jsonschema.validate(value_for(schema, DRAW), schema)
