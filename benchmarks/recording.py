"""What recording costs the app while it happens: until the first event, and with many streams at once."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, cast

import httpx2

from benchmarks.material import VCR_MATCH_ON, question
from benchmarks.measure import in_turns, ratio
from benchmarks.report import Section, duration, times
from benchmarks.server import serving, streamed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: How many streams are asked for at once.
STREAMS: Final = 100


def _nothing(_: Path) -> AbstractContextManager[Any]:
    return nullcontext()


def _ours(path: Path) -> AbstractContextManager[Any]:
    from pytest_interactions import use_cassette

    return use_cassette(path, record_mode="once")


def _vcrpy(path: Path) -> AbstractContextManager[Any]:
    import vcr

    return cast("AbstractContextManager[Any]", vcr.use_cassette(str(path), record_mode="all", match_on=VCR_MATCH_ON))


def _cassetter(path: Path) -> AbstractContextManager[Any]:
    from cassetter import use_cassette

    return cast("AbstractContextManager[Any]", use_cassette(path, record_mode="all", intercept=["httpx2"]))


#: What records, by its name: a context around the requests.
RECORDING: Final = {"no recording": _nothing, "ours": _ours, "vcrpy": _vcrpy, "cassetter": _cassetter}


def run(scratch: Path, *, quick: bool) -> Section:
    """Ask a server in another process, in turns."""
    section = Section("Recording", ("", "first event", "", "first event, at once", "", f"{STREAMS} streams", ""))
    with serving() as url:
        # An API needs a while to answer; 20 events, 50 ms apart, after 80 ms, is how one was seen to.
        slow, fast = streamed(20, first=0.08, gap=0.05), streamed(20)
        first = _first_events(url, scratch, slow, rounds=2 if quick else 3)
        at_once = _first_events(url, scratch, fast, rounds=10 if quick else 40)
        many = in_turns(
            {name: partial(_many, url, scratch / f"{name}.yaml", opened) for name, opened in RECORDING.items()},
            rounds=2 if quick else 5,
        )
    for name in RECORDING:
        row = [name]
        for figures in (first, at_once, many):
            row += [duration(median(figures[name])), times(ratio(figures[name], figures["no recording"]))]
        section.rows.append(tuple(row))
    found = ratio(first["ours"], first["no recording"])
    section.aim("the first event comes within 1.1× of no recording", times(found), met=found <= 1.1)
    found = ratio(at_once["ours"], at_once["no recording"])
    section.aim("so does that of a server that waits for nothing", times(found), met=found <= 1.1)
    found = ratio(many["ours"], many["no recording"])
    section.aim(f"{STREAMS} streams recorded at once keep up: within 1.05×", times(found), met=found <= 1.05)
    more = median(at_once["ours"]) - median(at_once["no recording"])
    section.notes.append(
        "First event: of a stream of 20 text deltas 50 ms apart that begins after 80 ms, by `httpx2.Client.stream`, "
        f"from the request on; at once: of a server that waits for nothing, where ours takes {duration(more)} more. "
        f"{STREAMS} streams: of 20 deltas 20 ms apart, by `asyncio.gather`, from the first request to the last event. "
        "What a recording adds is redaction, of the request before it is sent and of the response at its end, which is "
        "also laid out, looked at once more and written to the journal before the app is told of the end. A chunk on "
        "its way is put in a list. All of it is done on the core that reads the other streams meanwhile."
    )
    return section


def _first_events(url: str, scratch: Path, headers: dict[str, str], rounds: int) -> dict[str, list[float]]:
    def once(name: str) -> float:
        path = scratch / f"{name}.yaml"
        path.unlink(missing_ok=True)
        with RECORDING[name](path), httpx2.Client() as client:
            client.post(f"{url}/v1beta/interactions", json=question(1, 200))  # the connection is there
            begun = perf_counter()
            with client.stream("POST", f"{url}/v1beta/interactions", json=question(0, 200), headers=headers) as events:
                lines = events.iter_lines()
                next(lines)
                seconds = perf_counter() - begun
                for _ in lines:
                    pass
        return seconds

    return in_turns({name: partial(once, name) for name in RECORDING}, rounds)


def _many(url: str, path: Path, opened: Callable[[Path], AbstractContextManager[Any]]) -> float:
    path.unlink(missing_ok=True)
    with opened(path):
        return asyncio.run(at_once(f"{url}/v1beta/interactions", streamed(20, gap=0.02)))


async def at_once(target: str, headers: dict[str, str]) -> float:
    """Read `STREAMS` streams at once; the seconds from the first request to the last event."""

    async def read(client: httpx2.AsyncClient, number: int) -> int:
        asked = question(number, 200) | {"stream": True}
        async with client.stream("POST", target, json=asked, headers=headers) as events:
            return len([line async for line in events.raise_for_status().aiter_lines()])

    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(limits=limits, timeout=30) as client:
        begun = perf_counter()
        lines = await asyncio.gather(*(read(client, number) for number in range(STREAMS)))
        seconds = perf_counter() - begun
    if len(set(lines)) > 1:
        raise RuntimeError(f"some streams lost lines: {sorted(set(lines))}")
    return seconds
