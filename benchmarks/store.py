"""What a store costs: a test whose cassette is in the cache, beside one in the tree; and runners that fetch theirs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from statistics import median, quantiles
from time import process_time
from typing import TYPE_CHECKING, Final

import httpx
import httpx2

from benchmarks.report import Section, duration, times
from benchmarks.server import serving
from benchmarks.store_server import COUNTS
from benchmarks.store_team import PICTURE, SIZE, Team, at_once, machine, replay, replayed, timed
from pytest_interactions.store.lock_file import LockFile
from tests.store import s3

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_WORKERS: Final = 8
_MORE: Final = 0.005  # seconds
_ROUNDS: Final = 3  # of a warm test, each in a process of its own: the quickest is what it takes


@dataclass(frozen=True, slots=True)
class _Sizes:
    cassettes: int
    runners: int
    selected: int
    in_s3: int


_FULL: Final = _Sizes(10_000, 100, 100, 500)
_QUICK: Final = _Sizes(300, 6, 30, 60)


def run(scratch: Path, *, quick: bool) -> Section:
    """Push, fetch by runners that are cold, and replay by one that is warm."""
    sizes = _QUICK if quick else _FULL
    section = Section(f"A store of {sizes.cassettes:,} cassettes", ("", "found", ""))
    team = Team(scratch / "team", sizes.cassettes)
    pushed = timed(team.push) / sizes.cassettes
    _tell_lock(section, team)
    with serving("benchmarks.store_server", str(team.store)) as url:
        _tell_cold(section, team, sizes, url)
        _tell_shared(section, team, sizes, url)
        _tell_warm(section, team, sizes, url)
    section.rows.append(("pushed to a directory, a cassette", duration(pushed), ""))
    _tell_s3(section, scratch, sizes)
    section.notes.append(
        f"Cassettes of one exchange, {SIZE} B asked, and a picture of {PICTURE // 1000} KB in each fiftieth. Pushed by "
        "the command, to a directory, which a web server of the standard library serves that counts; and fewer to "
        "moto's S3, whose time is its own in the first place, a process of Python's, too. Runners are processes with a "
        "cache each, all at once, that replay tests drawn at random. Fetched bare: the same objects by one client of "
        "httpx, kept alive, one after the other. Warm: a process that opens each cassette for the first time, from the "
        "tree and from the cache by turns, answer included, in the processor's time, as what else the machine does is "
        f"longer than the difference; of the quickest of {_ROUNDS} such processes."
    )
    return section


# --- questions ---


def _tell_lock(section: Section, team: Team) -> None:
    lock = LockFile.read(team.lock)
    read = median(timed(partial(LockFile.read, team.lock)) for _ in range(9))
    parsed = median(timed(lock.entries) for _ in range(9))
    size = team.lock.stat().st_size
    section.rows += [
        ("the lock file", f"{size / 1e6:.2f} MB", f"{size / len(lock):.0f} B a cassette"),
        ("read, as the first test of a process does", duration(read), ""),
        ("all of its entries", duration(parsed), ""),
    ]


def _tell_cold(section: Section, team: Team, sizes: _Sizes, url: str) -> None:
    near = team.root.with_name
    selections = [team.drawn(number, sizes.selected) for number in range(sizes.runners)]
    works = [partial(replayed, team, each, url, near(f"runner-{n}")) for n, each in enumerate(selections)]
    took = timed(partial(at_once, works, near("cold")))
    counts = httpx.get(url + COUNTS).json()
    needed = [team.needs(each) for each in selections]
    most, things = sum(sum(each.values()) for each in needed), sum(map(len, needed))
    sent, asked = sum(counts["bytes"].values()), sum(counts["requests"].values())
    aim = f"{sizes.runners} cold runners of a store fetch no more bytes than their tests need"
    section.aim(aim, f"{sent:,} of {most:,}", met=sent <= most)
    section.aim("a cold runner asks for each object once", f"{asked / things:.2f} requests", met=asked <= things)
    (alone,) = at_once([partial(replayed, team, selections[0], url, near("alone"))], near("one"))
    fetched, bare = sum(alone) / len(needed[0]), _bare(url, list(needed[0]))
    httpx.get(url + COUNTS)
    mb, per_runner = sent / sizes.runners / 1e6, asked / sizes.runners
    section.rows += [
        (
            f"{sizes.runners} cold runners, {sizes.selected} tests each",
            duration(took),
            f"{sent / 1e6:.1f} MB, {asked:,} requests",
        ),
        ("a cold runner alone: an object fetched and replayed", duration(fetched), times(fetched / bare)),
        ("an object fetched bare", duration(bare), times(1)),
        ("1,000 such runners, on paper", "", f"{mb * 1000:,.0f} MB, {per_runner * 1000:,.0f} requests"),
    ]


def _bare(url: str, names: Sequence[str]) -> float:
    with httpx.Client() as client:
        return median(timed(lambda name=name: client.get(f"{url}/{name}").content) for name in names)  # type: ignore[misc]


def _tell_shared(section: Section, team: Team, sizes: _Sizes, url: str) -> None:
    names, near = team.drawn(1, sizes.selected), team.root.with_name
    at_once([partial(replayed, team, names, url, near("together"))] * _WORKERS, near("shared"))
    asked, needed = sum(httpx.get(url + COUNTS).json()["requests"].values()), len(team.needs(names))
    aim = f"{_WORKERS} workers that share a cold cache fetch each object once"
    section.aim(aim, f"{asked} requests for {needed} objects", met=asked == needed)


def _tell_warm(section: Section, team: Team, sizes: _Sizes, url: str) -> None:
    names, near = team.drawn(2, min(1000, sizes.cassettes)), team.root.with_name
    at_once([partial(replayed, team, names, url, near("warm"))], near("filling"))
    team.copy(names, near("warm"), near("tree"))
    httpx.get(url + COUNTS)
    work = partial(_by_turns, team, names, url, near("warm"), near("tree"))
    rounds = [at_once([work], near(f"warm-{number}"))[0] for number in range(_ROUNDS)]
    asked = sum(httpx.get(url + COUNTS).json()["requests"].values())
    there, kept = ([*map(min, zip(*(found[way] for found in rounds), strict=True))] for way in ("tree", "store"))
    more = [one - other for one, other in zip(kept[1:], there[1:], strict=True)]
    late = quantiles(more, n=20)[-1]
    aim = "at the 95th percentile, a warm test of a store takes at most 5 ms more than one in the tree"
    section.aim(aim, duration(late), met=late <= _MORE)
    section.aim("a warm test asks its store for nothing", f"{asked} requests", met=asked == 0)
    section.rows += [
        ("a test in the tree", duration(median(there)), times(1)),
        ("a warm test", duration(median(kept)), times(median(kept) / median(there))),
        ("what it takes longer: median, 95th percentile", duration(max(median(more), 0)), duration(max(late, 0))),
        ("the same of the first test, which reads the lock file", duration(max(kept[0] - there[0], 0)), ""),
    ]


def _by_turns(team: Team, names: Sequence[str], url: str, cache: Path, tree: Path) -> dict[str, list[float]]:
    """Replay each test from the tree and from the cache, by turns; return the processor's seconds of both."""
    found: dict[str, list[float]] = {"tree": [], "store": []}
    with machine(cache), httpx2.Client(verify=False) as client:
        replay(client, tree / f"{names[-1]}.yaml", names[-1])  # which warms what both have
        works: dict[str, Callable[[str], None]] = {
            "tree": lambda name: replay(client, tree / f"{name}.yaml", name),
            "store": lambda name: replay(client, team.path(name), name, store=url),
        }
        for number, name in enumerate(names[:-1]):
            for way in ("tree", "store") if number % 2 else ("store", "tree"):
                found[way].append(timed(partial(works[way], name), process_time))
    return found


def _tell_s3(section: Section, scratch: Path, sizes: _Sizes) -> None:
    with s3.serving() as address:
        os.environ |= s3.env(address)
        team = Team(scratch / "team-s3", sizes.in_s3, s3.bucket(address, "benchmark"))
        (pushed,) = at_once([partial(timed, team.push)], scratch / "pushing-s3")
        names = team.names[: sizes.selected]
        (fetched,) = at_once([partial(replayed, team, names, team.url, scratch / "runner-s3")], scratch / "fetching-s3")
    section.rows += [
        (f"pushed to S3, {sizes.in_s3} of them, a cassette", duration(pushed / sizes.in_s3), ""),
        ("one cold runner over S3, a test", duration(sum(fetched) / len(names)), ""),
    ]
