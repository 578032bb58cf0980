"""A team's project with its cassettes in a store, and the machines on which its tests are replayed."""

from __future__ import annotations

import base64
import json
import os
import random
from contextlib import chdir, contextmanager, redirect_stdout
from functools import partial
from importlib import import_module
from io import StringIO
from multiprocessing import get_context
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import httpx2

from benchmarks.contenders import ask
from benchmarks.material import answer, question, write_ours
from pytest_interactions import use_cassette
from pytest_interactions.commands import main
from pytest_interactions.files import media
from pytest_interactions.store import cache, objects
from pytest_interactions.store.lock_file import LockFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

#: The bytes of a question, and of the picture that each fiftieth cassette has.
SIZE: Final = 1000
PICTURE: Final = 100_000
_EACH: Final = 50


class Team:
    """A project with cassettes in the tree, until they are pushed."""

    def __init__(self, root: Path, count: int, url: str = "") -> None:
        self.root, self.store = root, root.with_name(f"{root.name}-store")
        self.url = url or str(self.store)
        self.names = [f"test_{number // 100}/test_{number}" for number in range(count)]
        for number, name in enumerate(self.names):
            image = (
                {"type": "image", "mime_type": "image/png", "data": _picture(number)} if number % _EACH == 0 else None
            )
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
        with machine(self.root.with_name(f"{self.root.name}-cache")), chdir(self.root), redirect_stdout(StringIO()):
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

    def copy(self, names: Sequence[str], kept: Path, tree: Path) -> None:
        """Copy the cassettes of some tests, with their media, from a cache to a directory."""
        lock = LockFile.read(self.lock)
        for name in names:
            path = tree / f"{name}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(
                (kept / objects.of_cassette(lock.entry(lock.name_of(self.path(name))).digest)).read_bytes()
            )
            for each in media.references_in(path.read_bytes()):
                media.directory_of(path).mkdir(exist_ok=True)
                (media.directory_of(path) / each).write_bytes((kept / objects.MEDIA / each).read_bytes())

    def drawn(self, seed: int, count: int) -> list[str]:
        """Return some of the tests."""
        return random.Random(seed).sample(self.names, count)


def _picture(number: int) -> str:
    """Return a picture of its own, in base64; what is drawn at random looks like a secret once in a while."""
    return base64.b64encode(b"\x89PNG\r\n\x1a\n%8d" % number + bytes(PICTURE - 16)).decode()


def _asked(name: str) -> dict[str, Any]:
    return question(int(name.rpartition("_")[2]), SIZE)


@contextmanager
def machine(directory: Path) -> Iterator[None]:
    """Be a machine whose cache is this directory."""
    before = os.environ.get(cache.VARIABLE)
    os.environ[cache.VARIABLE] = str(directory)
    try:
        yield
    finally:
        os.environ.pop(cache.VARIABLE)
        os.environ.update({cache.VARIABLE: before} if before else {})


def timed(work: Callable[[], object], clock: Callable[[], float] = perf_counter) -> float:
    """Return the seconds that some work takes, by this clock."""
    begun = clock()
    work()
    return clock() - begun


# --- processes ---


def at_once(works: Sequence[Callable[[], Any]], scratch: Path) -> list[Any]:
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


def replayed(team: Team, names: Sequence[str], url: str, directory: Path) -> list[float]:
    """Replay some tests on a machine; return the seconds that each took."""
    with machine(directory), httpx2.Client(verify=False) as client:
        return [timed(partial(replay, client, team.path(name), name, store=url)) for name in names]


def replay(client: httpx2.Client, path: Path, name: str, **options: Any) -> None:
    """Replay a test from the cassette at this path."""
    with use_cassette(path, **options):
        ask(client, _asked(name))
