"""Scripted answers: for a request that looks like this, answer with that."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from pytest_interactions.errors import ScriptError
from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.turn import STEP_KEYS
from pytest_interactions.server.emulator.wire import Delivery, Hold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_interactions.server.emulator.state import Json
    from pytest_interactions.server.emulator.turn import Turn

STATUSES = (
    "in_progress",
    "requires_action",
    "completed",
    "failed",
    "cancelled",
    "incomplete",
    "budget_exceeded",
    "queued",
    "requires_continuation",
)
_ERRORS = range(400, 600)
_OPERATIONS = ("create", "get", "cancel", "delete")


@dataclass(frozen=True, kw_only=True)
class When:
    """What a request must look like; what is `None` is not compared.

    `operation` is `create`, `get`, `cancel` or `delete`; the others speak of a create request. `input` is
    a part of the text of this request's input, in any case. `model`, `agent` and `stream` compare with
    the request's own. `tool` is the name of a declared function or the type of a declared tool.
    `result_of` is the name of a function whose result the request brings.
    """

    operation: str = "create"
    input: str | None = None
    model: str | None = None
    agent: str | None = None
    stream: bool | None = None
    tool: str | None = None
    result_of: str | None = None

    def matches(self, operation: str, turn: Turn | None) -> bool:
        """Whether a request looks like this; `turn` is what a create request asks for."""
        if operation != self.operation:
            return False
        return turn is None or all(
            wanted is None or found(wanted)
            for wanted, found in (
                (self.input, lambda wanted: wanted.casefold() in turn.prompt.casefold()),
                (self.model, lambda wanted: turn.request.get("model", "").removeprefix("models/") == wanted),
                (self.agent, lambda wanted: turn.request.get("agent") == wanted),
                (self.stream, lambda wanted: turn.stream == wanted),
                (self.tool, lambda wanted: any(wanted in (t.get("name"), t["type"]) for t in turn.tools)),
                (self.result_of, lambda wanted: any(r.get("name") == wanted for r in turn.results)),
            )
        )


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a matching request gets.

    `text`: the model's answer; a list is sent as that many deltas when streamed. `steps`: the API's own
    JSON. `status`: the interaction's, worked out from the steps where it is not given. `statuses`: what a
    background interaction shows, one at a time, before its final status. `error`: an HTTP status, with
    `message`, `code` and `retry_after` (seconds). Without any of those the emulator answers as if there
    were no script.

    `times`: how often to answer so, `None` for always. `delay`: seconds before the answer.
    `events_delay`: seconds before each further event. After that many events `stop_after` ends the stream
    without its closing events, `cut_after` breaks the connection (of a unary answer: 0, before it),
    `bare_error_after` closes with the JSON array without `data:` that the real API has been seen to send,
    `error_event_after` with an empty `error` event. `hold`: a barrier, for Python only.
    """

    text: str | list[str] | None = None
    steps: list[Json] | None = None
    status: str | None = None
    statuses: list[str] | None = None
    error: int | None = None
    message: str | None = None
    code: str | None = None
    retry_after: float | None = None
    times: int | None = None
    delay: float = 0.0
    events_delay: float = 0.0
    stop_after: int | None = None
    cut_after: int | None = None
    bare_error_after: int | None = None
    error_event_after: int | None = None
    hold: Hold | None = None

    @property
    def delivery(self) -> Delivery:
        """How the answer is sent."""
        return Delivery(delay=self.delay, events_delay=self.events_delay, cut_after=self.cut_after, hold=self.hold)

    @property
    def deltas(self) -> list[str] | None:
        """The text as it is to be streamed, where the script says so."""
        return self.text if isinstance(self.text, list) else None

    @property
    def failure(self) -> ApiError | None:
        """The error to answer with, if any."""
        if self.error is None:
            return None
        return ApiError(self.error, self.message, code=self.code, retry_after=self.retry_after)


@dataclass
class Rule:
    """One scripted answer: begun by `Emulator.on(...)`, completed by `reply(...)`."""

    when: When
    answer: Reply | None = None
    used: int = field(default=0, init=False)

    def reply(self, **keys: Any) -> Rule:
        """Answer so; the keys are those of `Reply`. Raises `ScriptError` for a wrong one."""
        self.answer = build(Reply, keys)
        return self

    def take(self, operation: str, turn: Turn | None) -> Reply | None:
        """The answer to a request, if it matches and is not used up."""
        answer = self.answer
        if answer is None or not self.when.matches(operation, turn) or self.used == answer.times:
            return None
        self.used += 1
        return answer


class KeyedError(ScriptError):
    """A wrong key or value; `path` leads to it, for who knows the lines."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path


def build(kind: type[Any], keys: Json) -> Any:
    """A `When` or `Reply` of these keys.

    Raises `ScriptError`: an unknown key, with the one it may have meant; a value of a wrong kind; a bad step.
    """
    known = [each.name for each in fields(kind)]
    for key, value in keys.items():
        if key not in known:
            raise KeyedError(f"unknown key {key!r}{near(key, known)}; known are: {', '.join(known)}", key)
        wanted, accepts = _CHECKS[key]
        if not accepts(value):
            raise KeyedError(f"{key!r} must be {wanted}, not {value!r}{_near_value(key, value)}", key)
    for number, step in enumerate(keys.get("steps") or []):
        _check_step(step, "steps", number)
    both = [key for key in ("text", "steps", "error") if keys.get(key) is not None]
    if len(both) > 1:
        raise KeyedError(f"{both[0]!r} and {both[1]!r} can't both be the answer", both[1])
    return kind(**keys)


def near(word: object, known: Iterable[str]) -> str:
    """`" (did you mean 'x'?)"`, or nothing if no known word resembles."""
    close = difflib.get_close_matches(str(word), list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _near_value(key: str, value: object) -> str:
    known = {"status": STATUSES, "operation": _OPERATIONS}.get(key, ())
    return near(value, known)


def _check_step(step: Any, *path: str | int) -> None:
    if not isinstance(step, dict) or "type" not in step:
        raise KeyedError(f"a step is an object with a 'type', not {step!r}", *path)
    kind = step["type"]
    if kind not in STEP_KEYS:
        raise KeyedError(f"unknown step type {kind!r}{near(kind, STEP_KEYS)}", *path, "type")
    for key in STEP_KEYS[kind]:
        if key not in step:
            raise KeyedError(f"a {kind!r} step needs {key!r}{near(key, step)}", *path)
    content = step.get("content", [])
    if not isinstance(content, list) or not all(isinstance(part, dict) and "type" in part for part in content):
        raise KeyedError("'content' is a list of objects with a 'type'", *path, "content")


def _is(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: value is None or (isinstance(value, kinds) and type(value) in kinds)


def _is_number(value: Any) -> bool:
    return value is None or (type(value) in (int, float) and value >= 0)


def _is_count(value: Any) -> bool:
    return value is None or (type(value) is int and value >= 0)


def _are(accepts: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or (isinstance(value, list) and all(map(accepts, value)))


_TEXT = ("text", _is(str))
_SECONDS = ("a number of seconds", _is_number)
_COUNT = ("a count of 0 or more", _is_count)
#: What each key takes, in words and as a test.
_CHECKS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "operation": (f"one of {', '.join(_OPERATIONS)}", lambda value: value in _OPERATIONS),
    "input": _TEXT,
    "model": _TEXT,
    "agent": _TEXT,
    "stream": ("true or false", _is(bool)),
    "tool": _TEXT,
    "result_of": _TEXT,
    "text": ("text or a list of texts", lambda value: _is(str)(value) or _are(_is(str))(value)),
    "steps": ("a list of steps", _are(lambda _: True)),
    "status": (f"one of {', '.join(STATUSES)}", lambda value: value is None or value in STATUSES),
    "statuses": (f"a list of {', '.join(STATUSES)}", _are(lambda value: value in STATUSES)),
    "error": ("an HTTP status from 400 to 599", lambda value: value is None or value in _ERRORS),
    "message": _TEXT,
    "code": _TEXT,
    "retry_after": _SECONDS,
    "times": _COUNT,
    "delay": _SECONDS,
    "events_delay": _SECONDS,
    "stop_after": _COUNT,
    "cut_after": _COUNT,
    "bare_error_after": _COUNT,
    "error_event_after": _COUNT,
    "hold": ("a Hold", _is(Hold)),
}
