"""Scripted answers: which requests they are for, what they are, and the checks of both."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, field_validator

from pytest_interactions import strict
from pytest_interactions.api.faults.looks import fits
from pytest_interactions.api.json_values import Json
from pytest_interactions.errors import ScriptError
from pytest_interactions.faults import Count, Effects, Look, Number, Seconds
from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.resources.kinds import OPERATIONS
from pytest_interactions.server.emulator.suited import CONNECT, LIVE, unsuited
from pytest_interactions.server.emulator.turn import STEP_KEYS, wrong_in
from pytest_interactions.server.emulator.wire import Hold  # noqa: TC001 - pydantic reads the annotations
from pytest_interactions.strict import Strict, meant

if TYPE_CHECKING:
    from pydantic import ValidationInfo

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


def _text_or_texts(value: object) -> object:
    if value is None or all(isinstance(text, str) for text in (value if isinstance(value, list) else [value])):
        return value
    raise ValueError("must be text or a list of texts")


def _whole_step(step: Json) -> Json:
    if "type" not in step:
        raise ValueError(f"a step needs 'type'{meant('type', step)}")
    kind = str(step["type"])
    if kind not in STEP_KEYS:
        raise ValueError(f"unknown step type {kind!r}{meant(kind, STEP_KEYS)}")
    for key in STEP_KEYS[kind]:
        if key not in step:
            raise ValueError(f"a {kind!r} step needs {key!r}{meant(key, step)}")
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
    known = ("create", "get", "cancel", "delete", LIVE, CONNECT, *OPERATIONS)
    if value not in known:
        others = f"{LIVE!r} or {CONNECT!r}, or that of another resource, such as 'agents.get'"
        raise ValueError(f"must be 'create', 'get', 'cancel' or 'delete', {others}{meant(value, known)}")
    return value


_Operation = Annotated[str, PlainValidator(_known_operation)]
_Step = Annotated[Json, AfterValidator(_json), AfterValidator(_whole_step)]


class When(Look):
    """The look of a request that gets a scripted answer; the keys of a `Look` are about a create request.

    Attributes:
        operation: `create`, `get`, `cancel` or `delete`; `live` for an input of a live interaction, `live.connect` for
            the handshake of its WebSocket; or one of another resource, such as `agents.get`.
    """

    operation: _Operation = "create"

    def matches(self, operation: str, turn: Turn | None) -> bool:
        """Return whether a request looks like this; `turn` is the turn that a create request asks for."""
        return operation == self.operation and (turn is None or fits(self, turn))


#: The close codes that a server may send (RFC 6455, section 7.4).
_CLOSE_CODES: Final = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})
_LONGEST_REASON: Final = 123  # bytes


def _close_code(code: int) -> int:
    if code not in _CLOSE_CODES:
        raise ValueError("must be a close code that a server may send: 1000 to 1003, 1007 to 1014 or 3000 to 4999")
    return code


def _short(reason: str) -> str:
    if len(reason.encode("utf-8", "surrogatepass")) > _LONGEST_REASON:
        raise ValueError(f"must have {_LONGEST_REASON} bytes at most, as UTF-8")
    return reason


class Close(Strict):
    """How a server closes a WebSocket: the code and the reason of its close frame."""

    code: Annotated[int, AfterValidator(_close_code)] = 1000
    reason: Annotated[str, AfterValidator(_json), AfterValidator(_short)] = ""


def _close(value: object) -> object:
    return {"code": value} if isinstance(value, int) and not isinstance(value, bool) else value


class Reply(Effects):
    """The answer to a matching request.

    `text`, `steps` and `error` exclude each other. Without them the emulator answers as it does without a script. What
    else goes wrong with it is said in the words of `Effects`; `message` and `code` may be of an interaction's failure.

    Attributes:
        text: The model's answer. A list is sent as that many deltas in a stream.
        steps: The answer's steps, in the API's own JSON.
        status: The interaction's status. By default it follows from the steps.
        statuses: The statuses that a background interaction shows before its final one, one for each poll.
        hops: The number of interactions in which the answer comes, as if each had reached the API's limit of tokens.
        times: The number of requests that get this answer; `None` means all.
        hold: A barrier, in Python only.
        deliveries: The seconds after which an event tells the app's webhook that background work has ended, once for
            each number; none if it is empty.
        fields: Fields to lay over the answer of another resource than interactions.
        close: How the WebSocket is closed after the answer: a close code, or `code` and `reason`.
        reconnect: Whether the server asks for a reconnection after the answer, and closes the WebSocket.
        batch: The number of events in a message of the WebSocket; by default each has one of its own.
        binary: Whether the messages of the WebSocket are binary ones.
    """

    text: Annotated[str | list[str] | None, PlainValidator(_text_or_texts), AfterValidator(_json)] = None
    steps: list[_Step] | None = None
    status: _Status | None = None
    statuses: list[_Status] | None = None
    hops: Annotated[int, Field(ge=1)] = 1
    times: Count | None = None
    hold: Hold | None = None
    deliveries: list[Seconds] = Field(default_factory=lambda: [0.0])
    fields: Annotated[Json, AfterValidator(_json)] | None = None
    close: Annotated[Close, BeforeValidator(_close)] | None = None
    reconnect: bool = False
    batch: Number | None = None
    binary: bool = False

    @field_validator("text", "steps")
    @classmethod
    def _is_the_only_answer(cls, value: object, info: ValidationInfo) -> object:
        others = [key for key in ("error", "text") if info.data.get(key) is not None]
        if value is not None and others:
            raise ValueError(f"can't be the answer beside {others[0]!r}")
        return value

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
        answer = built(Reply, keys)
        wrong = [f"{key}: {why}" for key, why in unsuited(self.when.operation, answer)]
        if wrong:
            raise ScriptError("\n".join(wrong))
        self.answer = answer
        return self

    def take(self, operation: str, turn: Turn | None) -> Reply | None:
        """Return the answer and count its use; `None` if the request does not match or the answer is used up."""
        answer = self.answer
        if answer is None or not self.when.matches(operation, turn) or self.used == answer.times:
            return None
        self.used += 1
        return answer


_Model = TypeVar("_Model", bound=Strict)


def built(model: type[_Model], keys: Json) -> _Model:
    """Return a `When` or `Reply` of these keys.

    Raises:
        ScriptError: A key or a value is wrong. The message has a line for each problem.
    """
    try:
        return strict.build(model, keys, {"close": Close})
    except ValueError as error:
        raise ScriptError(str(error)) from None
