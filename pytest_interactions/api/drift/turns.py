"""The turns of a conversation, put side by side, and what differs in each beside its steps."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.drift import kinds, shapes
from pytest_interactions.api.drift.alignment import align
from pytest_interactions.api.drift.kinds import NONE, Finding, Place, Word
from pytest_interactions.api.drift.units import event_types
from pytest_interactions.api.drift.wording import says_the_same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.api.drift.alignment import Pair
    from pytest_interactions.api.drift.units import Unit
    from pytest_interactions.api.exchange import Response
    from pytest_interactions.options import Wording

#: The statuses of an interaction that goes on: a stream that shows no other one was broken off.
_UNFINISHED: Final = {"", "in_progress"}
#: Events that a server may send or not, and those that are told by what they bring.
_NO_EVENTS: Final = {"interaction.status_update", "error", "step.start", "step.delta", "step.stop"}
_REASONS: Final = ("finish_reason", "finishReason", "stop_reason", "incomplete_details")
_MODELS: Final = ("model", "agent")


def pairs(old: list[Unit], new: list[Unit]) -> list[Pair]:
    """Return which turns of two conversations go together."""
    return align(old, new, _cost)


def _cost(old: Unit, new: Unit) -> float:
    """Return how little two turns have in common, from 0; two that stand alone cost 2."""
    if (old.failure is None) != (new.failure is None):
        return 1.2 + 0.5 * (old.sent != new.sent)
    tools = old.tools.total() + new.tools.total()
    unlike = 1 - 2 * (old.tools & new.tools).total() / tools if tools else 0
    return 0.5 * (old.sent != new.sent) + 0.8 * (old.status != new.status) + 0.6 * unlike


def title(unit: Unit) -> Word:
    """Return what a turn is, in a few words: what it calls, or how it ends."""
    failure = unit.failure
    if failure is not None:
        return Word(_told(failure))
    called = ", ".join(step.title for step in unit.steps if step.is_call)
    return Word(called or unit.status or "a turn")


class Turn:
    """Two turns that go together, and what differs in them beside their steps.

    Attributes:
        place: Where they are.
        is_over: Whether the turn ended otherwise than the recorded one, so that all else in it follows from that.
    """

    def __init__(self, old: Unit, new: Unit, wording: Wording) -> None:
        self.old, self.new = old, new
        self.place = Place(turns=(old.number,))
        self._wording = wording
        self._ends = list(self._ended())
        self.is_over = bool(self._ends)

    @property
    def was_left(self) -> bool:
        """Return whether the app has left one of them before its end, so that what is missing says nothing."""
        return self.old.was_left or self.new.was_left

    @property
    def has_steps(self) -> bool:
        """Return whether the steps of both can be compared: both are lists, or not there."""
        names = ("steps", "outputs")
        return all(type(self.old.raw.get(name)) is type(self.new.raw.get(name)) for name in names)

    def findings(self) -> Iterator[Finding]:
        """Yield what differs, but for the steps."""
        yield from self._ends
        if self.new.failure is not None or self.old.failure is not None:
            yield from self._remarks(_message(self.old.failure), _message(self.new.failure))
            return
        yield from self._remarks(*(" ".join(map(_said, unit.errors)) for unit in (self.old, self.new)))
        yield from self._named()
        if not self.is_over and not self.was_left:
            yield from shapes.compare([_without(self.old.raw)], [_without(self.new.raw)], self.place)
            yield from self._events()

    # --- the end of a turn ---

    def _ended(self) -> Iterator[Finding]:
        """Yield the one difference in how the turn ended that is the cause of all others, if there is any."""
        found = chain(self._answered(), self._streamed(), self._errors(), self._status(), self._reason())
        yield from [finding for finding in [next(found, None)] if finding is not None]

    def _answered(self) -> Iterator[Finding]:
        old, new = self.old.failure, self.new.failure
        before, after = (unit.exchanges[0].response for unit in (self.old, self.new))
        if before.status != after.status:
            yield Finding(kinds.HTTP_STATUS, self.place, Word(_told(before)), Word(_told(after)))
        elif old is not None and new is not None and _code(old) != _code(new):
            yield Finding(kinds.ERROR_CODE, self.place, Word(_code(old) or "no code"), Word(_code(new) or "no code"))
        elif (old is None) != (new is None):
            yield self._otherwise()

    def _otherwise(self) -> Finding:
        """Return the difference between an interaction, and something else that HTTP calls a success."""
        if self.old.stream is not None and self.new.exchanges[-1].cut is not None:
            return Finding(kinds.STREAM_BROKEN, self.place, NONE, Word("it breaks off before its first event"))
        if self.old.stream is not None and self.new.stream is None:
            return Finding(kinds.STREAM_LOST, self.place, Word("a stream"), Word("no interaction"))
        words = [Word("an interaction" if unit.is_call else "something else") for unit in (self.old, self.new)]
        return Finding(kinds.CONTENT_TYPE, self.place, *words)

    def _streamed(self) -> Iterator[Finding]:
        old, new = self.old.stream, self.new.stream
        if self.old.failure is not None or self.new.failure is not None:
            return
        if (old is None) != (new is None):
            names = [Word("a stream" if stream is not None else "a plain answer") for stream in (old, new)]
            yield Finding(kinds.STREAM_LOST, self.place, *names)
        elif _is_broken(self.new) and not _is_broken(self.old):
            yield Finding(kinds.STREAM_BROKEN, self.place, NONE, Word("it breaks off before its end"))

    def _errors(self) -> Iterator[Finding]:
        old, new = (sorted({_code_of(error) for error in unit.errors}) for unit in (self.old, self.new))
        if old != new:
            listed = [Word(", ".join(codes) or "no error") for codes in (old, new)]
            yield Finding(kinds.ERROR_CODE, self.place, *listed)

    def _status(self) -> Iterator[Finding]:
        old, new = self.old.status, self.new.status
        if old != new and old and new and not self.was_left:
            yield Finding(kinds.STATUS, self.place, Word(old), Word(new))

    def _reason(self) -> Iterator[Finding]:
        for name in _REASONS:
            old, new = self.old.raw.get(name), self.new.raw.get(name)
            if old != new and None not in (old, new):
                yield Finding(kinds.FINISH_REASON, _at(self.place, name), old, new)

    # --- the rest ---

    def _remarks(self, old: str, new: str) -> Iterator[Finding]:
        if old and new and not says_the_same(old, new, self._wording):
            yield Finding(kinds.REMARK, _at(self.place, "error"), old, new)

    def _named(self) -> Iterator[Finding]:
        for name in _MODELS:
            old, new = self.old.raw.get(name), self.new.raw.get(name)
            if old != new and isinstance(old, str) and isinstance(new, str):
                yield Finding(kinds.MODEL, _at(self.place, name), Word(old), Word(new))

    def _events(self) -> Iterator[Finding]:
        if self.old.stream is None or self.new.stream is None:
            return
        old, new = (set(chain(*map(event_types, _streams(unit)))) - _NO_EVENTS for unit in (self.old, self.new))
        for kind, names in ((kinds.EVENT_VANISHED, old - new), (kinds.EVENT_NEW, new - old)):
            for name in sorted(names):
                yield Finding(kind, _at(self.place, f"event {name}"))


def _streams(unit: Unit) -> list[Response]:
    return [each.response for each in unit.exchanges if each.response.is_stream]


def _is_broken(unit: Unit) -> bool:
    """Return whether a turn's stream ends before its interaction does, and the app has not left it."""
    cut = unit.exchanges[-1].cut
    was_cut = cut is not None and cut.by == "connection"
    return unit.stream is not None and not unit.was_left and not unit.errors and (was_cut or unit.status in _UNFINISHED)


def _without(raw: dict[str, Any]) -> dict[str, Any]:
    """Return an interaction without what is told by other means, though it must be there."""
    return {name: value for name, value in raw.items() if name not in _REASONS}


def _at(place: Place, field: str) -> Place:
    return Place(turns=place.turns, is_new=place.is_new, step=place.step, field=field)


# --- errors ---


def _error(response: Response) -> Any:
    """Return what the body of an error says; the older API wraps it in a list."""
    body = response.json()
    body = body[0] if isinstance(body, list) and body else body
    return body.get("error") if isinstance(body, dict) else None


def _code(response: Response) -> str:
    return _code_of(_error(response))


def _code_of(error: Any) -> str:
    """Return the code of an error: the API's own word for it rather than a number that repeats HTTP's."""
    if not isinstance(error, dict):
        return ""
    words = [error.get(name) for name in ("code", "status", "type")]
    return next((word for word in words if isinstance(word, str)), str(words[0] or ""))


def _told(response: Response) -> str:
    code = _code(response)
    return f"{response.status or 'no answer'}{' ' * bool(code)}{code}"


def _message(response: Response | None) -> str:
    return _said(_error(response)) if response is not None else ""


def _said(error: Any) -> str:
    message = error.get("message") if isinstance(error, dict) else error
    return message if isinstance(message, str) else ""
