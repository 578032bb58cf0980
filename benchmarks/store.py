"""What a store costs: a test whose cassette is in the cache, beside one in the tree; and runners that fetch theirs."""

from __future__ import annotations

import json
import os
import random
from contextlib import ExitStack, chdir, contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from io import StringIO
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import httpx
import httpx2

from benchmarks.contenders import ask
from benchmarks.material import answer, picture, question, write_ours
from benchmarks.report import Section, duration, times
from benchmarks.server import serving
from benchmarks.store_server import COUNTS
from pytest_interactions import use_cassette
from pytest_interactions.commands import main
from pytest_interactions.files import media
from pytest_interactions.store import cache, objects
from pytest_interactions.store.lock_file import LockFile
from tests.store import s3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_SIZE: Final = 1000
_PICTURE: Final = 100_000  # bytes, of which each fiftieth cassette has one
_EACH: Final = 50
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
    team = _Team(scratch / "team", sizes.cassettes)
    pushed = _timed(team.push) / sizes.cassettes
    _tell_lock(section, team)
    with serving("benchmarks.store_server", str(team.store)) as url:
        _tell_cold(section, team, sizes, url)
        _tell_shared(section, team, sizes, url)
        _tell_warm(section, team, sizes, url)
    section.rows.append(("pushed to a directory, a cassette", duration(pushed), ""))
    _tell_s3(section, scratch, sizes)
    section.notes.append(
        f"Cassettes of one exchange, {_SIZE} B asked, and a picture of {_PICTURE // 1000} KB in each fiftieth. Pushed by "
        "the command, to a directory, which a web server of the standard library serves that counts; and fewer to "
        "moto's S3, whose time is its own in the first place, a process of Python's, too. Runners are processes with a "
        "cache each, all at once, that replay tests drawn at random. Fetched bare: the same objects by one client of "
        "httpx, kept alive, one after the other. Warm: a process that opens each cassette for the first time, from the "
        "tree and from the cache by turns, answer included; the median and the 95th percentile of the differences, each of "
        f"the quickest of {_ROUNDS} such processes, as others were at work on this machine."
    )
    return section


class _Team:
    """A project with cassettes in the tree, until they are pushed."""

    def __init__(self, root: Path, count: int, url: str = "") -> None:
        self.root, self.store = root, root.with_name(f"{root.name}-store")
        self.url = url or str(self.store)
        self.names = [f"test_{number // 100}/test_{number}" for number in range(count)]
        for number, name in enumerate(self.names):
            image = {"type": "image", "mime_type": "image/png", "data": _picture()} if number % _EACH == 0 else None
            write_ours(self.path(name), [(_asked(name), answer(number, image))])
        (root / "pytest.ini").write_text(f"[pytest]\ninteractions_store = {self.url}\n")

    def path(self, name: str) -> Path:
        """Return the path of a cassette."""
        return self.root / "cassettes" / f"{name}.yaml"

    @property
    def lock(self) -> Path:
        """Return the lock file."""
        return self.root / "cassettes.lock"

    def push(self) -> None:
        """Push all, from a machine of its own."""
        with _machine(self.root.with_name(f"{self.root.name}-cache")), chdir(self.root), redirect_stdout(StringIO()):
            if main(["push"]):
                raise RuntimeError("the push failed")

    def needs(self, names: Sequence[str]) -> dict[str, int]:
        """Return the objects that some tests need, with their bytes."""
        lock = LockFile.read(self.lock)
        found = {}
        for name in names:
            cassette = objects.of_cassette(lock.entry(lock.name_of(self.path(name))).digest)
            raw = (self.store / cassette).read_bytes()
            for each in (cassette, *objects.of_media(media.references_in(raw))):
                found[each] = (self.store / each).stat().st_size
        return found

    def drawn(self, seed: int, count: int) -> list[str]:
        """Return some of the tests."""
        return random.Random(seed).sample(self.names, count)  # noqa: S311 - no secret


def _picture() -> str:
    import base64

    return base64.b64encode(picture(_PICTURE)).decode()


def _asked(name: str) -> dict[str, Any]:
    return question(int(name.rpartition("_")[2]), _SIZE)


@contextmanager
def _machine(directory: Path) -> Iterator[None]:
    """Be a machine whose cache is this directory."""
    before = os.environ.get(cache.VARIABLE)
    os.environ[cache.VARIABLE] = str(directory)
    try:
        yield
    finally:
        os.environ.pop(cache.VARIABLE)
        os.environ.update({cache.VARIABLE: before} if before else {})


def _timed(work: Callable[[], object]) -> float:
    begun = perf_counter()
    work()
    return perf_counter() - begun


# --- processes ---


def _at_once(works: Sequence[Callable[[], Any]], scratch: Path) -> list[Any]:
    """Do each work in a process of its own, all at once, and return what they return."""
    scratch.mkdir()
    for module in ("fsspec.implementations.http", "s3fs", "platformdirs"):  # so that nobody has to import them
        import_module(module)
    files = [scratch / f"{number}.json" for number in range(len(works))]
    processes = [
        get_context("fork").Process(target=_keep, args=(work, file)) for work, file in zip(works, files, strict=True)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return [json.loads(file.read_text()) for file in files]


def _keep(work: Callable[[], Any], file: Path) -> None:
    file.write_text(json.dumps(work()))


def _replayed(team: _Team, names: Sequence[str], url: str, directory: Path) -> list[float]:
    """Replay some tests on a machine; return the seconds that each took."""
    with _machine(directory), httpx2.Client(verify=False) as client:  # noqa: S501 - nothing is sent
        return [_timed(partial(_replay, client, team.path(name), name, store=url)) for name in names]


def _replay(client: httpx2.Client, path: Path, name: str, **options: Any) -> None:
    with use_cassette(path, **options):
        ask(client, _asked(name))


# --- questions ---


def _tell_lock(section: Section, team: _Team) -> None:
    lock = LockFile.read(team.lock)
    read = median(_timed(partial(LockFile.read, team.lock)) for _ in range(9))
    parsed = median(_timed(lock.entries) for _ in range(9))
    size = team.lock.stat().st_size
    section.rows += [
        ("the lock file", f"{size / 1e6:.2f} MB", f"{size / len(lock):.0f} B a cassette"),
        ("read, as the first test of a process does", duration(read), ""),
        ("all of its entries", duration(parsed), ""),
    ]


def _tell_cold(section: Section, team: _Team, sizes: _Sizes, url: str) -> None:
    selections = [team.drawn(number, sizes.selected) for number in range(sizes.runners)]
    works = [
        partial(_replayed, team, names, url, team.root.with_name(f"runner-{number}"))
        for number, names in enumerate(selections)
    ]
    begun = perf_counter()
    _at_once(works, team.root.with_name("cold"))
    took = perf_counter() - begun
    counts = httpx.get(url + COUNTS).json()
    needed = [team.needs(names) for names in selections]
    most = sum(sum(each.values()) for each in needed)
    objects_, asked, sent = sum(map(len, needed)), sum(counts["requests"].values()), sum(counts["bytes"].values())
    section.aim(
        f"{sizes.runners} cold runners fetch no more bytes than their tests need", f"{sent:,} of {most:,}", met=sent <= most
    )
    section.aim("each object is asked for once by a runner", f"{asked / objects_:.2f} requests", met=asked <= objects_)
    (alone,) = _at_once([partial(_replayed, team, selections[0], url, team.root.with_name("alone"))], team.root.with_name("one"))
    bare = _bare(url, list(needed[0]))
    httpx.get(url + COUNTS)
    fetched = sum(alone) / len(needed[0])
    section.rows += [
        (f"{sizes.runners} cold runners with {sizes.selected} tests each", duration(took), f"{sent / 1e6:.1f} MB in {asked:,} requests"),
        ("one cold runner, an object", duration(fetched), times(fetched / bare)),
        ("fetched bare, an object", duration(bare), times(1)),
        ("1,000 such runners, on paper", f"{sent / sizes.runners / 1e6 * 1000:,.0f} MB", f"{asked / sizes.runners * 1000:,.0f} requests"),
    ]


def _bare(url: str, names: Sequence[str]) -> float:
    with httpx.Client() as client:
        return median(_timed(lambda name=name: client.get(f"{url}/{name}").content) for name in names)  # type: ignore[misc]


def _tell_shared(section: Section, team: _Team, sizes: _Sizes, url: str) -> None:
    names = team.drawn(1, sizes.selected)
    together = team.root.with_name("together")
    _at_once([partial(_replayed, team, names, url, together)] * 8, team.root.with_name("shared"))
    counts = httpx.get(url + COUNTS).json()["requests"]
    needed = len(team.needs(names))
    met = sum(counts.values()) == needed
    section.aim("8 workers that share a cache fetch each object once", f"{sum(counts.values())} requests for {needed}", met=met)


def _tell_warm(section: Section, team: _Team, sizes: _Sizes, url: str) -> None:
    names, machine = team.drawn(2, min(1000, sizes.cassettes)), team.root.with_name("warm")
    tree = team.root.with_name("tree")
    _at_once([partial(_replayed, team, names, url, machine)], team.root.with_name("filling"))
    lock = LockFile.read(team.lock)
    for name in names:
        entry = lock.entry(lock.name_of(team.path(name)))
        path = tree / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((machine / objects.of_cassette(entry.digest)).read_bytes())
        for each in media.references_in(path.read_bytes()):
            (media.directory_of(path)).mkdir(exist_ok=True)
            (media.directory_of(path) / each).write_bytes((machine / "media" / each).read_bytes())
    httpx.get(url + COUNTS)
    rounds = [
        _at_once([partial(_compared, team, tree, names, url, machine)], team.root.with_name(f"warming-{number}"))[0]
        for number in range(_ROUNDS)
    ]
    asked = sum(httpx.get(url + COUNTS).json()["requests"].values())
    there, kept = ([min(each) for each in zip(*(found[way] for found in rounds), strict=True)] for way in ("tree", "store"))
    more = [store - plain for store, plain in zip(kept[1:], there[1:], strict=True)]
    late = quantiles(more, n=20)[-1]
    section.aim("a warm test takes at most 5 ms more than one in the tree, at the 95th percentile", duration(late), met=late <= 0.005)
    section.aim("a warm test asks the store for nothing", f"{asked} requests", met=asked == 0)
    section.rows += [
        ("a test in the tree", duration(median(there)), times(1)),
        ("a warm test", duration(median(kept)), times(median(kept) / median(there))),
        ("what it takes longer, median", duration(max(median(more), 0)), ""),
        ("what it takes longer, 95th percentile", duration(max(late, 0)), ""),
        ("what the first of a process takes longer, which reads the lock file", duration(max(kept[0] - there[0], 0)), ""),
    ]


def _compared(team: _Team, tree: Path, names: Sequence[str], url: str, machine: Path) -> dict[str, list[float]]:
    """Replay each test from the tree and from the cache, by turns; return the seconds of both."""
    found: dict[str, list[float]] = {"tree": [], "store": []}
    with _machine(machine), httpx2.Client(verify=False) as client:  # noqa: S501 - nothing is sent
        _replay(client, tree / f"{names[-1]}.yaml", names[-1])  # which warms what both have
        works: dict[str, Callable[[str], None]] = {
            "tree": lambda name: _replay(client, tree / f"{name}.yaml", name),
            "store": lambda name: _replay(client, team.path(name), name, store=url),
        }
        for number, name in enumerate(names[:-1]):
            for way in ("tree", "store") if number % 2 else ("store", "tree"):
                found[way].append(_timed(partial(works[way], name)))
    return found


def _tell_s3(section: Section, scratch: Path, sizes: _Sizes) -> None:
    with ExitStack() as stack:
        address = stack.enter_context(s3.serving())
        os.environ |= s3.env(address)
        team = _Team(scratch / "team-s3", sizes.in_s3, s3.bucket(address, "benchmark"))
        (pushed,) = _at_once([partial(_timed, team.push)], scratch / "pushing-s3")
        names = team.names[: sizes.selected]
        (fetched,) = _at_once([partial(_replayed, team, names, team.url, scratch / "runner-s3")], scratch / "fetching-s3")
    section.rows += [
        (f"pushed to S3, {sizes.in_s3} of them, a cassette", duration(pushed / sizes.in_s3), ""),
        ("one cold runner over S3, a test", duration(sum(fetched) / len(names)), ""),
    ]
