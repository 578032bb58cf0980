"""The exchanges of a test, each request compared with the answers before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_interactions.api.fold import fold, payloads
from pytest_interactions.api.lint.check import lint
from pytest_interactions.api.lint.concern import creates
from pytest_interactions.api.lint.kinds import Finding, Weight
from pytest_interactions.api.lint.memory import Memory
from pytest_interactions.api.paths import interaction_path
from pytest_interactions.api.sse import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_interactions.api.exchange import Exchange, Request
    from pytest_interactions.api.json_values import Json


class Found(NamedTuple):
    """A finding, and the number from 1 of the exchange that it is of; `is_told` if that was answered by an error."""

    number: int
    finding: Finding
    is_told: bool

    def __str__(self) -> str:
        return f"exchange {self.number}, {self.finding}"


def found_in(exchanges: Iterable[Exchange]) -> list[Found]:
    """Return what the API would refuse, once each; what it is known to tolerate is left out."""
    memory = Memory()
    found: dict[Finding, Found] = {}
    for number, exchange in enumerate(exchanges, start=1):
        for finding in _of(exchange.request, memory):
            found.setdefault(finding, Found(number, finding, not _is_success(exchange)))
        _learn(exchange, memory)
    return list(found.values())


def found_in_next(request: Request, exchanges: Iterable[Exchange]) -> list[Finding]:
    """Return what the API would refuse in a request that comes after `exchanges`."""
    memory = Memory()
    for exchange in exchanges:
        _learn(exchange, memory)
    return _of(request, memory)


def _of(request: Request, memory: Memory) -> list[Finding]:
    body = request.json() if creates(request) else None
    found = lint(body, memory) if isinstance(body, dict) else []
    return [finding for finding in found if finding.weight is not Weight.TOLERATED]


def _learn(exchange: Exchange, memory: Memory) -> None:
    """Take note of the answer of an exchange, or of the interaction that it deleted."""
    request, response = exchange.request, exchange.response
    path = interaction_path(request.uri)
    if path is None or not _is_success(exchange):
        return
    if request.method == "DELETE":
        memory.deleted.add(path.removeprefix("/interactions/"))
        return
    body = request.json()
    continues = body.get("continuation_token") if isinstance(body, dict) else None
    if response.is_stream:
        events = [data for event in decode(response.body) for data in payloads(event)]
        answer = _without_pieces(fold(events).model_dump(), events)
        memory.add(answer, tokens=_tokens(events), continues=continues)
    elif isinstance(response.json(), dict):
        memory.add(response.json(), continues=continues)


def _is_success(exchange: Exchange) -> bool:
    return 200 <= exchange.response.status < 300  # noqa: PLR2004 - HTTP's success


def _without_pieces(answer: Json, events: Iterable[Json]) -> Json:
    """Return a folded answer without the signatures that came in pieces: clients differ in what they make of these."""
    steps: dict[str, set[str]] = {}
    pieces: set[str] = set()
    for event in events:
        index = str(event.get("index"))
        if event.get("event_type") == "step.start":
            steps.pop(index, None)
        delta = event.get("delta")
        signature = delta.get("signature") if isinstance(delta, dict) else None
        if signature and isinstance(signature, str):
            of_step = steps.setdefault(index, set())
            of_step.add(signature)
            pieces |= of_step if len(of_step) > 1 else set()
    lists = {name: answer[name] for name in ("steps", "outputs") if pieces and isinstance(answer.get(name), list)}
    return answer | {name: [_unsigned(step, pieces) for step in steps] for name, steps in lists.items()}


def _unsigned(step: Any, signatures: set[str]) -> Any:
    signature = step.get("signature") if isinstance(step, dict) else None
    return {**step, "signature": None} if isinstance(signature, str) and signature in signatures else step


def _tokens(events: Iterable[Json]) -> Iterator[Any]:
    """Yield the tokens in a stream, from each of which it can be continued."""
    for event in events:
        interaction = event.get("interaction")
        for place in (event, interaction if isinstance(interaction, dict) else {}):
            yield place.get("continuation_token")
