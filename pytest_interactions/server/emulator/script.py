"""Scripted answers: which requests they are for, what they are, and the checks of both."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, ValidationError, field_validator

from pytest_interactions.api.json_values import Json
from pytest_interactions.errors import ScriptError, closest
from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.resources.kinds import OPERATIONS
from pytest_interactions.server.emulator.turn import STEP_KEYS, wrong_in
from pytest_interactions.server.emulator.wire import Delivery, Hold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import ValidationInfo
    from pydantic_core import ErrorDetails

    from pytest_interactions.server.emulator.turn import Turn

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
    "idle",
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
    wrong = wrong_in(step)
    if wrong:
        raise ValueError(wrong)
    return step


def _json(value: object) -> object:
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError):
        raise ValueError("must be JSON: write a date, say, in quotation marks") from None
    return value


def _known_operation(value: object) -> object:
    known = ("create", "get", "cancel", "delete", *OPERATIONS)
    if value not in known:
        others = "or that of another resource, such as 'agents.get'"
        raise ValueError(f"must be 'create', 'get', 'cancel' or 'delete', {others}{_did_you_mean(value, known)}")
    return value


_Operation = Annotated[str, PlainValidator(_known_operation)]
_Step = Annotated[Json, AfterValidator(_json), AfterValidator(_whole_step)]
_Text = Annotated[str, AfterValidator(_json)]


class Strict(BaseModel):
    """A mapping of a script; refuses other keys, and converts no value."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class When(Strict):
    """The look of a request that gets a scripted answer; a key that is `None` is not compared.

    Attributes:
        operation: `create`, `get`, `cancel` or `delete`, or one of another resource, such as `agents.get`. The other
            keys are about a create request.
        input: A part of the text of the request's input, in upper or lower case.
        model: The request's model.
        agent: The request's agent.
        stream: Whether the request asks for a stream.
        tool: The name of a declared function, or the type of a declared tool.
        result_of: The name of a function whose result the request brings.
    """

    operation: _Operation = "create"
    input: str | None = None
    model: str | None = None
    agent: str | None = None
    stream: bool | None = None
    tool: str | None = None
    result_of: str | None = None

    def matches(self, operation: str, turn: Turn | None) -> bool:
        """Return whether a request looks like this; `turn` is the turn that a create request asks for."""
        if operation != self.operation:
            return False
        return turn is None or all(
            wanted is None or is_there(wanted)
            for wanted, is_there in (
                (self.input, lambda text: text.casefold() in turn.prompt.casefold()),
                (self.model, lambda model: turn.request.get("model", "").removeprefix("models/") == model),
                (self.agent, lambda agent: turn.request.get("agent") == agent),
                (self.stream, lambda stream: turn.stream == stream),
                (self.tool, lambda name: any(name in (tool.get("name"), tool["type"]) for tool in turn.tools)),
                (self.result_of, lambda name: any(result.get("name") == name for result in turn.results)),
            )
        )


class Reply(Strict):
    """The answer to a matching request.

    `text`, `steps` and `error` exclude each other. Without them the emulator answers as it does without a script.

    Attributes:
        text: The model's answer. A list is sent as that many deltas in a stream.
        steps: The answer's steps, in the API's own JSON.
        status: The interaction's status. By default it follows from the steps.
        statuses: The statuses that a background interaction shows before its final one, one for each poll.
        hops: The number of interactions in which the answer comes, as if each had reached the API's limit of tokens.
        error: An HTTP status from 400 to 599.
        message: The message of the error, or of an interaction's failure.
        code: The code of the error, or of an interaction's failure.
        retry_after: Seconds that the client is to wait after the error.
        times: The number of requests that get this answer; `None` means all.
        delay: Seconds before the answer.
        events_delay: Seconds before each event but the first.
        stop_after: The number of events after which the stream ends without its closing events.
        cut_after: The number of events after which the connection breaks; 0 breaks it before any answer.
        bare_error_after: The number of events after which the stream ends with a JSON array without `data:`, as the
            real API has been seen to end one.
        error_event_after: The number of events after which the stream ends with an empty `error` event.
        hold: A barrier, in Python only.
        deliveries: The seconds after which an event tells the app's webhook that background work has ended, once for
            each number; none if it is empty.
        fields: Fields to lay over the answer of another resource than interactions.
    """

    text: Annotated[str | list[str] | None, PlainValidator(_text_or_texts), AfterValidator(_json)] = None
    steps: list[_Step] | None = None
    status: _Status | None = None
    statuses: list[_Status] | None = None
    hops: Annotated[int, Field(ge=1)] = 1
    error: _HttpError | None = None
    message: _Text | None = None
    code: _Text | None = None
    retry_after: _Seconds | None = None
    times: _Count | None = None
    delay: _Seconds = 0.0
    events_delay: _Seconds = 0.0
    stop_after: _Count | None = None
    cut_after: _Count | None = None
    bare_error_after: _Count | None = None
    error_event_after: _Count | None = None
    hold: Hold | None = None
    deliveries: list[_Seconds] = [0.0]
    fields: Annotated[Json, AfterValidator(_json)] | None = None

    @field_validator("steps", "error")
    @classmethod
    def _is_the_only_answer(cls, value: object, info: ValidationInfo) -> object:
        others = [key for key in ("text", "steps") if info.data.get(key) is not None]
        if value is not None and others:
            raise ValueError(f"can't be the answer beside {others[0]!r}")
        return value

    @property
    def delivery(self) -> Delivery:
        """Return how the answer is sent."""
        return Delivery(delay=self.delay, events_delay=self.events_delay, cut_after=self.cut_after, hold=self.hold)

    @property
    def deltas(self) -> list[str] | None:
        """Return the pieces in which to stream the text; `None` if the script gives no pieces, or gives it in hops."""
        return self.text if isinstance(self.text, list) and self.hops == 1 else None

    @property
    def failure(self) -> ApiError | None:
        """Return the error to answer with; `None` if the answer is no error."""
        if self.error is None:
            return None
        return ApiError(self.error, self.message, code=self.code, retry_after=self.retry_after)


@dataclass
class Rule:
    """One scripted answer, which `Emulator.on(...)` begins and `reply(...)` completes."""

    when: When
    answer: Reply | None = None
    used: int = field(default=0, init=False)

    def reply(self, **keys: Any) -> Rule:
        """Set the answer; the keys are those of `Reply`.

        Raises:
            ScriptError: A key or a value is wrong.
        """
        self.answer = build(Reply, keys)
        return self

    def take(self, operation: str, turn: Turn | None) -> Reply | None:
        """Return the answer and count its use; `None` if the request does not match or the answer is used up."""
        answer = self.answer
        if answer is None or not self.when.matches(operation, turn) or self.used == answer.times:
            return None
        self.used += 1
        return answer


_Model = TypeVar("_Model", bound=Strict)


def build(model: type[_Model], keys: Json) -> _Model:
    """Return a `When` or `Reply` of these keys.

    Raises:
        ScriptError: A key or a value is wrong. The message has a line for each problem.
    """
    try:
        return model.model_validate(keys)
    except ValidationError as error:  # whose own message shows the values, which may be secret
        raise ScriptError("\n".join(message for _, message in problems(error, model))) from None


def problems(error: ValidationError, model: type[Strict]) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Yield the path of keys and indexes to each problem of a `model`, and a line about it that names the path."""
    for problem in error.errors(include_url=False):
        place = problem["loc"]
        part = next((part for key, part in (("on", When), ("reply", Reply)) if key in place[:-1]), model)
        yield place, f"{'.'.join(map(str, place))}: {_message(problem, part)}"


def _message(problem: ErrorDetails, model: type[Strict]) -> str:
    """Return what is wanted, without the value that was given instead, which may be a secret."""
    key = problem["loc"][-1]
    words = problem["msg"].removeprefix("Value error, ").removeprefix("Input ").replace("should", "must", 1)
    match problem["type"]:
        case "extra_forbidden":
            near = _did_you_mean(key, model.model_fields)
            return f"unknown key{near or '; known are: ' + ', '.join(model.model_fields)}"
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
