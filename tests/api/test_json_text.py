"""What is told from JSON as it is written, and not from its parsed value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_interactions.api.exchange import Message
from pytest_interactions.api.json_text import exact, exact_number, is_told, minified, rewritten, spelt
from pytest_interactions.api.json_values import NOT_JSON, parse

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES, st.sampled_from([None, 0, 1, 2]), st.booleans())
def test_white_space_goes_and_nothing_else(value: Any, indent: int | None, is_ascii: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    without = json.dumps(value, ensure_ascii=is_ascii, separators=(",", ":")).encode("utf-8", "surrogatepass")
    assert minified(text) == without


@given(VALUES, VALUES, st.sampled_from([None, 2]), st.booleans())
def test_two_texts_are_spelt_alike_where_they_say_the_same(
    value: Any, other: Any, indent: int | None, is_ascii: bool
) -> None:
    def spell(value: Any, **how: Any) -> bytes:
        text = json.dumps(value, **how).encode("utf-8", "surrogatepass")
        return spelt(text, parse(text))

    one = spell(value, separators=(",", ":"))
    if is_told(text := json.dumps(value).encode("utf-8", "surrogatepass"), parse(text)):
        assert one == spell(value, indent=indent, ensure_ascii=is_ascii)
    assert (one == spell(other, separators=(",", ":"))) is (json.dumps(value) == json.dumps(other))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b'{"a": 1}', True),
        (b'{\n  "a": [\n    1.5\n  ]\n}', True),
        (b'{"a": "\\u00e9 \\" \\\\", "b": 1.0}', True),
        (b'{"a": "\\u00e9 \\" \\\\", "b": 1.00}', False),
        (b'{"a": 1.50}', False),
        (b'{"a": -0}', False),
        (b'{"a": 1e400}', False),
        (b'{"a": 12345678901234567.89}', False),
        (b'{"a": 1, "a": 1}', False),
        (b'{"a": "x y", "a": "x y"}', False),
        ('{"a": 1}'.encode("utf-16"), False),
    ],
)
def test_a_value_tells_all_or_not(text: bytes, told: bool) -> None:
    assert is_told(text, parse(text)) is told
    message = Message(body=text)
    assert message.is_told() is told
    assert message.unparsed().is_told() is told
    assert message.with_body(b'{"b":1}').is_told()
    assert message.with_json({"b": 1}).is_told()


def test_what_is_not_in_utf_8_is_spelt_as_it_is() -> None:
    text = '{"∀": 1}'.encode("utf-16-le")
    assert spelt(text, parse(text)) == text


def test_a_key_that_is_there_twice_has_no_value() -> None:
    assert exact(b'[{"a": 1, "a": 1}]') is NOT_JSON
    assert exact(b'[{"a": 1, "b": 1.0}]') == [{"a": 1, "b": 1}]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("10e-1", 1),
        ("-0.0", 0),
        ("0.10", 0.1),
        ("1e22", 10**22),
        ("5E-324", 5e-324),
        ("1e23", 10**23),
        ("-12.50", -12.5),
    ],
)
def test_a_number_that_python_has_is_pythons(text: str, number: float) -> None:
    assert repr(exact_number(text)) == repr(number)


@pytest.mark.parametrize(
    ("text", "changed", "written"),
    [
        (
            b'{"n": 1e400, "t": "s", "l": [1.0, "s"]}',
            {"n": 0, "t": "R", "l": [0, "R"]},
            b'{"n":1e400,"t":"R","l":[1.0,"R"]}',
        ),
        (b'{"n": -0, "t": "s"}', {"n": "R", "t": "s"}, b'{"n":"R","t":"s"}'),
        (b'{"n": 1.50, "t": {"s": null}}', {"n": 1.5, "R": "R"}, b'{"n":1.50,"R":"R"}'),
        (b'{"n": 1.50, "t": ["\\ud800"]}', {"n": 1.5, "t": ["\ud800"]}, b'{"n":1.50,"t":["\\ud800"]}'),
        (b'{"n": 1, "n": 2, "t": "s"}', {"n": 2, "t": "R"}, b'{"n":2,"t":"R"}'),
        (b'{"n": 1e-7, "t": "s"}', {"n": 1e-7, "t": "R"}, b'{"n":1e-7,"t":"R"}'),
    ],
)
def test_numbers_are_written_as_they_were(text: bytes, changed: Any, written: bytes) -> None:
    assert rewritten(text, parse(text), changed) == written
