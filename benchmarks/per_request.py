"""What one replayed request costs beside the same request of a mock, as the cassette grows."""

from __future__ import annotations

import gc
import random
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Final

import httpx2

from benchmarks.contenders import CASSETTES, ask, blind_mock, mock
from benchmarks.material import WRITERS, pairs
from benchmarks.report import Section, duration, times

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.material import Pair

_SIZES: Final = (200, 20_000)
_COUNTS: Final = (1, 10, 100, 1000, 10_000)
#: Larger than this takes a contender minutes; it is left out, and the table shows a dash.
_MOST: Final = {("vcrpy", 20_000): 1000, ("cassetter", 20_000): 1000}
#: By contender: whose cassette it is, and whether the requests come in the recorded order.
_CONTENDERS: Final = {
    "ours": ("ours", True),
    "ours, out of order": ("ours", False),
    "ours, beside a blind mock": ("ours", True),
    "vcrpy": ("vcrpy", False),
    "cassetter": ("cassetter", False),
}
_BLIND: Final = "ours, beside a blind mock"
#: How many times as long as a blind mock a request of each size may take.
_BESIDE_BLIND: Final = {200: 1.5, 20_000: 1.6}
#: Bytes of requests from which on cassetter refuses to open its own YAML (250,000 nodes) and writes TOML instead.
_TOML: Final = 2_000_000
#: Seconds that the requests of one pass may take; the places asked for are drawn at random, so any number is fair.
_PATIENCE: Final = 1.5
_REQUESTS: Final = 400


def run(scratch: Path, *, quick: bool) -> Section:
    """Measure all sizes and counts."""
    counts = _COUNTS[:4] if quick else _COUNTS
    found: dict[tuple[str, int, int], tuple[float, float]] = {}
    for size in _SIZES:
        for count in counts:
            traffic = pairs(count, size)
            for name in _CONTENDERS:
                if count <= _MOST.get((name, size), count):
                    suffix = "toml" if name == "cassetter" and size * count >= _TOML else "yaml"
                    path = scratch / f"{_CONTENDERS[name][0]}.{suffix}"
                    found[name, size, count] = _measure(name, path, traffic, quick=quick)
            for file in scratch.iterdir():
                file.unlink()
    return _section(found, counts)


def _measure(name: str, path: Path, traffic: list[Pair], *, quick: bool) -> tuple[float, float]:
    """One contender's seconds per request, and the mock's, asked in turns with it."""
    whose, in_order = _CONTENDERS[name]
    if not path.exists():
        WRITERS[whose](path, traffic)
    samples: list[tuple[float, float]] = []
    # Made before a cassette is in force, and kept out of its hands by its transport.
    transport = blind_mock(traffic[:_REQUESTS]) if name == _BLIND else mock(traffic)
    with httpx2.Client(transport=transport) as mocked, httpx2.Client() as client:
        end = perf_counter() + (1 if quick else 3)
        for number in range(max(2, min(100, 1000 // len(traffic)))):
            if number and perf_counter() > end:
                break
            draw = random.Random(number)
            drawn = traffic[:_REQUESTS] if in_order else draw.sample(traffic, min(len(traffic), _REQUESTS))
            with CASSETTES[whose](path):
                samples += _one_pass(client, mocked, drawn, first=client if number % 2 else mocked)
    theirs, mocks = zip(*samples, strict=True)
    return median(theirs), median(mocks)


def _one_pass(
    client: httpx2.Client, mocked: httpx2.Client, drawn: list[Pair], *, first: httpx2.Client
) -> Iterator[tuple[float, float]]:
    """Ask both for what was drawn, one after the other; seconds of each.

    Who is asked `first` pays for what the processor has forgotten while the cassette was opened.
    """
    gc.collect()
    end = float("inf")
    for asked, answered in drawn:
        took: dict[httpx2.Client, float] = {}
        for asks in (client, mocked) if first is client else (mocked, client):
            begun = perf_counter()
            got = ask(asks, asked)
            took[asks] = perf_counter() - begun
            if got != answered["id"]:
                raise RuntimeError(f"{got} was answered, and it is {answered['id']}")
        yield took[client], took[mocked]
        if perf_counter() > end:
            return
        end = min(end, perf_counter() + _PATIENCE)  # from the first answer on: until then all may be looked through


def _section(found: dict[tuple[str, int, int], tuple[float, float]], counts: tuple[int, ...]) -> Section:
    section = Section("One request", ("body", "exchanges", "mock", *_CONTENDERS))
    for size in _SIZES:
        label = f"{size} B" if size < 1000 else f"{size // 1000} KB"
        for count in counts:
            figures = [found.get((name, size, count)) for name in _CONTENDERS]
            mocked = found["ours", size, count][1]
            cells = [f"{duration(f[0])} ({times(f[0] / f[1])})" if f else "—" for f in figures]
            section.rows.append((label, f"{count:,}", duration(mocked), *cells))
        for name in [name for name in _CONTENDERS if name != _BLIND]:
            points = [(c, found[name, size, c]) for c in counts if (name, size, c) in found]
            panel = section.lines.setdefault("requests", {})
            panel[f"{name}, {label}"] = [(c, theirs / mocked) for c, (theirs, mocked) in points]
        for name in ("ours", "ours, out of order"):
            ratios = {count: found[name, size, count] for count in counts}
            _hold(section, {c: theirs / mocked for c, (theirs, mocked) in ratios.items()}, label, name)
        blind = max(theirs / mocked for theirs, mocked in (found[_BLIND, size, count] for count in counts))
        most = _BESIDE_BLIND[size]
        aim = f"a request of {label} costs at most {most}× that of a mock that does not look at the body at all"
        section.aim(aim, times(blind), met=blind <= most)
    ahead = {
        (size, count): theirs / found["ours", size, count][0]
        for (name, size, count), (theirs, _) in found.items()
        if name == "cassetter"
    }
    least = min(ahead, key=lambda place: ahead[place])
    section.aim(
        "ahead of cassetter everywhere",
        f"it takes {times(ahead[least])} ours or more (least at {least[0]:,} B, {least[1]:,} exchanges)",
        met=ahead[least] > 1,
    )
    section.notes.append(
        "`httpx2.Client.post(…, json=…).json()` by turns over a cassette and over a mock written by hand, which parses "
        "the body, finds its answer by a dict and compares the whole of it; a blind mock answers in order without a "
        "look at the body. The file is open already. Ours is asked in the recorded order, as a test does that has not "
        "changed, and out of order; for the others, which search from "
        "the front, requests are drawn at random, so that the mean place is the middle, as it is of a whole test. A "
        "dash: left out, as it takes minutes. The largest files of cassetter are TOML, as it refuses its own YAML of "
        "more than 250,000 nodes. Of what ours takes longer than a blind mock, nearly all of a long body's is to leave "
        "out its white space on the recorded side, to make sure that it is JSON, and to compare; of a short body's it "
        "is the way through the client's own transport, the search, and the objects that play the answer."
    )
    return section


def _hold(section: Section, ratios: dict[int, float], label: str, name: str) -> None:
    worst = max(ratios, key=lambda count: ratios[count])
    section.aim(
        f"a request of {label} costs at most 2× the mock's ({name})",
        f"{times(min(ratios.values()))} to {times(ratios[worst])} (at {worst:,} exchanges)",
        met=ratios[worst] <= 2,
    )
    grown = ratios[max(ratios)] / ratios[10]
    section.aim(
        f"a request of {label} costs at {max(ratios):,} exchanges at most 1.3× of what it does at 10 ({name})",
        times(grown),
        met=grown <= 1.3,
    )
