"""A process that records is killed, at any moment; then the next one records."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from benchmarks.server import serving
from pytest_interactions import CassetteError, use_cassette
from pytest_interactions.files import media, storage
from torture.forked import Child, files_in
from torture.traffic import KINDS, MEDIA_THRESHOLD, ask, is_whole, name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from torture import Outcome

_AT_ONCE: Final = (os.cpu_count() or 1) + 1
_BATCH: Final = 25
_THROUGH_PYTEST: Final = 40  # of which one case is recorded by pytest, which takes ten times as long
_NO_FILE: Final = {"fspath", "getpid", "urandom", "environ", "get_terminal_size", "cpu_count", "kill"}
_OPTIONS: Final = (
    "-q",
    "--import-mode=importlib",
    "-p",
    "no:cacheprovider",
    "-W",
    "ignore",
    "--interactions-record-mode=new_episodes",
)
_TEST: Final = f"""
import pytest
from torture import kills

@pytest.mark.interactions("recorded", media_threshold={MEDIA_THRESHOLD})
def test_it():
    kills.body()
"""


def kills(count: int, seed: int = 0) -> Outcome:
    """Kill `count` recordings; return how many kills there were, and what was lost or left behind."""
    killed, failed, begin = 0, list[str](), 0
    with serving("torture.server") as url, TemporaryDirectory(prefix="torture-") as scratch:
        setting = _Setting(url, Path(scratch), seed, _measured(url, Path(scratch, "measured")))
        gc.freeze()  # so that no child copies what it need not
        with ProcessPoolExecutor(_AT_ONCE, mp_context=get_context("fork")) as pool:
            while killed < count:
                size = min(_BATCH, -(-(count - killed) // _AT_ONCE))
                starts = range(begin, begin + size * _AT_ONCE, size)
                for kills_there, failed_there in pool.map(partial(_batch, setting, size), starts):
                    killed += kills_there
                    failed += failed_there
                begin += size * _AT_ONCE
    return killed, failed


@dataclass(slots=True)
class _Moments:
    """What a whole recording takes, without pytest and with it: seconds, and calls that touch a file."""

    seconds: dict[bool, float] = field(default_factory=dict)
    calls: dict[bool, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Setting:
    """What all cases share."""

    url: str
    scratch: Path
    seed: int
    moments: _Moments


def _batch(setting: _Setting, size: int, begin: int) -> tuple[int, list[str]]:
    killed, failed = 0, []
    for number in range(begin, begin + size):
        with TemporaryDirectory(dir=setting.scratch) as directory:
            killed_there, problems = _Case(setting, Path(directory), number).run()
        killed += killed_there
        failed += [f"kill {number} of seed {setting.seed}: {problem}" for problem in problems]
    return killed, failed


class _Case:
    """One cassette: recordings that are killed, and one that is not."""

    def __init__(self, setting: _Setting, directory: Path, number: int) -> None:
        self._url, self._moments, self._directory = setting.url, setting.moments, directory
        self._dice = Random(f"{setting.seed} {number}")
        self._through_pytest = number % _THROUGH_PYTEST == _THROUGH_PYTEST - 1
        self._temporary = directory / "temporary"
        self._temporary.mkdir()
        self._project = directory / "project"
        self._path = _made(self._project, through_pytest=self._through_pytest)
        self._own = set(files_in(self._project))
        self._finished: list[str] = []
        self._asked = 0

    def run(self) -> tuple[int, list[str]]:
        """Return how many recordings were killed, and what is wrong after the last one, which was not."""
        if self._dice.random() < 0.3:
            self._record(kill=False)
        killed = sum(self._record(kill=True) for _ in range(self._dice.choice((1, 2, 3))))
        self._record(kill=False)
        return killed, self._problems()

    def _record(self, *, kill: bool) -> bool:
        """Record some questions; return whether the process was killed."""
        names = [
            f"{self._dice.choice(KINDS)} {self._asked + n}" for n in range(self._dice.randint(1, 3) if kill else 1)
        ]
        self._asked += len(names)
        at_call = kill and self._dice.random() < 0.6
        countdown = Countdown(self._dice.randint(1, self._moments.calls[self._through_pytest])) if at_call else None
        asking = partial(_ask_all, self._url, names)
        work = partial(_recorded, self._path, asking, through_pytest=self._through_pytest, countdown=countdown)
        child = Child.start(work, self._temporary)
        if kill and not at_call:
            time.sleep(self._dice.random() * self._moments.seconds[self._through_pytest])
            os.kill(child.pid, signal.SIGKILL)
        child.wait()
        self._finished += child.lines
        if child.error:
            self._finished.append(f"no recording, but {child.error}")  # which is in no cassette
        return child.signal == signal.SIGKILL

    def _problems(self) -> list[str]:
        try:
            exchanges = storage.load(self._path).exchanges
            names = list(map(name_of, exchanges))
            damaged = [
                name_of(exchange)
                for exchange in exchanges
                if not is_whole(media.whole(exchange, media.directory_of(self._path)))
                and name_of(exchange) in self._finished
            ]
        except CassetteError as error:
            return [f"the cassette can't be read: {error}"]
        problems = [f"lost: {name}" for name in self._finished if name not in names]
        problems += [f"not whole: {name}" for name in damaged]
        problems += [f"there twice: {name}" for name in sorted(set(names)) if names.count(name) > 1]
        return problems + [f"left behind: {file}" for file in self._stray()]

    def _stray(self) -> list[Path]:
        directory = media.directory_of(self._path)
        media_files = {directory / name for name in media.references(self._path.read_text("utf-8"))}
        files = {*files_in(self._project), *files_in(self._temporary)}
        return sorted(file.relative_to(self._directory) for file in files - {self._path} - media_files - self._own)


def _made(project: Path, *, through_pytest: bool) -> Path:
    """Make a project, and return the path of what is recorded in it."""
    project.mkdir(parents=True)
    if not through_pytest:
        return project / "recorded.yaml"
    (project / "test_it.py").write_text(_TEST)
    (project / "pytest.ini").write_text("[pytest]\n")
    return project / "cassettes" / "recorded.yaml"


def _ask_all(url: str, names: list[str], report: Callable[[str], object]) -> None:
    """Ask the questions, and report each one whose answer is there."""
    with httpx.Client(verify=False) as client:  # noqa: S501 - it is this machine
        for name in names:
            ask(client, url, name)
            report(name)


def _recorded(
    path: Path,
    asking: Callable[[Callable[[str], object]], None],
    report: Callable[[str], object] = str,
    *,
    through_pytest: bool,
    countdown: Countdown | None = None,
) -> None:
    """Record, while `countdown` counts the calls that touch a file."""
    sys.setprofile(countdown)
    try:
        if through_pytest:
            _with_pytest(path.parents[1], partial(asking, report))
            return
        with use_cassette(path, record_mode="new_episodes", media_threshold=MEDIA_THRESHOLD):
            asking(report)
    finally:
        sys.setprofile(None)


#: What the test of `_TEST` does, in a process that runs pytest.
body: Callable[[], object] = list


def _with_pytest(project: Path, asking: Callable[[], object]) -> None:
    global body  # noqa: PLW0603 - in a child, which ends with it
    body = asking
    sys.dont_write_bytecode = True
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):  # noqa: PTH123
        status = pytest.main([*_OPTIONS, f"--rootdir={project}", str(project)])
    if status:
        raise RuntimeError(f"pytest ended with status {status}")


class Countdown:
    """A profiler that kills its process before or after a call that touches a file."""

    def __init__(self, left: int, counts: Callable[[Any], bool] | None = None) -> None:
        self.left, self._counts = left, counts or touches_file
        self._turn = Lock()  # as threads may count too

    def __call__(self, _frame: object, event: str, called: Any) -> None:
        """Count a call that touches a file, once before it and once after."""
        if event in {"c_call", "c_return"} and self._counts(called):
            with self._turn:
                self.left -= 1
                is_due = not self.left
            if is_due:
                os.kill(os.getpid(), signal.SIGKILL)


def touches_file(called: Any) -> bool:
    """Return whether a function of the interpreter's touches a file."""
    if isinstance(called.__self__, io.IOBase):
        return True
    return called.__module__ in {"posix", "fcntl", "_io"} and called.__name__ not in _NO_FILE


def _measured(url: str, directory: Path) -> _Moments:
    """Record whole, with and without pytest, to know from when on a kill comes too late.

    This process does so, that its children need import nothing.
    """
    moments = _Moments()
    for through_pytest in (False, True):
        path = _made(directory / str(through_pytest), through_pytest=through_pytest)
        record = partial(_recorded, path, through_pytest=through_pytest)
        record(partial(_ask_all, url, ["unary first"]))
        begun = time.perf_counter()
        record(partial(_ask_all, url, [f"{kind} timed" for kind in KINDS]))
        moments.seconds[through_pytest] = (time.perf_counter() - begun) * 1.2
        countdown = Countdown(0)
        record(partial(_ask_all, url, [f"{kind} counted" for kind in KINDS]), countdown=countdown)
        moments.calls[through_pytest] = -countdown.left * 6 // 5
    return moments
