"""What a WebSocket costs: its first message while it is recorded, and 1,000 messages while it is played."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
import warnings
from contextlib import contextmanager
from functools import partial
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from websockets.asyncio.client import connect as connect_in_loop
from websockets.exceptions import ConnectionClosedOK
from websockets.sync.client import connect
from websockets.sync.server import serve

from benchmarks.report import Section, duration
from pytest_interactions import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from pathlib import Path

    #: Asks a server once; returns the seconds to the first message after the question, and those to the last one.
    Ask = Callable[[str], tuple[float, float]]

_MESSAGES: Final = 1000
#: Seconds before the first message, and between that and the others.
_THINKS: Final = 0.02
_GAP: Final = 0.005
_SAID: Final = ('{"event_type":"interaction.connect","id":"int_1"}', '{"event_type":"input","content":[]}')


def _events() -> list[str]:
    deltas = (
        {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": f"some words, number {number} "}}
        for number in range(_MESSAGES - 4)
    )
    events: list[Any] = [
        {"event_type": "interaction.connected"},
        {"event_type": "step.start", "index": 0, "step": {"type": "model_output"}},
        *deltas,
        {"event_type": "step.stop", "index": 0},
        {"event_type": "interaction.completed", "usage": {"total_tokens": 4000}},
    ]
    return list(map(json.dumps, events))


def _serve(told: Connection) -> None:
    """Serve in a process of its own, as the API does."""
    events = _events()

    def answer(connection: Any) -> None:
        for _ in _SAID:
            connection.recv()
        time.sleep(_THINKS)
        for number, event in enumerate(events):
            connection.send(event)
            if number == 0:
                time.sleep(_GAP)

    with serve(answer, "127.0.0.1", 0) as server:
        told.send(server.socket.getsockname()[1])
        server.serve_forever()


@contextmanager
def _serving() -> Iterator[str]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


# --- clients ---


def _in_thread(address: str) -> tuple[float, float]:
    with connect(f"ws://{address}/v1beta/interactions/live") as connection:
        begun = perf_counter()
        for said in _SAID:
            connection.send(said)
        connection.recv()
        first = perf_counter() - begun
        for _ in range(_MESSAGES - 1):
            connection.recv()
        return first, perf_counter() - begun


def _in_loop(address: str) -> tuple[float, float]:
    async def ask() -> tuple[float, float]:
        async with connect_in_loop(f"ws://{address}/v1beta/interactions/live") as connection:
            begun = perf_counter()
            for said in _SAID:
                await connection.send(said)
            await connection.recv()
            first = perf_counter() - begun
            for _ in range(_MESSAGES - 1):
                await connection.recv()
            return first, perf_counter() - begun

    return asyncio.run(ask())


def _by_sdk(address: str) -> tuple[float, float]:
    from google import genai

    async def ask() -> tuple[float, float]:
        client = genai.Client(api_key="x", http_options={"base_url": f"http://{address}", "api_version": "v1beta"})
        async with client.aio.interactions.connect("int_1") as connection:
            begun, first = perf_counter(), 0.0
            await connection.send("Hello")
            async for _ in connection.receive():
                first = first or perf_counter() - begun
            return first, perf_counter() - begun

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return asyncio.run(ask())


class _Mock:
    """A connection as a test writes one by hand."""

    def __init__(self) -> None:
        self._events = iter(_events())

    async def send(self, message: str) -> None:
        """Take a message, and forget it."""

    async def recv(self) -> str:
        """Return the next one."""
        event = next(self._events, None)
        if event is None:
            raise ConnectionClosedOK(None, None)
        return event

    async def close(self) -> None:
        """Do nothing."""


class _Mocked:
    """What stands for the library's `connect`."""

    def __init__(self, *_: Any, **__: Any) -> None: ...

    async def __aenter__(self) -> _Mock:
        return _Mock()

    async def __aexit__(self, *_: object) -> None: ...


def _by_sdk_mocked(address: str) -> tuple[float, float]:
    import google.genai._interactions_websocket as opening

    real = opening.ws_connect  # type: ignore[attr-defined] # the SDK exports no name of it
    opening.ws_connect = _Mocked  # type: ignore[attr-defined, assignment] # where mocks go
    try:
        return _by_sdk(address)
    finally:
        opening.ws_connect = real  # type: ignore[attr-defined] # as above


# --- the question ---


def run(scratch: Path, *, quick: bool) -> Section:
    """Ask each client's server live and while it is recorded, then play, beside a mock."""
    columns = ("client", "first message, live", "recorded", f"{_MESSAGES:,} messages, live", "recorded", "played")
    section = Section("WebSockets", columns)
    rounds = 3 if quick else 15
    worst = 0.0
    with _serving() as address:
        for name, ask in (("websockets, threads", _in_thread), ("websockets, asyncio", _in_loop)):
            path = scratch / f"{name}.yaml"
            live, recorded = _in_turn(partial(ask, address), _cassette(ask, address, path, "rewrite"), rounds)
            played, _ = _in_turn(_cassette(ask, address, path, "none"), None, rounds)
            section.rows.append((name, *map(duration, (live[0], recorded[0], live[1], recorded[1], played[1]))))
            worst = max(worst, recorded[0] / live[0])
        path = scratch / "sdk.yaml"
        _cassette(_by_sdk, address, path, "once")()
        played, mocked = _in_turn(
            _cassette(_by_sdk, address, path, "none"), partial(_by_sdk_mocked, address), 1 if quick else 3
        )
    section.rows.append(("google-genai", "", "", "", "", duration(played[1])))
    section.rows.append(("google-genai, a mock by hand", "", "", "", "", duration(mocked[1])))
    section.aim("while it is recorded, the first message comes within 1.1x of live", f"{worst:.2f}x", met=worst <= 1.1)
    times = played[1] / mocked[1]
    section.aim(f"{_MESSAGES:,} messages play within 2x of a mock by hand", f"{times:.2f}x", met=times <= 2)
    section.notes.append(
        f"Medians of {rounds} rounds, by turns, from the question on. The server is a process of its own. It sends the "
        f"first message after {duration(_THINKS)}, and all others at once, {duration(_GAP)} later. google-genai makes "
        "classes for each message that it reads, which a replay keeps (see the option `fast_sdk`)."
    )
    return section


def _cassette(ask: Ask, address: str, path: Path, mode: Any) -> Callable[[], tuple[float, float]]:
    def inside() -> tuple[float, float]:
        with use_cassette(path, record_mode=mode):
            return ask(address)

    return inside


def _in_turn(
    one: Callable[[], tuple[float, float]], other: Callable[[], tuple[float, float]] | None, rounds: int
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the medians of both: of the seconds to the first message, and to the last one."""
    found: list[list[tuple[float, float]]] = [[], []]
    for _ in range(rounds):
        for each, times in zip((one, other), found, strict=True):
            if each is not None:
                times.append(each())
    ones, others = ([*map(median, zip(*times, strict=True))] or [0.0, 0.0] for times in found)
    return (ones[0], ones[1]), (others[0], others[1])
