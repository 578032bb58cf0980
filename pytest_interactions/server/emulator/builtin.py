"""The tools that the API runs itself: the call and the result of each."""

from __future__ import annotations

import re
from html import escape
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.turn import Turn

_CODE = {"arguments": {"code": "print(sum(range(1, 11)))", "language": "python"}}, {"result": "55\n", "is_error": False}


def builtin_steps(turn: Turn) -> list[Json]:
    """Return a call and a result for each declared tool that the API runs itself."""
    steps: list[Json] = []
    for tool in turn.tools:
        if tool["type"] in _RUN:
            steps += call_and_result(turn, tool["type"], *_RUN[tool["type"]](turn))
        elif tool["type"] == "mcp_server":
            steps += call_and_result(turn, "mcp_server_tool", *_mcp(turn, tool))
    return steps


def _search(turn: Turn) -> tuple[Json, Json]:
    chip = (
        f'<div class="container"><a class="chip" href="https://www.google.com/search">{escape(turn.prompt)}</a></div>'
    )
    return (
        {"arguments": {"queries": [turn.prompt]}, "search_type": "web_search"},
        {"result": [{"search_suggestions": chip}], "is_error": False},
    )


def _maps(turn: Turn) -> tuple[Json, Json]:
    place = {
        "name": "Example Café",
        "place_id": turn.draw.text("place", 27),
        "url": "https://maps.google.com/?cid=1",
    }
    return {"arguments": {"queries": [turn.prompt]}}, {"result": [{"places": [place]}]}


def _urls(turn: Turn) -> tuple[Json, Json]:
    urls = re.findall(r"https?://[^\s,)\"'>]*[^\s,)\"'>.?!;:]", turn.prompt) or ["https://example.com/"]
    results = [{"status": "success", "url": url} for url in urls]
    return {"arguments": {"urls": urls}}, {"result": results, "is_error": False}


def _mcp(turn: Turn, tool: Json) -> tuple[Json, Json]:
    allowed = chain.from_iterable(group.get("tools") or [] for group in tool.get("allowed_tools") or [])
    names = {"name": next(allowed, "search"), "server_name": tool.get("name", "mcp")}
    answer = {"type": "text", "text": f"The server answered: {turn.prompt}"}
    return {**names, "arguments": {"query": turn.prompt}}, {**names, "result": [answer]}


#: By tool type, a function that returns the contents of a call and of its result.
_RUN: dict[str, Callable[[Turn], tuple[Json, Json]]] = {
    "google_search": _search,
    "google_maps": _maps,
    "url_context": _urls,
    "code_execution": lambda _: _CODE,
    "file_search": lambda _: ({}, {"result": []}),
    "retrieval": lambda turn: ({"arguments": {"queries": [turn.prompt]}}, {"is_error": False}),
}


def call_and_result(turn: Turn, name: str, call: Json, result: Json) -> list[Json]:
    """Return the two steps of one run of a tool, linked by an id."""
    call_id = turn.draw.text(f"{name} {call}", 8)
    signed = {} if name.startswith("mcp") else {"signature": turn.draw.signature(f"{name} {call}")}
    return [
        {"id": call_id, **signed, "type": f"{name}_call", **call},
        {"call_id": call_id, **signed, "type": f"{name}_result", **result},
    ]
