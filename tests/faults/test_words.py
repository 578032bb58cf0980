"""Faults as people write them."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_interactions import OptionError
from pytest_interactions.faults import Fault, Storm
from pytest_interactions.options import Options, resolve


def _read(value: Any) -> tuple[Any, ...]:
    return resolve(("marker", {"fault": value})).fault


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"error": 429}, ["error: 429"]),
        ("error: 429, retry_after: 30, on: 2", ["error: 429, retry_after: 30.0, on: 2"]),
        ("{cut_after: 3}", ["cut_after: 3"]),
        ("\n  error: 503, times: all\n\n  on: {input: weather, stream: true}, timeout: read\n", None),
        ([{"drop": [2, 4]}, "repeat: 1"], ["drop: [2, 4]", "repeat: 1"]),
        ({"error": 503, "on": {"exchange": 3}}, ["error: 503, on: 3"]),
        ({"error": 503, "on": {"exchange": 3, "stream": False}}, ['error: 503, on: {"stream": false, "exchange": 3}']),
        ({"refused": True, "times": "all"}, ["refused: true, times: all"]),
        ("refused, on: 2", ["refused: true, on: 2"]),
        (Fault(error=500), ["error: 500"]),
        ({"error": 500, "message": "No such river"}, ["error: 500, message: No such river"]),
        ({"error": 500, "message": "a, b: c\n\x1b[2J\u202e"}, ['error: 500, message: "a, b: c\\n\\u001b[2J\\u202e"']),
        ({"error": 500, "message": "true", "code": "x # y"}, ['error: 500, message: "true", code: "x # y"']),
        ({"delay": 1, "on": {"input": "Où\x7f"}}, ['delay: 1.0, on: {"input": "Où\\x7f"}']),
        ("storm", ["storm"]),
        ({"storm": 7, "of": ["error", "drop"]}, ['storm: 7, of: ["error", "drop"]']),
        (Storm(storm=1), ["storm: 1"]),
        ("", []),
        (None, []),
        ([], []),
    ],
    ids=str,
)
def test_a_fault_is_read_from_what_a_person_writes(value: Any, written: list[str] | None) -> None:
    """A mapping, a text, or a list of them; what is written of it is read as the same."""
    found = _read(value)
    assert written is None or list(map(str, found)) == written
    assert _read("\n".join(map(str, found))) == found


def test_a_fault_has_all_that_is_said() -> None:
    """Numbers of exchanges stand for themselves, the look of a request is a mapping, and it hits once."""
    first, second = _read("error: 503, times: all\non: {input: weather, stream: true}, timeout: read")
    assert (first.error, first.times, first.on.exchange) == (503, "all", None)
    assert (second.on.input, second.on.stream, second.timeout, second.times) == ("weather", True, "read", 1)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"erorr": 429}, "fault: erorr: unknown key (did you mean 'error'?)"),
        ({"error": 429, "on": {"imput": "x"}}, "on.imput: unknown key (did you mean 'input'?)"),
        ({"zzz": 1}, "zzz: unknown key; known are: on, times, error, message, code, retry_after, delay"),
        ({"error": 200}, "error: must be greater than or equal to 400"),
        ("error: 503, error: 429", "line 1: 'error' is there twice"),
        ("error: 503, on: {input: a, input: b}", "'input' is there twice"),
        ({"delay": 1e300}, "delay: must be less than or equal to 1000000000"),
        ({"error": "429"}, "error: must be a valid integer"),
        ({"error": 429, "on": 0}, "on.exchange: must be greater than or equal to 1"),
        ({"error": 429, "on": True}, "on: must be a mapping"),
        ({"error": 429, "on": {"operation": "creat"}}, "did you mean 'create'?"),
        ({"error": 429, "times": 0}, "times"),
        ({"refused": False}, "refused: must be True"),
        ({"timeout": "conect"}, "timeout: must be 'connect' or 'read' (did you mean 'connect'?)"),
        ({"delay": -1}, "delay: must be greater than or equal to 0"),
        ({"delay": float("inf")}, "delay: must be a finite number"),
        ({"drop": [0]}, "drop"),
        ({"error": 429, "message": "\ud800"}, "message: must be text that can be written as UTF-8"),
        ({"error": 429, "refused": True}, "'error' and 'refused' can't end the same answer; give one of them"),
        ({"cut_after": 1, "retry_after": 1}, "'retry_after' is of an 'error'"),
        ({"cut_after": 1, "message": "x"}, "'message' is of an 'error' or of 'error_event_after'"),
        ({"cut_after": 1, "code": "x"}, "'code' is of an 'error' or of 'error_event_after'"),
        ({"on": 2}, "it does nothing; say what goes wrong, by error, refused, timeout, hang_after"),
        ({"storm": -1}, "storm: must be greater than or equal to 0"),
        ({"storm": 1, "of": ["eror"]}, "of: 'eror' is not one of error, refused"),
        ({"storm": 1, "of": ["eror"]}, "(did you mean 'error'?)"),
        ({"storm": 1, "times": 2}, "times: unknown key"),
        ("error", "error: must be a valid integer"),
        ("error: 429\n\nmy-secret: [", "line 3 is no fault, such as 'error: 429, retry_after: 30, on: 2'"),
        ("a\x00b", "is no fault, such as"),
        (3, "int is neither a fault nor a list of them, such as {'error': 429}"),
        (b"error: 429", "bytes is neither a fault nor a list of them"),
        ([3], "int is neither a fault"),
    ],
    ids=str,
)
def test_a_wrong_fault_is_an_error_that_says_where_and_what_may_be(value: Any, message: str) -> None:
    """The source, the key, what it may be, and the near match; never a value, which may be a secret."""
    with pytest.raises(OptionError, match=r"^marker: fault: ") as caught:
        _read(value)
    assert message in str(caught.value)


def test_no_fault_is_the_default() -> None:
    """Where there is none, nothing of faults is even imported: see the tests of what a run imports."""
    assert Options().fault == ()
