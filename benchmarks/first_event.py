"""How soon the first event of a stream comes while it is recorded, by the clients that are not httpx."""

from __future__ import annotations

import asyncio
from functools import partial
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Final

import aiohttp
import requests
import urllib3

from benchmarks.material import question
from benchmarks.measure import in_turns, ratio
from benchmarks.recording import RECORDING
from benchmarks.report import Section, duration, times
from benchmarks.server import serving, streamed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    #: Asks the URL with these headers; returns the seconds until the first line.
    First = Callable[[str, dict[str, str]], float]

_CONTENDERS: Final = ("no recording", "ours", "vcrpy")


def _requests(url: str, headers: dict[str, str]) -> float:
    with requests.Session() as session:
        session.post(url, json=question(1, 200), timeout=5)  # the connection is there
        begun = perf_counter()
        with session.post(url, json=question(0, 200), headers=headers, stream=True, timeout=5) as response:
            lines = response.iter_lines(chunk_size=None)
            next(lines)
            seconds = perf_counter() - begun
            list(lines)
    return seconds


def _urllib3(url: str, headers: dict[str, str]) -> float:
    with urllib3.PoolManager() as pool:
        pool.request("POST", url, json=question(1, 200))
        begun = perf_counter()
        response = pool.request("POST", url, json=question(0, 200), headers=headers, preload_content=False)
        chunks = response.stream()
        next(chunks)
        seconds = perf_counter() - begun
        list(chunks)
    return seconds


def _aiohttp(url: str, headers: dict[str, str]) -> float:
    async def ask() -> float:
        async with aiohttp.ClientSession() as session:
            async with session.post(url, json=question(1, 200)) as response:
                await response.read()
            begun = perf_counter()
            async with session.post(url, json=question(0, 200), headers=headers) as response:
                await response.content.readline()
                seconds = perf_counter() - begun
                await response.read()
        return seconds

    return asyncio.run(ask())


_CLIENTS: Final[dict[str, First]] = {"requests": _requests, "urllib3": _urllib3, "aiohttp": _aiohttp}


def run(scratch: Path, *, quick: bool) -> Section:
    """Ask a server in another process by each client, in turns."""
    section = Section("First event, other clients", ("client", "no recording", "ours", "vcrpy"))
    headers = streamed(20, first=0.08, gap=0.05)
    worst = 0.0
    with serving() as url:
        for client in _CLIENTS:
            once = {name: partial(_once, name, client, f"{url}/v1beta/interactions", scratch) for name in _CONTENDERS}
            found = in_turns({name: partial(call, headers) for name, call in once.items()}, rounds=2 if quick else 3)
            live = found["no recording"]
            cells = [f"{duration(median(found[name]))} ({times(ratio(found[name], live))})" for name in _CONTENDERS[1:]]
            section.rows.append((client, duration(median(live)), *cells))
            worst = max(worst, ratio(found["ours"], live))
    section.aim("the first event comes within 1.1× of no recording, by each client", times(worst), met=worst <= 1.1)
    section.notes.append("Of a stream of 20 text deltas 50 ms apart that begins after 80 ms, from the request on.")
    return section


def _once(name: str, client: str, url: str, scratch: Path, headers: dict[str, str]) -> float:
    path = scratch / f"{client}-{name}.yaml"
    path.unlink(missing_ok=True)
    with RECORDING[name](path):
        return _CLIENTS[client](url, headers)
