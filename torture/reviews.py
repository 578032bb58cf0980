"""A process that accepts or rejects a candidate is killed, at any moment; then somebody reads, or reviews again."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from io import StringIO
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.commands import main
from pytest_interactions.errors import CassetteError
from pytest_interactions.files import candidates, leaving, media, storage
from pytest_interactions.files.leaving import Changed
from pytest_interactions.redaction.gate import Gate
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets
from torture.forked import Child, files_in
from torture.kills import Countdown
from torture.traffic import MEDIA_THRESHOLD, answer, is_whole, name_of, question

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_interactions.files.candidates import Candidate
    from torture import Outcome

_AT_ONCE: Final = os.cpu_count() or 1
_BATCH: Final = 100
_KINDS: Final = ("recording", "snapshots")  # of candidates: one with snapshots, and snapshots alone
_DECISIONS: Final = ("accept", "reject")
_STRIDE: Final = 617  # a prime: the first cases are spread over all moments, and each comes once before any comes again
_READ_AGAIN: Final = 0.3  # the share of cases in which the process that reads next is killed too


def reviews(count: int, seed: int = 0) -> Outcome:
    """Kill `count` reviews; return how many kills there were, and what was torn or left behind."""
    killed, failed, begin = 0, list[str](), 0
    with TemporaryDirectory(prefix="torture-") as scratch:
        setting = _Setting(Path(scratch), seed, _measured(Path(scratch)))
        with ProcessPoolExecutor(_AT_ONCE, mp_context=get_context("fork")) as pool:
            while killed < count:
                size = min(_BATCH, -(-(count - killed) // _AT_ONCE))
                starts = range(begin, begin + size * _AT_ONCE, size)
                for kills_there, failed_there in pool.map(partial(_batch, setting, size), starts):
                    killed += kills_there
                    failed += failed_there
                begin += size * _AT_ONCE
    return killed, failed


@dataclass(frozen=True, slots=True)
class _Whole:
    """What a whole review takes: seconds, and moments right before and after a call that touches a file."""

    seconds: float
    moments: int


@dataclass(frozen=True, slots=True)
class _Setting:
    """What all cases share."""

    scratch: Path
    seed: int
    whole: dict[tuple[str, str], _Whole]


def _batch(setting: _Setting, size: int, begin: int) -> tuple[int, list[str]]:
    killed, failed = 0, []
    for number in range(begin, begin + size):
        with TemporaryDirectory(dir=setting.scratch) as directory:
            killed_there, problems = _Case(setting, Path(directory), number).run()
        killed += killed_there
        failed += [f"kill {number} of seed {setting.seed}: {problem}" for problem in problems]
    return killed, failed


class _Case:
    """One candidate: a review of it that is killed, maybe readers that are killed too, and one that is not."""

    def __init__(self, setting: _Setting, directory: Path, number: int) -> None:
        self._dice = Random(f"{setting.seed} {number}")
        self._kind, self._decision = _KINDS[number % 2], _DECISIONS[number // 2 % 2]
        self._whole = setting.whole[self._kind, self._decision]
        self._has_been_everywhere = number // 4 >= self._whole.moments
        self._moment = number // 4 * _STRIDE % self._whole.moments + 1
        self._directory = directory
        self._temporary = directory / "temporary"
        self._temporary.mkdir()
        self._project = _Project(directory / "project", self._kind)
        shutil.copytree(setting.scratch / self._kind, self._project.root)

    def run(self) -> tuple[int, list[str]]:
        """Return how many processes were killed, and what is wrong then."""
        child = self._killed(partial(_decide, self._project, self._decision), self._moment)
        killed = int(child.signal == signal.SIGKILL)
        while killed and self._dice.random() < _READ_AGAIN:
            reader = self._killed(partial(_read, self._project), self._dice.randint(1, self._whole.moments))
            if reader.signal != signal.SIGKILL:
                break
            killed += 1
        problems = [f"no review, but {child.error}"] if child.error else []
        return killed, [
            f"{self._decision} {self._kind}: {each}" for each in [*problems, *self._wrong("done" in child.lines)]
        ]

    def _killed(self, work: Callable[[Callable[[str], object]], object], moment: int) -> Child:
        """Begin some work and kill it, at a moment or, in four of ten cases after each moment had one, at any time."""
        at_any_time = self._has_been_everywhere and self._dice.random() < 0.4
        child = Child.start(partial(_counted, work, 0 if at_any_time else moment), self._temporary)
        if at_any_time:
            time.sleep(self._dice.random() * self._whole.seconds)
            os.kill(child.pid, signal.SIGKILL)
        child.wait()
        return child

    def _wrong(self, is_done: bool) -> list[str]:
        """Return what is wrong: first for a reader, then for who reviews, then after a review that is not killed."""
        project = self._project
        problems = project.torn()
        is_new = project.is_new()
        if is_done and is_new != (self._decision == "accept"):
            problems.append("it said that it was done, and is not")
        _decide(project, "list")
        waiting = project.waiting()
        if self._decision == "accept" and is_new == (waiting is not None):
            problems.append(f"the new is in place: {is_new}, and something waits: {waiting is not None}")
        if waiting is not None:
            problems += project.damaged(waiting)
            _decide(project, self._decision)
        problems += project.torn()
        if project.is_new() != (self._decision == "accept"):
            problems.append("a second review did not do what it was told")
        stray = sorted(file.relative_to(self._directory) for file in {*files_in(self._directory)} - project.own())
        return problems + [f"left behind: {file}" for file in stray]


class _Project:
    """A project with a cassette, two snapshots, of which one is new, and a candidate of one of the kinds."""

    def __init__(self, root: Path, kind: str) -> None:
        self.root, self._kind = root, kind
        self.cassette = root / "cassettes" / "test_it.yaml"
        self.snapshots = [root / "__snapshots__" / f"test_{name}.steps.txt" for name in ("one", "two")]

    def make(self) -> None:
        """Write all of it."""
        self.root.mkdir()
        (self.root / "pytest.ini").write_text("[pytest]\n")
        self.snapshots[0].parent.mkdir()
        self.snapshots[0].write_text("old\n")
        gate = Gate(Redactor(secrets=Secrets([])))
        old, new = (storage.Contents([_exchange(name), _exchange(f"media {name}")]) for name in ("old", "new"))
        storage.save(self.cassette, old, gate, media_threshold=MEDIA_THRESHOLD)
        changed = {path: Changed("new\n", "old\n" if path.exists() else None) for path in self.snapshots}
        if self._kind == "recording":
            storage.save(candidates.candidate(self.cassette), new, gate, media_threshold=MEDIA_THRESHOLD)
            leaving.leave(self.cassette, "test_it.py::test_it", changed)
        else:
            leaving.leave_snapshots(self.cassette, "test_it.py::test_it", changed, [])

    def torn(self) -> list[str]:
        """Return what is not all old or all new, as a reader finds it who reads the cassette first."""
        try:
            exchanges = storage.load(self.cassette).exchanges
            names = [name_of(each) for each in exchanges]
            whole = all(is_whole(media.whole(each, media.directory_of(self.cassette))) for each in exchanges)
        except CassetteError as error:
            return [f"the cassette can't be read: {error}"]
        texts = [path.read_text() if path.exists() else "" for path in self.snapshots]
        told = {name.rpartition(" ")[2] for name in names} | ({*texts} if self._kind == "recording" else set())
        is_one = told in ({"old", "old\n", ""}, {"new", "new\n"}, {"old"})
        problems = [] if is_one and texts in (["old\n", ""], ["new\n", "new\n"]) else [f"torn: {names}, {texts}"]
        return problems + ["a medium is not whole"] * (not whole)

    def is_new(self) -> bool:
        """Return whether the candidate is in place."""
        return self.snapshots[0].read_text() == "new\n"

    def waiting(self) -> Candidate | None:
        """Return the candidate that waits; `None` if none does."""
        try:
            return candidates.named(self.cassette)
        except CassetteError:
            return None

    def damaged(self, waiting: Candidate) -> list[str]:
        """Return what is missing in a candidate that waits."""
        if {*waiting.snapshots} != {*self.snapshots} or waiting.has_recording != (self._kind == "recording"):
            return [f"the candidate is not whole: {waiting}"]
        exchanges = waiting.load().exchanges if waiting.has_recording else []
        directory = media.directory_of(waiting.path)
        return ["a medium of the candidate is not whole"] * (
            not all(is_whole(media.whole(each, directory)) for each in exchanges)
        )

    def own(self) -> set[Path]:
        """Return the files that are to be there in the end."""
        directory = media.directory_of(self.cassette)
        used = {directory / name for name in media.references(self.cassette.read_text("utf-8"))}
        snapshots = self.snapshots if self.is_new() else self.snapshots[:1]
        return {self.root / "pytest.ini", self.cassette, *used, *snapshots}


def _exchange(name: str) -> Exchange:
    request = Request(method="POST", uri="http://h/v1/interactions", headers=_JSON).with_json(question(name))
    response = Response(status=200, reason="OK", headers=_JSON, body=answer(question(name)))
    return Exchange(request=request, response=response)


_JSON: Final = {"content-type": ["application/json"]}


def _decide(project: _Project, decision: str, report: Callable[[str], object] = str) -> None:
    """Review with the command, and report that it is done."""
    with redirect_stdout(StringIO()):
        name = project.cassette.parent if decision == "list" else project.cassette
        status = main(["review", f"--{decision}", str(name)])
    if status:
        raise RuntimeError(f"the review ended with status {status}")
    report("done")


def _read(project: _Project, _report: Callable[[str], object] = str) -> None:
    storage.load(project.cassette)


def _counted(work: Callable[[Callable[[str], object]], object], moment: int, report: Callable[[str], object]) -> None:
    """Do some work, and kill this process at a moment, counted by calls that touch a file; `0` is none of them."""
    if moment:
        sys.setprofile(Countdown(moment))
    try:
        work(report)
    finally:
        sys.setprofile(None)


def _measured(scratch: Path) -> dict[tuple[str, str], _Whole]:
    """Make a project of each kind, and review a copy of each without a kill, to know how long that takes."""
    found = {}
    for kind in _KINDS:
        _Project(scratch / kind, kind).make()
        for decision in _DECISIONS:
            for name in ("imported", "measured"):
                project = _Project(scratch / f"{kind}-{decision}-{name}", kind)
                shutil.copytree(scratch / kind, project.root)
                countdown, begun = Countdown(0), time.perf_counter()
                sys.setprofile(countdown if name == "measured" else None)
                try:
                    _decide(project, decision)
                finally:
                    sys.setprofile(None)
            found[kind, decision] = _Whole(time.perf_counter() - begun, -countdown.left)
    return found
