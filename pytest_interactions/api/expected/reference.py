"""The text of a reference, which is a transcript without wording: written for people to edit, and read back.

What is read may also be a whole transcript, as `snapshot_steps` writes it; of that only counts what a reference has.
"""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.expected.messages import counts, tool_in
from pytest_interactions.api.tool_calls import is_call, is_result
from pytest_interactions.errors import closest
from pytest_interactions.escaping import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_interactions.api.json_values import Json

_INDENT: Final = "  "
_PLAIN: Final = re.compile(r"[\w-]+")
_TOOL: Final = re.compile(r"[^\s\"#(:][^\s\"(:]*")
_TURN: Final = re.compile(r"turn \d+(:.*|\s.*)?")
_HEAD: Final = re.compile(r"([A-Za-z_]\w*)(?: +(\"(?:[^\"\\]|\\.)*\"|[^\s:(]+))?(?: \(error\))?(:.*)?")
_FACT: Final = re.compile(r"((?:\"(?:[^\"\\]|\\.)*\"|[^\"\s=:])*)(:| =)(?: (.*))?")
_PART: Final = re.compile(r"\.?([\w-]+)|\.?(\"(?:[^\"\\]|\\.)*\")|\[(\d+)\]")
_NUMBERED: Final = re.compile(r"(.+)#\d+")
#: Steps that need no hint, as they were written by hand or come from a transcript.
_KNOWN: Final = ("user_input", "thought", "model_output", "function_call", "function_result")
#: The first words of other lines of a transcript.
_OTHERS: Final = ("error", "event")


class UnreadableError(ValueError):
    """A text that is no reference; `line` is the number of the line that shows it, from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def written(turns: Iterable[Json]) -> str:
    """Return the text of turns as `api.behaviour` has them; thoughts, statuses and wording are left out."""
    return "".join(f"{line}\n" for line in _lines(turns))


def _lines(turns: Iterable[Json]) -> Iterator[str]:
    for number, turn in enumerate(turns, 1):
        indent = _INDENT if "status" in turn else ""
        if indent:
            yield f"turn {number}"
        for step in turn["steps"]:
            if counts(str(step.get("type", ""))):
                yield from (indent + line for line in _step(step))


def _step(step: Json) -> Iterator[str]:
    yield step_line(step["type"], tool_in(step))
    if is_call(step["type"]):
        server = step.get("server_name")
        yield from (_INDENT + line for line in argument_lines(step.get("arguments") or {}, server))


def step_line(kind: str, tool: str) -> str:
    """Return the line that a step begins with."""
    shown = (
        tool if _TOOL.fullmatch(tool) and on_one_line(tool) == tool and not _NUMBERED.fullmatch(tool) else _json(tool)
    )
    return f"{kind} {shown}" if tool else kind


def argument_lines(arguments: Any, server: str | None = None) -> list[str]:
    """Return the lines below a call: the MCP server, then one for each value in its arguments."""
    lines = [] if server is None else [f"server_name: {_json(server)}"]
    if arguments == {}:
        return lines
    return [*lines, *_facts(arguments, "")]


def _facts(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for name in sorted(value, key=str):
            key = str(name) if _PLAIN.fullmatch(str(name)) else _json(str(name))
            yield from _facts(value[name], f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _facts(item, f"{path}[{index}]")
    else:
        yield f"{path} = {_json(value)}" if path else _json(value)


def _json(value: Any) -> str:
    """Return JSON on one line that a terminal shows as it is, and a parser reads."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if on_one_line(text) == text else json.dumps(value, default=str).replace("\x7f", "\\u007f")


# --- reading ---


def read(text: str) -> list[Json]:
    """Return the turns that a text tells, as `api.behaviour` has them, but for what does not count.

    Raises:
        UnreadableError: It is no reference.
    """
    reading = _Reading()
    for number, line in enumerate(text.split("\n"), 1):
        try:
            reading.add(line.rstrip())
        except ValueError as error:
            raise UnreadableError(number, str(error)) from None
    return reading.turns()


class _Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self._turns: list[Json] = []
        self._base = 0
        self._call: Json | None = None
        self._arguments: dict[str, _Node] = {}
        self._block: tuple[_Node, str] | None = None

    def add(self, line: str) -> None:
        content = line.lstrip(" ")
        depth = len(line) - len(content)
        if not content or (content.startswith("#") and depth <= self._base + len(_INDENT)):
            return
        if not depth and _TURN.fullmatch(content):
            self._turns.append({"status": None, "steps": []})
            self._base, self._call, self._block = len(_INDENT), None, None
        elif depth == self._base:
            self._begin(content)
        elif depth < self._base:
            raise ValueError(f"a step stands {self._base} spaces to the right, below its turn")
        elif self._call is not None:
            self._detail(self._call, content, depth - self._base - len(_INDENT), line)

    def turns(self) -> list[Json]:
        """Return the turns, with the arguments of their calls."""
        for turn in self._turns:
            for step in turn["steps"]:
                if "arguments" in step:
                    step["arguments"] = step["arguments"].value()
        return self._turns

    def _begin(self, content: str) -> None:
        self._call = self._block = None
        head = _HEAD.fullmatch(content)
        kind = head[1] if head else content.split(maxsplit=1)[0]
        if kind.partition(":")[0].partition(".")[0] in _OTHERS:
            return
        if head is None or (kind not in _KNOWN and (_is_misspelt(kind) or not counts(kind))):
            near = closest(kind, _KNOWN)
            hint = f"did you mean {near!r}?" if near else f"a line begins with one of {', '.join(_KNOWN)}"
            raise ValueError(f"{on_one_line(content):.60} is no step; {hint}")
        step: Json = {"type": kind}
        if is_call(kind) or is_result(kind):
            step["call"] = _tool(head[2]) or kind.rpartition("_")[0]
        if not self._turns:
            self._turns.append({"steps": []})
        self._turns[-1]["steps"].append(step)
        if is_call(kind):
            step["arguments"] = _Node()
            self._call = step

    def _detail(self, call: Json, content: str, deeper: int, line: str) -> None:
        if deeper > 0:
            if self._block is None:
                raise ValueError("what stands below a call stands two spaces to the right of it")
            node, text = self._block
            piece = line[self._base + 2 * len(_INDENT) :]
            self._block = node, f"{text}\n{piece}" if text else piece
            node.leaf = self._block[1]  # so far
            return
        self._block = None
        fact = _FACT.fullmatch(content)
        if fact is None or (fact[2] == ":" and fact[3] is None):
            call["arguments"].put(_value("", content))  # arguments that are no object
        elif fact[2] == ":":
            if fact[1] == "server_name":
                call["server_name"] = _value(fact[1], fact[3])
        else:
            node = call["arguments"].at(fact[1])
            node.put("" if fact[3] is None else _value(fact[1], fact[3]))
            self._block = (node, "") if fact[3] is None else None


def _is_misspelt(kind: str) -> bool:
    """Return whether the type of a step is hardly one of tomorrow: it is nearly that of a function's."""
    return bool(get_close_matches(kind, _KNOWN, n=1, cutoff=0.9))


def _tool(name: str | None) -> str:
    """Return the name of a tool, without the number that a transcript gives its call."""
    if name is None or name.startswith('"'):
        return _value("", name) if name else ""
    numbered = _NUMBERED.fullmatch(name)
    return numbered[1] if numbered else name


def _value(path: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        of = f" of {path}" if path else ""
        raise ValueError(
            f"the value{of} is not JSON: {on_one_line(text):.60}; a text stands in double quotation marks"
        ) from None


_NO_LEAF: Final = object()


class _Node:
    """A value that is read from several lines: each names a path in it."""

    def __init__(self) -> None:
        self.leaf: Any = _NO_LEAF
        self._children: dict[str | int, _Node] = {}

    def at(self, path: str) -> _Node:
        """Return the node at a path; raise `ValueError` if that is none."""
        node, place = self, 0
        while place < len(path):
            part = _PART.match(path, place)
            if part is None:
                raise ValueError(f'{path} is no path of an argument, such as city, days[0].part or "odd name"')
            key = int(part[3]) if part[3] else json.loads(part[2]) if part[2] else part[1]
            if node.leaf is not _NO_LEAF:
                raise ValueError(f"{path} is in a value that another line has as a whole")
            node = node._children.setdefault(key, _Node())
            place = part.end()
        return node

    def put(self, leaf: Any) -> None:
        """Put a value here; raise `ValueError` if there is one already."""
        if self.leaf is not _NO_LEAF or self._children:
            raise ValueError("another line has a value at the same place")
        self.leaf = leaf

    def value(self) -> Any:
        """Return the value that was read."""
        if not self._children:
            return {} if self.leaf is _NO_LEAF else self.leaf
        values = {key: child.value() for key, child in self._children.items()}
        if all(isinstance(key, int) for key in values):
            return [values[key] for key in sorted(values)]
        return {str(key): value for key, value in values.items()}
