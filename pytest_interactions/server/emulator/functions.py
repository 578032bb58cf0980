"""When the emulator's model calls which declared functions, and with what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_interactions.server.emulator.schema import value_for

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.turn import Turn

#: Words of prompts and descriptions that say nothing of what a function is about.
_EMPTY_WORDS = frozenset(
    [
        "about",
        "call",
        "current",
        "does",
        "from",
        "function",
        "gets",
        "give",
        "given",
        "have",
        "make",
        "returns",
        "some",
        "tell",
        "that",
        "this",
        "tool",
        "using",
        "what",
        "when",
        "which",
        "with",
        "your",
    ]
)
#: A name inside a sentence, or anything in quotation marks.
_SUBJECT = re.compile(r'"([^"]+)"|(?<=[a-z,] )([A-Z]\w+(?: [A-Z]\w+)*)')


def function_calls(turn: Turn) -> list[Json]:
    """The calls that `turn` asks for: each function that the prompt speaks of, for each name in the prompt.

    As many functions as names are paired in order. None if the turn brings results already.
    """
    if turn.results:
        return []
    functions = _wanted(turn)
    subjects = _subjects(turn, functions)
    if len(functions) == len(subjects):
        pairs = list(zip(functions, subjects, strict=True))
    else:
        pairs = [(function, subject) for function in functions for subject in subjects]
    return [_call(turn, function, subject) for function, subject in pairs]


def _wanted(turn: Turn) -> list[Json]:
    """The declared functions to call, by the tool choice and by the words they share with the prompt."""
    functions = [tool for tool in turn.tools if tool["type"] == "function"]
    choice = turn.config.get("tool_choice", "auto")
    allowed = choice.get("allowed_tools", {}) if isinstance(choice, dict) else {"mode": choice}
    if "tools" in allowed:
        functions = [tool for tool in functions if tool["name"] in allowed["tools"]]
    if allowed.get("mode") == "none":
        return []
    spoken_of = [tool for tool in functions if _words(turn.prompt) & _words(_about(tool))]
    return spoken_of or (functions[:1] if allowed.get("mode") == "any" else [])


def _subjects(turn: Turn, functions: list[Json]) -> list[str | None]:
    """The names in the prompt, each once, but the choices that a parameter offers; `None` if there are none."""
    parameters = (each for tool in functions for each in _properties(tool.get("parameters", {})).values())
    choices = {str(choice).lower() for each in parameters for choice in each.get("enum", [])}
    names = dict.fromkeys(quoted or name for quoted, name in _SUBJECT.findall(turn.prompt))
    return [name for name in names if name.lower() not in choices] or [None]


def _properties(schema: Json) -> dict[str, Json]:
    return {name: each for name, each in schema.get("properties", {}).items() if isinstance(each, dict)}


def _about(tool: Json) -> str:
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", tool["name"])
    return f"{name} {tool.get('description', '')}"


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{4,}", text.lower())) - _EMPTY_WORDS


def _call(turn: Turn, function: Json, subject: str | None) -> Json:
    schema = function.get("parameters") or {"type": "object"}
    draw = turn.draw
    return {
        "id": draw.text(f"call {function['name']} {subject}", 8),
        "signature": draw.signature("thought"),
        "type": "function_call",
        "name": function["name"],
        "arguments": value_for(_required(schema), draw, _hints(schema, subject, turn.prompt)),
    }


def _required(schema: Json) -> Json:
    """`schema` without its optional properties, if it has required ones: a model fills in what it must."""
    required = schema.get("required")
    if not required:
        return schema
    properties = {key: value for key, value in schema.get("properties", {}).items() if key in required}
    return schema | {"properties": properties}


def _hints(schema: Json, subject: str | None, prompt: str) -> dict[str, Any]:
    """What the prompt says of the parameters: words of an enum, and the subject for the first free text."""
    hints: dict[str, Any] = {}
    free: list[str] = []
    for name, each in _properties(schema).items():
        named = [word for word in each.get("enum", []) if isinstance(word, str) and word.lower() in prompt.lower()]
        hints |= {name: named[0]} if named else {}
        free += [name] if each.get("type") == "string" and "enum" not in each else []
    if subject is not None and free:
        hints[free[0]] = subject
    return hints
