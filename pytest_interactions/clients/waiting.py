"""The waiting of code during a replay: sleeps are measured; or they are skipped, and timers with them.

What is skipped gives way all the same, as sleeping does: other tasks run, and who is to be cancelled is.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary, WeakSet

from pytest_interactions.cassette.sleeps import Sleeps
from pytest_interactions.clients import loop_clock, trio_sleeps
from pytest_interactions.clients.bound_names import BoundNames
from pytest_interactions.clients.in_force import InForce
from pytest_interactions.clients.replacing import Replaced, original

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager


@contextmanager
def watched(sleeps: Sleeps | None, *, yields: bool = False) -> Iterator[None]:
    """Have the waiting of code in the block's context measured, or skipped, as `sleeps` says.

    Inside a block of `None` nothing is, whatever is outside. If it `yields`, what is watched in there goes first.
    """
    skipping = sleeps if sleeps is not None and sleeps.skip else None
    if skipping is not None:
        _BEFORE[skipping] = WeakSet(_tasks())
    try:
        with _WATCHED.hold(sleeps, yields=yields), _SKIPPED.hold(skipping, yields=yields):
            if skipping is not None:
                _BOUND.look()
            yield
    finally:
        if skipping is not None:
            loop_clock.forget(skipping)
            _BEFORE.pop(skipping, None)


# --- what is in force ---


def _watching() -> Iterator[AbstractContextManager[object]]:
    yield Replaced(time, "sleep", _Sleep)
    for module in (asyncio.tasks, asyncio):
        yield Replaced(module, "sleep", _sleeping)


def _skipping() -> Iterator[AbstractContextManager[object]]:
    yield from loop_clock.patches(_skipped_here)
    yield from trio_sleeps.patches(_skipped_here)
    yield _BOUND


def _unclear(_: Sequence[Sleeps]) -> Sleeps:
    """Skip no waiting of code that may be any replay's."""
    return Sleeps(skip=False)


_WATCHED: Final[InForce[Sleeps]] = InForce(_watching, _unclear, may_stay=True)
_SKIPPED: Final[InForce[Sleeps]] = InForce(_skipping, _unclear, may_stay=True)


#: The tasks that were there when a replay began that skips waiting: another test's, or a server's.
_BEFORE: Final[WeakKeyDictionary[Sleeps, WeakSet[asyncio.Task[Any]]]] = WeakKeyDictionary()
#: The task that anyio's plugin runs all tests in, one after another.
_RUNNER: Final = "TestRunner._run_tests_and_fixtures"


def _skipped_here() -> Sleeps | None:
    """Return the replay to which whoever asks belongs: by its context, or as what was begun since in its thread."""
    sleeps = _SKIPPED.innermost
    if sleeps is None or not sleeps.skip:
        return None
    is_here = _SKIPPED.is_bound or (sleeps.thread == get_ident() and not _is_from_before(_BEFORE[sleeps]))
    return sleeps if is_here else None


def _is_from_before(tasks: WeakSet[asyncio.Task[Any]]) -> bool:
    """Return whether the loop of this thread, if one runs, is at one of these tasks, or at none."""
    loop = asyncio._get_running_loop()  # noqa: SLF001 - documented as the one that raises nothing
    task = asyncio.current_task(loop) if loop is not None else None
    if task is None:
        return loop is not None
    return task in tasks and getattr(task.get_coro(), "__qualname__", None) != _RUNNER


def _tasks() -> set[asyncio.Task[Any]]:
    """Return the tasks of all loops, as far as Python lists them: 3.11 and later ones by other names."""
    of_asyncio = vars(asyncio.tasks)
    return set(of_asyncio.get("_scheduled_tasks", of_asyncio.get("_all_tasks", ())))


# --- sleeps ---


class _Sleep:
    """Stands for `time.sleep`: no function, as in a class that would be a method, which a built-in function is not."""

    def __init__(self, real: Callable[[float], None]) -> None:
        self._real = real
        self.__name__ = self.__qualname__ = "sleep"
        self.__doc__ = real.__doc__

    def __call__(self, seconds: float, /) -> None:
        sleeps = _WATCHED.innermost
        if sleeps is None:
            self._real(seconds)
            return
        with sleeps.one(seconds) as duration:
            self._real(duration)


def _sleeping(real: Callable[..., Any]) -> Callable[..., Any]:
    async def sleep(delay: float, result: Any = None) -> Any:
        sleeps = _WATCHED.innermost
        if sleeps is None or (sleeps.skip and _has_timers()):
            return await real(delay, result)
        with sleeps.one(delay) as duration:
            return await real(duration, result)

    return sleep


def _has_timers() -> bool:
    """Return whether it is the loop that skips, or not: it knows what else is under way."""
    loop = asyncio._get_running_loop()  # noqa: SLF001 - documented as the one that raises nothing
    return loop_clock.jumps(loop) or _skipped_here() is None


_REAL: Final = original(time.sleep), original(asyncio.sleep)
_BOUND: Final = BoundNames({_REAL[0]: _Sleep(_REAL[0]), _REAL[1]: _sleeping(_REAL[1])})
