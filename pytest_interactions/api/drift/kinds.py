"""The kinds of drift, each with its severity and a sentence: one table, from which the documentation's is made."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from pytest_interactions.api.json_values import compact
from pytest_interactions.escaping import on_one_line

_SHOWN: Final = 60  # characters of a value
_TURNS: Final = 3  # that a place names one by one


class Severity(StrEnum):
    """What a difference means to an app that was written for the recording."""

    #: It may break.
    BREAKING = "breaking"
    #: The agent does something else that is valid.
    CHANGED = "changed"
    #: Nobody need act.
    COSMETIC = "cosmetic"

    @property
    def rank(self) -> int:
        """Return how bad it is, from 0."""
        return (Severity.COSMETIC, Severity.CHANGED, Severity.BREAKING).index(self)


class Word(str):
    """A text of this package's or of the API's own, such as a status, which is shown without quotes."""

    __slots__ = ()


#: What stands for a side that a finding says nothing of.
NONE: Final = Word()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of difference.

    Attributes:
        name: One or two words, by which a program tells one from another.
        severity: How bad it is.
        means: A sentence that says what it is.
        told: What a finding says behind its place, with `{old}` and `{new}`.
    """

    name: str
    severity: Severity
    means: str
    told: str = "{old} -> {new}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a difference is.

    Attributes:
        turns: The numbers of the turns, from 1, in the recording; of a turn that is new, in the live run.
        is_new: Whether the turn is in the live run alone.
        step: The step, such as `function_call get_weather`, or the request of another API; "" for the whole turn.
        field: The path of the field, such as `arguments.city`; "" for all of it.
    """

    turns: tuple[int, ...] = ()
    is_new: bool = False
    step: str = ""
    field: str = ""

    def __str__(self) -> str:
        return on_one_line(", ".join(filter(None, (self._turns(), self.step, self.field))))

    def _turns(self) -> str:
        if not self.turns:
            return ""
        listed = ", ".join(map(str, self.turns[:_TURNS])) + ", …" * (len(self.turns) > _TURNS)
        return f"{'live ' * self.is_new}turn{'s' * (len(self.turns) > 1)} {listed}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between a recording and a live run.

    Attributes:
        kind: The kind.
        place: Where it is.
        old: What was recorded.
        new: What came now.
    """

    kind: Kind
    place: Place
    old: Any = NONE
    new: Any = NONE

    @property
    def severity(self) -> Severity:
        """Return how bad it is."""
        return self.kind.severity

    @property
    def says(self) -> str:
        """Return what differs, without the place."""
        return on_one_line(self.kind.told.format(old=shown(self.old), new=shown(self.new)))

    @property
    def text(self) -> str:
        """Return one line that tells it: the place, what differs, the kind."""
        place = str(self.place)
        return f"{place}: {self.says} ({self.kind.name})" if place else f"{self.says} ({self.kind.name})"

    def __str__(self) -> str:
        return self.text


def shown(value: Any) -> str:
    """Return a value as a finding shows it: in few characters, a bare word as it is."""
    if isinstance(value, Word):
        return _cut(str(value))
    if isinstance(value, str):
        return compact(_cut(value))
    try:
        return _cut(compact(value))
    except (TypeError, ValueError):
        return _cut(repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def put_together(findings: list[Finding]) -> list[Finding]:
    """Return findings, the worst first, in which what differs alike in several turns is one."""
    together: dict[Any, Finding] = {}
    again: Counter[Any] = Counter()
    for finding in findings:
        told = finding.kind, replace(finding.place, turns=()), shown(finding.old), shown(finding.new)
        again[told, finding.place.turns] += 1
        key = told, again[told, finding.place.turns]
        known = together.setdefault(key, finding)
        turns = tuple(dict.fromkeys((*known.place.turns, *finding.place.turns)))
        together[key] = replace(known, place=replace(known.place, turns=turns))
    return sorted(together.values(), key=lambda finding: (-finding.severity.rank, finding.place.turns))


# --- the table ---

_BREAKING, _CHANGED, _COSMETIC = Severity.BREAKING, Severity.CHANGED, Severity.COSMETIC

HTTP_STATUS: Final = Kind("http-status", _BREAKING, "The HTTP status of an answer is another.")
ERROR_CODE: Final = Kind("error-code", _BREAKING, "An error has another code, or one came or went.")
STATUS: Final = Kind("status", _BREAKING, "An interaction ends with another status.", "status {old} -> {new}")
FINISH_REASON: Final = Kind("finish-reason", _BREAKING, "An answer ends for another reason.")
TURN_VANISHED: Final = Kind("turn-vanished", _BREAKING, "A turn does not happen any more.", "vanished: {old}")
CALL_VANISHED: Final = Kind("call-vanished", _BREAKING, "A tool is not called any more.", "vanished: {old}")
STEP_VANISHED: Final = Kind("step-vanished", _BREAKING, "A step of another type is missing.", "vanished")
CONTENT_VANISHED: Final = Kind(
    "content-vanished", _BREAKING, "An answer has no picture, sound or other media any more.", "vanished: {old}"
)
ARGUMENT_INVALID: Final = Kind(
    "argument-invalid", _BREAKING, "An argument does not fit the schema that the tool declares.", "{new}"
)
ARGUMENT_VANISHED: Final = Kind(
    "argument-vanished", _BREAKING, "An argument of a tool without a schema is missing.", "vanished, was {old}"
)
ARGUMENT_TYPE: Final = Kind("argument-type", _BREAKING, "An argument of a tool without a schema has another type.")
OUTPUT_INVALID: Final = Kind(
    "output-invalid",
    _BREAKING,
    "A structured answer does not fit its schema (with `wording` `similar` or `same`).",
    "{new}",
)
FIELD_VANISHED: Final = Kind("field-vanished", _BREAKING, "A field is missing.", "vanished")
FIELD_TYPE: Final = Kind("field-type", _BREAKING, "A field has a value of another type.", "type {old} -> {new}")
STREAM_LOST: Final = Kind("stream-lost", _BREAKING, "A stream is a plain answer now, or the other way round.")
STREAM_BROKEN: Final = Kind("stream-broken", _BREAKING, "A stream breaks off before its end.", "{new}")
EVENT_VANISHED: Final = Kind("event-vanished", _BREAKING, "A stream has no events of a type any more.", "vanished")
CONTENT_TYPE: Final = Kind("content-type", _BREAKING, "An answer has another content type, or is no interaction.")

TOOL: Final = Kind("tool", _CHANGED, "Another tool is called.")
ARGUMENT: Final = Kind("argument", _CHANGED, "A tool is called with another argument that fits its schema.")
CALL_ADDED: Final = Kind("call-added", _CHANGED, "A tool is called besides.", "new: {new}")
STEP_ADDED: Final = Kind("step-added", _CHANGED, "There is a step besides.", "new")
TURN_ADDED: Final = Kind("turn-added", _CHANGED, "There is a turn besides.", "new: {new}")
ANSWER_PART: Final = Kind("answer-part", _CHANGED, "An answer has one of its parts less, and still has text.", "gone")
TEXT_VANISHED: Final = Kind("text-vanished", _CHANGED, "There is no text where there was some.", "no text any more")
TEXT_ADDED: Final = Kind("text-added", _CHANGED, "There is text where there was none.", "text where there was none")
CONTENT_ADDED: Final = Kind("content-added", _CHANGED, "An answer has media that it had not.", "new: {new}")
ORDER: Final = Kind("order", _CHANGED, "The same steps come in another order, or in other turns.")
MODEL: Final = Kind("model", _CHANGED, "Another model, or another version of it, or another agent, answers.")
REVISION: Final = Kind("revision", _CHANGED, "Requests name another Api-Revision.")
VALUE: Final = Kind("value", _CHANGED, "A field that can have few values has another.")
RESULT_ERROR: Final = Kind("result-error", _CHANGED, "A tool of the API's own fails, or does not fail any more.")
WORDING: Final = Kind("wording", _CHANGED, "A text says something else, as far as `wording` asks for it.")
OUTPUT: Final = Kind("output", _CHANGED, "A structured answer has another value, as far as `wording` asks for it.")
REQUEST_ADDED: Final = Kind("request-added", _CHANGED, "Another API is asked besides.", "new")
REQUEST_VANISHED: Final = Kind("request-vanished", _CHANGED, "Another API is not asked any more.", "vanished")

FIELD_NEW: Final = Kind("field-new", _COSMETIC, "There is a field that there was not.", "new")
EVENT_NEW: Final = Kind("event-new", _COSMETIC, "A stream has events of a type that it had not.", "new")
THOUGHT: Final = Kind("thought", _COSMETIC, "There are thoughts where there were none, or the other way round.")
ANNOTATIONS: Final = Kind("annotations", _COSMETIC, "An answer cites something else.")
MEDIA: Final = Kind("media", _COSMETIC, "A picture, a sound or another medium has other bytes.", "other bytes")
REMARK: Final = Kind(
    "remark", _COSMETIC, "An error's message, or a thought's summary, says something else, as far as `wording` asks."
)

#: What another test may do that shares the recording.
MISSING: Final = (TURN_VANISHED, REQUEST_VANISHED)

#: All kinds, in the order of the documentation.
KINDS: Final = tuple(value for value in list(globals().values()) if isinstance(value, Kind))
