"""The results of the app's functions: their form, and whether each has its call and each call its result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.api.lint import kinds
from pytest_interactions.api.lint.kinds import Finding, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.api.lint.memory import Memory
    from pytest_interactions.api.lint.sent import Request, Sent


def check(request: Request, memory: Memory) -> Iterator[Finding]:
    """Yield what is wrong with the results that a request brings."""
    for sent in request.steps:
        if sent.kind == "function_result":
            yield from _form(sent)
    yield from _Pairs(request, memory).check()


def _form(sent: Sent) -> Iterator[Finding]:
    step = sent.step
    if not step.get("name"):
        message = "a function_result needs the name of its function. Add the call's name."
        yield Finding(kinds.RESULT_NAMELESS, f"{sent.place}.name", message)
    if not step.get("call_id"):
        message = "a function_result needs the id of its call. Add it as call_id."
        yield Finding(kinds.RESULT_IDLESS, f"{sent.place}.call_id", message)
    result = step.get("result")
    for number, part in enumerate(result if isinstance(result, list) else []):
        if not isinstance(part, dict) or not part.get("type"):
            message = 'a list is taken for content. Send the JSON as text: [{"type": "text", "text": ...}].'
            yield Finding(kinds.RESULT_UNTYPED, f"{sent.place}.result[{number}]", message)
            return
    if not isinstance(result, str | dict | list):
        message = "a result is a text, an object or a list of content. Send another value as text."
        yield Finding(kinds.RESULT_SHAPELESS, f"{sent.place}.result", message)


class _Pairs:
    """The calls and results of a request, with the calls of the interaction that it continues."""

    def __init__(self, request: Request, memory: Memory) -> None:
        self._request = request
        previous = memory.answer(request.previous)
        #: Whether calls may be known to the server alone.
        self._open = bool(request.previous) and previous is None
        #: Where each call stands: -1 if it is the server's.
        self._calls = [(-1, call) for call in (() if previous is None else previous.calls)]
        self._calls += [(place, sent.step) for place, sent in enumerate(request.steps) if sent.kind == "function_call"]
        self._answered: set[int] = set()
        self._strays = 0

    def check(self) -> Iterator[Finding]:
        """Yield the results that have no call, or not one, and the calls that have no result beside those that have."""
        for place, sent in enumerate(self._request.steps):
            if sent.kind == "function_result":
                yield from self._result(place, sent)
        yield from list(self._missing())[self._strays :]  # a result with a wrong id, or none, is that of one of these

    def _result(self, place: int, sent: Sent) -> Iterator[Finding]:
        name = sent.step.get("call_id")
        if not name:
            self._strays += 1
            return
        known = [number for number, (_, call) in enumerate(self._calls) if call.get("id") == name]
        if not known:
            if not self._open:
                yield self._stray(place, sent)
            return
        free = [number for number in known if number not in self._answered]
        before = [number for number in free or known if self._calls[number][0] < place]
        chosen = (before or free or known)[0]
        call = self._calls[chosen][1]
        if not before:
            message = "this function_result stands before its function_call. Send results after their calls."
            yield Finding(kinds.STEPS_REORDERED, sent.place, message)
        elif not free:
            message = f"the call {shown(name)} has a result already. Send one result for each call."
            yield Finding(kinds.RESULT_TWICE, sent.place, message)
        if sent.step.get("name") and sent.step["name"] != call.get("name"):
            names = f"{shown(call.get('name'))}, and not of {shown(sent.step['name'])}"
            message = f"the call {shown(name)} is of {names}. Send the call's name."
            yield Finding(kinds.RESULT_NAME, f"{sent.place}.name", message)
        self._answered.add(chosen)

    def _stray(self, place: int, sent: Sent) -> Finding:
        self._strays += 1
        if any(number < place for number, _ in self._calls):
            message = f"no function_call has the id {shown(sent.step['call_id'])}. Send the id of the call as call_id."
            return Finding(kinds.RESULT_OF_UNKNOWN_CALL, f"{sent.place}.call_id", message)
        message = "there is no function_call before this function_result. Send the call back too, or the id of its "
        return Finding(kinds.RESULT_WITHOUT_CALL, sent.place, f"{message}interaction as previous_interaction_id.")

    def _missing(self) -> Iterator[Finding]:
        """Yield calls without a result: of those of the server only if others of them have one."""
        steps = self._request.steps
        goes_on = max((place for place, sent in enumerate(steps) if not sent.is_own), default=-1)
        answered = [self._calls[number][1].get("id") for number in self._answered]
        server_asks = any(self._calls[number][0] < 0 for number in self._answered)
        for place, call in self._calls:
            if call.get("id") not in answered and (server_asks if place < 0 else place < goes_on):
                message = f"the function_call {shown(call.get('id'))} has no function_result. Send one for each call."
                yield Finding(kinds.RESULT_MISSING, steps[place].place if place >= 0 else "input", message)
