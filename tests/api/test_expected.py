"""What a test expects of a trajectory: the text of a reference, and how a trajectory that is not like it is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_interactions.api.behaviour import behaviour_of
from pytest_interactions.api.expected.messages import calls_of, messages_of
from pytest_interactions.api.expected.reference import UnreadableError, read, written
from pytest_interactions.api.expected.tolerance import Tolerance
from pytest_interactions.api.expected.unlike import unlike
from pytest_interactions.api.expected.verdict import MATCHES, is_as_expected
from pytest_interactions.api.transcript import transcript
from pytest_interactions.errors import OptionError
from pytest_interactions.escaping import on_one_line
from tests.api.test_conversation import Json, asked, call, result, said
from tests.api.test_transcript import NEXT, TURN

REFERENCE = """\
turn 1
  function_call get_weather
    city = "Paris"
    days[0] = 1
    days[1].part = "noon"
    empty = {}
    id = 7
    none = null
  function_call get_weather
    city = "Rome"
turn 2
  function_result get_weather
  function_result get_weather
  model_output
"""
_TEXT = st.text(max_size=8)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)


def structure(value: Any) -> list[Json]:
    """The behaviour that a snapshot with `match` shows."""
    return behaviour_of(value, text=False)


# --- the text ---


def test_a_reference_is_a_transcript_of_what_counts() -> None:
    assert written(structure([TURN, NEXT])) == REFERENCE
    assert messages_of(read(REFERENCE)) == messages_of(structure([TURN, NEXT]))


def test_a_whole_transcript_is_a_reference_too() -> None:
    """A snapshot that was exact before needs no change to say what must happen."""
    whole = transcript([TURN, NEXT])
    assert "thought: Let me see." in whole
    assert messages_of(read(whole)) == messages_of(read(REFERENCE))


def test_steps_without_turns_stand_at_the_margin() -> None:
    steps = [asked("Hi"), call("f", "c1", a=1), result("c1", 1), said("Done")]
    text = "user_input\nfunction_call f\n  a = 1\nfunction_result f\nmodel_output\n"
    assert written(structure(steps)) == text
    assert messages_of(read(text)) == messages_of(structure(steps))


def test_a_reference_may_have_comments_and_empty_lines() -> None:
    commented = REFERENCE.replace("    id = 7\n", "    # the customer's\n    id = 7\n\n").replace(
        "turn 2\n", "# then\nturn 2\n  # both at once\n"
    )
    assert messages_of(read(commented)) == messages_of(read(REFERENCE))


def test_the_tools_of_the_api_are_told_with_their_servers() -> None:
    steps = [
        {"type": "google_search_call", "id": "s1", "arguments": {"queries": ["a"]}, "search_type": "image_search"},
        {"type": "google_search_result", "call_id": "s1", "result": []},
        {"type": "mcp_server_tool_call", "id": "m1", "name": "find", "server_name": "docs", "arguments": {}},
        {"type": "mcp_server_tool_result", "call_id": "m1", "name": "find", "result": 1, "is_error": True},
        {"type": "wish", "content": "unknown today"},
    ]
    text = (
        'google_search_call google_search\n  queries[0] = "a"\ngoogle_search_result google_search\n'
        'mcp_server_tool_call find\n  server_name: "docs"\nmcp_server_tool_result find\n'
    )
    assert written(structure(steps)) == text
    assert messages_of(read(text)) == messages_of(read(transcript(steps[:-1]))) == messages_of(structure(steps))


@given(arguments=st.dictionaries(_TEXT, _JSON, max_size=4) | _JSON, tool=_TEXT, kind=st.sampled_from(["function", "x"]))
def test_what_is_written_is_read_as_it_was(arguments: Any, tool: str, kind: str) -> None:
    """Whatever tools and arguments are called, and whatever is in them."""
    turns = [{"status": None, "steps": [{"type": f"{kind}_call", "call": tool or "f", "arguments": arguments}]}]
    text = written(turns)
    assert all(on_one_line(line) == line for line in text.split("\n"))
    (message,) = messages_of(read(text))
    assert message.calls[0].name == (tool or "f")
    assert message.calls[0].arguments == (arguments or {})


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("turn 1\n  funtion_call f\n", 2, "funtion_call f is no step; did you mean 'function_call'?"),
        ("turn 1\n  * f\n", 2, "* f is no step; a line begins with one of user_input, thought, model_output"),
        ("turn 1\n model_output\n", 2, "a step stands 2 spaces to the right, below its turn"),
        ("turn 1\n  function_call f\n    city = Paris\n", 3, "the value of city is not JSON: Paris; a text stands in"),
        ("turn 1\n  function_call f\n    Paris\n", 3, "the value is not JSON: Paris; a text stands in"),
        ("turn 1\n  function_call f\n      city = 1\n", 3, "what stands below a call stands two spaces to the right"),
        ("function_call f\n  a = 1\n  a = 2\n", 3, "another line has a value at the same place"),
        ("function_call f\n  a = 1\n  a.b = 2\n", 3, "a.b is in a value that another line has as a whole"),
        ("function_call f\n  a.b = 1\n  a = 2\n", 3, "another line has a value at the same place"),
        ("function_call f\n  a..b = 1\n", 2, "a..b is no path of an argument, such as city, days[0].part"),
        ('function_call "f\n', 1, 'the value is not JSON: "f; a text stands in double quotation marks'),
    ],
)
def test_a_line_that_is_wrong_is_told(text: str, line: int, message: str) -> None:
    with pytest.raises(UnreadableError) as error:
        read(text)
    assert error.value.line == line
    assert str(error.value).startswith(message)


def test_lines_of_a_transcript_that_do_not_count_are_passed_over() -> None:
    """Errors and unknown events of a turn, and the lines of a text."""
    text = (
        "turn 1: failed\n  function_call f#1\n    text =\n      one\n\n      two\n  model_output\n    function_call g\n"
        '  error.code: "x"\n  error: "gone"\n  event wish\n    a: 1\n'
    )
    (message,) = messages_of(read(text))
    assert [(each.name, each.arguments) for each in message.calls] == [("f", {"text": "one\ntwo"})]


# --- how it is told ---

PARIS, OSLO, TIME = call("weather", "1", city="Paris"), call("weather", "2", city="Oslo"), call("time", "3", zone="CET")
EXPECTED = [PARIS, result("1", "x"), TIME, result("3", "x"), said("Done")]


def told(received: list[Json], match: Any, tolerate: Any = None, expected: list[Json] | None = None) -> list[str]:
    """How what was received differs; nothing if it does not."""
    old, new = (messages_of(read(written(structure(steps)))) for steps in (expected or EXPECTED, received))
    tolerance = Tolerance(tolerate)
    tolerance.learn([*calls_of(old), *calls_of(new)])
    if is_as_expected(old, new, match, tolerance.fits):
        return []
    return [f"{mark} {text}".rstrip() for mark, text in unlike(old, new, match, tolerance)]


@pytest.mark.parametrize("match", MATCHES)
def test_what_is_as_expected_is_told_by_nothing(match: str) -> None:
    assert told(EXPECTED, match) == []


def test_an_argument_that_differs_is_told() -> None:
    other = [call("weather", "1", city="Oslo", days=2), *EXPECTED[1:]]
    assert told(other, "strict") == [
        "  strict: weather: city, days differ",
        "  turn 1",
        "    function_call weather",
        '-     city = "Paris"',
        '+     city = "Oslo"',
        "+     days = 2",
    ]
    assert told(other, "unordered") == [line.replace("strict", "unordered") for line in told(other, "strict")]


def test_a_call_that_is_missing_is_told() -> None:
    assert told(EXPECTED[2:], "superset") == [
        "  superset: weather missing",
        "    ...",
        "-   function_call weather   (missing)",
        '-     city = "Paris"',
    ]
    assert told(EXPECTED[2:], "strict")[0] == "  strict: weather missing, function_result weather missing"
    assert told(EXPECTED[2:], "subset") == []


def test_a_call_that_is_additional_is_told() -> None:
    more = [*EXPECTED[:4], OSLO, result("2", "x"), said("Done")]
    assert told(more, "subset") == [
        "  subset: weather additional",
        "  turn 1",
        "+   function_call weather   (additional)",
        '+     city = "Oslo"',
    ]
    assert told(more, "superset") == []


def test_calls_in_another_order_are_told() -> None:
    swapped = [*EXPECTED[2:4], *EXPECTED[:2], said("Done")]
    assert told(swapped, "unordered") == []
    lines = told(swapped, "strict")
    assert "in another place" in lines[0]
    assert any(line.startswith("- ") and line.endswith("(in another place)") for line in lines)
    assert any(line.startswith("+ ") and line.endswith("(in another place)") for line in lines)


def test_calls_at_once_are_told_from_calls_one_after_another() -> None:
    at_once = [{"status": "completed", "steps": [PARIS, TIME]}]
    apart = [{"status": "completed", "steps": [TIME]}, {"status": "completed", "steps": [PARIS]}]
    assert told(apart, "strict", expected=at_once) == [
        "  strict: the same calls, but not those at once that were expected",
    ]
    assert told(apart, "unordered", expected=at_once) == []


def test_many_differences_are_counted() -> None:
    lines = told([call(f"tool{number}", str(number)) for number in range(9)], "subset")
    assert lines[0] == "  subset: tool0 additional, tool1 additional, tool2 additional, tool3 additional, 5 more"


# --- what may differ ---


@pytest.mark.parametrize(
    "tolerate",
    [
        "ignore",
        ["city"],
        "city",
        ["weather.city"],
        ["weather"],
        {"city": lambda expected, received: (expected, received) == ("Paris", "Oslo")},
        {"weather": lambda expected, received: expected.keys() == received.keys()},
        {"weather": "ignore"},
        {"weather.city": "ignore", "zone": "exact"},
    ],
)
def test_what_may_differ_makes_no_difference(tolerate: Any) -> None:
    other = [call("weather", "1", city="Oslo"), *EXPECTED[1:]]
    for match in MATCHES:
        assert told(other, match, tolerate) == []
        assert told([call("weather", "1", city="Rome", x=1), *EXPECTED[1:]], match, {"city": lambda *_: False})


def test_what_is_named_may_be_absent_and_all_else_may_not() -> None:
    assert told([call("weather", "1"), *EXPECTED[1:]], "strict", ["city"]) == []
    assert told([call("weather", "1"), *EXPECTED[1:]], "strict", {"city": lambda *_: True})
    lines = told([call("weather", "1", city="Oslo", days=1), *EXPECTED[1:]], "strict", ["city"])
    assert lines[0] == "  strict: weather: days differs"
    assert [line for line in lines if line[0] != " "] == ["+     days = 1"]


def test_a_path_goes_through_objects_and_lists() -> None:
    """A list's items each have what the path names."""

    def trip(*ids: int, city: str = "Paris") -> list[Json]:
        return [call("trip", "1", stops=[{"id": n, "at": {"city": city}} for n in ids])]

    assert told(trip(3, 4), "strict", ["stops.id"], trip(1, 2)) == []
    assert told(trip(3, 4, 5), "strict", ["stops.id"], trip(1, 2))
    assert told(trip(1, 2, city="Oslo"), "strict", ["trip.stops.at.city"], trip(1, 2)) == []
    assert told(trip(3, 4), "strict", {"stops.id": lambda old, new: new == old + 2}, trip(1, 2)) == []
    assert told(trip(4, 3), "strict", {"stops.id": lambda old, new: new == old + 2}, trip(1, 2))


@pytest.mark.parametrize(
    ("mode", "received", "is_as"),
    [
        ("subset", {"a": [1], "b": {"x": 1}}, True),
        ("subset", {"a": [1]}, True),
        ("subset", {"a": [1], "c": 1}, False),
        ("superset", {"a": [1], "b": {"x": 1}, "c": 1}, True),
        ("superset", {"a": [1]}, False),
        ("exact", {"a": [1]}, False),
    ],
)
def test_a_mode_says_which_arguments_are_compared(mode: str, received: Json, is_as: bool) -> None:
    """For all tools, or for one; each `match` takes what was expected and what was received as they are."""
    expected = [call("f", "1", a=[1], b={"x": 1})]
    for match in MATCHES:
        assert (told([call("f", "1", **received)], match, mode, expected) == []) is is_as
        assert (told([call("f", "1", **received)], match, {"f": mode}, expected) == []) is is_as


def test_a_mode_may_be_one_of_an_argument() -> None:
    expected = [call("f", "1", a=[1, 2], b={"x": 1, "y": 2}, c=1)]
    some = [call("f", "1", a=[2], b={"x": 1}, c=1)]
    assert told(some, "strict", {"a": "subset", "b": "subset", "c": "subset"}, expected) == []
    assert told(expected, "strict", {"f.a": "superset", "b": "superset"}, some) == []
    assert told([call("f", "1", a=[3], b={"x": 1}, c=1)], "strict", {"a": "subset", "b": "subset"}, expected)


def test_a_failure_under_a_mode_tells_what_counts_alone() -> None:
    lines = told([call("f", "1", a=2, c=1)], "strict", "superset", [call("f", "1", a=1, b=1)])
    assert [line for line in lines if line[0] != " "] == ["-     a = 1", "-     b = 1", "+     a = 2"]
    lines = told([call("f", "1", a=2, c=1)], "strict", "subset", [call("f", "1", a=1, b=1)])
    assert [line for line in lines if line[0] != " "] == ["-     a = 1", "+     a = 2", "+     c = 1"]


@pytest.mark.parametrize(
    ("tolerate", "message"),
    [
        (
            ["weather.cit"],
            "'weather.cit' is no tool that was called, and no argument of one.*did you mean 'weather.city'",
        ),
        (["wether"], "did you mean 'weather'"),
        (["zzz"], r"nor in this run\. Tools that were called: time, weather\."),
        ({"zone.x": "ignore"}, "'zone.x' is no tool"),
    ],
)
def test_a_name_that_nothing_has_is_an_error(tolerate: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        told(EXPECTED, "strict", tolerate)


@pytest.mark.parametrize("name", ["city", "weather"])
def test_a_function_that_fails_is_told_by_its_name(name: str) -> None:
    with pytest.raises(OptionError, match=rf"the function for '{name}' raised TypeError: unsupported operand"):
        told(EXPECTED, "strict", {name: lambda expected, received: expected / received})


def test_a_name_where_no_tool_was_called_is_an_error() -> None:
    with pytest.raises(OptionError, match=r"No tool was called\."):
        told([said("Hi")], "strict", ["city"], [said("Hi")])


@pytest.mark.parametrize(
    ("tolerate", "message"),
    [
        (7, "7 is neither a list of names"),
        (b"city", "is neither a list of names"),
        ([7], "7 is no name"),
        ([""], "'' is no name"),
        ({"city": "ignroe"}, "did you mean 'ignore'"),
        ({"city": 7}, "7 for 'city' is neither one of exact, ignore, subset, superset nor a function"),
        ({7: "ignore"}, "7 is no name"),
    ],
)
def test_what_can_not_be_tolerated_is_an_error(tolerate: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Tolerance(tolerate)


def test_arguments_that_are_no_object_are_compared_as_they_are() -> None:
    """As those of a stream that stopped."""
    broken = [{"type": "function_call", "id": "1", "name": "f", "arguments": '{"city": "Par'}]
    assert told(broken, "strict", expected=broken) == []
    lines = told([call("f", "1", city="Paris")], "strict", "subset", broken)
    assert lines == [
        '  strict: f: "{\\"city\\": \\"Par", city differ',
        "  turn 1",
        "    function_call f",
        '-     "{\\"city\\": \\"Par"',
        '+     city = "Paris"',
    ]
