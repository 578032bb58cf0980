"""A trajectory as the messages that it is compared by: who spoke, and which tools were called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_interactions.api.tool_calls import is_call, is_result

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_interactions.api.json_values import Json

USER: Final = "user"
AGENT: Final = "agent"
TOOL: Final = "tool"


class Called(NamedTuple):
    """One call of a tool.

    Attributes:
        kind: The type of its step.
        name: The tool.
        server: The MCP server whose tool it is; `None` for any other tool.
        arguments: Its arguments, which are an object unless something is wrong with them.
    """

    kind: str
    name: str
    server: str | None
    arguments: Any

    @property
    def tool(self) -> tuple[str, str, str | None]:
        """Return what two calls of the same tool share."""
        return self.kind, self.name, self.server


class Message(NamedTuple):
    """What one side said at once: the user, the agent, or a tool that answered.

    Attributes:
        role: `USER`, `AGENT` or `TOOL`.
        calls: The calls of the agent.
        turn: The number of the interaction, from 1.
        step: The type of its step, and the tool of a result.
    """

    role: str
    calls: tuple[Called, ...]
    turn: int
    step: tuple[str, str]


def messages_of(turns: Iterable[Json]) -> list[Message]:
    """Return the messages of turns, each an object with `steps` as `api.behaviour` has them.

    What the agent does without somebody else in between is one message. Thoughts, and steps that are not known, say
    nothing.
    """
    messages: list[Message] = []
    for number, turn in enumerate(turns, 1):
        messages += _of_turn(number, turn["steps"])
    return messages


def calls_of(messages: Iterable[Message]) -> list[Called]:
    """Return the calls of all messages, in order."""
    calls: list[Called] = []
    for message in messages:
        calls += message.calls
    return calls


def counts(kind: str) -> bool:
    """Return whether a step of this type is part of a message."""
    return kind in ("user_input", "model_output") or is_call(kind) or is_result(kind)


def tool_in(step: Json) -> str:
    """Return the tool of a call or of a result, as `api.behaviour` names it: without its number."""
    name, _, number = str(step.get("call", "")).rpartition("#")
    return name if number.isdecimal() and name else str(step.get("call", ""))


def _of_turn(number: int, steps: Iterable[Json]) -> Iterator[Message]:
    said: list[Json] = []
    for step in steps:
        kind = str(step.get("type", ""))
        if kind == "model_output" or is_call(kind):
            said.append(step)
        elif counts(kind):
            yield from _said(number, said)
            said = []
            yield Message(USER if kind == "user_input" else TOOL, (), number, (kind, tool_in(step)))
    yield from _said(number, said)


def _said(number: int, steps: list[Json]) -> Iterator[Message]:
    """Yield the message that the agent's steps are; none for no steps."""
    if steps:
        calls = tuple(_called(step) for step in steps if is_call(step["type"]))
        yield Message(AGENT, calls, number, ("model_output", ""))


def _called(step: Json) -> Called:
    server = step.get("server_name")
    return Called(step["type"], tool_in(step), None if server is None else str(server), step.get("arguments") or {})
