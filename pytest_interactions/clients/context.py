"""A cassette in force: the patches and the isolation that go with it, put on and taken off."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.cassette.cassette import Cassette
from pytest_interactions.clients import httpx, isolation, vcr_stubs
from pytest_interactions.clients.in_force import InForce
from pytest_interactions.options import Options, RecordMode, resolve
from pytest_interactions.redaction.secrets import of_this_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager


def _patches() -> Iterator[AbstractContextManager[object]]:
    yield from vcr_stubs.patches(_CASSETTES)
    yield from httpx.patches(_CASSETTES)
    if _has_aiohttp():
        from pytest_interactions.clients import aiohttp

        yield from aiohttp.patches(_CASSETTES)


@lru_cache(maxsize=1)
def _has_aiohttp() -> bool:
    """Whether aiohttp is installed: an app that is yet to import it is to be recorded too."""
    return find_spec("aiohttp") is not None


_CASSETTES: Final[InForce[Cassette]] = InForce(_patches)


@contextmanager
def opened(cassette: Cassette) -> Iterator[Cassette]:
    """Put `cassette` in force: inside, all HTTP traffic of this process goes through it.

    Leaving puts everything back; saving is `Cassette.close`, judging `Cassette.problem`.
    """
    options = cassette.options
    with ExitStack() as stack:
        if cassette.replays_only or cassette.record_mode is RecordMode.NEW_EPISODES:
            stack.enter_context(isolation.placeholder_key())
        stack.enter_context(_CASSETTES.hold(cassette))
        if cassette.replays_only:
            cut_off = isolation.Isolation(
                allowed=options.allowed_hosts, report=cassette.failed_with, sleeps=cassette.sleeps
            )
            stack.enter_context(isolation.isolated(cut_off))
        yield cassette


@contextmanager
def use_cassette(path: str | os.PathLike[str], **options: Any) -> Iterator[Cassette]:
    """Record the traffic inside the `with` block to the cassette at `path`, or replay it from there.

    For scripts, notebooks and fixtures of a wider scope; a test has the fixture `interactions`.

    Args:
        path: The cassette's file; `cassette_dir` has no say in it.
        **options: Any option by its name, such as `record_mode="once"` (the default is `"none"`: replay only).

    Yields:
        The cassette, with its `exchanges`, `interactions` and `steps`.

    Raises:
        OptionError: An option is unknown or can't have that value.
        CassetteFormatError: The file exists and is no cassette.
        CassetteMissError: At the request, and once more at the end if the code inside swallowed it.
        UnplayedError: At the end: recorded exchanges were not asked for (see the option `unplayed`).
    """
    cassette = open_cassette(
        Path(path),
        resolve(("use_cassette", options)),
        rerecord=f"use_cassette({os.fspath(path)!r}, record_mode='rewrite')",
    )
    try:
        with opened(cassette):
            yield cassette
    except BaseException:
        cassette.close(failed=True)
        raise
    cassette.close(failed=bool(cassette.failures))
    problem = cassette.problem()
    if problem is not None:
        raise problem


def open_cassette(
    path: Path, options: Options, *, rerecord: str, begun: float | None = None, shared: bool = False
) -> Cassette:
    """Open the cassette at `path` with the secrets of this run; the arguments are those of `Cassette`."""
    secrets = of_this_run()
    secrets.learn_environ(os.environ)
    return Cassette(path, options, secrets, rerecord=rerecord, begun=begun, shared=shared)
