"""Records exchanges with a secret through real clients, and searches the files that are written."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

import yaml

from attack import readers
from attack.clients import ANY, SDK
from attack.credentials import credential
from attack.draw import ALNUM, generator, text
from attack.judge import CLEAN, LEAKED, REFUSED, Planted
from attack.keys import key
from attack.odd_places import ODD_PLACES
from attack.places import PLACES, asking, received, sent
from attack.server import serving
from attack.signatures import signature
from attack.spellings import SPELLINGS, Spelling
from attack.streams import split
from attack.suite import KEY, KNOWN, spelled
from attack.values import Secret, environ
from pytest_interactions import SecretLeakError, use_cassette

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from attack.clients import Send
    from attack.judge import Item
    from attack.server import Server
    from attack.table import Table
    from pytest_interactions.api.exchange import Request

_OF_EACH: Final = 240
_IN_ONE: Final = 12  # recordings in a cassette
_VARIABLES: Final = 40
_API: Final = "https://generativelanguage.googleapis.com/"
_OVER_HTTP: Final = tuple(place for place in (*PLACES, *ODD_PLACES) if place.over_http)
_INTERACTIONS: Final = 5  # of the kinds of streams, the first are the Interactions API's
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def run(table: Table, divisor: int = 1, seed: int = 0) -> None:
    """Record by each client, and count what becomes of the secrets."""
    dice = generator("recordings", seed)
    variables, drawn = environ(dice, _VARIABLES)
    with _set(variables), serving() as server:
        for clients, plan in ((ANY, _anything), (SDK, _interaction)):
            for name, send in clients.items():
                row = f"recorded with {name}"
                todo = [replace(plan(dice, drawn, n), row=row) for n in range(max(_OF_EACH // divisor, _IN_ONE))]
                for begin in range(0, len(todo), _IN_ONE):
                    _record(table, server, send, todo[begin : begin + _IN_ONE])


def _record(table: Table, server: Server, send: Send, todo: list[Planted]) -> None:
    """Record exchanges in one cassette; where it is refused, each in its own."""
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        path, refused = Path(folder, "cassette.yaml"), False
        try:
            with use_cassette(path, record_mode="rewrite", recorded_hosts=["127.0.0.1"]):
                send(_asked(server, todo), server.url)
        except SecretLeakError:
            refused = True
        if refused and len(todo) > 1:
            for planted in todo:
                _record(table, server, send, [planted])
            return
        items = _entries(path, len(todo), refused=refused)
        others = [
            file.read_text("utf-8", "replace") for file in Path(folder).rglob("*") if file.is_file() and file != path
        ]
        for planted, item in zip(todo, items, strict=True):
            leaked = (item is not None and planted.is_in(item)) or any(
                _holds(planted.secret, other) for other in others
            )
            table.add(planted, LEAKED if leaked else REFUSED if refused else CLEAN)


def _entries(path: Path, count: int, *, refused: bool) -> list[Item] | list[None]:
    """Return the entries of a cassette.

    Raises:
        RuntimeError: They are not as many as were recorded.
    """
    if not path.exists() and refused:
        return [None] * count
    items: list[Item] = yaml.load(path.read_text("utf-8"), Loader=_LOADER)["interactions"]  # noqa: S506 - a safe one
    if len(items) != count and not refused:
        raise RuntimeError(f"{len(items)} of {count} exchanges were recorded")
    return items


def _holds(secret: str, other: str) -> bool:
    return any(readers.holds(secret, text) for text in (other, readers.unescaped(other), *readers.base64s(other)))


def _asked(server: Server, todo: list[Planted]) -> Iterator[Request]:
    """Yield the requests, and let the server know each answer in time."""
    for planted in todo:
        request = planted.exchange.request
        server.planned = planted.exchange.response
        url = urlsplit(request.uri)
        yield replace(request, uri=urlunsplit(("http", server.url.partition("//")[2], *url[2:])))


@contextmanager
def _set(variables: dict[str, str]) -> Iterator[None]:
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


def _secret(dice: Random, drawn: list[Secret]) -> tuple[Secret, str]:
    if dice.randrange(2):
        return key(dice), KEY
    return dice.choice(drawn), KNOWN


def _anything(dice: Random, drawn: list[Secret], number: int) -> Planted:
    """Plant any secret at any place that HTTP has."""
    kind = number % 6
    secret, family = _secret(dice, drawn)
    if kind == 0:
        return signature(dice, dice.randrange(1000))
    if kind == 1:
        return split(dice, secret, family, dice.randrange(1000))
    if kind == 2:
        planted = credential(dice, dice.randrange(1000))
        return planted if planted.exchange.request.uri.startswith(_API) else _anything(dice, drawn, number)
    if kind == 3:
        return _echoed(dice)
    return spelled(dice, secret, family, dice.choice(SPELLINGS), _OVER_HTTP)


def _echoed(dice: Random) -> Planted:
    """Plant the credential of the request itself, which nobody knew before."""
    value = text(dice, ALNUM, 32, 60)
    name, shown = dice.choice(
        (("x-goog-api-key", value), ("authorization", f"Bearer {value}"), ("x-rapidapi-key", value))
    )
    planted = spelled(dice, Secret(f"request's {name}", value, value), KNOWN, dice.choice(SPELLINGS), _OVER_HTTP)
    planted.exchange.request.headers[name] = [shown]
    return planted


def _interaction(dice: Random, drawn: list[Secret], number: int) -> Planted:
    """Plant a secret in a question to the Interactions API, in its answer, or in a stream of that."""
    secret, family = _secret(dice, drawn)
    kind = number % 3
    if kind == 0:
        planted = split(dice, secret, family, dice.randrange(_INTERACTIONS))
        planted.exchange.request.headers["accept"] = ["text/event-stream"]
        return planted
    spelling = dice.choice(SPELLINGS)
    said = spelling.spell(dice, secret)
    step = {"type": "model_output", "content": [{"type": "text", "text": said if kind == 1 else "yes"}]}
    exchange = asking(json.dumps({"input": said if kind == 2 else "go on"}).encode())
    exchange.response.body = json.dumps({"id": "v1_1", "status": "completed", "steps": [step]}).encode()
    described = f"{secret.kind}, {spelling.name}, {'answer' if kind == 1 else 'question'}"
    return Planted(family, described, secret.value, exchange, lambda item: _read(item, spelling))


def _read(item: Item, spelling: Spelling) -> Iterator[str]:
    for body in (sent(item), received(item)):
        yield from spelling.read(readers.unescaped(body))
