"""Scripted answers: for a request that looks like this, answer with that."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from pytest_interactions.errors import ScriptError
from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.wire import Delivery

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_interactions.server.emulator.behaviour import Turn
    from pytest_interactions.server.emulator.state import Json
    from pytest_interactions.server.emulator.wire import Hold


@dataclass(frozen=True, kw_only=True)
class When:
    """What a request must look like; what is `None` is not compared.

    `input` is a part of the text of this request's input, in any case. `model`, `agent` and `stream` compare with
    the request's own. `tool` is the name of a declared function or the type of a declared tool. `result_of` is the
    name of a function whose result the request brings.
    """

    input: str | None = None
    model: str | None = None
    agent: str | None = None
    stream: bool | None = None
    tool: str | None = None
    result_of: str | None = None

    def matches(self, turn: Turn) -> bool:
        """Whether the request of `turn` looks like this."""
        request = turn.request
        compared = (
            (self.input, lambda wanted: wanted.casefold() in turn.prompt.casefold()),
            (self.model, lambda wanted: request.get("model", "").removeprefix("models/") == wanted),
            (self.agent, lambda wanted: request.get("agent") == wanted),
            (self.stream, lambda wanted: turn.stream == wanted),
            (self.tool, lambda wanted: any(wanted in (t.get("name"), t["type"]) for t in turn.tools)),
            (self.result_of, lambda wanted: any(r.get("name") == wanted for r in turn.results)),
        )
        return all(wanted is None or found(wanted) for wanted, found in compared)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a matching request gets; give one of `text`, `steps`, `error` or `status`.

    `text`: the model's answer; a list is sent as that many deltas when streamed. `steps`: the API's own JSON.
    `status`: the interaction's, worked out from the steps where it is not given. `statuses`: what a background
    interaction shows, one at a time, before its final status. `error`: an HTTP status, with `message`, `code` and
    `retry_after` (seconds). `times`: how often to answer so, `None` for always. `delay`: seconds before the answer;
    `events_delay`: before each further event. After that many events, `stop_after` ends the stream without its
    closing events, `cut_after` breaks the connection, `bare_error_after` closes with the JSON array without `data:`
    that the real API has been seen to send, `error_event_after` with an `error` event. `hold`: a barrier.
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
        return Delivery(
            delay=self.delay, events_delay=self.events_delay, cut_after=self.cut_after, hold=self.hold
        )

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
    """One scripted answer: made by `Emulator.on(...)`, completed by `reply(...)`."""

    when: When
    answer: Reply | None = None
    used: int = field(default=0, init=False)

    def reply(self, **reply: Any) -> Rule:
        """Answer so; the keys are those of `Reply`. Raises `ScriptError` for a key that there is not."""
        self.answer = build(Reply, reply)
        return self

    def take(self, turn: Turn) -> Reply | None:
        """The answer to `turn`, if it matches and is not used up."""
        answer = self.answer
        if answer is None or not self.when.matches(turn):
            return None
        if answer.times is not None and self.used >= answer.times:
            return None
        self.used += 1
        return answer


def build(kind: type[Any], keys: Json) -> Any:
    """A `When` or `Reply` of these keys; `ScriptError` names an unknown one and the key it may have meant."""
    known = [each.name for each in fields(kind)]
    for key in keys:
        if key not in known:
            raise ScriptError(f"unknown key {key!r}{near(key, known)}; known are: {', '.join(known)}")
    return kind(**keys)


def near(word: str, known: Iterable[str]) -> str:
    """`" (did you mean 'x'?)"`, or nothing if no known word resembles."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
