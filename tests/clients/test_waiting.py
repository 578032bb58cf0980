"""What waits during a replay takes no time with `fast_forward`, and is told; without it, it is what it is."""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import math
import operator
import sys
import threading
import time
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import anyio
import backoff
import pytest
import tenacity
import trio
import trio.lowlevel

from pytest_interactions.cassette.sleeps import Sleeps
from pytest_interactions.clients.in_force import keeping_patches
from pytest_interactions.clients.waiting import watched
from tests.clients import bound_early
from tests.support import require

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

LONG = 30.0
SHORT = 0.02


@pytest.fixture
def skipped() -> Iterator[Sleeps]:
    """A replay that skips waiting."""
    sleeps = Sleeps(skip=True)
    with watched(sleeps):
        yield sleeps


# --- each way to wait: it gets the seconds that it is to take ---


async def _wait_for(seconds: float) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), seconds)


async def _timeout(seconds: float) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.sleep(2 * seconds)


async def _timeout_at(seconds: float) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout_at(asyncio.get_running_loop().time() + seconds):
            await asyncio.Event().wait()


async def _call_later(seconds: float) -> None:
    called = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, called.set)
    await called.wait()


async def _call_at(seconds: float) -> None:
    called, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.call_at(loop.time() + seconds, called.set)
    await called.wait()


async def _wait(seconds: float) -> None:
    asleep = asyncio.create_task(asyncio.sleep(2 * seconds))
    assert await asyncio.wait([asleep], timeout=seconds) == (set(), {asleep})
    asleep.cancel()


async def _move_on_after(seconds: float) -> None:
    with anyio.move_on_after(seconds) as scope:
        await anyio.sleep(2 * seconds)
    assert scope.cancelled_caught


async def _fail_after(seconds: float) -> None:
    with pytest.raises(TimeoutError):
        with anyio.fail_after(seconds):
            await anyio.sleep(2 * seconds)


async def _until(seconds: float) -> None:
    await trio.sleep_until(trio.current_time() + seconds)


class _BusyError(Exception):
    pass


def _busy(tried: list[int]) -> None:
    tried.append(1)
    if len(tried) < 3:
        raise _BusyError


def _by_tenacity(seconds: float) -> None:
    tried: list[int] = []
    tenacity.retry(wait=tenacity.wait_fixed(seconds / 2), stop=tenacity.stop_after_attempt(3))(_busy)(tried)
    assert len(tried) == 3


async def _by_tenacity_async(seconds: float) -> None:
    tried: list[int] = []
    async for attempt in tenacity.AsyncRetrying(wait=tenacity.wait_fixed(seconds / 2)):
        with attempt:
            _busy(tried)
    assert len(tried) == 3


def _backed_off(seconds: float) -> Any:
    return backoff.on_exception(backoff.constant, _BusyError, interval=seconds / 2, jitter=None, max_tries=3)


def _by_backoff(seconds: float) -> None:
    tried: list[int] = []
    _backed_off(seconds)(_busy)(tried)
    assert len(tried) == 3


async def _by_backoff_async(seconds: float) -> None:
    tried: list[int] = []

    async def busy() -> None:
        _busy(tried)

    await _backed_off(seconds)(busy)()
    assert len(tried) == 3


BLOCKING: dict[str, Callable[[float], None]] = {
    "time.sleep": lambda seconds: time.sleep(seconds),  # noqa: PLW0108 - as it is when it is called
    "from time import sleep": bound_early.by_global,
    "default argument": bound_early.by_default,
    "keyword-only default": bound_early.by_keyword,
    "class attribute": bound_early.napper.by_class,
    "default of a method": bound_early.napper.by_method,
    "tenacity": _by_tenacity,
    "backoff": _by_backoff,
}
ASYNCIO: dict[str, Callable[[float], Awaitable[Any]]] = {
    "asyncio.sleep": lambda seconds: asyncio.sleep(seconds),  # noqa: PLW0108 - too
    "from asyncio import sleep": bound_early.by_global_async,
    "default argument": bound_early.by_default_async,
    "wait_for": _wait_for,
    "timeout": _timeout,
    "timeout_at": _timeout_at,
    "call_later": _call_later,
    "call_at": _call_at,
    "wait": _wait,
    "anyio.sleep": anyio.sleep,
    "anyio.move_on_after": _move_on_after,
    "anyio.fail_after": _fail_after,
    "tenacity": _by_tenacity_async,
    "backoff": _by_backoff_async,
}
TRIO: dict[str, Callable[[float], Awaitable[Any]]] = {
    "trio.sleep": trio.sleep,
    "trio.sleep_until": _until,
    "anyio.sleep": anyio.sleep,
    "tenacity": _by_tenacity_async,
}


async def _run(way: Callable[[float], Awaitable[Any]], seconds: float) -> None:
    await way(seconds)


def _in_asyncio(way: Callable[[float], Awaitable[Any]], seconds: float) -> None:
    asyncio.run(_run(way, seconds))


def _in_trio(way: Callable[[float], Awaitable[Any]], seconds: float) -> None:
    trio.run(_run, way, seconds)


WAYS: dict[str, Callable[[float], Any]] = {
    **BLOCKING,
    **{f"asyncio: {name}": partial(_in_asyncio, way) for name, way in ASYNCIO.items()},
    **{f"trio: {name}": partial(_in_trio, way) for name, way in TRIO.items()},
}


def _took(way: Callable[[float], Any], seconds: float) -> float:
    began = time.monotonic()
    way(seconds)
    return time.monotonic() - began


@pytest.mark.parametrize("way", WAYS)
def test_waiting_is_skipped_and_counted(way: str, skipped: Sleeps) -> None:
    assert _took(WAYS[way], LONG) < 1
    assert skipped.seconds == pytest.approx(LONG, abs=1)
    assert not skipped.idle


@pytest.mark.parametrize("way", WAYS)
def test_waiting_takes_its_time_without_fast_forward_and_when_the_replay_is_over(way: str) -> None:
    sleeps = Sleeps(skip=False)
    with watched(sleeps):
        assert _took(WAYS[way], SHORT) >= SHORT * 0.9
    with watched(Sleeps(skip=True)):
        WAYS[way](LONG)
    assert _took(WAYS[way], SHORT) >= SHORT * 0.9
    assert sleeps.count == 0


def test_all_names_are_what_they_were_when_the_replay_is_over() -> None:
    def names() -> list[Any]:
        methods = (bound_early.by_default, bound_early.by_keyword, bound_early.Napper.by_method)
        defaults: list[Any] = [(each.__defaults__, each.__kwdefaults__) for each in methods]
        loop = [vars(asyncio.BaseEventLoop)[name] for name in ("call_at", "_run_once")]
        functions = [time.sleep, asyncio.sleep, asyncio.tasks.sleep, asyncio.wrap_future, trio.sleep_until]
        return [
            bound_early.sleep,
            bound_early.sleep_async,
            vars(bound_early.Napper)["nap"],
            *defaults,
            *functions,
            *loop,
        ]

    before = names()
    for _ in range(2):
        with watched(Sleeps(skip=True)):
            assert all(map(operator.ne, names(), before))
        assert names() == before


def test_sleeps_at_once_are_one_while_where_they_are_measured() -> None:
    """Tasks that sleep at the same time are counted once, and one that is cancelled only as long as it slept."""

    async def main() -> None:
        long = asyncio.create_task(asyncio.sleep(3600))
        await asyncio.gather(*(asyncio.sleep(0.02) for _ in range(20)))
        long.cancel()
        await asyncio.gather(long, return_exceptions=True)

    sleeps = Sleeps(skip=False)
    with watched(sleeps):
        asyncio.run(main())
    assert 0.02 <= sleeps.seconds < 0.4
    assert not sleeps.idle


# --- a skipped sleep is one all the same ---


async def test_sleeps_end_in_the_order_in_which_they_would(skipped: Sleeps) -> None:
    """The waiting of tasks that sleep at the same time is counted once."""
    ended: list[int] = []

    async def nap(*each: float) -> None:
        for seconds in each:
            assert await asyncio.sleep(seconds, "result") == "result"
        ended.append(len(each))

    await asyncio.gather(nap(40), nap(10, 10), nap(5, 5, 25))
    assert ended == [2, 3, 1]
    assert skipped.seconds == pytest.approx(40, abs=1)


def test_sleeps_of_trio_end_in_the_order_in_which_they_would(skipped: Sleeps) -> None:
    """Those that begin when time was skipped too, and the waiting of all is counted once."""
    ended: list[str] = []

    async def nap(name: str, *each: float) -> None:
        for seconds in each:
            await trio.sleep(seconds)
        ended.append(name)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            for name, each in naps.items():
                nursery.start_soon(nap, name, *each)

    naps = {"40": [40], "20": [10, 10], "35": [5, 5, 25], "15": [15], "10": [10], "12": [10, 2], "30": [15, 15]}
    for _ in range(5):  # as trio lets tasks go on in any order
        trio.run(main)
        assert ended == sorted(naps)
        ended.clear()
    assert skipped.seconds == pytest.approx(5 * 40, abs=1)


def test_a_sleep_of_trio_beside_a_task_that_never_waits_is_real(skipped: Sleeps) -> None:
    async def spin() -> None:
        while True:
            await trio.lowlevel.checkpoint()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(spin)
            await trio.sleep(SHORT)
            nursery.cancel_scope.cancel()

    assert _took(lambda _: trio.run(main), 0) >= SHORT * 0.9
    assert skipped.seconds == 0


def test_a_skipped_sleep_of_trio_gives_way_and_is_cancelled(skipped: Sleeps) -> None:
    done: list[str] = []

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_other)
            await trio.sleep(LONG)
            await trio.sleep(LONG)
            assert done == ["other"]
        with trio.CancelScope() as scope:
            scope.cancel()
            await trio.sleep(LONG)
        assert scope.cancelled_caught

    async def _other() -> None:
        done.append("other")

    trio.run(main)
    assert skipped.count == 3 - 1


def test_a_time_out_of_trio_s_is_real_and_comes_before_a_longer_sleep(skipped: Sleeps) -> None:
    async def main() -> None:
        with trio.move_on_after(SHORT) as scope:
            await trio.sleep(LONG)
        assert scope.cancelled_caught

    assert _took(lambda _: trio.run(main), 0) >= SHORT * 0.9
    assert skipped.seconds == 0


async def test_a_sleep_for_ever_waits_until_it_is_cancelled(skipped: Sleeps) -> None:
    for for_ever in (asyncio.sleep(math.inf), anyio.sleep_forever(), bound_early.by_global_async(math.inf)):
        task = asyncio.ensure_future(for_ever)
        await asyncio.sleep(LONG)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert skipped.seconds == pytest.approx(3 * LONG, abs=1)


def test_trio_s_sleep_for_ever_waits_until_it_is_cancelled(skipped: Sleeps) -> None:
    async def main() -> None:
        with trio.move_on_after(SHORT) as scope:
            await trio.sleep_forever()
        with trio.move_on_after(SHORT) as other:
            await trio.sleep(math.inf)
        assert scope.cancelled_caught
        assert other.cancelled_caught
        await trio.lowlevel.checkpoint()
        with pytest.raises(ValueError, match="non-negative"):
            await trio.sleep(-1)

    trio.run(main)
    assert skipped.count == 0


async def test_a_sleep_that_takes_no_time_is_as_it_is_without_us(skipped: Sleeps) -> None:
    time.sleep(0)
    with pytest.raises(ValueError, match="non-negative"):
        time.sleep(-1)
    with pytest.raises(OverflowError):
        time.sleep(math.inf)
    assert await asyncio.sleep(-1, "result") == "result"
    assert await asyncio.sleep(0, "result") == "result"
    assert skipped.count == 0


# --- uvloop, whose timers are in C ---


def test_uvloop_s_sleeps_are_skipped_and_its_timers_are_real(skipped: Sleeps) -> None:
    require("uvloop", found=find_spec("uvloop"), otherwise="uvloop is not installed")
    loops = importlib.import_module("uvloop")

    def run(way: Callable[[float], Awaitable[Any]], seconds: float) -> float:
        with asyncio.Runner(loop_factory=loops.new_event_loop) as runner:
            return _took(lambda _: runner.run(_run(way, seconds)), 0)

    for name in (
        "asyncio.sleep",
        "from asyncio import sleep",
        "default argument",
        "tenacity",
        "backoff",
        "anyio.sleep",
    ):
        assert run(ASYNCIO[name], LONG) < 1
    assert skipped.seconds == 6 * LONG
    assert run(_wait_for, SHORT) >= SHORT * 0.9


# --- names that were bound before ---


def test_a_module_is_found_that_was_imported_between_two_replays(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "came_later.py").write_text("from time import sleep\ndef work(): sleep(30)\n")
    with keeping_patches():
        with watched(Sleeps(skip=True)):
            pass
        # The function that the module binds, were no patches kept.
        monkeypatch.setattr(time, "sleep", bound_early.hidden.func)
        came_later = importlib.import_module("came_later")
        monkeypatch.undo()
        for _ in range(2):
            sleeps = Sleeps(skip=True)
            with watched(sleeps):
                came_later.work()
            assert sleeps.seconds == 30
    assert came_later.sleep is bound_early.hidden.func
    sys.modules.pop("came_later")


def test_a_name_that_a_test_replaces_meanwhile_stays_as_it_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []
    real = bound_early.sleep, bound_early.by_default.__defaults__
    with watched(Sleeps(skip=True)):
        monkeypatch.setattr(bound_early, "sleep", naps.append)
        monkeypatch.setattr(bound_early.by_default, "__defaults__", (naps.append,))
        bound_early.by_global(1)
    bound_early.by_global(2)
    bound_early.by_default(3)
    assert naps == [1, 2, 3]
    monkeypatch.undo()
    with watched(Sleeps(skip=True)):
        pass
    bound_early.by_global(0)
    assert (bound_early.sleep, bound_early.by_default.__defaults__) == real


def test_nothing_is_bound_anew_without_fast_forward() -> None:
    real = bound_early.sleep
    with watched(Sleeps(skip=False)):
        assert bound_early.sleep is real


# --- whose waiting is skipped ---


def test_several_replays_at_once_skip_what_is_theirs_and_nobody_else_s() -> None:
    """In one loop, another replay's sleep is real, and so is that of code that may be either's."""

    async def replay(*, skip: bool, seconds: float) -> float:
        sleeps = Sleeps(skip=skip)
        with watched(sleeps):
            await asyncio.sleep(seconds)
        return sleeps.seconds

    async def main() -> list[float]:
        together = [replay(skip=True, seconds=LONG), replay(skip=False, seconds=0.1), replay(skip=True, seconds=20)]
        return await asyncio.gather(*together)

    began = time.monotonic()
    first, second, third = asyncio.run(main())
    assert 0.09 < time.monotonic() - began < 1
    assert 0.09 < second < 1
    assert (first + third) == pytest.approx(LONG, abs=1)


def test_code_that_may_be_any_of_several_replays_really_sleeps() -> None:
    blocks = [watched(Sleeps(skip=True)) for _ in range(2)]
    for block in blocks:
        contextvars.Context().run(block.__enter__)
    took: list[float] = []
    for way in ("time.sleep", "asyncio: asyncio.sleep", "asyncio: wait_for", "trio: trio.sleep"):
        work = threading.Thread(target=lambda way=way: took.append(_took(WAYS[way], SHORT)))
        contextvars.Context().run(work.start)
        work.join()
    for block in blocks:
        contextvars.Context().run(block.__exit__, None, None, None)
    assert min(took) >= SHORT * 0.9
    assert len(took) == 4
