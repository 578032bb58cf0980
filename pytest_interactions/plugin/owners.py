"""Which files the tests of a run own: all that were collected, whether they are to run or not.

The command `unused` loads this module as a plugin of a run that collects only. The option `interactions_unused` lists
what no test owns at the end of a run of a whole suite.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_interactions.errors import OptionError
from pytest_interactions.plugin import opening

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_interactions.files.unowned.owned import Owned
    from pytest_interactions.options import Options

#: The option of a run, which no cassette has.
_OPTION: Final = "interactions_unused"
_LIST: Final = "list"
#: The option of the command's own run: the file that is told what the tests own.
_TO: Final = "interactions_owners_to"
#: Of a session: the plugin below, for the command and for the option.
_TOLD: Final = pytest.StashKey["Owners"]()
_OWNERS: Final = pytest.StashKey["Owners"]()
#: Of a session: what nobody owns, as each of its processes has it; `None` if one can't tell.
_FOUND: Final = pytest.StashKey[list[list[str] | None]]()
#: Of a worker of pytest-xdist: the same, for its controller.
_OUTPUT: Final = "interactions_unowned"
#: Of pytest: what skips files that passed before, and remembers which did.
_REMEMBERS: Final = ("lfplugin", "lfplugin-collwrapper", "nfplugin", "stepwise", "stepwiseplugin")


class Owners:
    """A plugin that takes note of what the tests of a run own."""

    def __init__(self, config: pytest.Config) -> None:
        from pytest_interactions.files.unowned.owned import Owned

        self._owned = Owned(root=config.rootpath)
        self._directories: dict[tuple[Path, Path], None] = {}
        self._of_others: set[Path] = set()  # whose tests have cassettes of another tool, with names of its own
        self._unsure: dict[pytest.Item, None] = {}
        self._seen: set[tuple[pytest.Item | pytest.Collector, str, str, str, str]] = set()
        self.is_complete = False

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Iterator[None]:
        """Take note of a file that was collected, or of what could not be."""
        report: pytest.CollectReport = yield  # type: ignore[assignment] # what a wrapper is sent
        if not report.passed:
            self._owned.left.setdefault(collector.path, _reason(report))
        elif isinstance(collector, pytest.File):
            self._owned.tests.setdefault(collector.path, set())
        return report  # type: ignore[return-value] # and passes on

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Take note of what a test owns, before anybody deselects it."""
        self._note(item)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Do the same for what it owns if others have given it another name or a mark, before they deselect it."""
        for item in items:
            self._note(item)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Do the same for what is left."""
        for item in session.items:
            self._note(item)

    def _note(self, item: pytest.Item) -> None:
        self._owned.tests.setdefault(item.path, set()).add(opening.name_of(item))
        if item.get_closest_marker("vcr"):
            self._of_others.add(item.path)
        options, is_sure = _options(item)
        for project in opening.projects(item, options):
            self._directories[project, project / options.cassette_dir] = None
        if not is_sure:
            self._unsure[item] = None
        for fixture, kind in opening.KINDS.items():
            node = item.getparent(kind) or item
            marks = repr([mark.args for mark in node.iter_markers(opening.FIXTURE)])
            seen = (node, fixture, options.cassette_dir, node.name, marks)
            if seen not in self._seen:
                self._seen.add(seen)
                with suppress(OptionError):  # a name that can't be a cassette's, which the test will say
                    self._owned.cassettes.update(opening.paths(node, fixture, options))
        if hasattr(item.config.option, "snapshot_dirname"):
            from pytest_interactions.snapshot import snapshots_of

            directory, name = snapshots_of(item) or (None, "")
            if directory is not None:
                self._owned.snapshots.setdefault(directory, set()).add(name)

    def pytest_collection_modifyitems(self) -> None:
        """Take note that no error has ended the collection before."""
        self.is_complete = True

    def owned(self, session: pytest.Session) -> Owned:
        """Return what the tests own, when all are collected."""
        from pytest_interactions.files.unowned.owned import Directory

        owned, config = self._owned, session.config
        owned.directories = [Directory(*each) for each in self._directories]
        for item in self._unsure:
            for directory in owned.directories:  # any of which may be that of its options
                for fixture, kind in opening.KINDS.items():
                    node = item.getparent(kind) or item
                    with suppress(OptionError):
                        owned.cassettes.add(opening.path_in(directory.path, directory.project, node, fixture))
        for path in (*owned.left, *self._of_others):
            owned.tests.pop(path, None)
        collected = session._initialpaths  # noqa: SLF001 - there is no public way
        owned.scope = {path.with_suffix("") if path.is_file() else path for path in collected}
        if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
            owned.scope.add(config.rootpath)
        owned.snapshot_directory = getattr(config.option, "snapshot_dirname", "")
        return owned


def _options(item: pytest.Item) -> tuple[Options, bool]:
    """Return the options of a test, and whether they are known, which a config with fixtures of its own is not."""
    from pytest_interactions.options import Options

    try:
        return opening.options(item, opening.static_config(item)), True
    except Exception:  # noqa: BLE001 - the fixture is the user's, and its error is the test's to show
        with suppress(OptionError):
            return opening.options(item, {}), False
    return Options(), False


def _reason(report: pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2]
    lines = report.longreprtext.split("\n")
    return next((line for line in reversed(lines) if line.strip()), "").removeprefix("E").strip()


# --- the command's own run, which loads this module as a plugin ---


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the file that is told."""
    parser.addoption(f"--{_TO.replace('_', '-')}", dest=_TO, help="tell this file what the tests own, and run none")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Begin to take notes, and let pytest neither skip what has passed nor remember what failed."""
    if opening.GIVEN not in config.stash:
        raise pytest.UsageError("the plugin pytest-interactions is switched off, so no test owns anything.")
    for name in _REMEMBERS:
        if config.pluginmanager.has_plugin(name):
            config.pluginmanager.unregister(name=name)
    config.option.maxfail = 0
    config.stash[_TOLD] = _registered(config)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell what the tests own, unless an error has ended the collection."""
    owners = session.config.stash[_TOLD]
    if owners.is_complete:
        Path(session.config.getoption(_TO)).write_text(owners.owned(session).dumps(), "utf-8")


# --- the option of a run of a whole suite ---


def add_option(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    """Add the option as a flag and an ini key."""
    says = f"{_LIST}: after a run of a whole suite, list the cassettes, media and snapshots that no test owns"
    group.addoption(f"--{_OPTION.replace('_', '-')}", dest=_OPTION, choices=[_LIST, "off"], default=None, help=says)
    parser.addini(_OPTION, help=says, default="off")


def begin(config: pytest.Config) -> None:
    """Begin to take notes if the option is set.

    Raises:
        UsageError: The ini file has another value.
    """
    value = config.getoption(_OPTION) or config.getini(_OPTION)
    if value not in {_LIST, "off"}:
        raise pytest.UsageError(f"ini file: {_OPTION}: {value!r} is not one of {_LIST}, off.")
    config.stash[_FOUND] = []
    if value == _LIST and not config.option.collectonly:
        config.stash[_OWNERS] = _registered(config)


def _registered(config: pytest.Config) -> Owners:
    owners = Owners(config)
    config.pluginmanager.register(owners)
    return owners


def end(session: pytest.Session) -> None:
    """Find what nobody owns at the end of a run, or of a worker of pytest-xdist, if it was of all tests."""
    config = session.config
    if _OWNERS not in config.stash:
        return
    is_controller = config.pluginmanager.has_plugin("dsession")
    found = _found(session, config.stash[_OWNERS]) if _is_whole(session) and not is_controller else None
    output: dict[str, Any] | None = getattr(config, "workeroutput", None)
    if output is not None:
        output[_OUTPUT] = found
    elif not is_controller or not _is_whole(session):
        config.stash[_FOUND].append(found)


def of_worker(config: pytest.Config, output: Mapping[str, Any]) -> None:
    """Take what a worker of pytest-xdist has found."""
    config.stash[_FOUND].append(output.get(_OUTPUT))


def notes(config: pytest.Config) -> list[str]:
    """Return what the summary tells: what nobody owns in any process, if all of them know."""
    known = [found for found in config.stash[_FOUND] if found is not None]
    if not known or len(known) < len(config.stash[_FOUND]):
        return []
    lines = [f"{path}: no test owns it" for path in known[0] if all(path in found for found in known)]
    return [*lines, "pytest-interactions unused --delete deletes what no test owns"] if lines else []


def _is_whole(session: pytest.Session) -> bool:
    config = session.config
    is_ended = bool(session.shouldstop or session.shouldfail) or session.exitstatus not in {0, 1}
    is_chosen = config.stash[opening.DESELECTED] or any("::" in argument for argument in config.args)
    return not (is_ended or is_chosen or getattr(config.option, "lf", False))


def _found(session: pytest.Session, owners: Owners) -> list[str]:
    from pytest_interactions.clients.context import opened_paths
    from pytest_interactions.files.unowned.search import unowned
    from pytest_interactions.naming import shown

    here = session.config.invocation_params.dir
    return [shown(each.path, here) for each in unowned(owners.owned(session), opened_paths())]
