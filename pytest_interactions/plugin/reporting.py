"""The report of a run: the option, and the file that is written at the end of all that `telling` has told of tests."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_interactions.errors import MissingExtraError, OptionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_interactions.report.model import Run, Test

#: The option of a run, which no cassette has.
_OPTION: Final = "interactions_report"
#: Of a worker of pytest-xdist: where it tells of its tests, and how many it has collected.
_DIRECTORY: Final = "interactions_told_in"
COLLECTED: Final = "interactions_collected"


def add_option(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    """Add the option as a flag and an ini key."""
    says = "write what the tests of this run did to this file: a page (.html), Markdown (.md), or JSON (.json)"
    group.addoption(f"--{_OPTION.replace('_', '-')}", dest=_OPTION, metavar="FILE", default=None, help=says)
    parser.addini(_OPTION, help=says, default="")


def begin(config: pytest.Config) -> None:
    """Begin to tell of tests if the option is set.

    Raises:
        UsageError: The file can't be written, or its form is unknown.
    """
    given: Mapping[str, Any] = getattr(config, "workerinput", {})
    if _DIRECTORY in given:
        _tell(config, Path(given[_DIRECTORY]))
        return
    path = _path(config)
    if path is None or config.option.collectonly or given:
        return
    from pytest_interactions.report import writing

    try:
        writing.check(path)
    except (OptionError, MissingExtraError) as error:
        raise pytest.UsageError(f"--interactions-report: {error}") from None
    directory = TemporaryDirectory(prefix="pytest-interactions-report-")
    config.add_cleanup(directory.cleanup)
    _tell(config, Path(directory.name))
    config.pluginmanager.register(_Writing(config, path, Path(directory.name)))


def _path(config: pytest.Config) -> Path | None:
    flag, ini = config.getoption(_OPTION), config.getini(_OPTION)
    if flag:
        return config.invocation_params.dir / str(flag)
    return config.rootpath / str(ini) if ini else None


def _tell(config: pytest.Config, directory: Path) -> None:
    from pytest_interactions.plugin.telling import Telling

    config.pluginmanager.register(Telling(config, directory))


class _Writing:
    """A plugin that writes the report at the end of a run, in the process that began it."""

    def __init__(self, config: pytest.Config, path: Path, directory: Path) -> None:
        from pytest_interactions.files import clock

        self._config, self._path, self._directory = config, path, directory
        self._begun, self._from = clock.now(), clock.seconds()
        self._collected = 0
        self._beside: list[Test] = []  # what no process has told of: files that can't be collected, tests of a crash
        self._error = ""

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a pytest-xdist worker where it is to tell of its tests."""
        node.workerinput[_DIRECTORY] = str(self._directory)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take from a worker how many tests there are."""
        output: Mapping[str, Any] = getattr(node, "workeroutput", None) or {}
        self._collected = max(self._collected, output.get(COLLECTED, 0))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take note of what could not be collected."""
        if report.failed:
            self._add("collection", report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of a test in which a worker of pytest-xdist has crashed: it is of no phase."""
        if report.when not in ("setup", "call", "teardown"):
            self._add("crash", report)

    def _add(self, name: str, report: pytest.CollectReport | pytest.TestReport) -> None:
        from pytest_interactions.plugin.telling import told_lines, without_secrets_of_this_run
        from pytest_interactions.report.run import entry, phase

        lines = told_lines(report)
        headline = next((text for kind, text in lines if kind == "error"), "")
        test = entry(report.nodeid, "error", [phase(name, "error", lines, headline=headline)])
        self._beside.append(without_secrets_of_this_run(test))

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Iterator[None]:
        """Write the report, before the summary is printed."""
        yield
        from pytest_interactions.report import writing

        self._collected = max(self._collected, session.testscollected)
        try:
            writing.write(self._path, self._run(session, exitstatus))
        except OSError as error:
            self._error = f": can't be written: {error.strerror}"

    def _run(self, session: pytest.Session, exitstatus: int) -> Run:
        from pytest_interactions.files import clock
        from pytest_interactions.plugin.telling import without_secrets_of_this_run
        from pytest_interactions.report.bounds import Room

        told = list(Room().fit(json.loads(file.read_bytes()) for file in sorted(self._directory.iterdir())))
        known = {test["id"] for test in told}
        tests = [*told, *(test for test in self._beside if test["id"] not in known)]
        run: Run = {
            "title": self._config.rootpath.name or "Tests",
            "begun": self._begun.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "seconds": round(clock.seconds() - self._from, 3),
            "collected": self._collected,
            "ended": _ended(session, exitstatus),
            "tests": [],
        }
        run = without_secrets_of_this_run(run)
        run["tests"] = sorted(tests, key=lambda test: test["id"])
        return run

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where the report is."""
        from pytest_interactions.naming import shown

        if self._error or self._config.get_verbosity() >= 0:
            path = shown(self._path, self._config.invocation_params.dir)
            terminalreporter.write_line(f"interactions, report: {path}{self._error}", red=bool(self._error))


def _ended(session: pytest.Session, exitstatus: int) -> str:
    """Return why a run ended before all of its tests; `""` if it did not."""
    said = session.shouldfail or session.shouldstop
    if said:
        return said if isinstance(said, str) else "stopped"
    return {
        pytest.ExitCode.INTERRUPTED: "interrupted",
        pytest.ExitCode.INTERNAL_ERROR: "an error in pytest or a plugin",
    }.get(pytest.ExitCode(exitstatus), "")
