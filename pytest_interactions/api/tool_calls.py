"""The tool calls of a test: what the agent asked of its tools, and what came back."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.conversation import turns
from pytest_interactions.api.json_values import compact
from pytest_interactions.api.models import Step
from pytest_interactions.api.steps import plain
from pytest_interactions.escaping import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.api.models import Interaction

_CALL: Final = "_call"
_RESULT: Final = "_result"


@dataclass(slots=True, repr=False)
class ToolCall:
    """One call of a tool, with its result. Two are equal if they say the same, whatever their ids are.

    Attributes:
        name: The tool: the name of a function, or what kind of tool of the API's own it is, such as `google_search`.
        arguments: The arguments as an object; what is none, as in a stream that stopped, stays as it came.
        result: What the app sent back, or the API's own result, as it came; `None` if there is none.
        turn: The interaction that made the call: `.interactions[turn - 1]`.
        is_error: Whether the result says that the tool failed.
        kind: The type of its step: `function_call`, `mcp_server_tool_call`, `google_search_call` and so on.
        server: The MCP server whose tool it is; `None` for any other tool.
        id: The call's id, which differs at each recording; `None` if it has none.
    """

    name: str
    arguments: Any = field(default_factory=dict)
    result: Any = None
    turn: int = 1
    is_error: bool = False
    kind: str = "function_call"
    server: str | None = None
    id: str | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        told = [(each.name, getattr(self, each.name), each) for each in fields(self) if each.compare]
        shown = [f"{name}={value!r}" for name, value, each in told if name in _ALWAYS or value != each.default]
        return f"ToolCall({', '.join(shown)})"

    def __str__(self) -> str:
        """Return the call on one line: `get_weather(city="Paris")`."""
        return on_one_line(f"{self.name}({_listed(self.arguments)})")


#: What a `repr` has also where it is what it would be by itself.
_ALWAYS: Final = ("name", "arguments", "result", "turn")


def tool_calls(interactions: Iterable[Interaction]) -> list[ToolCall]:
    """Return the tool calls that these interactions made, in order, each with its result.

    A result is one of the answer itself, or of a later input. A history that is sent again makes no call twice, and
    calls in a history that the app began with are none of the test's.
    """
    made = _Made()
    for number, turn in enumerate(turns(interactions), 1):
        for step in chain.from_iterable(map(_with_contents, turn.inputs)):
            made.give(step)
        for step in turn.outputs:
            made.give(step) if is_result(step.type) else made.add(step, number)
    return made.calls


def _with_contents(step: Step) -> Iterator[Step]:
    """Yield a step, and the results that the app has sent as its contents."""
    yield step
    content = plain(step).get("content")
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and is_result(part.get("type")):
            yield Step.model_validate(part)


def _listed(arguments: Any) -> str:
    if not isinstance(arguments, dict):
        return compact(arguments)
    return ", ".join(f"{name}={compact(value)}" for name, value in arguments.items())


def is_call(kind: Any) -> bool:
    """Return whether a step of this type is a call of a tool."""
    return isinstance(kind, str) and kind.endswith(_CALL)


def is_result(kind: Any) -> bool:
    """Return whether a step of this type is the result of a call."""
    return isinstance(kind, str) and kind.endswith(_RESULT)


def tool_of(step: Json) -> str:
    """Return the name of the tool of a call or of a result, as plain data."""
    return str(step.get("name") or str(step.get("type", "")).rpartition("_")[0])


class _Made:
    """The calls that were made so far, of which some wait for their results."""

    def __init__(self) -> None:
        self.calls: list[ToolCall] = []
        self._waiting: list[ToolCall] = []

    def add(self, step: Step, turn: int) -> None:
        """Add the call that a step is; any other step is none."""
        if not is_call(step.type):
            return
        data = plain(step)
        server = data.get("server_name")
        call = ToolCall(
            name=tool_of(data),
            arguments=data.get("arguments") or {},
            turn=turn,
            kind=step.type,
            server=None if server is None else str(server),
            id=None if data.get("id") is None else str(data["id"]),
        )
        self.calls.append(call)
        self._waiting.append(call)

    def give(self, step: Step) -> None:
        """Give a result to its call; one that came before stays, as a history that is sent again repeats it."""
        if not is_result(step.type):
            return
        data = plain(step)
        call = next(self._asked(data), None)
        if call is not None:
            self._waiting.remove(call)
            call.result = data.get("result")
            call.is_error = bool(data.get("is_error"))

    def _asked(self, result: Json) -> Iterator[ToolCall]:
        """Yield the waiting calls that a result may be for: those with its id, or where it has none, of its tool."""
        name = result.get("call_id")
        for call in self._waiting:
            if (call.id == str(name)) if name else call.name == tool_of(result):
                yield call
