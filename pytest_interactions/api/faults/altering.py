"""Answers with something wrong in them, made of answers that were right."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_interactions.api import answers
from pytest_interactions.api.delays import Delays
from pytest_interactions.api.exchange import Cut, Exchange, Response
from pytest_interactions.api.faults.parts import NotAlterableError, changed, count_of, first, shortened
from pytest_interactions.api.json_values import compact
from pytest_interactions.api.paths import is_older
from pytest_interactions.api.streaming import encode
from pytest_interactions.api.websocket import Closed, Frame, body_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_interactions.api.exchange import Request
    from pytest_interactions.faults import Effects

#: What ends a long stream, as the real API has been seen to end one (googleapis/python-genai#1949).
BARE_ERROR: Final = b'[{"error":{"code":503,"message":"The service is currently unavailable.","status":"UNAVAILABLE"}}]'
# A client names the end of its connection in its own way; these are httpx's names, as in cassettes.
_REFUSED: Final = Cut(
    by="connection", error="ConnectError", message=f"[Errno {errno.ECONNREFUSED}] {os.strerror(errno.ECONNREFUSED)}"
)
_TIMEOUTS: Final = {
    "connect": Cut(by="connection", error="ConnectTimeout", message="timed out"),
    "read": Cut(by="connection", error="ReadTimeout", message="The read operation timed out"),
}
_UNANSWERED: Final = Cut(
    by="connection", error="RemoteProtocolError", message="Server disconnected without sending a response."
)
#: The close code of a server's own failure (RFC 6455, section 7.4.1).
_INTERNAL: Final = 1011
_INCOMPLETE: Final = "peer closed connection without sending complete message body"


class Altered(NamedTuple):
    """An exchange as it is played, and whether its client may ask again, as it got no answer or no good one."""

    exchange: Exchange
    may_ask_again: bool


def delays_of(effects: Effects) -> Delays:
    """Return what is late in an answer that goes wrong."""
    hangs = effects.timeout is not None or effects.hang_after is not None
    return Delays(effects.delay, effects.events_delay, hangs=hangs, breaks_at=effects.cut_after_seconds)


def altered(effects: Effects, exchange: Exchange, due: Callable[[int], float]) -> Altered:
    """Return an exchange whose answer goes wrong.

    Args:
        effects: What goes wrong.
        exchange: The exchange, with its media.
        due: Tells when so many events have come, in seconds from the request on; 0 stands for the head.

    Raises:
        NotAlterableError: The answer is none with which this can go wrong, such as one that is no stream.
    """
    if effects.error is not None:
        return Altered(_replaced(exchange, _error(effects.error, effects, exchange.request)), may_ask_again=True)
    unanswered = _unanswered(effects)
    if unanswered is not None:
        return Altered(_replaced(exchange, Response(status=0), unanswered), may_ask_again=True)
    if not exchange.response.status:
        raise NotAlterableError("there was no answer when it was recorded")
    if exchange.response.has_messages:
        _check_of_messages(effects)
    elif effects.events_delay and not exchange.response.is_stream:
        raise NotAlterableError("its answer is no stream")
    if effects.changes:
        exchange = changed(effects, exchange)
    if effects.ending is not None:
        exchange = _ENDS[effects.ending](_Answer(exchange, effects, due), getattr(effects, effects.ending))
    return Altered(exchange, may_ask_again=effects.ending is not None or effects.malformed is not None)


def _check_of_messages(effects: Effects) -> None:
    """Raise `NotAlterableError` for what can go wrong with an answer of HTTP alone."""
    later = "events_delay" if effects.events_delay else effects.ending
    if later is not None and later not in _OF_MESSAGES:
        raise NotAlterableError(f"it is a WebSocket, which {' or '.join(sorted(_OF_MESSAGES))} ends")


def _replaced(exchange: Exchange, response: Response, cut: Cut | None = None) -> Exchange:
    return replace(exchange, response=response, cut=cut, seconds=None, times=None)


def _error(status: int, effects: Effects, request: Request) -> Response:
    response = answers.error(status, effects.code, effects.message, is_older=is_older(request.uri))
    if effects.retry_after is not None:
        response.headers["retry-after"] = [answers.in_seconds(effects.retry_after)]
    return response


def _unanswered(effects: Effects) -> Cut | None:
    """Return what keeps any answer away; `None` if nothing does."""
    if effects.refused:
        return _REFUSED
    if effects.timeout is not None:
        return _TIMEOUTS[effects.timeout]
    return _UNANSWERED if effects.cut_after == 0 else None


# --- the end ---


class _Answer(NamedTuple):
    """An answer that is to end: its exchange, what goes wrong, and when its events come."""

    exchange: Exchange
    effects: Effects
    due: Callable[[int], float]


def _broken(counts: str = "incomplete chunked read") -> Cut:
    return Cut(by="connection", error="RemoteProtocolError", message=f"{_INCOMPLETE} ({counts})")


def _bytes(answer: _Answer, count: int, cut: Cut | None = None) -> Exchange:
    """Return an answer that ends after `count` bytes of its body."""
    exchange = answer.exchange
    size = len(exchange.response.body)
    if count >= size:
        raise NotAlterableError(f"its answer has {size} bytes, none after number {count}")
    return replace(
        exchange, response=shortened(exchange.response, exchange.response.body[:count]), cut=cut, seconds=None
    )


def _cut_bytes(answer: _Answer, count: int) -> Exchange:
    response = answer.exchange.response
    counts = (f"received {count} bytes, expected {len(response.body)}",) * (not response.is_stream)
    return _bytes(answer, count, _broken(*counts))


def _cut_seconds(answer: _Answer, seconds: float) -> Exchange:
    """Return what has come after so many seconds."""
    exchange, due = answer.exchange, answer.due
    if due(0) > seconds:
        return _replaced(exchange, Response(status=0), _UNANSWERED)
    count = count_of(exchange) if exchange.response.is_stream else 0
    come = sum(due(number) <= seconds for number in range(1, count + 1))
    if come == count:
        raise NotAlterableError(f"all of its answer comes within {seconds:g} seconds; give it a pace or a delay")
    return first(exchange, come, cut=_broken())


def _last_words(answer: _Answer) -> bytes:
    """Return an `error` event, as the last one of a stream, or of a WebSocket that the server closes then."""
    effects = answer.effects
    said = {"code": effects.code, "message": effects.message}
    error = {name: value for name, value in said.items() if value is not None}
    event = {"event_type": "error", **({"error": error} if error else {})}
    if not answer.exchange.response.has_messages:
        return encode(event)
    return body_of([Frame(sent=False, data=compact(event)), Closed(by_app=False, code=_INTERNAL)])


_ENDS: Final[dict[str, Callable[[_Answer, Any], Exchange]]] = {
    "hang_after": lambda answer, count: first(answer.exchange, count, cut=_TIMEOUTS["read"]),
    "cut_after": lambda answer, count: first(answer.exchange, count, cut=_broken()),
    "cut_after_bytes": _cut_bytes,
    "cut_after_seconds": _cut_seconds,
    "stop_after": lambda answer, count: first(answer.exchange, count),
    "stop_after_bytes": _bytes,
    "bare_error_after": lambda answer, count: first(answer.exchange, count, BARE_ERROR),
    "error_event_after": lambda answer, count: first(answer.exchange, count, _last_words(answer)),
}
#: What ends a WebSocket, beside what keeps it from being opened.
_OF_MESSAGES: Final = frozenset({"cut_after", "error_event_after"})
