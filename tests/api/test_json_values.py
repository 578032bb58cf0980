"""JSON texts, read and written in one place."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_interactions.api.json_values import DEEPEST, NOT_JSON, compact, parse, shallow

if TYPE_CHECKING:
    from collections.abc import Callable

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_a_value_comes_back_from_its_text(value: Any) -> None:
    assert parse(compact(value)) == value
    assert parse(json.dumps(value, indent=1).encode()) == value


@given(st.text(alphabet='{}[]",:0123456789.eE+-truefalsn \\u"', max_size=30))
def test_a_text_says_what_python_says_that_it_does(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        expected = NOT_JSON
    found = parse(text)
    assert found == expected or (isinstance(found, float) and math.isnan(found))
    assert type(found) is type(expected)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-32-be"])
def test_bytes_are_read_in_the_encodings_of_unicode(encoding: str) -> None:
    assert parse('{"é": "ü😀"}'.encode(encoding)) == {"é": "ü😀"}


def test_a_lone_surrogate_is_a_character_like_another() -> None:
    assert parse(r'{"\ud800": "\udfff"}') == {"\ud800": "\udfff"}


def test_of_a_key_that_stands_twice_the_last_value_counts() -> None:
    assert parse('{"a": 1, "a": 2}') == {"a": 2}


@pytest.mark.parametrize("text", ["", "[DONE]", "{", b"\xff", "[1] [2]"])
def test_what_is_no_json_is_said_to_be_none(text: str | bytes) -> None:
    assert parse(text) is NOT_JSON


@pytest.mark.parametrize("inside", ["1", r'"\ud800"'])
@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a":', "}")])
def test_what_is_nested_too_deep_to_be_walked_is_no_json(inside: str, begin: str, end: str) -> None:
    for levels, is_read in ((DEEPEST, True), (DEEPEST + 1, False), (100_000, False)):
        assert (parse(begin * levels + inside + end * levels) is not NOT_JSON) is is_read


def test_a_text_with_half_a_character_in_it_is_read() -> None:
    """Bytes that are no text are decoded to such halves, so that none is lost."""
    assert parse('["\ud83d", 1]') == ["\ud83d", 1]


@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"a": value}])
def test_what_is_nested_too_deep_to_be_walked_is_cut(wrap: Callable[[Any], Any]) -> None:
    """What can be walked stays the same object."""
    value: Any = "a"
    for _ in range(DEEPEST):
        value = wrap(value)
    assert shallow(value) is value
    inner = shallow([wrap(value), 1])
    assert inner[1] == 1
    inner = inner[0]
    for _ in range(DEEPEST - 1):
        inner = inner[0] if isinstance(inner, list) else inner["a"]
    assert inner == "…"
