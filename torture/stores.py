"""A process that pushes, fetches or checks out is killed, at any moment; then somebody looks at what it left."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from pytest_interactions.commands import push as push_command
from pytest_interactions.store import store
from pytest_interactions.store.store import Store
from tests.store import s3
from torture import NotHereError
from torture.forked import Child
from torture.kills import Countdown, touches_file
from torture.store_judge import problems
from torture.store_project import Project, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from torture import Outcome
    from torture.store_project import Lines

    Work = Callable[[Project], object]

_AT_ONCE: Final = (os.cpu_count() or 1) + 1
_BATCH: Final = 100
_IN_S3: Final = 150  # of which one case has its store there, which takes thirty times as long
_WORKS: Final[dict[str, Work]] = {
    "push": lambda _: run("push"),
    "pull": lambda _: run("pull"),
    "pull --files": lambda _: run("pull", "--files"),
    "replay": lambda project: _replayed(project, "none"),
    "check out": lambda project: _replayed(project, "new_episodes"),
}
#: How each is done: one object after the other, several at once, or while another process does the same.
_WAYS: Final = ("one by one", "at once", "beside another")
#: What is counted: all that writes. What only reads before, as the gate does, can't tear anything.
_COUNTED: Final = ((push_command, "push"), (Store, "find"), (Store, "fetch_whole"), (Store, "_check_out"))


def stores(count: int, seed: int = 0) -> Outcome:
    """Kill `count` processes; return how many kills there were, and what was lost, torn or left behind."""
    killed, failed, begin = 0, list[str](), 0
    with TemporaryDirectory(prefix="torture-", dir=_in_memory()) as scratch, ExitStack() as stack:
        setting = _Setting(Path(scratch), seed, _bucket(stack))
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


def _in_memory() -> str | None:
    """Return a directory in which nobody waits for a disk, if there is one: a killed process loses nothing there."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a directory of its own is made there


def _bucket(stack: ExitStack) -> str:
    """Serve S3, have all clients here go there, and return a bucket's URL, over HTTP.

    Raises:
        NotHereError: It can't be had.
    """
    if not (find_spec("moto") and find_spec("s3fs")):
        raise NotHereError("moto and s3fs are not installed")
    url = stack.enter_context(s3.serving())
    os.environ |= s3.env(url)
    return f"{url}/{s3.bucket(url, 'torture').removeprefix('s3://')}"


class _Setting:
    """What all cases share: a project, what its lock file says, and all moments of each work."""

    def __init__(self, scratch: Path, seed: int, bucket: str) -> None:
        self.scratch, self.seed, self.bucket = scratch, seed, bucket
        self.project = Project(scratch / "project")
        self.lines: Lines = self.project.make()
        self.whole = {name: self._measured(name, "") for name in _WORKS}
        self._whole_in_s3: dict[str, _Whole] = {}  # measured when it is needed, as that takes seconds
        self.cases = [
            (name, way, moment) for way in _WAYS for name in _WORKS for moment in range(1, self.whole[name].moments + 1)
        ]
        Random(seed).shuffle(self.cases)

    def _measured(self, name: str, bucket: str) -> _Whole:
        """Do it twice without a kill, to know how long it takes: to have it imported, and by a child that counts."""
        if not bucket:
            with (project := self._copy(self.scratch / f"{name} imported", "")).entered():
                _WORKS[name](project)
        project = self._copy(self.scratch / uuid4().hex, bucket)
        begun = time.perf_counter()
        child = Child.start(partial(_counted, project, name, "one by one", 0), self.scratch)
        child.wait()
        if child.error:
            raise RuntimeError(f"{name}: {child.error}")
        return _Whole(time.perf_counter() - begun, int(child.lines[-1]))

    def _in_s3(self, name: str) -> _Whole:
        if name not in self._whole_in_s3:
            self._whole_in_s3[name] = self._measured(name, self.bucket)
        return self._whole_in_s3[name]

    def _copy(self, directory: Path, bucket: str) -> Project:
        return self.project.copied(directory, f"{bucket}/{uuid4().hex}" if bucket else "")

    def case(self, number: int, directory: Path) -> _Case:
        """Return a case: each moment comes once, and then any."""
        dice = Random(f"{self.seed} {number}")
        in_s3, place = number % _IN_S3 == 0, number - number // _IN_S3 - 1
        if in_s3 or place >= len(self.cases):
            way, name = dice.choice(_WAYS), dice.choice([*_WORKS])
            whole = self._in_s3(name) if in_s3 else self.whole[name]
            moment = dice.randint(1, whole.moments) if dice.random() < 0.5 else 0
        else:
            name, way, moment = self.cases[place]
            whole = self.whole[name]
        project = self._copy(directory / "all", self.bucket if in_s3 else "")
        return _Case(project, name, way, moment, dice.random() * whole.seconds, self.lines, self.scratch)


@dataclass(frozen=True, slots=True)
class _Whole:
    """What a whole work takes: seconds, and moments right before and after a call that touches a file or a socket."""

    seconds: float
    moments: int


@dataclass(frozen=True, slots=True)
class _Case:
    """A kill of one work: at a moment or, if that is 0, after some seconds.

    A file in `scratch` is named by each state in which nothing was found wrong.
    """

    project: Project
    name: str
    way: str
    moment: int
    seconds: float
    lines: Lines
    scratch: Path

    def run(self) -> tuple[bool, list[str]]:
        """Return whether the process was killed, and what is wrong then."""
        temporary = self.project.directory / "temporary"
        temporary.mkdir()
        child = Child.start(partial(_counted, self.project, self.name, self.way, self.moment), temporary)
        others = [Child.start(self._work, temporary)] if self.way == "beside another" else []
        if not self.moment:
            time.sleep(self.seconds)
            os.kill(child.pid, signal.SIGKILL)
        for each in (child, *others):
            each.wait()
        found = [each.error for each in (child, *others) if each.error] + self._judged(temporary)
        where = "S3" if self.project.bucket else "a directory"
        problems_there = [f"{self.name}, {self.way}, in {where}, moment {self.moment}: {each}" for each in found]
        return child.signal == signal.SIGKILL, problems_there

    def _judged(self, temporary: Path) -> list[str]:
        """Return what is wrong; of what is byte for byte as it was after another kill, that is known already."""
        state = "" if self.project.bucket else self.project.state()
        good = self.scratch / state
        if state and good.exists():
            return []
        judge = Child.start(partial(problems, self.project, self.lines), temporary)
        judge.wait()
        found = [*judge.lines, *([judge.error] if judge.error else []), *(["it was killed"] if judge.signal else [])]
        if state and not found:
            good.touch()
        return found

    def _work(self, _report: Callable[[str], object]) -> None:
        with self.project.entered():
            _WORKS[self.name](self.project)


def _batch(setting: _Setting, size: int, begin: int) -> tuple[int, list[str]]:
    killed, failed = 0, []
    for number in range(begin, begin + size):
        directory = setting.scratch / f"case {number}"
        killed_there, found = setting.case(number, directory).run()
        killed += killed_there
        failed += [f"kill {number} of seed {setting.seed}: {each}" for each in found]
        shutil.rmtree(directory)
    return killed, failed


def _replayed(project: Project, record_mode: str) -> None:
    found = list(project.replay(record_mode))
    if found:
        raise RuntimeError("; ".join(found))


def _counted(project: Project, name: str, way: str, moment: int, report: Callable[[str], object]) -> None:
    """Do some work, kill this process at a moment, counted in all threads, and report how many there were."""
    store.AT_ONCE = store.AT_ONCE if way == "at once" else 1  # type: ignore[misc] # so that they come in their order
    countdown = Countdown(moment, _touches)
    # Python 3.11 can't begin to count in two threads at the very same time: this is a moment, too.
    sys.unraisablehook = lambda _: os.kill(os.getpid(), signal.SIGKILL)
    threading.setprofile(countdown)
    for owner, function in _COUNTED:
        setattr(owner, function, _with_profile(countdown, getattr(owner, function)))
    with project.entered():
        _WORKS[name](project)
    report(str(-countdown.left))


def _with_profile(countdown: Countdown, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **more: Any) -> Any:
        sys.setprofile(countdown)
        try:
            return function(*arguments, **more)
        finally:
            sys.setprofile(None)

    return call


def _touches(called: object) -> bool:
    return touches_file(called) or type(getattr(called, "__self__", None)).__name__ == "socket"
