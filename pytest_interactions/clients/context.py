"""A cassette in force: the patches and the isolation that go with it, put on and taken off."""

from __future__ import annotations

import os
import warnings
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, Unpack
from weakref import WeakSet

from pytest_interactions.cassette import messages
from pytest_interactions.cassette.cassette import Cassette
from pytest_interactions.cassette.verifying import differences
from pytest_interactions.clients import (
    blocks,
    decorating,
    google_auth,
    http_client,
    httpx,
    isolation,
    other_sockets,
    sdk,
    threads,
    waiting,
    websockets,
)
from pytest_interactions.clients.in_force import InForce, Place
from pytest_interactions.clients.replacing import OnceImported
from pytest_interactions.errors import AlreadyOpenError, SeveralCassettesError, StoreError
from pytest_interactions.files.real import real_files
from pytest_interactions.options import Options, RecordMode, resolve
from pytest_interactions.redaction.secrets import of_this_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from pytest_interactions import types
    from pytest_interactions.cassette.guard import Answering, Guard
    from pytest_interactions.clients.replacing import Replacements
    from pytest_interactions.store.found import Found

_Function = TypeVar("_Function", bound="Callable[..., Any]")


def _patches() -> Iterator[AbstractContextManager[object]]:
    yield from threads.patches()
    yield from httpx.patches(_CASSETTES)
    yield from http_client.patches(_CASSETTES)
    yield OnceImported("aiohttp", _patch_aiohttp)
    yield from websockets.patches(_CASSETTES)
    yield from other_sockets.patches(_CASSETTES)


def _patch_aiohttp(_module: Any, patches: Replacements) -> None:
    with real_files():
        from pytest_interactions.clients import aiohttp
    for patch in aiohttp.patches(_CASSETTES):
        patches.enter_context(patch)


def _several(answering: Sequence[Answering]) -> NoReturn:
    """Refuse a request of code that several cassettes are in force beside, and none around."""
    cassettes = [each for each in answering if isinstance(each, Cassette)]
    error = SeveralCassettesError(messages.several(cassette.path for cassette in cassettes))
    for cassette in answering:
        cassette.failed_with(error)
    raise error


_CASSETTES: Final[InForce[Answering]] = InForce(_patches, _several, may_stay=True)
#: The cassettes of this process that were open when one was opened last.
_OPENED: Final[WeakSet[Cassette]] = WeakSet()
#: Their paths, those of cassettes that nobody holds any more too.
_PATHS: Final[set[Path]] = set()


@contextmanager
def guarded(guard: Guard) -> Iterator[None]:
    """Put `guard` in force: it sees the traffic that no cassette inside of it does."""
    with _CASSETTES.hold(guard, yields=True), google_auth.logging_in(_login(replays=guard.replays), yields=True):
        yield


@contextmanager
def opened(cassette: Cassette, *, yields: bool = False) -> Iterator[Cassette]:
    """Put `cassette` in force: inside, all HTTP traffic goes through it, that of threads and tasks begun there too.

    Others have theirs at the same time; what was begun outside of any uses the one there is. If the cassette `yields`,
    so do threads and tasks that were begun inside: they use the one that is opened in there, while it is.

    Leaving puts everything back; before that is `settle`, saving is `Cassette.close`, judging `Cassette.problem`.
    """
    may_replay = cassette.replays_only or cassette.record_mode is RecordMode.NEW_EPISODES
    login = _login(replays=cassette.replays_only, may_replay=may_replay)
    with ExitStack() as stack:
        if may_replay:
            stack.enter_context(isolation.placeholder_key())
            if cassette.account.is_of_project:
                stack.enter_context(isolation.placeholder_project())
        stack.enter_context(_CASSETTES.hold(cassette, yields=yields))
        stack.enter_context(google_auth.logging_in(login, yields=yields))
        stack.enter_context(isolation.isolated(_cut_off(cassette), yields=yields))
        stack.enter_context(waiting.watched(cassette.sleeps if cassette.replays_only else None, yields=yields))
        stack.enter_context(sdk.fast(is_on=cassette.replays_only and cassette.options.fast_sdk, yields=yields))
        yield cassette


def settle(cassette: Cassette) -> None:
    """Wait, while `cassette` is still in force, for what was begun inside of it; see `Cassette.settle`."""

    def is_inside(place: Place) -> bool:
        return _CASSETTES.holds(cassette, place)

    cassette.settle(lambda daemons: threads.are_at_work(is_inside, daemons=daemons))


def past_cassettes() -> AbstractContextManager[None]:
    """Return a block inside which no cassette sees what is sent."""
    return _CASSETTES.hold(None)


def _login(*, replays: bool, may_replay: bool = False) -> google_auth.Login:
    return google_auth.Login(is_sent=not replays, is_needed=not may_replay, past=past_cassettes)


def _cut_off(cassette: Cassette) -> isolation.Isolation | None:
    if not cassette.replays_only:
        return None
    return isolation.Isolation(allowed=cassette.options.allowed_hosts, report=cassette.failed_with)


class use_cassette(AbstractContextManager[Cassette]):  # noqa: N801 - called as a function is
    """Record the traffic inside the `with` block to the cassette at `path`, or replay it from there.

    For scripts, notebooks and fixtures of a wider scope; a test has the fixture `interactions`. As a decorator it holds
    while the function runs, be it a coroutine or a generator, and each call opens the cassette anew.

    Args:
        path: The cassette's file; `cassette_dir` has no say in it.
        **options: Any option by its name, such as `record_mode="once"` (the default is `"none"`: replay only).

    Yields:
        The cassette, with its `exchanges`, `interactions` and `steps`.

    Raises:
        OptionError: An option is unknown or can't have that value.
        AlreadyOpenError: The cassette is open already in this process, and is recorded.
        CassetteFormatError: The file exists and is no cassette.
        BudgetError: At the request: as much was spent as may be, in record mode `verify`.
        CassetteMissError: At the request, and once more at the end if the code inside swallowed it.
        DriftError: At the end: the live run differs from the recording, in record mode `verify`.
        StaleError: At the end: what was replayed is too old, or of a model that is no more (see the option `stale`).
        UnfinishedError: At the end: somebody still waits for a response, in a thread or a task.
        UnplayedError: At the end: recorded exchanges were not asked for (see the option `unplayed`).
    """

    def __init__(self, path: str | os.PathLike[str], **options: Unpack[types.Options]) -> None:
        self._path = path
        self._options: Any = options
        self._entered: list[AbstractContextManager[Cassette]] = []

    def __enter__(self) -> Cassette:
        used = _used(self._path, self._options)
        cassette = used.__enter__()
        self._entered.append(used)
        return cassette

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> bool | None:
        return self._entered.pop().__exit__(kind, error, at)

    def __call__(self, function: _Function) -> _Function:
        """Hold a cassette open around each call of `function`."""
        return decorating.held(lambda: _used(self._path, self._options), function)


@contextmanager
def _used(path: str | os.PathLike[str], options: dict[str, Any]) -> Iterator[Cassette]:
    rerecord = f"use_cassette({os.fspath(path)!r}, record_mode='rewrite')"
    with real_files():  # whose paths are not the fake one's
        cassette = open_cassette(Path(path), resolve(("use_cassette", options)), rerecord=lambda: rerecord)
    try:
        with opened(cassette):
            yield cassette
            settle(cassette)
    except BaseException as error:
        blocks.ended(cassette, cassette.close(failed=True))
        for finding in cassette.findings():
            error.add_note(f"The API would refuse what was sent: {finding}")
        for finding in cassette.sequence.findings():
            error.add_note(f"A request differs from the recording that answered it: {finding}")
        for difference in differences(cassette):
            error.add_note(f"The live run differs from the recording, {difference}")
        raise
    blocks.ended(cassette, cassette.close(failed=bool(cassette.failures)))
    doubts = cassette.account.doubts()
    if doubts:
        warnings.warn(messages.stale(doubts, cassette=cassette.path, rerecord=rerecord), stacklevel=2)
    problem = cassette.problem()
    if problem is not None:
        raise problem


def open_cassette(path: Path, options: Options, **more: Any) -> Cassette:
    """Open the cassette at `path` with the secrets of this run; the arguments are those of `Cassette`.

    Raises:
        AlreadyOpenError: It is open already in this process, and is recorded.
        OptionError: It may be in a store, and is out of its project.
    """
    secrets = of_this_run()
    secrets.learn_environ(os.environ)
    path = path.absolute()  # as the app may change the working directory
    if options.store:
        _check_inside(path, options, more.get("projects", ()))
    found = _found(path, options) if options.store else None
    cassette = Cassette(path, options, secrets, found=found, **more)
    if found is not None and not found.file.exists():  # there is none, or a push has just taken it out
        found = _found(path, options)
        if found is not None and found.file != path:
            cassette = Cassette(path, options, secrets, found=found, **more)
    for other in list(_OPENED):
        if not other.is_open:
            _OPENED.discard(other)
        elif (other.may_write or cassette.may_write) and _is_same(other.path, cassette.path):
            raise AlreadyOpenError(messages.already_open(cassette.path))
    _OPENED.add(cassette)
    _PATHS.add(cassette.path)
    return cassette


def _check_inside(path: Path, options: Options, projects: Sequence[Path]) -> None:
    """Raise `OptionError` if the cassette of a test is out of its project, where no lock file can name it."""
    from pytest_interactions.store.store import inside, leads_out

    if projects and not any(inside(each, str(path)) for each in projects):
        raise leads_out(options.cassette_dir, projects[0])


def _found(path: Path, options: Options) -> Found | None:
    """Find a cassette that may be in a store, which is reached past all that is in force.

    Raises:
        StoreError: It can't be fetched, and something is to be played of it.
    """
    from pytest_interactions.store.store import Store, resolved

    mode = options.record_mode
    if mode is RecordMode.OFF:
        return None
    store = Store.at(resolved(options.store, Path.cwd()), of_media_alone=options.store_media)
    is_replaced = mode in {RecordMode.REWRITE, RecordMode.ALL}
    try:
        with past_cassettes(), isolation.isolated(None), waiting.watched(None):
            return store.find(path, records=mode not in {RecordMode.NONE, RecordMode.VERIFY})
    except StoreError:
        if is_replaced:  # what can't be fetched any more can be recorded anew
            return None
        raise


def opened_paths() -> frozenset[Path]:
    """Return the paths of the cassettes that this process has opened."""
    return frozenset(_PATHS)


def _is_same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
