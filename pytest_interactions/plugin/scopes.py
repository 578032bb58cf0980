"""Cassettes of wider scopes than a test's: of a class, a module, a package or the session.

Such a cassette is in force during the tests that use it, directly or through a fixture, and during no others; the
guard is in force around all that a test uses, so that no call of a wider fixture goes to the API unseen.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from inspect import isgeneratorfunction, signature
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_interactions.errors import OptionError
from pytest_interactions.options import RecordMode
from pytest_interactions.plugin import attempts, opening
from pytest_interactions.plugin.attempts import Use, plainly
from pytest_interactions.plugin.opening import Node

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.options import Options

#: The scopes, the widest first, and the fixture of each.
FIXTURES: Final = {scope: f"{scope}_interactions" for scope in ("session", "package", "module", "class")}
_OPEN: Final = pytest.StashKey[dict[tuple[str, Node], Use]]()
_ENTERED: Final = pytest.StashKey[ExitStack]()
_SETTING_UP: Final = pytest.StashKey[list[Any]]()  # definitions of fixtures
_MISMATCH: Final = re.compile(r"ScopeMismatch: .*function scoped fixture interactions with a (\w+) scoped request")
_CONFIG: Final = "interactions_config"
_KINDS: Final[dict[str, type[Node]]] = {
    "interactions": pytest.Item,
    "session_interactions": pytest.Session,
    "package_interactions": pytest.Session,  # for pytest a plugin's fixture of this scope lives that long
    "module_interactions": pytest.Module,
    "class_interactions": pytest.Class,
}


# --- the fixtures ---


def _fixture(scope: Any) -> Any:
    @pytest.fixture(scope=scope, name=FIXTURES[scope])
    def fixture(request: pytest.FixtureRequest) -> Iterator[Cassette]:
        use = _begin(request)
        yield use.cassette
        use.is_over = True
        del request.config.stash[_OPEN][FIXTURES[scope], request.node]

    fixture.__doc__ = f"""Record what is sent by fixtures of the {scope}, and by tests that use them, or replay it."""
    return fixture


session_interactions = _fixture("session")
package_interactions = _fixture("package")
module_interactions = _fixture("module")
class_interactions = _fixture("class")


def _begin(request: pytest.FixtureRequest) -> Use:
    node: Node = request.node
    item: pytest.Item = request._pyfuncitem  # noqa: SLF001 - the test whose setup this is part of has no public name
    fixture = FIXTURES[request.scope]
    with plainly():
        cassette = opening.of_scope(node, fixture, opening.options(node, static_config(item)))
    use = attempts.use(request.config, f"{fixture} of {node.nodeid}" if node.nodeid else fixture, cassette)
    request.config.stash[_OPEN][fixture, node] = use
    _enter(item, use)
    return use


def static_config(item: pytest.Item) -> Mapping[str, Any]:
    """Return what the fixture `interactions_config` gives a test, before that is set up.

    Raises:
        OptionError: It can't be known so early, as it asks for other fixtures or yields.
    """
    found = item.session._fixturemanager.getfixturedefs(_CONFIG, item)  # noqa: SLF001 - there is no public way
    definition = (found or [])[-1]  # this package's own, at least
    if definition.argnames or isgeneratorfunction(definition.func):
        raise OptionError(
            f"the fixture {_CONFIG} of {definition.baseid or item.nodeid} asks for other fixtures or yields, so that "
            "its options can't be known before a test's own fixtures are made. Let it return a dict alone, or take a "
            "cassette for each test."
        )
    own = [None] * len(signature(definition.func).parameters)  # `self`, if it stands in a class
    config: Mapping[str, Any] = definition.func(*own)  # type: ignore[assignment] # it does not yield
    return config


# --- what is in force during a test ---


def pytest_configure(config: pytest.Config) -> None:
    """Begin with nothing open."""
    config.stash[_OPEN] = {}
    config.stash[_SETTING_UP] = []
    config.stash[opening.DESELECTED] = False


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Take note that a run is of some tests alone."""
    items[0].config.stash[opening.DESELECTED] = True


def _names(item: pytest.Item) -> list[str]:
    """Return our fixtures that a test uses, the wider ones first."""
    used = set(getattr(item, "fixturenames", ()))
    return [name for name in (*FIXTURES.values(), "interactions") if name in used]


def _guard(item: pytest.Item, names: list[str]) -> None:
    """Put the guard in force; a test without options that can be known so early has none."""
    from pytest_interactions.cassette.guard import Guard
    from pytest_interactions.clients.context import guarded

    try:
        options = opening.options(item, static_config(item))
        replays = _replays(item, names, options)
    except OptionError:  # which the test's own fixture raises
        return

    def note(text: str) -> None:
        notes = item.config.stash[attempts.NOTES]
        notes += {f"{item.nodeid}: {text}"}.difference(notes)

    if options.record_mode is RecordMode.OFF:
        return
    guard = Guard(replays=replays, allowed=options.allowed_hosts, fixture=lambda: _running(item.config), note=note)
    item.stash[attempts.REFUSED] = guard.failures
    item.stash[_ENTERED].enter_context(guarded(guard))


def _replays(item: pytest.Item, names: list[str], options: Options) -> bool:
    """Return whether a test may replay alone: all its cassettes are there, and are older than the run."""
    if options.record_mode is not RecordMode.ONCE:
        return options.record_mode is RecordMode.NONE
    from pytest_interactions.files.storage import signature

    found = [signature(opening.path(item.getparent(_KINDS[name]) or item, name, options)) for name in names]
    return all(each is not None and each[0] < item.config.stash[opening.BEGUN] for each in found)


def _running(config: pytest.Config) -> tuple[str, str]:
    """Return the name and the scope of the fixture that is being set up; of one that ends neither can be known."""
    running = [each for each in config.stash[_SETTING_UP] if each.scope != "function"]
    return (running[-1].argname, running[-1].scope) if running else ("that ends now", "module")


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Iterator[None]:
    """Take note of which fixture is being set up."""
    setting_up = request.config.stash[_SETTING_UP]
    setting_up.append(fixturedef)
    try:
        return (yield)
    finally:
        setting_up.pop()


def hint(report: pytest.TestReport) -> None:
    """Tell a wider fixture that asked for `interactions` which fixture is for it."""
    found = _MISMATCH.search(report.longreprtext) if report.failed and report.when == "setup" else None
    if found:
        text = f"Ask for {FIXTURES[found[1]]}: a {found[1]}-scoped fixture outlives the cassette of a test."
        report.sections.append(("interactions", text))


def _enter(item: pytest.Item, use: Use) -> None:
    from pytest_interactions.clients.context import opened

    item.stash.setdefault(_ENTERED, ExitStack()).enter_context(opened(use.cassette))
    item.stash.setdefault(attempts.WIDER, []).append(use)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Put in force what a test uses and is open already, and the guard around it."""
    names = _names(item)
    if names:
        item.stash[_ENTERED] = ExitStack()
        item.stash[attempts.WIDER] = []
        _guard(item, names)
        nodes = item.listchain()
        for (fixture, node), use in item.config.stash[_OPEN].items():
            if node in nodes and fixture in names:
                _enter(item, use)
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Take all of it out of force when the fixtures have ended; those that end with this test end inside theirs."""
    following = nextitem.listchain() if nextitem else []
    for (_, node), use in item.config.stash[_OPEN].items():
        if node not in following and use not in item.stash.get(attempts.WIDER, []):
            _enter(item, use)
    try:
        return (yield)
    finally:
        if _ENTERED in item.stash:
            item.stash[_ENTERED].close()
            del item.stash[_ENTERED]
