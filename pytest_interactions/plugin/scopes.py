"""Cassettes of wider scopes than a test's: of a class, a module, a package or the session.

Such a cassette is in force during the tests that use it, directly or through a fixture, and during no others; the
guard is in force around all that a test uses, so that no call of a wider fixture goes to the API unseen. A server that
a wider fixture starts in a thread serves each test with the test's own cassette, if it has one.
"""

from __future__ import annotations

import re
import sys
from contextlib import ExitStack, contextmanager, nullcontext
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_interactions.errors import OptionError, StoreError
from pytest_interactions.options import LIVE
from pytest_interactions.plugin import attempts, opening
from pytest_interactions.plugin.attempts import Use, plainly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.plugin.opening import Node

#: The fixture of each scope, the widest first.
FIXTURES: Final = {scope: f"{scope}_interactions" for scope in ("session", "package", "module", "class")}
_WIDEST_FIRST: Final = list(FIXTURES)
#: The fixture around all others of a test that has one of ours.
END: Final = "_interactions_end"
#: Of a session: the test that runs, the cassettes that are open, and definitions of the fixtures being set up.
_RUNNING: Final = pytest.StashKey[pytest.Item]()
_OPEN: Final = pytest.StashKey[list["_Wider"]]()
_SETTING_UP: Final = pytest.StashKey[list[Any]]()
#: Of a test: the one that follows, its guard, and what is in force during it.
_NEXT: Final = pytest.StashKey[pytest.Item | None]()
_GUARD: Final = pytest.StashKey[Any]()
_HELD: Final = pytest.StashKey[dict[Any, ExitStack]]()
#: Of a session: what keeps patches on from one test that uses us to the next.
_KEPT: Final = pytest.StashKey[ExitStack]()
_MISMATCH: Final = re.compile(r"ScopeMismatch: .*function scoped fixture interactions with a (\w+) scoped request")


class _Wider(Use):
    """A cassette that is used by the tests below `node`, through the fixture of its scope."""

    def __init__(self, user: str, cassette: Cassette, *, scope: str, node: Node) -> None:
        super().__init__(user, cassette)
        self.scope = scope
        self.node = node

    @property
    def rank(self) -> int:
        """Return how many scopes are wider."""
        return _WIDEST_FIRST.index(self.scope)


# --- the fixtures ---


def _fixture(scope: Any) -> Any:
    def fixture(request: pytest.FixtureRequest) -> Iterator[Cassette]:
        use = _begin(request)
        yield use.cassette
        attempts.settle(use)
        use.is_over = True
        request.config.stash[_OPEN].remove(use)
        _release(request.config.stash[_RUNNING], use)

    fixture.__doc__ = f"""Record what fixtures of the scope {scope}, and tests that use them, send; or replay it.

    It is what `interactions` is, with a cassette that lasts as long as the {scope}. Ask for it in your own fixture:

        @pytest.fixture(scope="{scope}")
        def uploaded({FIXTURES[scope]}):
            client = genai.Client()
            return client.files.upload(file="report.pdf")
    """
    return pytest.fixture(scope=scope, name=FIXTURES[scope])(fixture)


session_interactions = _fixture("session")
package_interactions = _fixture("package")
module_interactions = _fixture("module")
class_interactions = _fixture("class")


def _begin(request: pytest.FixtureRequest) -> _Wider:
    """Open the cassette, and put it in force beneath those of narrower scopes."""
    node, item = request.node, request.config.stash[_RUNNING]
    fixture = FIXTURES[request.scope]
    with plainly():
        cassette = opening.of_scope(node, fixture, opening.options(node, opening.static_config(item)))
    use = _Wider(f"{fixture} of {node.nodeid}" if node.nodeid else fixture, cassette, scope=request.scope, node=node)
    attempts.register(request.config, use)
    request.config.stash[_OPEN].append(use)
    item.stash.setdefault(attempts.WIDER, []).append(use)
    if attempts.USE in item.stash:  # a test that asks so late has its own cassette for what it sends
        return use
    held = item.stash.setdefault(_HELD, {})
    narrower = [each for each in held if isinstance(each, _Wider) and each.rank > use.rank]
    for each in narrower:
        _release(item, each)
    for each in (use, *narrower):
        _hold(item, each)
    return use


# --- what is in force during a test ---


def pytest_configure(config: pytest.Config) -> None:
    """Begin with nothing open."""
    config.stash[_OPEN] = []
    config.stash[_SETTING_UP] = []
    config.stash[opening.DESELECTED] = False


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Take note that a run is of some tests alone."""
    for item in items[:1]:  # `--lf` may deselect none
        item.config.stash[opening.DESELECTED] = True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Take note of which test runs, and which is next: what it does not need ends with this one."""
    item.config.stash[_RUNNING] = item
    item.stash[_NEXT] = nextitem
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Put in force the guard, and in it what the test uses, the widest first."""
    names = _names(item)
    if names:
        _keep_patches(item.config)
        item.stash[_HELD] = {}
        _guard(item, names)
        used = [use for use in _open(item) if use.node in item.listchain() and FIXTURES[use.scope] in names]
        attempts.take_part(item, [*used])
        for use in used:
            _hold(item, use)
    else:
        _take_patches_off(item.config)
    return (yield)


def _keep_patches(config: pytest.Config) -> None:
    """Leave patches on after this test, until one comes that does not use us, which is to see none, or the end."""
    from pytest_interactions.clients.in_force import keeping_patches

    if _KEPT not in config.stash:
        kept = config.stash[_KEPT] = ExitStack()
        kept.enter_context(keeping_patches())


def _take_patches_off(config: pytest.Config) -> None:
    kept = config.stash.get(_KEPT, None)
    if kept is not None:
        del config.stash[_KEPT]
        kept.close()
    replacing = sys.modules.get("pytest_interactions.clients.replacing")
    if replacing is not None:
        replacing.put_back()  # what another tool has kept from a test that uses us


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind in a process that goes on after its run of tests."""
    _take_patches_off(config)


@pytest.fixture(name=END)
def _end(request: pytest.FixtureRequest) -> Iterator[None]:
    """Begin before and end after all other fixtures of a test; then only wider ones are left to end."""
    yield
    _hold_what_ends(request.node)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Put in force what ends with a test that does not use us; take all out of force when the fixtures have ended."""
    with ending(item):
        return (yield)


@contextmanager
def ending(item: pytest.Item) -> Iterator[None]:
    """Put in force what ends with a test, as long as fixtures end, and take all out of force then."""
    if _HELD not in item.stash:
        item.stash[_HELD] = {}
        _hold_what_ends(item)
    try:
        yield
    finally:
        held: dict[Any, ExitStack] = item.stash[_HELD]
        for each in list(held):
            _release(item, each)
        del item.stash[_HELD]


def _names(item: pytest.Item) -> list[str]:
    """Return our fixtures that a test uses, the wider ones first."""
    used = set(getattr(item, "fixturenames", ()))
    return [name for name in (*FIXTURES.values(), "interactions") if name in used]


def _open(item: pytest.Item) -> list[_Wider]:
    """Return the cassettes that are open, the widest first."""
    found: list[_Wider] = item.config.stash[_OPEN]
    return sorted(found, key=attrgetter("rank"))


def _hold_what_ends(item: pytest.Item) -> None:
    """Put in force what ends with a test, the widest first, whether the test has used it or not."""
    following = item.stash.get(_NEXT, None)
    nodes = following.listchain() if following is not None else []
    ending = [use for use in _open(item) if use.node not in nodes]
    missing = [place for place, use in enumerate(ending) if use not in item.stash[_HELD]]
    for use in ending[missing[0] :] if missing else ():  # the others are as async fixtures remember them
        _release(item, use)
        _hold(item, use)


def _hold(item: pytest.Item, use: Use) -> None:
    from pytest_interactions.clients.context import opened

    held = item.stash.setdefault(_HELD, {})[use] = ExitStack()
    held.enter_context(opened(use.cassette, yields=True))


def _release(item: pytest.Item, each: Any) -> None:
    held = item.stash.get(_HELD, {}).pop(each, None)
    if held is not None:
        held.close()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Iterator[None]:
    """Give what a fixture sends to no cassette that it outlives, but to one of its scope or wider, or to the guard."""
    setting_up = request.config.stash[_SETTING_UP]
    setting_up.append(fixturedef)
    try:
        with _in_force(request.config.stash.get(_RUNNING, None), fixturedef):
            return (yield)
    finally:
        setting_up.pop()


def _in_force(item: pytest.Item | None, fixture: pytest.FixtureDef[Any]) -> AbstractContextManager[object]:
    is_ours = fixture.argname in FIXTURES.values()
    if item is None or _HELD not in item.stash or fixture.scope not in FIXTURES or is_ours:
        return nullcontext()
    from pytest_interactions.clients.context import guarded, opened

    rank, users = _WIDEST_FIRST.index(fixture.scope), item.stash[attempts.WIDER]
    lasting = [use for use in _open(item) if use in users and use.rank <= rank]
    if lasting:
        return opened(lasting[-1].cassette, yields=True)
    return guarded(item.stash[_GUARD]) if _GUARD in item.stash else nullcontext()


# --- the guard ---


def _guard(item: pytest.Item, names: list[str]) -> None:
    """Put the guard in force; a test without options that can be known so early has none."""
    from pytest_interactions.cassette.guard import Guard
    from pytest_interactions.clients.context import guarded

    try:
        options = opening.options(item, opening.static_config(item))
        replays = opening.replays(item, names, options)
    except (OptionError, StoreError):  # which the test's own fixture raises
        return

    def note(text: str) -> None:
        notes = item.config.stash[attempts.NOTES]
        notes += {f"{item.nodeid}: {text}"}.difference(notes)

    if options.record_mode in LIVE:
        return
    guard = Guard(replays=replays, allowed=options.allowed_hosts, fixture=lambda: _running(item.config), note=note)
    item.stash[attempts.REFUSED] = guard.failures
    item.stash[_GUARD] = guard
    held = item.stash[_HELD][guard] = ExitStack()
    held.enter_context(guarded(guard))


def _running(config: pytest.Config) -> tuple[str, str]:
    """Return the name and the scope of the fixture that is being set up; where none is, no name."""
    running = [each for each in config.stash[_SETTING_UP] if each.scope != "function"]
    return (running[-1].argname, running[-1].scope) if running else ("", "module")


def hint(report: pytest.TestReport) -> None:
    """Tell a wider fixture that asked for `interactions` which fixture is for it."""
    found = _MISMATCH.search(report.longreprtext) if report.failed and report.when == "setup" else None
    if found:
        text = f"Ask for {FIXTURES[found[1]]}: a {found[1]}-scoped fixture outlives the cassette of a test."
        report.sections.append(("interactions", text))
