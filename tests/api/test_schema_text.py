"""JSON schemas as short types."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_interactions.api.json_values import DEEPEST
from pytest_interactions.api.schema_text import parameters_text, type_text

Json = dict[str, Any]
STRING: Json = {"type": "string"}

TYPES: list[tuple[Any, str]] = [
    (STRING, "string"),
    ({"type": "STRING"}, "string"),
    ({"type": ["string", "null"]}, "string | null"),
    ({"type": "integer", "nullable": True}, "integer | null"),
    ({"enum": ["c", 1, None]}, '"c" | 1 | null'),
    ({"const": "é"}, '"é"'),
    ({"anyOf": [STRING, {"type": "null"}, STRING]}, "string | null"),
    ({"any_of": [STRING, {"type": "null"}]}, "string | null"),
    ({"oneOf": [{"$ref": "#/$defs/A"}, True]}, "A | any"),
    ({"type": "array", "items": STRING}, "string[]"),
    ({"type": "array", "items": {"enum": ["a", "b"]}}, '("a" | "b")[]'),
    ({"type": "array"}, "any[]"),
    ({"type": "object"}, "object"),
    ({"type": "object", "properties": "odd"}, "object"),
    ({"properties": {"a": STRING, "b": {"type": "number"}}, "required": ["b"]}, "{a?: string, b: number}"),
    ({"type": "object", "properties": {"a": STRING}, "required": "odd"}, "{a?: string}"),
    ({}, "any"),
    ({"type": 5}, "5"),
    ("odd", "any"),
    (
        {
            "$ref": "#/$defs/Part",
            "$defs": {"Part": {"properties": {"parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}}}}},
        },
        "Part where Part = {parts?: Part[]}",
    ),
    ({"$ref": "#/definitions/A", "definitions": {"A": STRING, "B": {}}}, "A where A = string, B = any"),
    ({"$ref": 5, "$defs": "odd"}, "any"),
]


@pytest.mark.parametrize(("schema", "told"), TYPES)
def test_a_schema_is_told_as_a_type(schema: Any, told: str) -> None:
    """As TypeScript writes types; what is no schema is anything."""
    assert type_text(schema) == told


def test_parameters_say_what_is_required() -> None:
    """A question mark is behind what may be left out; types that are referred to are behind the brackets."""
    schema = {
        "type": "object",
        "properties": {"city": {"$ref": "#/$defs/City"}, "unit": {"enum": ["c", "f"]}},
        "required": ["city"],
        "$defs": {"City": STRING},
    }
    assert parameters_text(schema) == '(city: City, unit?: "c" | "f") where City = string'
    assert parameters_text(None) == parameters_text({}) == "()"


@pytest.mark.parametrize("inside", ["array", "object", "anyOf"])
def test_the_deepest_schema_that_is_read_is_told(inside: str) -> None:
    """No nesting that a request may have is too deep."""
    schema: Json = STRING
    for _ in range(DEEPEST if inside == "array" else DEEPEST // 2):
        if inside == "array":
            schema = {"type": "array", "items": schema}
        else:
            schema = {"properties": {"a": schema}} if inside == "object" else {"anyOf": [schema]}
    assert "string" in type_text(schema)
