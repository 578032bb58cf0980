"""Random trajectories, the same each time: what was expected and what was received, in agentevals' form and in ours."""

from __future__ import annotations

import json
import random
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
#: A trajectory: messages with `role`, and of an `assistant` maybe `calls`, each a tool and its arguments.
Trajectory = list[Json]

SEED: Final = 20261126
PAIRS: Final = 1000
_TOOLS: Final = ("get_weather", "get_time", "search", "book")
_CITIES: Final = ("Paris", "paris", "Oslo")


@cache
def pairs() -> list[tuple[Trajectory, Trajectory]]:
    """What was expected and what was received, so often that each kind of difference is there."""
    draw = random.Random(SEED)
    return [_pair(draw) for _ in range(PAIRS)]


def _pair(draw: random.Random) -> tuple[Trajectory, Trajectory]:
    expected = _trajectory(draw)
    if draw.random() < 0.1:
        return expected, _trajectory(draw)
    received = deepcopy(expected)
    for _ in range(draw.choice([0, 1, 1, 1, 2, 2, 3])):
        draw.choice(_CHANGES)(draw, received)
    return expected, received


def _trajectory(draw: random.Random) -> Trajectory:
    """A conversation as agents have it: a question, rounds of calls with their results, an answer; maybe once more."""
    messages: Trajectory = []
    for _ in range(draw.choice([1, 1, 2])):
        messages.append({"role": "user"})
        for _ in range(draw.randrange(4)):
            calls = [_call(draw) for _ in range(draw.choice([1, 1, 1, 2, 3]))]
            messages.append({"role": "assistant", "calls": calls})
            messages += [{"role": "tool", "tool": name} for name, _ in calls]
        messages.append({"role": "assistant"})
    return messages


def _call(draw: random.Random) -> tuple[str, Json]:
    return draw.choice(_TOOLS), _arguments(draw)


def _arguments(draw: random.Random) -> Json:
    several: Json = {
        "city": draw.choice(_CITIES),
        "days": draw.choice([1, 2]),
        "place": {"id": draw.randrange(2), "tags": [draw.choice("ab")]},
        "exact": draw.choice([True, None, 1.5, "a\nb", ""]),
    }
    return {name: several[name] for name in draw.sample(list(several), draw.choice([0, 1, 1, 2]))}


# --- changes ---


def _drop(draw: random.Random, messages: Trajectory) -> None:
    if messages:
        del messages[draw.randrange(len(messages))]


def _repeat(draw: random.Random, messages: Trajectory) -> None:
    if messages:
        index = draw.randrange(len(messages))
        messages.insert(index, deepcopy(messages[index]))


def _swap(draw: random.Random, messages: Trajectory) -> None:
    if len(messages) > 1:
        index = draw.randrange(len(messages) - 1)
        messages[index : index + 2] = reversed(messages[index : index + 2])


def _with_calls(draw: random.Random, messages: Trajectory) -> list[tuple[str, Json]]:
    found = [message["calls"] for message in messages if message.get("calls")]
    return draw.choice(found) if found else []


def _add_call(draw: random.Random, messages: Trajectory) -> None:
    answers = [message for message in messages if message["role"] == "assistant"]
    if answers:
        draw.choice(answers).setdefault("calls", []).append(_call(draw))


def _shuffle_calls(draw: random.Random, messages: Trajectory) -> None:
    for message in messages:
        draw.shuffle(message.get("calls", []))


def _exchange_calls(draw: random.Random, messages: Trajectory) -> None:
    one, other = _with_calls(draw, messages), _with_calls(draw, messages)
    if one and other:
        one[0], other[0] = other[0], one[0]


def _rename(draw: random.Random, messages: Trajectory) -> None:
    calls = _with_calls(draw, messages)
    if calls:
        calls[0] = draw.choice(_TOOLS), calls[0][1]


def _change_arguments(draw: random.Random, messages: Trajectory) -> None:
    calls = _with_calls(draw, messages)
    if calls:
        calls[-1] = calls[-1][0], _arguments(draw)


def _add_argument(draw: random.Random, messages: Trajectory) -> None:
    for _, arguments in _with_calls(draw, messages):
        arguments["more"] = draw.randrange(3)


def _drop_argument(draw: random.Random, messages: Trajectory) -> None:
    for _, arguments in _with_calls(draw, messages)[:1]:
        for name in list(arguments)[:1]:
            del arguments[name]


_CHANGES: Final[tuple[Callable[[random.Random, Trajectory], None], ...]] = (
    _drop,
    _repeat,
    _swap,
    _add_call,
    _shuffle_calls,
    _shuffle_calls,
    _exchange_calls,
    _rename,
    _change_arguments,
    _add_argument,
    _drop_argument,
)


# --- forms ---


def for_agentevals(messages: Trajectory) -> list[Json]:
    """The messages as agentevals takes them."""
    return [_message(message) for message in messages]


def _message(message: Json) -> Json:
    if not message.get("calls"):
        return {"role": message["role"], "content": "words"}
    functions = [{"name": name, "arguments": json.dumps(arguments)} for name, arguments in message["calls"]]
    return {"role": "assistant", "content": "", "tool_calls": [{"function": function} for function in functions]}


def for_us(messages: Trajectory) -> list[Json]:
    """The same as turns, each with what was sent and the steps of one answer; the last may have no answer."""
    turns: list[Json] = [{"status": "completed", "steps": []}]
    for message in messages:
        turns[-1]["steps"] += _steps(message)
        if message["role"] == "assistant":
            turns.append({"status": "completed", "steps": []})
    return turns


def _steps(message: Json) -> list[Json]:
    if message["role"] == "user":
        return [{"type": "user_input"}]
    if message["role"] == "tool":
        return [{"type": "function_result", "call": message["tool"]}]
    if not message.get("calls"):
        return [{"type": "thought"}, {"type": "model_output"}]
    return [{"type": "function_call", "call": name, "arguments": given} for name, given in message["calls"]]
