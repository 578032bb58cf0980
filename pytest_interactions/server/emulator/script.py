"""Scripted answers: for a request that looks like this, answer with that."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, ValidationError, field_validator

from pytest_interactions.api.json_values import Json
from pytest_interactions.errors import ScriptError, closest
from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.turn import STEP_KEYS
from pytest_interactions.server.emulator.wire import Delivery, Hold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import ValidationInfo
    from pydantic_core import ErrorDetails

    from pytest_interactions.server.emulator.turn import Turn

_Operation = Literal["create", "get", "cancel", "delete"]
_Status = Literal[
    "in_progress",
    "requires_action",
    "completed",
    "failed",
    "cancelled",
    "incomplete",
    "budget_exceeded",
    "queued",
    "requires_continuation",
]
_Seconds = Annotated[float, Field(ge=0)]
_Count = Annotated[int, Field(ge=0)]
_HttpError = Annotated[int, Field(ge=400, le=599)]


def _text_or_texts(value: object) -> object:
    if value is None or all(isinstance(text, str) for text in (value if isinstance(value, list) else [value])):
        return value
    raise ValueError("must be text or a list of texts")


def _whole_step(step: Json) -> Json:
    if "type" not in step:
        raise ValueError(f"a step needs 'type'{_did_you_mean('type', step)}")
    kind = str(step["type"])
    if kind not in STEP_KEYS:
        raise ValueError(f"unknown step type {kind!r}{_did_you_mean(kind, STEP_KEYS)}")
    for key in STEP_KEYS[kind]:
        if key not in step:
            raise ValueError(f"a {kind!r} step needs {key!r}{_did_you_mean(key, step)}")
    content = step.get("content", [])
    if not isinstance(content, list) or not all(isinstance(part, dict) and "type" in part for part in content):
        raise ValueError("'content' must be a list of objects with a 'type'")
    return step


_Step = Annotated[Json, AfterValidator(_whole_step)]


class Strict(BaseModel):
    """A mapping in a script: other keys are refused, and no value is converted."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class When(Strict):
    """What a request must look like; what is `None` is not compared.

    `operation` is `create`, `get`, `cancel` or `delete`; the others speak of a create request. `input` is
    a part of the text of this request's input, in any case. `model`, `agent` and `stream` compare with
    the request's own. `tool` is the name of a declared function or the type of a declared tool.
    `result_of` is the name of a function whose result the request brings.
    """

    operation: _Operation = "create"
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


class Reply(Strict):
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

    text: Annotated[str | list[str] | None, PlainValidator(_text_or_texts)] = None
    steps: list[_Step] | None = None
    status: _Status | None = None
    statuses: list[_Status] | None = None
    error: _HttpError | None = None
    message: str | None = None
    code: str | None = None
    retry_after: _Seconds | None = None
    times: _Count | None = None
    delay: _Seconds = 0.0
    events_delay: _Seconds = 0.0
    stop_after: _Count | None = None
    cut_after: _Count | None = None
    bare_error_after: _Count | None = None
    error_event_after: _Count | None = None
    hold: Hold | None = None

    @field_validator("steps", "error")
    @classmethod
    def _is_the_only_answer(cls, value: object, info: ValidationInfo) -> object:
        others = [key for key in ("text", "steps") if info.data.get(key) is not None]
        if value is not None and others:
            raise ValueError(f"can't be the answer beside {others[0]!r}")
        return value

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


_Model = TypeVar("_Model", bound=Strict)


def build(model: type[_Model], keys: Json) -> _Model:
    """Return a `When` or `Reply` of these keys.

    Raises:
        ScriptError: a key or a value is wrong; the message has a line for each problem.
    """
    try:
        return model.model_validate(keys)
    except ValidationError as error:  # its own words tell the values, which may be secret
        raise ScriptError("\n".join(message for _, message in problems(error, model))) from None


def problems(error: ValidationError, model: type[Strict]) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Yield the path of keys and indexes to each problem of a `model`, and a line that names it."""
    for problem in error.errors(include_url=False):
        place = problem["loc"]
        part = next((part for key, part in (("on", When), ("reply", Reply)) if key in place[:-1]), model)
        yield place, f"{'.'.join(map(str, place))}: {_message(problem, part)}"


def _message(problem: ErrorDetails, model: type[Strict]) -> str:
    """Say what is wanted, and not what was given instead: that may be a secret."""
    key = problem["loc"][-1]
    words = problem["msg"].removeprefix("Value error, ").removeprefix("Input ").replace("should", "must", 1)
    match problem["type"]:
        case "extra_forbidden":
            near = _did_you_mean(key, model.model_fields)
            return f"unknown key{near}; known are: {', '.join(model.model_fields)}"
        case "missing":
            return f"is missing{_did_you_mean(key, problem['input'])}"
        case "literal_error":
            return words + _did_you_mean(problem["input"], re.findall(r"'(\w+)'", words))
        case "model_type" | "dict_type":
            return "must be a mapping"
        case _:
            return words


def _did_you_mean(word: object, names: Iterable[str]) -> str:
    near = closest(word, names)
    return f" (did you mean {near!r}?)" if near else ""
