"""The clocks of asyncio's event loops: where nothing real is under way, they jump to the next timer of a replay."""

from __future__ import annotations

import heapq
import math
from asyncio import BaseEventLoop, futures
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary, WeakValueDictionary, ref

from pytest_interactions.clients import pending
from pytest_interactions.clients.replacing import Replaced

if TYPE_CHECKING:
    from asyncio import TimerHandle
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from pytest_interactions.cassette.sleeps import Sleeps

#: What the timer of a sleep calls. All others are taken for time-outs, which are never to come too early.
_WAKE: Final = vars(futures)["_set_result_unless_cancelled"]
#: The seconds that a skipped sleep takes while something real is under way: who sleeps until that is done would spin.
_BREATH: Final = 0.002
#: The timers of each replay that skips waiting, by identity: a timer's hash is its time, which changes.
_TIMERS: Final[WeakKeyDictionary[Sleeps, WeakValueDictionary[int, TimerHandle]]] = WeakKeyDictionary()


def patches(skipping: Callable[[], Sleeps | None]) -> Iterator[AbstractContextManager[object]]:
    """Yield the patches by which loops jump.

    Args:
        skipping: Returns the replay that whoever asks belongs to, if that skips waiting.
    """
    yield from pending.patches()
    yield Replaced(BaseEventLoop, "call_at", partial(_setting, skipping))
    yield Replaced(BaseEventLoop, "_run_once", _turning)


def jumps(loop: Any) -> bool:
    """Return whether a loop is one of those that jump, while the patches are in place."""
    turn = getattr(type(loop), "_run_once", None)
    is_turned = turn is vars(BaseEventLoop)["_run_once"] and pending.is_known(loop)
    return is_turned and isinstance(vars(loop).get("time"), _Ahead | None)


def forget(sleeps: Sleeps) -> None:
    """Let the timers of a replay that is over be real, as those of any other code are."""
    _TIMERS.pop(sleeps, None)


def _setting(skipping: Callable[[], Sleeps | None], real: Callable[..., TimerHandle]) -> Callable[..., TimerHandle]:
    def call_at(self: BaseEventLoop, *args: Any, **kwargs: Any) -> TimerHandle:
        timer = real(self, *args, **kwargs)
        sleeps = skipping()
        if sleeps is not None:
            _TIMERS.setdefault(sleeps, WeakValueDictionary())[id(timer)] = timer
        return timer

    return call_at


def _turning(real: Callable[[Any], None]) -> Callable[[Any], None]:
    def _run_once(self: Any) -> None:
        if _TIMERS and self._scheduled and not (self._ready or self._stopping) and jumps(self):
            _skip(self)
        real(self)

    return _run_once


def _skip(loop: Any) -> None:
    """Skip the waiting for the next timer of a replay; where something real is under way, for the next sleep."""
    while not loop._ready:  # noqa: SLF001 - as a loop does
        ours, others = _parted(loop)
        first = min(ours, key=_when, default=None)
        if first is None or any(_until(loop, each) <= 0 for each in (first, *others)):
            return
        is_anything_real = any(each.when() < first.when() for each in others) or pending.is_anything(loop)
        _look(loop, 0)
        if loop._ready:  # noqa: SLF001 - a thread may have called, and ended, before it was looked for
            return
        if not is_anything_real:
            _jump(loop, first, others)
            return
        # Not for longer: what is under way may end, and tell nobody.
        _look(loop, _BREATH)
        _wake(loop, list(filter(_is_sleep, ours)))


def _look(loop: Any, seconds: float) -> None:
    """Look for so long whether a file is ready, and have the loop do then what it is to do."""
    loop._process_events(loop._selector.select(seconds))  # noqa: SLF001 - as a loop does


def _parted(loop: Any) -> tuple[list[TimerHandle], list[TimerHandle]]:
    """Return the timers of replays, as far as they will ever be due, and those of other code."""
    ours: list[TimerHandle] = []
    others: list[TimerHandle] = []
    of_replays = list(_TIMERS.values())
    for each in loop._scheduled:  # noqa: SLF001 - no loop shows its timers
        if not each.cancelled() and each.when() < math.inf:
            is_ours = any(timers.get(id(each)) is each for timers in of_replays)
            (ours if is_ours else others).append(each)
    return ours, others


def _jump(loop: Any, first: TimerHandle, others: list[TimerHandle]) -> None:
    """Set the loop's clock to the time of a timer, and the timers of other code as much later: they stay real."""
    seconds = _until(loop, first)
    _count(first, seconds)
    vars(loop).setdefault("time", _Ahead(loop)).seconds += seconds
    _move(loop, others, seconds)


def _wake(loop: Any, asleep: list[TimerHandle]) -> None:
    """Bring the timers of sleeps forward, so that the first one is over; the clock and time-outs stay as they are."""
    first = min(asleep, key=_when, default=None)
    if first is not None:
        seconds = _until(loop, first)
        _count(first, seconds)
        _move(loop, asleep, -seconds)


def _until(loop: Any, timer: TimerHandle) -> float:
    """Return the seconds until a timer is due; 0, or less, if it is."""
    when, now = timer.when(), loop.time()
    # A loop asks in its own way; a clock that a test has stopped shows that its numbers have an end.
    return when - now + 2 * math.ulp(when) if when >= now + loop._clock_resolution else 0  # noqa: SLF001 - the loop's own


def _move(loop: Any, timers: list[TimerHandle], seconds: float) -> None:
    for each in timers:
        each._when += seconds  # type: ignore[attr-defined] # noqa: SLF001 - a timer can't be set anew
    heapq.heapify(loop._scheduled)  # noqa: SLF001 - the loop keeps them in this order


def _count(timer: TimerHandle, seconds: float) -> None:
    for sleeps, timers in list(_TIMERS.items()):
        if timers.get(id(timer)) is timer:
            sleeps.skipped(seconds)


def _when(timer: TimerHandle) -> float:
    return timer.when()


def _is_sleep(timer: TimerHandle) -> bool:
    callback = timer._callback  # type: ignore[attr-defined] # noqa: SLF001 - nothing else tells it
    return callback is _WAKE or isinstance(callback, Waking)


class Waking(partial[None]):
    """What a timer calls with which a replay waits itself: such a wait is skipped as an app's sleeps are."""


class _Ahead:
    """The clock of a loop that has jumped: it goes on at the real rate, and not back, as long as the loop lives."""

    def __init__(self, loop: Any) -> None:
        self._loop = ref(loop)
        self.seconds = 0.0

    def __call__(self) -> float:
        loop: Any = self._loop()
        return float(type(loop).time(loop)) + self.seconds
