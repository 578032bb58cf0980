"""Re-recordings of the same behaviour: other ids, counts, times, signatures, wording, hops, retries, polls and cuts."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.exchange import Response
from tests.drift.traffic import Exchanges, answer, is_answer, of_type, steps_of, with_answer

if TYPE_CHECKING:
    from random import Random

    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.api.json_values import Json

_WORDS = (
    "sunny",
    "of",
    "course",
    "model",
    "Paris",
    "the",
    "is",
    "learns",
    "often",
    "22",
    "Grüße",
    "日本",
    "\n\n* item",
)
_IDS = re.compile(rb'v1_[\w-]{10,}|(?<="id":")[\w-]{6,}|(?<="call_id":")[\w-]{6,}|(?<="id": ")[\w-]{6,}')


def rerecorded(recorded: Exchanges, rng: Random) -> Exchanges:
    """Return another recording of the same behaviour."""
    live = [_answered_again(each.copied(), rng) for each in recorded]
    live = [each for exchange in live for each in _in_hops(exchange, rng)]
    live = [each for exchange in live for each in (*_retried(exchange, rng), exchange)]
    return _with_other_ids(_with_polls(live, rng), rng)


def _answered_again(exchange: Exchange, rng: Random) -> Exchange:
    """Return an exchange whose answer has other words, signatures, counts and times, and comes in other pieces."""
    if not is_answer(exchange):
        return exchange
    value = answer(exchange)
    _vary(value, rng)
    for step in of_type(value, "model_output"):
        for part in step.get("content") or []:
            if isinstance(part.get("text"), str) and part["text"].strip():
                part["text"] = _reworded(part["text"], rng)
    for step in of_type(value, "thought"):
        for part in step.get("summary") or []:
            if isinstance(part.get("text"), str):
                part["text"] = _words(rng)
    texts = [
        part["text"] for step in of_type(value, "model_output") for part in step.get("content") or [] if "text" in part
    ]
    pieces = _pieces(texts[0], rng) if len(texts) == 1 and texts[0] else None
    return with_answer(exchange, _with_other_order(value, rng), pieces)


def _pieces(text: str, rng: Random) -> list[str]:
    """Return a text in pieces, cut anywhere."""
    cuts = sorted(rng.randrange(len(text) + 1) for _ in range(rng.randrange(5)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True) if start < end]


def _reworded(text: str, rng: Random) -> str:
    """Return other words; a structured text keeps its structure."""
    try:
        value = json.loads(text)
    except ValueError:
        return _words(rng)
    if not isinstance(value, dict | list):
        return _words(rng)
    return json.dumps(_structure(value, rng), indent=rng.choice([None, 2]))


def _structure(value: Any, rng: Random) -> Any:
    if isinstance(value, dict):
        return {name: _structure(item, rng) for name, item in value.items()}
    if isinstance(value, list):
        return [_structure(item, rng) for item in value]
    return _words(rng) if isinstance(value, str) else value


def _words(rng: Random) -> str:
    return " ".join(rng.choice(_WORDS) for _ in range(rng.randrange(1, 40)))


def _vary(value: Any, rng: Random) -> None:
    """Give other values to what differs at each recording, at any depth but in an app's own arguments and results."""
    for item in value if isinstance(value, list) else ():
        _vary(item, rng)
    for name, item in list(value.items()) if isinstance(value, dict) else ():
        if name == "signature":
            value[name] = f"c2ln{rng.randrange(10**9)}"
        elif name in {"created", "updated"} and isinstance(item, str):
            value[name] = f"20{rng.randrange(27, 40)}-01-01T00:00:{rng.randrange(10, 60)}Z"
        elif name == "usage" and isinstance(item, dict):
            value[name] = {"total_tokens": rng.randrange(999), "total_input_tokens": rng.randrange(99)}
        elif name not in {"arguments", "result"}:
            _vary(item, rng)


def _with_other_order(value: Json, rng: Random) -> Json:
    names = list(value)
    rng.shuffle(names)
    return {name: value[name] for name in names}


# --- more exchanges for the same ---


def _in_hops(exchange: Exchange, rng: Random) -> list[Exchange]:
    """Return an answer in one hop or two, as after the API's limit of tokens."""
    is_whole = is_answer(exchange) and exchange.request.method == "POST" and not exchange.response.is_stream
    value = answer(exchange) if is_whole else {}
    asked = exchange.request.json()
    if not value.get("id") or len(steps_of(value)) < 2 or "steps" not in value or rng.random() < 0.7:
        return [exchange]
    middle = rng.randrange(1, len(steps_of(value)))
    first = value | {"id": f"{value['id']}_1", "status": "requires_continuation", "steps": value["steps"][:middle]}
    first["continuation_token"] = f"token{rng.randrange(10**9)}"
    last = value | {"steps": value["steps"][middle:]}
    again = asked | {"previous_interaction_id": first["id"], "continuation_token": first["continuation_token"]}
    rest = replace(exchange, request=exchange.request.with_json(again))
    return [with_answer(exchange, first), with_answer(rest, last)]


def _retried(exchange: Exchange, rng: Random) -> list[Exchange]:
    """Return attempts at the same request that failed before."""
    if rng.random() < 0.8 or exchange.request.method != "POST":
        return []
    status = rng.choice([408, 429, 500, 503])
    body = b'{"error": {"code": "unavailable", "message": "Later."}}'
    refused = Response(status=status, headers={"content-type": ["application/json"]}, body=body)
    return [replace(exchange, response=refused)] * rng.randrange(1, 3)


def _with_polls(exchanges: Exchanges, rng: Random) -> Exchanges:
    """Return exchanges in which work in the background is asked for more often."""
    more: Exchanges = []
    for each in exchanges:
        is_poll = each.request.method == "GET" and b'"in_progress"' in each.response.body
        more += [each] * (rng.randrange(1, 4) if is_poll and not each.response.is_stream else 1)
    return more


def _with_other_ids(exchanges: Exchanges, rng: Random) -> Exchanges:
    """Return exchanges in which each id is another one, wherever it stands."""
    texts = [each.response.body for each in exchanges]
    agents = {name for each in exchanges for name in re.findall(rb'"agent":\s*"([^"]+)"', each.request.body)}
    names = sorted({name for text in texts for name in _IDS.findall(text)} - agents)
    known = {name: b"new%d_" % rng.randrange(10**6) + name for name in names}

    def other(text: bytes) -> bytes:
        for name in sorted(known, key=len, reverse=True):
            text = re.sub(rb"(?<![\w-])" + re.escape(name) + rb"(?![\w-])", known[name], text)
        return text

    return [
        replace(
            each,
            request=replace(
                each.request.with_body(other(each.request.body)), uri=other(each.request.uri.encode()).decode()
            ),
            response=each.response.with_body(other(each.response.body)),
        )
        for each in exchanges
    ]
