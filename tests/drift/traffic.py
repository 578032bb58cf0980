"""Recorded conversations, and changes of what answered in them, streamed or not."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.calls import calls_of
from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.api.fold import fold, payloads
from pytest_interactions.api.sse import decode
from pytest_interactions.api.streaming import DONE, encode, events
from pytest_interactions.files import media, storage

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_interactions.api.json_values import Json

ROOT = Path(__file__).parents[2]
REAL = next(
    (each / "shared/real-traffic" for each in ROOT.parents if (each / "shared/real-traffic").exists()), ROOT / "none"
)
Exchanges = list[Exchange]
_BEGINNINGS = (b"interaction.created", b"interaction.start")


@cache
def conversations() -> dict[str, Exchanges]:
    """Return the project's own recordings, and real ones where they are on this machine, by their names."""
    files = sorted(chain((ROOT / "cassettes/tests/quickstart").rglob("*.yaml"), REAL.rglob("*.yaml")))
    return {file.stem: read(file) for file in files}


def read(file: Path) -> Exchanges:
    """Return the exchanges of a cassette, with their media in them."""
    return [media.whole(exchange, media.directory_of(file)) for exchange in storage.load(file).exchanges]


def is_answer(exchange: Exchange) -> bool:
    """Return whether an exchange brought an interaction that has ended, or asks for something."""
    if exchange.response.is_stream and not any(name in exchange.response.body for name in _BEGINNINGS):
        return False  # the rest of one that broke
    calls = calls_of([exchange])
    is_done = bool(calls) and str(calls[0].interaction.status) in {"completed", "requires_action"}
    return is_done and exchange.cut is None


def answer(exchange: Exchange) -> Json:
    """Return the interaction of an exchange, folded if it was streamed."""
    response = exchange.response
    if not response.is_stream:
        return deepcopy(response.json())
    return fold(data for event in decode(response.body) for data in payloads(event)).model_dump()


def with_answer(exchange: Exchange, value: Json, pieces: list[str] | None = None) -> Exchange:
    """Return an exchange that brings another interaction, streamed as it was; `pieces` are those of the text."""
    response = exchange.response
    if not response.is_stream:
        return replace(exchange, response=response.with_json(value))
    body = b"".join(map(encode, events({"steps": [], **value}, pieces)))
    done = DONE if b"[DONE]" in response.body else b""
    return replace(exchange, response=response.with_body(body + done))


def changed(exchanges: Exchanges, number: int, change: Callable[[Json], object]) -> Exchanges:
    """Return exchanges of which one brings another interaction: `change` changes it in its place."""
    value = answer(exchanges[number])
    change(value)
    return [with_answer(each, value) if index == number else each for index, each in enumerate(exchanges)]


def steps_of(value: Json) -> list[Json]:
    """Return the steps of an interaction."""
    steps: list[Json] = value.get("steps") or value.get("outputs") or []
    return steps


def of_type(value: Json, kind: str) -> list[Json]:
    """Return the steps of one type."""
    return [step for step in steps_of(value) if step.get("type") == kind]


def exchange(asked: Json, answered: Any, *, status: int = 200, stream: bool = False, uri: str = "") -> Exchange:
    """Return an exchange with the Interactions API, or with the address `uri`."""
    request = Request(
        method="POST",
        uri=uri or "https://generativelanguage.googleapis.com/v1beta/interactions",
        headers={"content-type": ["application/json"]},
        body=json.dumps(asked).encode(),
    )
    kind = "text/event-stream" if stream else "application/json"
    body = b"".join(map(encode, events(answered, None))) + DONE if stream else json.dumps(answered).encode()
    return Exchange(request=request, response=Response(status=status, headers={"content-type": [kind]}, body=body))
