"""A cassette as OpenTelemetry spans, in the JSON form of OTLP (`ExportTraceServiceRequest`).

Names and attributes are those of OpenTelemetry's semantic conventions for generative AI, version 1.37:
https://github.com/open-telemetry/semantic-conventions/tree/v1.37.0/docs/gen-ai; the time to the first chunk of a stream
is one of a later version. A cassette knows when it was recorded,
and how long each exchange took. It does not know what happened between them, so they are laid end to end.
"""

from __future__ import annotations

import re
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_interactions.api.calls import calls_of
from pytest_interactions.api.conversation import turns
from pytest_interactions.api.digests import hex_digest, hex_digest_of
from pytest_interactions.api.paths import interaction_path, split
from pytest_interactions.api.steps import plain
from pytest_interactions.api.tool_calls import is_call, is_result, tool_of
from pytest_interactions.cassette.age import recorded_at
from pytest_interactions.files.origin import own_version
from pytest_interactions.report.content import redacted
from pytest_interactions.report.otlp_attributes import of_call, of_exchange, of_tool, told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_interactions.api.calls import Call
    from pytest_interactions.api.conversation import Turn
    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.api.models import Step
    from pytest_interactions.files.storage import Contents
    from pytest_interactions.redaction.redactor import Redactor

_INTERNAL, _CLIENT = 1, 3  # the kinds of spans, as OTLP numbers them
_ERROR: Final = 2  # the status of a span
_TRACE, _SPAN = 32, 16  # hexadecimal digits of ids
_ID: Final = re.compile(r"^(/interactions/)(?!live$)[^/:]+")
_WITHOUT_ID: Final = r"\1{id}"  # few names of spans, as the conventions for HTTP ask for


class _Time(NamedTuple):
    """When a span begins and ends, in nanoseconds since 1970."""

    begin: int
    end: int


class _Span(NamedTuple):
    """A span; `inside` is the number of the span that it is a part of, or `None` for the first, which is the whole."""

    name: str
    kind: int
    time: _Time
    attributes: Json
    inside: int | None = 0


def resource_spans_of(path: Path, contents: Contents, redactor: Redactor) -> Json:
    """Return the spans of the cassette at `path`, without secrets, as one of the `resourceSpans` of OTLP.

    It is one trace: a span for the test, below it one for each call of the app, with the tools of the API inside, and
    one for each tool of the app and for each other exchange. A tool's span takes no time, as nobody knows how long it
    took. Equal cassettes of one name have equal ids.
    """
    exchanges = [redacted(exchange, redactor) for exchange in contents.exchanges]
    began = recorded_at(contents.origin, contents.exchanges)
    spans = _spans(path, exchanges, 0 if began is None else int(began.timestamp()) * 10**9)
    bodies = chain.from_iterable((each.request.body, each.response.body) for each in exchanges)
    trace = hex_digest_of([f"{path.parent.name}/{path.name}".encode(), *bodies], _TRACE)
    return {
        "resource": {"attributes": told({"service.name": "pytest-interactions"})},
        "scopeSpans": [
            {
                "scope": {"name": "pytest_interactions", "version": own_version().rpartition(" ")[2]},
                "spans": [_written(number, span, trace) for number, span in enumerate(spans)],
            }
        ],
    }


def _times(exchanges: Sequence[Exchange], begin: int) -> list[_Time]:
    lengths = (round((exchange.seconds or 0) * 10**9) for exchange in exchanges)
    return [_Time(*each) for each in pairwise(accumulate(lengths, initial=begin))]


def _spans(path: Path, exchanges: list[Exchange], begin: int) -> list[_Span]:
    """Return the spans: first that of the test, of which all others are parts."""
    times = _times(exchanges, begin)
    whole = _Time(begin, times[-1].end if times else begin)
    spans = [_Span(path.stem, _INTERNAL, whole, {"test.case.name": path.stem, "cassette": str(path)}, inside=None)]
    time_of = {id(exchange): time for exchange, time in zip(exchanges, times, strict=True)}
    calls = calls_of(exchanges)
    conversation = turns(call.interaction for call in calls)
    steps = chain.from_iterable((*turn.inputs, *turn.outputs) for turn in conversation)
    results = {step.call_id: step for step in steps if is_result(step.type)}
    for call, turn in zip(calls, conversation, strict=True):
        time = _time_of(call, [time_of[id(exchange)] for exchange in call.exchanges])
        spans.append(_of_call(call, turn, time))
        number = len(spans) - 1
        for step in (each for each in turn.outputs if is_call(each.type)):
            inside = 0 if step.type == "function_call" else number
            spans.append(_of_tool(step, results.get(step.id), _Time(time.end, time.end), inside))
    of_calls = {id(exchange) for call in calls for exchange in call.exchanges}
    others = (exchange for exchange in exchanges if id(exchange) not in of_calls)
    return [*spans, *(_of_exchange(exchange, time_of[id(exchange)]) for exchange in others)]


def _time_of(call: Call, times: list[_Time]) -> _Time:
    """Return the time that a call took; that of a turn of a live interaction is a part of its connection's."""
    turn = call.turn
    if turn is not None and turn.began is not None and turn.seconds is not None:
        begin = times[0].begin + round(turn.began * 10**9)
        return _Time(begin, begin + round(turn.seconds * 10**9))
    return _Time(min(time.begin for time in times), max(time.end for time in times))


def _of_call(call: Call, turn: Turn, time: _Time) -> _Span:
    attributes = of_call(call, turn)
    asked = call.asked.get("agent") or call.asked.get("model") or ""
    return _Span(f"{attributes['gen_ai.operation.name']} {asked}".rstrip(), _CLIENT, time, attributes)


def _of_tool(step: Step, result: Step | None, time: _Time, inside: int) -> _Span:
    return _Span(f"execute_tool {tool_of(plain(step))}", _INTERNAL, time, of_tool(step, result), inside)


def _of_exchange(exchange: Exchange, time: _Time) -> _Span:
    path = interaction_path(exchange.request.uri) or split(exchange.request.uri).path
    name = f"{exchange.request.method} {_ID.sub(_WITHOUT_ID, path)}"
    return _Span(name, _CLIENT, time, of_exchange(exchange))


def _written(number: int, span: _Span, trace: str) -> Json:
    error = str(span.attributes.get("error.type", ""))
    inside = {} if span.inside is None else {"parentSpanId": _span_id(trace, span.inside)}
    return {
        "traceId": trace,
        "spanId": _span_id(trace, number),
        **inside,
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": str(span.time.begin),
        "endTimeUnixNano": str(span.time.end),
        "attributes": told(span.attributes),
        "status": {"code": _ERROR, "message": error} if error else {},
    }


def _span_id(trace: str, number: int) -> str:
    return hex_digest(f"{trace} {number}", _SPAN)
