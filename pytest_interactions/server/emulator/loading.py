"""Scripts as YAML files: the keys of the Python API, and errors that name the line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from pytest_interactions.errors import ScriptError
from pytest_interactions.server.emulator.script import KeyedError, Reply, Rule, When, build, near

if TYPE_CHECKING:
    from pathlib import Path

_KEYS = ("on", "reply")


def load(path: Path) -> list[Rule]:
    """The rules of a script: a list of `on:` (what a request looks like) with `reply:` (what it gets).

    Raises `ScriptError`, naming file and line: it can't be read, is not YAML, or holds a wrong key or step.
    """
    try:
        text = path.read_text("utf-8")
        root = yaml.compose(text, Loader=_Loader)
    except (OSError, UnicodeDecodeError) as error:
        raise ScriptError(f"{path}: can't be read: {error}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ScriptError(f"{path}:{line}: not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ScriptError(f"{path}:1: not YAML: {error}") from error
    if root is None:
        return []
    value = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    try:
        return _rules(value)
    except KeyedError as error:
        raise ScriptError(f"{path}:{_line(root, error.path)}: {error}") from error


class _Loader(yaml.SafeLoader):
    """YAML in which `on` is a word, not a boolean, as in YAML 1.2."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not (tag.endswith(":bool") and first in "oOyYnN")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _rules(value: Any) -> list[Rule]:
    if not isinstance(value, list):
        raise KeyedError("a script is a list of '- on: …' with 'reply: …'")
    rules = []
    for number, entry in enumerate(value):
        if not isinstance(entry, dict) or "reply" not in entry:
            raise KeyedError("each rule needs a 'reply'", number)
        for key in entry:
            if key not in _KEYS:
                raise KeyedError(f"unknown key {key!r}{near(key, _KEYS)}; known are: on, reply", number, key)
        rules.append(
            Rule(
                _part(When, entry.get("on") or {}, number, "on"),
                _part(Reply, entry["reply"], number, "reply"),
            )
        )
    return rules


def _part(kind: type[Any], keys: Any, number: int, name: str) -> Any:
    if not isinstance(keys, dict):
        raise KeyedError(f"{name!r} is a mapping, not {keys!r}", number, name)
    try:
        return build(kind, keys)
    except KeyedError as error:
        raise KeyedError(str(error), number, name, *error.path) from error


def _line(node: yaml.Node, path: tuple[str | int, ...]) -> int:
    """The line of the node that `path` leads to; of a mapping's entry, its key's line."""
    line: int = node.start_mark.line + 1
    if not path:
        return line
    if isinstance(node, yaml.SequenceNode):
        return _line(node.value[int(path[0])], path[1:])
    key, value = next((key, value) for key, value in node.value if key.value == path[0])
    return _line(value, path[1:]) if path[1:] else int(key.start_mark.line) + 1
