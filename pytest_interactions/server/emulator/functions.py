"""The calls of declared functions by the emulator's model: when, which, and with which arguments."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, Any

from pytest_interactions.server.emulator.schema import check_schema, value_for

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.turn import Turn

#: Words of prompts and descriptions that do not tell what a function is about.
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
    """Return the calls that `turn` asks for: of each function that the prompt speaks of, for each name in it.

    If there are as many functions as names, they are paired in order. If the turn brings results, there are no calls.
    """
    functions = [] if turn.results else _wanted(turn)
    if not functions:
        return []
    subjects = _subjects(turn, functions)
    if len(functions) == len(subjects):
        pairs = list(zip(functions, subjects, strict=True))
    else:
        pairs = list(product(functions, subjects))
    return [_call(turn, function, subject) for function, subject in pairs]


def _wanted(turn: Turn) -> list[Json]:
    """Return the functions that the tool choice allows and whose words the prompt uses."""
    functions = [tool for tool in turn.tools if tool["type"] == "function"]
    choice = turn.config.get("tool_choice", "auto")
    allowed = (choice.get("allowed_tools") or {}) if isinstance(choice, dict) else {"mode": choice}
    if allowed.get("tools") is not None:
        functions = [tool for tool in functions if tool["name"] in allowed["tools"]]
    if allowed.get("mode") == "none":
        return []
    spoken_of = [tool for tool in functions if _words(turn.prompt) & _words(_about(tool))]
    return spoken_of or (functions[:1] if allowed.get("mode") == "any" else [])


def _subjects(turn: Turn, functions: list[Json]) -> list[str | None]:
    """Return the names in the prompt that are no parameter's choice, without repetition; `[None]` if there are none."""
    choices = set()
    for function in functions:
        for parameter in _properties(_parameters(function)).values():
            choices |= {str(choice).lower() for choice in parameter.get("enum", [])}
    names = dict.fromkeys(quoted or name for quoted, name in _SUBJECT.findall(turn.prompt))
    return [name for name in names if name.lower() not in choices] or [None]


def _parameters(function: Json) -> Json:
    """Return the schema of a function's arguments; raise `ApiError` if it is none."""
    schema: Json = function.get("parameters") or {"type": "object"}
    check_schema(schema)
    return schema


def _properties(schema: Json) -> dict[str, Json]:
    properties = schema.get("properties", {}).items()
    return {name: subschema for name, subschema in properties if isinstance(subschema, dict)}


def _about(tool: Json) -> str:
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", tool["name"])
    return f"{name} {tool.get('description', '')}"


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{4,}", text.lower())) - _EMPTY_WORDS


def _call(turn: Turn, function: Json, subject: str | None) -> Json:
    schema = _parameters(function)
    draw = turn.draw
    return {
        "id": draw.text(f"call {function['name']} {subject}", 8),
        "signature": draw.signature("thought"),
        "type": "function_call",
        "name": function["name"],
        "arguments": value_for(_required(schema), draw, _hints(schema, subject, turn.prompt)),
    }


def _required(schema: Json) -> Json:
    """Return `schema` without its optional properties if it has required ones, as a model fills in only these."""
    required = schema.get("required")
    if not required:
        return schema
    properties = {key: value for key, value in schema.get("properties", {}).items() if key in required}
    return schema | {"properties": properties}


def _hints(schema: Json, subject: str | None, prompt: str) -> dict[str, Any]:
    """Return the arguments that the prompt tells: words of an enum, and the subject for the first free text."""
    hints: dict[str, Any] = {}
    free: list[str] = []
    for name, parameter in _properties(schema).items():
        choices = (choice for choice in parameter.get("enum", []) if isinstance(choice, str))
        named = [choice for choice in choices if choice.lower() in prompt.lower()]
        hints |= {name: named[0]} if named else {}
        free += [name] if parameter.get("type") == "string" and "enum" not in parameter else []
    if subject is not None and free:
        hints[free[0]] = subject
    return hints
