"""A conversation as a transcript: all that is behaviour, nothing that differs at each recording."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from pytest_interactions.api.behaviour import behaviour_of
from pytest_interactions.api.models import Interaction
from pytest_interactions.api.transcript import render, transcript

Json = dict[str, Any]

TURN: Json = {
    "id": "v1_a",
    "status": "requires_action",
    "created": "2026-01-01T00:00:00Z",
    "usage": {"total_tokens": 5},
    "steps": [
        {"type": "thought", "signature": "c2ln", "summary": [{"type": "text", "text": "Let me see."}]},
        {
            "type": "function_call",
            "id": "x1",
            "name": "get_weather",
            "arguments": {"city": "Paris", "id": 7, "days": [1, {"part": "noon"}], "empty": {}, "none": None},
        },
        {"type": "function_call", "id": "x2", "name": "get_weather", "arguments": {"city": "Rome"}},
    ],
}
NEXT: Json = {
    "id": "v1_b",
    "status": "completed",
    "steps": [
        {"type": "function_result", "call_id": "x2", "result": {"sky": "clear", "signature": "mine"}},
        {"type": "function_result", "call_id": "x1", "result": "down", "is_error": True},
        {"type": "model_output", "content": [{"type": "text", "text": "Rome is clear.\n\nParis  \nis unknown.\n"}]},
    ],
}

TRANSCRIPT = """\
turn 1: requires_action
  thought: Let me see.
  function_call get_weather#1
    city = "Paris"
    days[0] = 1
    days[1].part = "noon"
    empty = {}
    id = 7
    none = null
  function_call get_weather#2
    city = "Rome"
turn 2: completed
  function_result get_weather#2
    signature: "mine"
    sky: "clear"
  function_result get_weather#1 (error): down
  model_output
    Rome is clear.

    Paris
    is unknown.
"""

STRUCTURE = """\
turn 1: requires_action
  thought
  function_call get_weather#1
    city = "Paris"
    days[0] = 1
    days[1].part = "noon"
    empty = {}
    id = 7
    none = null
  function_call get_weather#2
    city = "Rome"
turn 2: completed
  function_result get_weather#2
  function_result get_weather#1 (error)
  model_output
"""


def steps(*found: Any, text: bool = True) -> str:
    """The transcript of a list of steps."""
    return transcript(list(found), text=text)


def test_a_conversation_reads_as_one_line_per_fact() -> None:
    """Each status, step, argument and line of text is a line; links between calls and results are seen."""
    assert transcript([TURN, NEXT]) == TRANSCRIPT


def test_without_text_only_structure_is_left() -> None:
    """Step types, tools, arguments, statuses and order stay; wording goes."""
    assert transcript([TURN, NEXT], text=False) == STRUCTURE


def test_what_opened_the_conversation_is_shown_where_it_is_asked_for() -> None:
    """One interaction by itself doesn't have its input, so that it is left out of the first turn, and only there."""
    first = Interaction.model_validate(NEXT).sent({"input": "How is the weather?"})
    second = Interaction.model_validate({"status": "completed"}).sent(
        {"input": "Bye", "previous_interaction_id": "v1_b"}
    )
    assert "How is" not in render(behaviour_of([first, second]))
    assert "turn 2: completed\n  user_input: Bye\n" in render(behaviour_of([first, second]))
    assert "turn 1: completed\n  user_input: How is the weather?\n" in render(
        behaviour_of([first, second], opening=True)
    )
    repeated = {**NEXT, "steps": [{"type": "user_input", "content": "How is the weather?"}, *NEXT["steps"]]}
    assert transcript(repeated) == transcript(NEXT)


MEDIA: list[tuple[Json, str]] = [
    (
        {"type": "image", "mime_type": "image/png", "data": base64.b64encode(b"\x89PNG").decode()},
        '[image bytes=4 mime_type="image/png" sha256="0f4636c78f65"]',
    ),
    ({"type": "image", "data": "-__-"}, '[image bytes=3 sha256="dbdf99754252"]'),
    ({"type": "image", "data": "no base64!"}, '[image bytes=10 sha256="effb836005e6"]'),
    ({"type": "image", "data": b"\x89PNG"}, '[image bytes=4 sha256="0f4636c78f65"]'),
    (
        {"type": "video", "uri": "https://generativelanguage.googleapis.com/v1beta/files/abc-123", "id": "7"},
        '[video uri="https://generativelanguage.googleapis.com/v1beta/files/…"]',
    ),
    ({"type": "video", "uri": 5}, "[video uri=5]"),
    ({"type": "smell", "of": {"a": ["roses"]}, "said": "a\nb"}, '[smell of.a[0]="roses" said="a\\nb"]'),
    ({"type": "text", "text": "a", "tone": "warm"}, 'a\n  [text tone="warm"]'),
    ({"type": "text"}, "[text]"),
    (
        {"type": "text", "text": "a", "annotations": [{"type": "url_citation", "title": "b", "end_index": 1}, 5]},
        'a\n  [url_citation end_index=1 title="b"]\n  [5]',
    ),
]


@pytest.mark.parametrize(("part", "told"), MEDIA)
def test_content_that_is_no_text_is_a_line(part: Json, told: str) -> None:
    """Media is its type, size and digest, or where it is; annotations and unknown content are their fields."""
    assert steps({"type": "model_output", "content": [part]}) == f"model_output\n  {told}\n"


def test_without_text_media_is_told_by_its_type() -> None:
    """That an image came is structure; which one is not."""
    content = [{"type": "text", "text": "Here:"}, {"type": "image", "mime_type": "image/png", "data": "AAAA"}]
    assert (
        steps({"type": "model_output", "content": content}, text=False)
        == 'model_output\n  [image mime_type="image/png"]\n'
    )


def test_texts_next_to_each_other_are_one() -> None:
    """A stream can't tell where a text ended and the next began, so that it means nothing."""
    note = {"type": "url_citation", "title": "b"}
    parts = [{"type": "text", "text": "a", "annotations": [note]}, {"type": "text", "text": "b"}]
    assert steps({"type": "model_output", "content": parts}) == steps(
        {"type": "model_output", "content": [{"type": "text", "text": "ab", "annotations": [note]}]}
    )


TOOLS = """\
google_search_call google_search#1
  queries[0] = "a"
google_search_result google_search#1
url_context_result url_context
  [0].status: "success"
  [0].url: "https://vertexaisearch.cloud.google.com/grounding-api-redirect/…"
code_execution_call code_execution#1
  code =
    print(1)
    print(2)
  language = "python"
code_execution_result code_execution#1: 1
mcp_server_tool_call plan#1
  "odd key" = "\\u001b"
  server_name: "maps"
mcp_server_tool_result plan#1
  server_name: "maps"
  on foot
function_call f#1
  arguments: "{\\"cut"
"""


def test_tools_of_the_api_show_without_what_differs_each_time() -> None:
    """Search suggestions, redirects and defaults are left out; arguments are shown whatever they are called."""
    redirect = "https://vertexaisearch.cloud.google.com/grounding-api-redirect/AUZIYQ"
    found = steps(
        {"type": "google_search_call", "id": "1", "arguments": {"queries": ["a"]}, "search_type": "web_search"},
        {
            "type": "google_search_result",
            "call_id": "1",
            "result": [{"search_suggestions": "<style>"}],
            "is_error": False,
        },
        {
            "type": "url_context_result",
            "call_id": "?",
            "result": [{"url": redirect, "status": "success", "title": None}],
        },
        {"type": "code_execution_call", "id": "2", "arguments": {"language": "python", "code": "print(1)\nprint(2)"}},
        {"type": "code_execution_result", "call_id": "2", "result": "1\n", "is_error": False},
        {
            "type": "mcp_server_tool_call",
            "id": "3",
            "name": "plan",
            "server_name": "maps",
            "arguments": {"odd key": "\x1b"},
        },
        {
            "type": "mcp_server_tool_result",
            "call_id": "3",
            "name": "plan",
            "server_name": "maps",
            "result": [{"type": "text", "text": "on foot"}],
        },
        {"type": "function_call", "name": "f", "arguments": '{"cut'},
    )
    assert found == TOOLS.replace('  arguments: "{', '  "{')


def test_what_is_unknown_shows_with_its_payload() -> None:
    """A step, an event and a status of tomorrow, errors, and forms that nobody thought of, are all told."""
    told = {
        "status": None,
        "steps": [{"type": "telepathy", "id": "7", "to": {"name": "Bob", "ids": [], "usage": {}}}, {"odd": 1}],
        "errors": [{"code": "unavailable", "message": "try\nagain"}, "odd"],
        "unknown_events": [{"event_type": "interaction.hiccup", "event_id": "1", "note": "hic"}, {"a": 1}],
    }
    assert (
        transcript(told)
        == """\
turn 1: no status
  telepathy
    to.ids: []
    to.name: "Bob"
  step
    odd: 1
  error.code: "unavailable"
  error.message:
    try
    again
  error: "odd"
  event interaction.hiccup
    note: "hic"
  event
    a: 1
"""
    )
    assert (
        transcript(told, text=False)
        == """\
turn 1: no status
  telepathy
  step
  error.code: "unavailable"
  error: "odd"
  event interaction.hiccup
  event
"""
    )


def test_what_can_not_be_printed_is_escaped() -> None:
    """Controls and odd line ends stay on their line, and can't reach a terminal."""
    content = [{"type": "text", "text": "\x1b[31m\u2028\x85\ud800é😀\tx"}]
    assert steps({"type": "model_output", "content": content}) == "model_output: \\x1b[31m\\u2028\\x85\\ud800é😀\tx\n"


def test_nothing_is_an_empty_transcript() -> None:
    """A list without steps shows none."""
    assert transcript([]) == ""


@pytest.mark.parametrize("value", ["text", b"text", 5, None])
def test_what_shows_no_steps_is_refused(value: object) -> None:
    """The error says what can be passed."""
    with pytest.raises(TypeError, match="pass the interactions fixture"):
        transcript(value)


def test_filtered_data_can_be_rendered() -> None:
    """Whatever a filter leaves of a view is rendered: steps and turns without their type, or replaced."""
    assert render(["turn", {"steps": ["step", {"content": [{"text": "a"}]}], "status": object}]) == (
        '"turn"\nturn 2: <class \'object\'>\n  "step"\n  step\n    content[0].text: "a"\n'
    ).replace("  step\n    content[0].text", "  step\n    [0].text")
