"""What goes wrong between an app and the API, as a person says it: the words of faults and of emulator scripts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pytest_interactions.escaping import on_one_line
from pytest_interactions.strict import Loader, Strict, TwiceError, build, meant

#: Seconds for which a clock can wait.
Seconds = Annotated[float, Field(ge=0, le=10**9, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Number = Annotated[int, Field(ge=1)]


def _writable(text: str) -> str:
    try:
        text.encode()
    except ValueError:
        raise ValueError("must be text that can be written as UTF-8") from None
    return text


def _number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _times(value: Any) -> Any:
    if value != "all" and not _number(value):
        raise ValueError("must be a number from 1 up, or 'all'")
    return value


def _events(value: Any) -> Any:
    if not all(map(_number, value if isinstance(value, list) else [value])):
        raise ValueError("must be the number of an event, from 1 up, or a list of these")
    return value


_Text = Annotated[str, AfterValidator(_writable)]
_HttpError = Annotated[int, Field(ge=400, le=599)]
_Events = Annotated[Number | list[Number], BeforeValidator(_events)]
_Times = Annotated[Number | Literal["all"], BeforeValidator(_times)]

#: What can end an answer; each stands alone.
ENDINGS: Final = (
    *("error", "refused", "timeout", "hang_after"),
    *("cut_after", "cut_after_bytes", "cut_after_seconds", "stop_after", "stop_after_bytes"),
    *("bare_error_after", "error_event_after"),
)
#: The kinds of faults that a storm picks from, by their keys: those for any answer, and those for streams alone.
OF_ANY: Final = ("error", "refused", "timeout", "cut_after_bytes", "stop_after_bytes", "delay")
OF_STREAMS: Final = (
    *("hang_after", "cut_after", "stop_after", "bare_error_after", "error_event_after"),
    *("repeat", "drop", "reorder", "malformed"),
)
KINDS: Final = (*OF_ANY, *OF_STREAMS)
#: The seeds that a storm may have.
SEEDS: Final = 2**32


class Look(Strict):
    """The look of a request; a key that is `None` is not compared.

    Attributes:
        input: A part of the text of the request's input, in upper or lower case.
        model: The request's model.
        agent: The request's agent.
        stream: Whether the request asks for a stream.
        tool: The name of a declared function, or the type of a declared tool.
        result_of: The name of a function whose result the request brings.
    """

    input: str | None = None
    model: str | None = None
    agent: str | None = None
    stream: bool | None = None
    tool: str | None = None
    result_of: str | None = None


class Effects(Strict):
    """What goes wrong with an answer. Events are numbered from 1, and counted as they are sent.

    Attributes:
        error: An HTTP status from 400 to 599, which is the answer.
        message: The message of the error.
        code: The code of the error.
        retry_after: Seconds that the client is to wait after the error.
        delay: Seconds before the answer.
        events_delay: Seconds before each event but the first.
        refused: Whether the connection is refused.
        timeout: When the client waits in vain: to `connect`, or to `read` an answer.
        hang_after: The number of events after which nothing more comes, until the client's time is out.
        cut_after: The number of events after which the connection breaks; 0 breaks it before any answer.
        cut_after_bytes: The number of bytes of the body after which the connection breaks.
        cut_after_seconds: The seconds from the request on after which the connection breaks.
        stop_after: The number of events after which the stream ends without its closing events.
        stop_after_bytes: The number of bytes after which the body ends.
        bare_error_after: The number of events after which the stream ends with a JSON array without `data:`, as the
            real API has been seen to end one.
        error_event_after: The number of events after which the stream ends with an `error` event.
        repeat: The number of an event that comes twice.
        drop: The number of an event that does not come, or several.
        reorder: The number of an event that comes after the next one.
        malformed: The number of an event whose data is cut short, so that it is no JSON; 1 for an answer that is none.
    """

    error: _HttpError | None = None
    message: _Text | None = None
    code: _Text | None = None
    retry_after: Seconds | None = None
    delay: Seconds = 0.0
    events_delay: Seconds = 0.0
    refused: Literal[True] | None = None
    timeout: Literal["connect", "read"] | None = None
    hang_after: Count | None = None
    cut_after: Count | None = None
    cut_after_bytes: Count | None = None
    cut_after_seconds: Seconds | None = None
    stop_after: Count | None = None
    stop_after_bytes: Count | None = None
    bare_error_after: Count | None = None
    error_event_after: Count | None = None
    repeat: Number | None = None
    drop: _Events | None = None
    reorder: Number | None = None
    malformed: Number | None = None

    @model_validator(mode="after")
    def _ends_once(self) -> Self:
        given = [name for name in ENDINGS if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(map(repr, given))} can't end the same answer; give one of them")
        if self.retry_after is not None and self.error is None:
            raise ValueError("'retry_after' is of an 'error'")
        return self

    @property
    def ending(self) -> str | None:
        """Return the name of what ends the answer; `None` if that comes to its own end."""
        return next((name for name in ENDINGS if getattr(self, name) is not None), None)

    @property
    def changes(self) -> dict[str, Any]:
        """Return what happens to single events."""
        return {name: value for name in ("repeat", "drop", "reorder", "malformed") if (value := getattr(self, name))}


class On(Look):
    """The exchange that a fault is for; a key that is `None` is not compared.

    Attributes:
        exchange: The number of the recorded exchange, from 1.
        path: A part of the path of the request's URL.
        operation: What is done with an interaction: `create`, `get`, `cancel` or `delete`.
    """

    exchange: Number | None = None
    path: str | None = None
    operation: Literal["create", "get", "cancel", "delete"] | None = None


def _on(value: Any) -> Any:
    return {"exchange": value} if isinstance(value, int) and not isinstance(value, bool) else value


class Fault(Effects):
    """One fault.

    Attributes:
        on: The exchange that it is for; the first that it can hit, if nothing is said.
        times: How many requests it hits, one after the other, or `all`.
    """

    on: Annotated[On, BeforeValidator(_on)] = On()
    times: _Times = 1

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.ending is None and not self.changes and not self.delay and not self.events_delay:
            raise ValueError(f"it does nothing; say what goes wrong, by {', '.join(ENDINGS)} or another key")
        for name in ("message", "code"):
            if getattr(self, name) is not None and self.ending not in ("error", "error_event_after"):
                raise ValueError(f"{name!r} is of an 'error' or of 'error_event_after'")
        return self

    def __str__(self) -> str:
        """Return it as it is written in an ini file."""
        return _written(self.model_dump(exclude_unset=True))


def _written(keys: Mapping[str, Any]) -> str:
    on = keys.get("on")
    number = on.get("exchange") if isinstance(on, dict) and len(on) == 1 else None
    shown = {**keys, "on": number} if number is not None else keys
    return ", ".join(f"{key}: {_said(value)}" for key, value in shown.items())


def _said(value: Any) -> str:
    """Return a value as a person would write it in a line, a text without quotation marks if it needs none."""
    if isinstance(value, str) and on_one_line(value) == value and _is_plain(value):
        return value
    return on_one_line(json.dumps(value, ensure_ascii=False))


def _is_plain(text: str) -> bool:
    try:
        return _mapping(f"text: {text}") == {"text": text}
    except ValueError:
        return False


def _known(kinds: list[str]) -> list[str]:
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is not one of {', '.join(KINDS)}{meant(kind, KINDS)}")
    return kinds


class Storm(Strict):
    """Faults that a seed picks, for runs that explore.

    Attributes:
        storm: The seed; a run picks one if there is none.
        of: The kinds of faults to pick from, by their keys; all if it is empty.
    """

    storm: Annotated[int, Field(ge=0, lt=SEEDS)] | None = None
    of: Annotated[list[str], AfterValidator(_known)] = Field(default_factory=list)

    def __str__(self) -> str:
        """Return it as it is written in an ini file."""
        return _written(self.model_dump(exclude_unset=True)).replace("storm: null", "storm")


def read(value: Any) -> tuple[Fault | Storm, ...]:
    """Return the faults that a person wrote.

    Args:
        value: A mapping, such as `{"error": 429, "on": 2}`; the same as a text, `error: 429, on: 2`, one on each line;
            or a list of these.

    Raises:
        ValueError: It is something else, or a key or a value is wrong.
    """
    if isinstance(value, str):
        lines = enumerate(map(str.strip, value.splitlines()), 1)
        return tuple(_fault(_mapping(line, number)) for number, line in lines if line)
    if isinstance(value, (Fault, Storm)):
        return (value,)
    if isinstance(value, Mapping):
        return (_fault(value),)
    if not isinstance(value, Iterable) or isinstance(value, bytes):
        raise ValueError(  # noqa: TRY004 - as for any other value that a person wrote
            f"{type(value).__name__} is neither a fault nor a list of them, such as {{'error': 429}}"
        )
    return tuple(fault for each in value for fault in read(each))


def _mapping(line: str, number: int = 1) -> Mapping[str, Any]:
    """Return a line's keys; errors show its number alone, as it may hold a secret."""
    try:
        loader = Loader(line if line.startswith("{") else f"{{{line}}}")
        value = loader.get_single_data()
    except TwiceError as error:
        raise ValueError(f"line {number}: {error.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ValueError(  # noqa: TRY004 - too
            f"line {number} is no fault, such as 'error: 429, retry_after: 30, on: 2'"
        )
    # A key alone stands for what is so.
    return {str(key): True if each is None and key != "storm" else each for key, each in value.items()}


def _fault(keys: Mapping[str, Any]) -> Fault | Storm:
    kind: type[Fault | Storm] = Storm if "storm" in keys else Fault
    return build(kind, dict(keys), {"on": On})
