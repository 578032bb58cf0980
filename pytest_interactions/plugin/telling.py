"""What each test of a run did, told for the report by the process that ran it.

It goes to a file for each test, in a directory that all processes of a run share: so it takes no memory, and nothing
large passes between the processes of pytest-xdist.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pytest

from pytest_interactions.api.digests import IN_MEDIA_NAME, hex_digest
from pytest_interactions.errors import CassetteError
from pytest_interactions.files import shared
from pytest_interactions.files.real import real_files
from pytest_interactions.files.storage import Contents
from pytest_interactions.plugin import attempts, reporting, summary
from pytest_interactions.redaction.secrets import Secrets, of_this_run
from pytest_interactions.report.model import OUTCOMES
from pytest_interactions.report.run import entry, outcome_of, phase
from pytest_interactions.report.traced import Tracer, without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.report.model import Change, Phase, Test, TextLine, Traced

_T = TypeVar("_T")

#: The parts of a failure that are this package's own, beside what pytest has captured.
_OURS: Final = "interactions"
_NOT_AS_WANTED: Final = ("failed", "error", "interrupted")
# A line of the difference between two texts, as assertions show it.
_DIFF: Final = re.compile(r"E {3,}([+-])(?: |$)")


class Telling:
    """A plugin that tells of each test when it is over."""

    def __init__(self, config: pytest.Config, directory: Path) -> None:
        self._here = config.invocation_params.dir
        self._directory = directory
        self._is_running = False
        self._phases: list[Phase] = []
        self._attempts = 0
        self._blocks: list[Cassette] = []
        config.stash[summary.BLOCKS] = self._blocks
        self._told: dict[Cassette, int] = {}  # how many exchanges of wider cassettes are of earlier tests
        self._tracers: dict[int, Tracer] = {}

    # --- while a test runs ---

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Tell of a test when all of its attempts are over, or it was interrupted."""
        self._is_running, self._attempts = True, 0
        self._phases.clear()
        self._blocks.clear()
        try:
            return (yield)
        finally:
            self._is_running = False
            with real_files():
                self._keep(item.nodeid, self._test(item))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        """Forget the blocks of an attempt that is made anew."""
        self._blocks.clear()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of a phase or a subtest, unless it is of another process."""
        if not self._is_running:
            return
        if report.when == "setup":
            self._attempts += 1
            self._phases.clear()
        self._phases.append(_phase(report))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Tell pytest-xdist's controller how many tests there were."""
        output: dict[str, Any] = getattr(session.config, "workeroutput", {})
        output[reporting.COLLECTED] = session.testscollected

    # --- when it is over ---

    def _test(self, item: pytest.Item) -> Test:
        test = entry(item.nodeid, outcome_of(self._phases), list(self._phases))
        test["seconds"] = sum(each["seconds"] for each in self._phases)
        test["attempts"] = max(self._attempts, 1)
        used = list(self._used(item))
        try:
            test["cassettes"] = [self._traced(test["outcome"], *each) for each in used]
            test["snapshots"] = self._snapshots(item)
            differing = [("note", line) for _, cassette, _ in used for line in cassette.sequence.findings()]
            if differing:  # which is a warning, where it is no failure
                test["phases"].append(phase("requests that differ from their recordings", "differs", differing))
        except Exception as error:  # noqa: BLE001 - what can't be told of a test does not end the run
            told = f"This test can't be told of: {type(error).__name__}: {error}"
            test["phases"].append(phase("report", "error", [("error", told)]))
        for _, cassette, _ in used:
            test = without_secrets(test, cassette.redacted)
        return without_secrets_of_this_run(test)

    def _used(self, item: pytest.Item) -> Iterator[tuple[str, Cassette, int]]:
        """Yield the cassettes that a test has used: what for, it, and how many of its exchanges are of other tests."""
        if attempts.USE in item.stash:
            yield "interactions", item.stash[attempts.USE].cassette, 0
        for use in item.stash.get(attempts.WIDER, []):
            before = self._told.get(use.cassette, 0)
            self._told[use.cassette] = len(use.cassette.asked)
            yield use.user, use.cassette, before
        for cassette in self._blocks:
            yield "use_cassette", cassette, 0

    def _traced(self, outcome: str, user: str, cassette: Cassette, before: int) -> Traced:
        tracer, path = self._tracer(cassette), cassette.path
        file = _contents(cassette)
        contents = Contents(cassette.asked[before:])
        if file is not None:
            contents.origin = file.origin
        traced = tracer.exchanged(
            path, contents, directory=cassette.media, user=user, record_mode=str(cassette.record_mode)
        )
        if file is not None and outcome in _NOT_AS_WANTED:
            traced["recorded"] = tracer.exchanged(path, file, directory=cassette.media)
        traced["candidate"] = tracer.waiting(path)
        return traced

    def _snapshots(self, item: pytest.Item) -> list[Change]:
        if attempts.USE not in item.stash:
            return []
        use = item.stash[attempts.USE]
        tracer = self._tracer(use.cassette)
        texts = {path: changed.text for each in use.snapshots for path, changed in each.failed().items()}
        return [tracer.change(path, text) for path, text in texts.items()]

    def _tracer(self, cassette: Cassette) -> Tracer:
        size = cassette.options.max_size
        if size not in self._tracers:
            self._tracers[size] = Tracer(self._here, Secrets(base=of_this_run()), size)
        return self._tracers[size]

    def _keep(self, nodeid: str, test: Test) -> None:
        """Write what is told of a test, in place of what was told of it before.

        The names of several may be the same without their secrets.
        """
        name = hex_digest(nodeid, IN_MEDIA_NAME)
        with suppress(OSError):  # of a full disk; the report says how many tests of how many are in it
            (self._directory / f"{name}.json").write_text(json.dumps(test), "utf-8")


def _contents(cassette: Cassette) -> Contents | None:
    """Return what the file of a cassette holds; `None` if there is none that can be read."""
    try:
        return shared.load(cassette.file, cassette.options.max_size)
    except CassetteError:
        return None


def without_secrets_of_this_run(value: _T) -> _T:
    """Return JSON without the secrets that are known in this process."""
    secrets = of_this_run()
    secrets.learn_environ(os.environ)
    return without_secrets(value, secrets.matcher.redact)


# --- phases ---


def _phase(report: pytest.TestReport) -> Phase:
    context = getattr(report, "context", None)
    name = str(report.when) if context is None else f"subtest {_description(context)}"
    lines = told_lines(report)
    return phase(name, _outcome(report), lines, headline=_headline(report, lines), seconds=report.duration)


def _description(context: Any) -> str:
    """Return how a subtest was named."""
    values = ", ".join(f"{name}={value}" for name, value in (context.kwargs or {}).items())
    return " ".join(filter(None, (context.msg, f"({values})" if values else "")))


def _outcome(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail") and not report.failed:
        return "xfailed" if report.skipped else "xpassed"
    if report.failed and report.when != "call":
        return "error"
    return report.outcome if report.outcome in OUTCOMES else "failed"  # of an attempt that another was to follow


def told_lines(report: pytest.TestReport | pytest.CollectReport) -> list[TextLine]:
    """Return what the terminal shows of a failure, without what was captured; of a skipped test, the reason."""
    if hasattr(report, "wasxfail"):
        return [("note", report.wasxfail)] if report.wasxfail else []
    if isinstance(report.longrepr, tuple):
        return [("note", report.longrepr[2])]
    if not report.failed:
        return []
    told = [(_kind(line), line) for line in report.longreprtext.splitlines()]
    for name, text in report.sections:
        if name.startswith(_OURS):
            told += [("title", name), *(("error", line) for line in text.splitlines())]
    return told


def _headline(report: pytest.TestReport, lines: list[TextLine]) -> str:
    """Return what a phase came to, in one line."""
    crash = None if hasattr(report, "wasxfail") else getattr(report.longrepr, "reprcrash", None)
    told: str = lines[0][1] if lines and crash is None else getattr(crash, "message", "")
    return told.strip().partition("\n")[0]


def _kind(line: str) -> str:
    found = _DIFF.match(line)
    if found:
        return "added" if found[1] == "+" else "removed"
    return "error" if line.startswith("E") else "text"
