"""Scripts as YAML files, with the keys of the Python API and errors that name the line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml
from pydantic import TypeAdapter, ValidationError

from pytest_interactions.errors import ScriptError
from pytest_interactions.server.emulator.script import Close, Reply, Rule, When
from pytest_interactions.server.emulator.suited import unsuited
from pytest_interactions.strict import Loader, Strict, problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


class _Entry(Strict):
    on: When | None = None
    reply: Reply


_PARTS: Final[Mapping[str, type[Strict]]] = {"close": Close, "on": When, "reply": Reply}


def load(path: Path) -> list[Rule]:
    """Return the rules of a script, which is a list of `on:` (which requests) with `reply:` (the answer).

    Raises:
        ScriptError: The file can't be read, is not YAML, or has a wrong key or value. The message names file and line.
    """
    root, value = _read(path)
    if not isinstance(value, list):
        raise ScriptError(f"{path}:1: a script is a list of '- on: …' with 'reply: …'")
    try:
        entries = TypeAdapter(list[_Entry]).validate_python(value)
    except ValidationError as error:
        lines = (f"{path}:{_line(root, place)}: {message}" for place, message in problems(error, _Entry, _PARTS))
        raise ScriptError("\n".join(lines)) from None
    rules = [Rule(entry.on or When(), entry.reply) for entry in entries]
    wrong = [
        f"{path}:{_line(root, (number, 'reply', key))}: {number}.reply.{key}: {why}"
        for number, entry in enumerate(entries)
        for key, why in unsuited((entry.on or When()).operation, entry.reply)
    ]
    if wrong:
        raise ScriptError("\n".join(wrong))
    return rules


def _read(path: Path) -> tuple[yaml.Node | None, Any]:
    """Return a file's root node, which has the line numbers, and its value. That of an empty file is `[]`."""
    try:
        loader = Loader(path.read_text("utf-8"))
        root = loader.get_single_node()
        return root, loader.construct_document(root) if root else []
    except yaml.MarkedYAMLError as error:
        number = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ScriptError(f"{path}:{number}: not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ScriptError(f"{path}:1: not YAML: {str(error).splitlines()[0]}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ScriptError(f"{path}: can't be read: {error}") from error


def _line(node: Any, path: Iterable[int | str]) -> int:
    """Return the line of the node at `path`, or of the last node on the way that exists.

    The line of a mapping's entry is that of its key.
    """
    start = node
    for key in path:
        if isinstance(node, yaml.SequenceNode):
            start = node = node.value[int(key)]
        elif isinstance(node, yaml.MappingNode):
            start, node = next((entry for entry in node.value if entry[0].value == str(key)), (start, None))
    return int(start.start_mark.line) + 1
