"""The setting of a call: what its request says beside the input."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_interactions.api.setting import changed, fact_text, setting_lines, setting_of, tool_text

Json = dict[str, Any]
WEATHER: Json = {
    "type": "function",
    "name": "get_weather",
    "description": "\n Tells the weather. \n\nOf any city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["c", "f"]}},
        "required": ["city"],
    },
}


def test_the_setting_is_all_but_the_input() -> None:
    """What is asked, how the answer comes and what the API has drawn are left out; the main things stand first."""
    asked = {
        "input": "Hello",
        "stream": True,
        "previous_interaction_id": "v1_a",
        "continuation_token": "t",
        "cached_content": "cachedContents/x",
        "environment": "0f1e",
        "store": False,
        "generation_config": None,
        "background": True,
        "tools": [],
        "system_instruction": "Be brief.",
        "model": "m",
    }
    assert list(setting_of(asked).items()) == [
        ("model", "m"),
        ("system_instruction", "Be brief."),
        ("tools", []),
        ("background", True),
        ("store", False),
    ]
    assert setting_of({"environment": {"type": "remote"}}) == {"environment": {"type": "remote"}}


def test_what_changed_is_new_other_or_gone() -> None:
    """By name, what is gone last."""
    assert changed({"a": 1, "b": 2, "c": 3}, {"d": 0, "b": 2, "c": 4}) == ["a", "c", "d"]
    assert changed({}, {}) == []


TOOLS: list[tuple[Any, str]] = [
    (WEATHER, 'get_weather(city: string, unit?: "c" | "f"): Tells the weather.'),
    ({"type": "function", "name": "stop"}, "stop()"),
    ({"type": "google_search", "search_types": ["web_search"]}, "google_search"),
    (
        {
            "type": "mcp_server",
            "name": "files",
            "url": "https://user:secret@example.com:8443/mcp?key=secret#secret",
            "headers": {"authorization": "Bearer secret"},
        },
        "mcp_server files (https://example.com:8443/mcp)",
    ),
    ({"type": "mcp_server", "url": "nowhere"}, "mcp_server"),
    ({"type": "mcp_server", "url": 5}, "mcp_server"),
    ({"googleSearch": {}}, "googleSearch={}"),
    ({"type": "function", "name": "a\nb\x1b[1m"}, "a\\nb\\x1b[1m()"),
    ("odd", '"odd"'),
]


@pytest.mark.parametrize(("tool", "told"), TOOLS)
def test_a_tool_is_one_line(tool: Any, told: str) -> None:
    """Functions by signature, others by type, MCP servers by address without what logs in."""
    assert tool_text(tool) == told


FACTS: list[tuple[str, Any, str]] = [
    ("tools", [], "none"),
    ("tools", None, "none"),
    ("tools", {"odd": 1}, "odd=1"),
    ("generation_config", {"top_p": 0.5, "stop_sequences": ["a\nb"]}, 'stop_sequences[0]="a\\nb" top_p=0.5'),
    ("response_format", {"type": "text", "schema": {"type": "string"}}, "text string"),
    ("response_format", {"schema": {"type": "string"}, "strict": True}, "string strict=true"),
    (
        "response_format",
        [{"mime_type": "application/json", "type": "text", "schema": {"type": "string"}}, {"type": "image"}, "odd"],
        'application/json string, type="image", "odd"',
    ),
]


@pytest.mark.parametrize(("name", "value", "told"), FACTS)
def test_another_fact_is_one_line(name: str, value: Any, told: str) -> None:
    """Its fields; the form of an answer has its schema as a type."""
    assert fact_text(name, value) == told


def test_a_setting_is_a_line_for_each_tool_and_for_each_fact() -> None:
    """A text of several lines keeps them; control characters are escaped."""
    setting = {
        "system_instruction": "You are a cat.\n  Say \x1b[31mmeow.\n",
        "tools": [WEATHER, {"type": "google_search"}],
        "service_tier": "flex",
        "store": False,
        "odd\n": 1,
        "gone": None,
    }
    assert [line.text for line in setting_lines(setting)] == [
        "system_instruction",
        "  You are a cat.",
        "    Say \\x1b[31mmeow.",
        'tool get_weather(city: string, unit?: "c" | "f"): Tells the weather.',
        "tool google_search",
        "service_tier: flex",
        "store: false",
        "odd\\n: 1",
        "gone: none",
    ]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "name", "url", "parameters", "properties", "required", "items", "enum", "schema"])
            | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["tools", "response_format", "system_instruction", "model"]), VALUES))
def test_any_request_has_a_setting(asked: Json) -> None:
    """Whatever is at a place, it is shown, and each line is one."""
    lines = [line.text for line in setting_lines(setting_of(asked))]
    assert not [line for line in lines if len(line.splitlines()) > 1]
