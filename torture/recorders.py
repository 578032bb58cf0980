"""Several processes record into one cassette at the same time, each by another way to it."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import httpx

from benchmarks.server import serving
from pytest_interactions import CassetteError, use_cassette
from pytest_interactions.files import media, storage
from torture.forked import Child, files_in
from torture.traffic import KINDS, MEDIA_THRESHOLD, ask, is_whole, name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from torture import Outcome

_WAYS: Final = ("the path", "a linked directory", "a linked file", "a relative path")
_TEST: Final = f"""
import os, httpx, pytest
from torture.traffic import KINDS, ask

@pytest.mark.parametrize("number", range(int(os.environ["TORTURE_TESTS"])))
@pytest.mark.interactions("shared", media_threshold={MEDIA_THRESHOLD})
def test_it(number):
    with httpx.Client(verify=False) as client:
        ask(client, os.environ["TORTURE_URL"], f"{{KINDS[number % 3]}} {{number}}")
"""
_XDIST: Final = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--interactions-record-mode=new_episodes")


def recorders(rounds: int, seed: int = 0) -> Outcome:
    """Let two to eight processes record at once, `rounds` times; return how many exchanges were lost, and which."""
    cases, failed = 0, list[str]()
    with serving("torture.server") as url, TemporaryDirectory(prefix="torture-") as scratch:
        _record(Path(scratch, "first.yaml"), url, ["unary first"], bytes, str)  # so that the children import nothing
        for number in range(rounds):
            dice = Random(f"{seed} {number}")
            round_ = _Round(Path(scratch, f"round{number}"), url, dice)
            cases += round_.run()
            failed += [f"round {number} of seed {seed}: {problem}" for problem in round_.problems()]
    return cases, failed


def workers(rounds: int) -> Outcome:
    """Let workers of xdist record tests with one name, `rounds` times; return how many exchanges were lost."""
    tests, failed = 24, list[str]()
    with serving("torture.server") as url:
        for number in range(rounds):
            with TemporaryDirectory(prefix="torture-") as scratch:
                Path(scratch, "test_it.py").write_text(_TEST)
                Path(scratch, "pytest.ini").write_text("[pytest]\n")
                here = os.pathsep.join(filter(None, (str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH"))))
                environ = os.environ | {"TORTURE_URL": url, "TORTURE_TESTS": str(tests), "PYTHONPATH": here}
                command = [sys.executable, *_XDIST, "-n", str(2 + number % 3)]
                done = subprocess.run(  # noqa: S603 - it is this Python
                    command, cwd=scratch, env=environ, capture_output=True, text=True, check=False
                )
                path = Path(scratch, "cassettes", "shared.yaml")
                problems = [] if done.returncode == 0 else [f"pytest failed: {done.stdout[-500:]}"]
                problems += _problems(path, [f"{KINDS[n % 3]} {n}" for n in range(tests)])
                failed += [f"xdist {number}: {problem}" for problem in problems]
    return rounds * tests, failed


class _Round:
    """Some processes that record at the same time."""

    def __init__(self, directory: Path, url: str, dice: Random) -> None:
        self._real, self._url, self._dice = directory / "real", url, dice
        self._path, self._links = self._real / "cassette.yaml", directory / "links"
        self._children: list[Child] = []
        self._finished: list[str] = []
        self._temporary = [directory / f"temporary{number}" for number in range(8)]
        for folder in (self._real, self._links, *self._temporary):
            folder.mkdir(parents=True)
        self._ways = {
            "the path": self._path,
            "a linked directory": directory / "linked" / "cassette.yaml",
            "a linked file": self._links / "cassette.yaml",
            "a relative path": Path(os.path.relpath(self._path)),
        }
        (directory / "linked").symlink_to(self._real)
        self._ways["a linked file"].symlink_to(self._path)

    def run(self) -> int:
        """Record; return how many exchanges there were."""
        if self._dice.randrange(2):  # else the file is made by all of them at once
            _record(self._path, self._url, ["unary before"], bytes, self._finished.append)
        start = _Start()
        for number in range(self._dice.randint(2, 8)):
            names = [f"{self._dice.choice(KINDS)} {number} {n}" for n in range(self._dice.randint(1, 3))]
            way = self._ways[self._dice.choice(_WAYS)]
            work = partial(_record, way, self._url, names, start.wait)
            self._children.append(Child.start(work, self._temporary[number]))
        start.shoot()
        for child in self._children:
            child.wait()
            self._finished += child.lines
        return len(self._finished)

    def problems(self) -> list[str]:
        """Return what was lost, and which links are none any more."""
        problems = [f"a recording ended with {child.error}" for child in self._children if child.error]
        problems += _problems(self._path, self._finished)
        links = (self._ways["a linked directory"].parent, self._ways["a linked file"])
        problems += [f"no link any more: {link.name}" for link in links if not link.is_symlink()]
        strays = [file for file in files_in(self._links) if file != self._ways["a linked file"]]
        return problems + [f"left behind: {file.name}" for file in strays]


class _Start:
    """A start for children that are forked after it was made."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()

    def wait(self) -> None:
        """Wait, in a child, until the parent shoots."""
        os.close(self._writing)
        os.read(self._reading, 1)  # which ends once nobody can write

    def shoot(self) -> None:
        """Let all children go."""
        os.close(self._reading)
        os.close(self._writing)


def _record(
    path: Path, url: str, names: list[str], wait: Callable[[], object], report: Callable[[str], object]
) -> None:
    """Record, beginning when `wait` returns."""
    with (
        use_cassette(path, record_mode="new_episodes", media_threshold=MEDIA_THRESHOLD),
        httpx.Client(verify=False) as client,  # noqa: S501 - it is this machine
    ):
        wait()
        for name in names:
            ask(client, url, name)
    for name in names:
        report(name)


def _problems(path: Path, finished: list[str]) -> list[str]:
    try:
        exchanges = [media.whole(exchange, media.directory_of(path)) for exchange in storage.load(path).exchanges]
    except CassetteError as error:
        return [f"the cassette can't be read: {error}"]
    names = list(map(name_of, exchanges))
    problems = [f"lost: {name}" for name in finished if name not in names]
    problems += [f"not whole: {name_of(exchange)}" for exchange in exchanges if not is_whole(exchange)]
    problems += [f"there twice: {name}" for name in sorted(set(names)) if names.count(name) > 1]
    used = media.references(path.read_text("utf-8"))
    own = {path, *(media.directory_of(path) / name for name in used)}
    return problems + [f"left behind: {file.name}" for file in files_in(path.parent) if file not in own]
