"""How close a replay at the recorded pace comes to the times at which the events of a stream were recorded."""

from __future__ import annotations

import asyncio
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Final

import aiohttp
import httpx
import requests
import urllib3

from benchmarks.material import question
from benchmarks.report import Section, duration
from benchmarks.server import serving, streamed
from pytest_interactions import use_cassette
from pytest_interactions.files import storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    #: Asks the URL with these headers; returns the seconds from the request to each event of a stream.
    Times = Callable[[str, dict[str, str]], list[float]]

_PACES: Final = {"recorded": 1, "4x": 4}


def _since(begun: float, lines: Iterable[bytes]) -> list[float]:
    """Return when each event came: there is one line with data in it."""
    return [perf_counter() - begun for line in lines if b"data:" in line]


def _httpx(url: str, headers: dict[str, str]) -> list[float]:
    with httpx.Client() as client:
        begun = perf_counter()
        with client.stream("POST", url, json=question(0, 200), headers=headers) as response:
            return _since(begun, map(str.encode, response.iter_lines()))


def _requests(url: str, headers: dict[str, str]) -> list[float]:
    with requests.Session() as session:
        begun = perf_counter()
        with session.post(url, json=question(0, 200), headers=headers, stream=True, timeout=5) as response:
            return _since(begun, response.iter_lines(chunk_size=None))


def _urllib3(url: str, headers: dict[str, str]) -> list[float]:
    with urllib3.PoolManager() as pool:
        begun = perf_counter()
        response = pool.request("POST", url, json=question(0, 200), headers=headers, preload_content=False)
        return _since(begun, response.stream())


def _aiohttp(url: str, headers: dict[str, str]) -> list[float]:
    async def ask() -> list[float]:
        async with aiohttp.ClientSession() as session:
            begun = perf_counter()
            async with session.post(url, json=question(0, 200), headers=headers) as response:
                return [perf_counter() - begun async for line in response.content if b"data:" in line]

    return asyncio.run(ask())


_CLIENTS: Final[dict[str, Times]] = {"httpx": _httpx, "requests": _requests, "urllib3": _urllib3, "aiohttp": _aiohttp}


def run(scratch: Path, *, quick: bool) -> Section:
    """Record a stream by each client, and replay it at two paces."""
    section = Section("Recorded pace", ("client", "recorded", *(f"at {pace}, furthest off" for pace in _PACES)))
    worst = 0.0
    with serving() as url:
        for name, ask in _CLIENTS.items():
            path, target, headers = (
                scratch / f"{name}.yaml",
                f"{url}/v1beta/interactions",
                streamed(20, first=0.08, gap=0.05),
            )
            with use_cassette(path, record_mode="once"):
                ask(target, headers)
            [exchange] = storage.load(path).exchanges
            recorded = (exchange.times or (0.0,))[1:]
            replay = partial(ask, target, headers)
            off = {pace: _furthest_off(replay, path, pace, recorded, rounds=1 if quick else 3) for pace in _PACES}
            section.rows.append((name, duration(recorded[-1]), *(f"{each:.1%}" for each in off.values())))
            worst = max(worst, off["recorded"])
    section.aim("at the recorded pace, each event comes within 10 % of its time", f"{worst:.1%}", met=worst <= 0.1)
    section.notes.append(
        "Of a stream of 20 text deltas 50 ms apart that begins after 80 ms, from the request on; of three replays. A client takes some milliseconds itself, which count for more at 4x."
    )
    return section


def _furthest_off(
    replay: Callable[[], list[float]], path: Path, pace: str, recorded: tuple[float, ...], *, rounds: int
) -> float:
    """Return by how much the furthest event is off, as a part of its recorded time."""
    worst = 0.0
    for _ in range(rounds):
        with use_cassette(path, pace=pace):
            replayed = replay()
        times = zip(recorded, replayed, strict=True)
        worst = max(worst, *(abs(there - then / _PACES[pace]) / (then / _PACES[pace]) for then, there in times))
    return worst
