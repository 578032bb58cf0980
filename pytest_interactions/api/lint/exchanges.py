"""The exchanges of a test, each request compared with the answers before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_interactions.api.fold import fold, payloads
from pytest_interactions.api.lint import Finding, Memory, Weight, lint
from pytest_interactions.api.paths import interaction_path
from pytest_interactions.api.sse import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_interactions.api.exchange import Exchange, Request

#: What a request has in it that can be wrong by the answers before it.
_MARKS: Final = (b"thought", b"function_", b"previous_interaction_id", b"continuation_token", b"background")


class Found(NamedTuple):
    """A finding, and the number from 1 of the exchange that it is of."""

    number: int
    finding: Finding

    def __str__(self) -> str:
        return f"exchange {self.number}, {self.finding}"


def concerns(request: Request) -> bool:
    """Return whether there may be findings on a request, told by its text alone."""
    is_create = request.method == "POST" and interaction_path(request.uri) == "/interactions"
    return is_create and any(mark in request.body for mark in _MARKS)


def found_in(exchanges: Iterable[Exchange]) -> list[Found]:
    """Return what the API would refuse, once each; what it is known to tolerate is left out."""
    memory = Memory()
    found: dict[Finding, int] = {}
    for number, exchange in enumerate(exchanges, start=1):
        for finding in _of(exchange.request, memory):
            found.setdefault(finding, number)
        _learn(exchange, memory)
    return [Found(number, finding) for finding, number in found.items()]


def found_in_next(request: Request, exchanges: Iterable[Exchange]) -> list[Finding]:
    """Return what the API would refuse in a request that comes after `exchanges`."""
    memory = Memory()
    for exchange in exchanges:
        _learn(exchange, memory)
    return _of(request, memory)


def _of(request: Request, memory: Memory) -> list[Finding]:
    body = request.json() if concerns(request) else None
    found = lint(body, memory) if isinstance(body, dict) else []
    return [finding for finding in found if finding.weight is not Weight.TOLERATED]


def _learn(exchange: Exchange, memory: Memory) -> None:
    """Take note of the answer of an exchange, or of the interaction that it deleted."""
    request, response = exchange.request, exchange.response
    path = interaction_path(request.uri)
    if path is None or not 200 <= response.status < 300:  # noqa: PLR2004 - HTTP's success
        return
    if request.method == "DELETE":
        memory.deleted.add(path.removeprefix("/interactions/"))
    elif response.is_stream:
        events = decode(response.body)
        memory.add(fold(events).model_dump(), tokens=_tokens(data for event in events for data in payloads(event)))
    else:
        answer = response.json()
        if isinstance(answer, dict):
            memory.add(answer)


def _tokens(events: Iterable[dict[str, Any]]) -> Iterator[Any]:
    """Yield the tokens in a stream, from each of which it can be continued."""
    for event in events:
        interaction = event.get("interaction")
        for place in (event, interaction if isinstance(interaction, dict) else {}):
            yield place.get("continuation_token")
