"""The answer that a test gives in place of a recorded one, made from what it says of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypedDict

from pytest_interactions.api import answers
from pytest_interactions.api.error_bodies import CODES
from pytest_interactions.api.json_values import compact
from pytest_interactions.api.steps import as_steps, plain, status_after
from pytest_interactions.errors import OverrideError, closest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_interactions.api.exchange import Response
    from pytest_interactions.api.json_values import Json

#: The lowest HTTP status that is an error, and the bounds of those that an answer may have.
ERRORS: Final = 400
_LEAST, _MOST = 200, 599
_STATUS_OF: Final = {code: status for status, code in CODES.items()}
_BODIES: Final = ("json", "steps", "change")


class Override(TypedDict, total=False):
    """What `interactions.override` takes beside the number of the answer; see there."""

    status: int
    error: str
    message: str
    json: Any
    steps: Iterable[Any]
    change: Callable[[dict[str, Any]], dict[str, Any] | None]
    times: int


def response_of(n: int, given: Override, recorded: Response, interaction: Callable[[], Json]) -> Response:
    """Return the answer that a test gives in place of a recorded one.

    Args:
        n: Its number, for errors.
        given: What the test says.
        recorded: The recorded answer.
        interaction: Returns the interaction that came of it, which may be changed.

    Raises:
        OverrideError: What the test says can't be used.
    """
    try:
        _check(given)
        return _response(given, recorded, interaction)
    except _UnusableError as error:
        raise OverrideError(f"override({n}): {error}") from None


class _UnusableError(ValueError):
    """Something that an override can't be made of."""


def _check(given: Override) -> None:
    known = Override.__annotations__
    for name in given:
        if name not in known:
            near = closest(name, known)
            hint = f"did you mean {near!r}?" if near else f"there are {', '.join(known)}."
            raise _UnusableError(f"there is no {name!r}; {hint}")
    bodies = [name for name in _BODIES if name in given]
    if len(bodies) > 1:
        raise _UnusableError(f"{' and '.join(bodies)} can't stand together; give one of them.")
    if not bodies and not given.keys() & {"status", "error"}:
        raise _UnusableError("say what the answer is: by status, error, json, steps or change.")
    if bodies and given.keys() & {"error", "message"}:
        raise _UnusableError(f"{bodies[0]} can't stand beside error or message, which make a body of their own.")
    _check_times(given, bodies)


def _check_times(given: Override, bodies: Sequence[str]) -> None:
    if "times" not in given:
        return
    times: Any = given["times"]
    if isinstance(times, bool) or not isinstance(times, int) or times < 1:
        raise _UnusableError(f"times is {times!r}, and not a number from 1 up.")
    if bodies and not _status(given, 0) >= ERRORS:
        raise _UnusableError("times goes with an error alone: any other answer is given once.")


def _response(given: Override, recorded: Response, interaction: Callable[[], Json]) -> Response:
    status = _status(given, recorded.status)
    if "json" in given:
        return replace(_of_json(given["json"], recorded, status), status=status)
    if "steps" in given or "change" in given:
        if status >= ERRORS:
            raise _UnusableError(f"an answer with status {status} has no interaction; give its body as json.")
        return replace(answers.with_interaction(recorded, _changed(given, recorded, interaction())), status=status)
    if status < ERRORS:
        raise _UnusableError(f"an answer with status {status} needs a body: give json, steps or change too.")
    return answers.error(status, given.get("error"), given.get("message"))


def _status(given: Override, recorded: int) -> int:
    status: Any = given.get("status")
    code: Any = given.get("error")
    if code is not None and not isinstance(code, str):
        raise _UnusableError(f"error is {code!r}, and not a code such as 'unavailable'; status takes numbers.")
    if status is None and code is not None and code not in _STATUS_OF:
        near = closest(code, _STATUS_OF)
        hint = f"did you mean {near!r}?" if near else f"known are {', '.join(sorted(_STATUS_OF))}."
        raise _UnusableError(f"error {code!r} has no status of its own: {hint} Any other needs a status beside it.")
    if status is None:
        return recorded if code is None else _STATUS_OF[code]
    if isinstance(status, bool) or not isinstance(status, int) or not _LEAST <= status <= _MOST:
        raise _UnusableError(f"status is {status!r}, and not an HTTP status from {_LEAST} to {_MOST}.")
    if code is not None and status < ERRORS:
        raise _UnusableError(f"status {status} is no error.")
    return status


def _of_json(value: Any, recorded: Response, status: int) -> Response:
    _check_json(value)
    is_interaction = isinstance(value, dict) and isinstance(value.get("steps"), list) and status < ERRORS
    return answers.with_interaction(recorded, value) if is_interaction else answers.unary(recorded, value)


def _changed(given: Override, recorded: Response, interaction: Json) -> Json:
    if "outputs" in interaction and ("steps" in given or recorded.is_stream):
        raise _UnusableError("it was recorded before the API had steps; give the whole body as json.")
    if "steps" in given:
        steps = [step.model_dump() for step in as_steps(_checked_steps(given["steps"]), said_by="model_output")]
        interaction |= {"steps": steps, "status": status_after(steps, interaction.get("status"))}
    else:
        changed: Any = given["change"](interaction)
        interaction = interaction if changed is None else changed
    if not isinstance(interaction, dict):
        raise _UnusableError(f"change returned {interaction!r:.60}, and not the changed interaction, or None.")
    _check_json(interaction)
    return interaction


def _checked_steps(steps: Any) -> list[Any]:
    if not isinstance(steps, list | tuple) or not all(isinstance(plain(step), dict | str) for step in steps):
        raise _UnusableError(f"steps is {steps!r:.60}, and not a list of steps.")
    return list(steps)


def _check_json(value: Any) -> None:
    try:
        compact(value)
    except (TypeError, ValueError) as error:
        raise _UnusableError(f"the answer is not JSON: {error}.") from None
