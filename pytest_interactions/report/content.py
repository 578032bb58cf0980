"""All that is shown of a cassette, as JSON."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from pytest_interactions.api import latency
from pytest_interactions.api.behaviour import behaviour_of
from pytest_interactions.api.calls import calls_of
from pytest_interactions.api.digests import IN_SNAPSHOT, hex_digest
from pytest_interactions.api.paths import interaction_path, split
from pytest_interactions.api.setting import changed, setting_of
from pytest_interactions.api.usage import summed
from pytest_interactions.cassette.age import first_answer
from pytest_interactions.files.storage import loads, read_bytes
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets
from pytest_interactions.report.websockets import facts_of, sizes_of
from pytest_interactions.store.project import found
from pytest_interactions.store.store import locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from pytest_interactions.api.calls import Call
    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.api.models import Interaction
    from pytest_interactions.files.storage import Contents

#: The API's counts, each with its name in a transcript.
_TOKENS = (
    ("total_input_tokens", "in"),
    ("total_output_tokens", "out"),
    ("total_thought_tokens", "thought"),
    ("total_tool_use_tokens", "tools"),
)


@dataclass(slots=True)
class _Conversation:
    interactions: list[Interaction]


def reader(max_size: int, tell: Callable[[Path, Contents, Redactor], Json] | None = None) -> Callable[[Path], Json]:
    """Return the function that reads a cassette, up to a size, and tells of it; it raises as `load` does.

    What it returns is what `tell` makes of the cassette; without it, what `report_of` does.
    """
    read = reader_of_bytes(max_size, tell)
    return lambda path: read(read_bytes(found(path).file, max_size), path)


def reader_of_bytes(
    max_size: int, tell: Callable[[Path, Contents, Redactor], Json] | None = None
) -> Callable[[bytes, Path], Json]:
    """Return the function that does the same of the bytes of a cassette; errors name the path that it is given."""
    secrets = Secrets.from_environ(os.environ)
    redactor = Redactor(secrets=secrets)

    def read(raw: bytes, path: Path) -> Json:
        contents = loads(raw, path, max_size)
        for exchange in contents.exchanges:
            secrets.learn(exchange.request)
        return (tell or report_of)(path, contents, redactor)

    return read


def report_of(path: Path, contents: Contents, redactor: Redactor) -> Json:
    """Return all that is shown of the cassette at `path`, without secrets, as it may be another recorder's.

    What is not known is missing, such as how long it took. The file may not be there, as a test may have recorded none.
    """
    exchanges = [redacted(exchange, redactor) for exchange in contents.exchanges]
    calls = calls_of(exchanges)
    interactions = [call.interaction for call in calls]
    turns = list(_turns(calls, exchanges))
    known = [turn["seconds"] for turn in turns if "seconds" in turn]
    turn_of: dict[int, int] = {}
    for number, call in enumerate(calls, 1):
        for each in call.exchanges:  # turns of a live interaction share one, which is named by its first
            turn_of.setdefault(id(each), number)
    return {
        "path": str(path),
        "recorded": contents.origin.recorded or first_answer(contents.exchanges, interactions) or None,
        "incomplete": contents.incomplete,
        "models": _unique([each.model] for each in interactions),
        "agents": _unique([each.agent] for each in interactions),
        "tools": _unique(_tools(exchange.request.json()) for exchange in exchanges),
        "tokens": _tokens(interactions),
        **({"seconds": sum(known)} if known and len(known) == len(turns) else {}),
        "bytes": _size_of(path),
        "exchanges": [
            {**_exchange(each, turn_of.get(id(each))), **sizes_of(recorded)}
            for each, recorded in zip(exchanges, contents.exchanges, strict=True)
        ],
        "turns": turns,
    }


def _size_of(path: Path) -> int:
    """Return the bytes of a cassette, be it in the tree or in a store; none of one that was not recorded."""
    if path.exists():
        return path.stat().st_size
    entry = locked(path.absolute())
    return entry.size if entry else 0


def redacted(exchange: Exchange, redactor: Redactor) -> Exchange:
    """Return an exchange without secrets."""
    request = redactor.request(exchange.request)
    return replace(exchange, request=request, response=redactor.response(exchange.response, exchange.request.uri))


def _turns(calls: list[Call], exchanges: list[Exchange]) -> Iterator[Json]:
    """Yield each turn's behaviour, with its setting, what it cost, and when it came, if it was streamed.

    `changed` has the names of the setting that are not as in the turn that it continues, else as in the one before.
    """
    behaviour = behaviour_of(_Conversation([call.interaction for call in calls]), opening=True)
    settings: dict[str, Json] = {}
    before: Json = {}
    number_of = {id(exchange): number for number, exchange in enumerate(exchanges, 1)}
    for turn, call in zip(behaviour, calls, strict=True):
        setting = setting_of(call.asked)
        before = settings.get(str(call.interaction.previous_interaction_id), before)
        cost = {} if call.seconds is None else {"seconds": call.seconds}
        told = {"tokens": _tokens([call.interaction]), "setting": setting, "changed": changed(setting, before)}
        pace = _pace_of_call(call, [number_of[id(exchange)] for exchange in call.exchanges])
        yield {"status": turn["status"], **cost, **pace, **told, **turn}
        before = setting
        if call.interaction.id:
            settings[str(call.interaction.id)] = setting


def _unique(names: Iterable[Iterable[Any]]) -> list[str]:
    return list(dict.fromkeys(name for name in chain.from_iterable(names) if isinstance(name, str)))


def _tools(request: Any) -> Iterator[Any]:
    tools = request.get("tools") if isinstance(request, dict) else None
    for tool in tools if isinstance(tools, list) else []:
        if isinstance(tool, dict):
            yield tool.get("name") or tool.get("type")


def _tokens(interactions: list[Interaction]) -> dict[str, int]:
    total = summed(each.usage for each in interactions)
    return {label: total[name] for name, label in _TOKENS if isinstance(total.get(name), int)}


def _of_agent(request: Any) -> Json:
    """Return the setting of an agent, in a request that makes one."""
    setting = setting_of(request) if isinstance(request, dict) else {}
    return {name: setting[name] for name in ("system_instruction", "tools") if name in setting}


def pace_of(exchanges: list[Exchange], numbers: Sequence[int] = ()) -> Json:
    """Return when the first token of a call came, and the gaps between its events, as far as these are known.

    The longest gap is told with the event that it was before. With the `numbers` of the exchanges, so is the exchange.
    """
    return _pace(latency.first_of(exchanges), latency.gaps(exchanges), numbers)


def _pace_of_call(call: Call, numbers: Sequence[int]) -> Json:
    """Return the pace of a call; the events of a turn of a live interaction count from its beginning."""
    return _pace(call.first(), call.gaps(), numbers if call.turn is None else ())


def _pace(first: latency.First | None, gaps: list[latency.Gap], numbers: Sequence[int]) -> Json:
    pace: Json = {} if first is None else {"first_token": first.token}
    if gaps:
        longest = latency.longest(gaps)
        where = {"exchange": numbers[longest.stream]} if numbers else {}
        pace["gaps"] = {
            "median": latency.typical(gaps),
            "longest": longest.seconds,
            **where,
            "before_event": longest.event,
        }
    return pace


def _exchange(exchange: Exchange, turn: int | None) -> Json:
    request, response = exchange.request, exchange.response
    path, url = interaction_path(request.uri), split(request.uri)
    report: Json = {
        "method": request.method,
        "url": path or f"{url.netloc.rpartition('@')[2]}{url.path}",
        "status": response.status,
        "streamed": response.is_stream,
        **facts_of(exchange),
    }
    if exchange.seconds is not None:
        report["seconds"] = exchange.seconds
    report |= {} if response.has_messages else pace_of([exchange])  # its turns have one
    if turn is not None:
        report["turn"] = turn
    if path is None and (setting := _of_agent(request.json())):
        report["setting"] = setting
    if path is None:
        report["sha256"] = hex_digest(response.body, IN_SNAPSHOT)
    if exchange.cut is not None:
        report["cut"] = exchange.cut.by
    answer = response.json() if response.status >= 400 else None  # noqa: PLR2004 - HTTP's first error
    if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
        report["error"] = str(answer["error"].get("message") or answer["error"].get("code"))
    return report
