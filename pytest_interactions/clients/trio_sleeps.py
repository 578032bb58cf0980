"""The sleeps of trio's tasks: where no task of a run goes on, the one of a replay that ends first is over."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_interactions.cassette.sleeps import is_an_end
from pytest_interactions.clients.replacing import OnceImported, Replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from pytest_interactions.cassette.sleeps import Sleeps
    from pytest_interactions.clients.replacing import Replacements


def patches(skipping: Callable[[], Sleeps | None]) -> Iterator[AbstractContextManager[object]]:
    """Yield the patches by which sleeps are skipped.

    Args:
        skipping: Returns the replay that whoever asks belongs to, if that skips waiting.
    """

    def patch(trio: Any, patches: Replacements) -> None:
        for module in (trio, sys.modules["trio._timeouts"]):  # the latter's is what trio.sleep, and anyio's, call
            patches.enter_context(Replaced(module, "sleep_until", partial(_sleeping_until, trio, skipping)))

    yield OnceImported("trio", patch)


def _sleeping_until(
    trio: Any, skipping: Callable[[], Sleeps | None], real: Callable[[float], Any]
) -> Callable[[float], Any]:
    asleep = trio.lowlevel.RunVar("_asleep")

    async def sleep_until(deadline: float) -> None:
        sleeps = skipping()
        is_end = is_an_end(deadline - trio.current_time())
        # Where a time-out comes first, it does so in its own, real time.
        if sleeps is None or not is_end or deadline > trio.current_effective_deadline():
            await real(deadline)
            return
        here = asleep.get(None)
        if here is None:
            asleep.set(here := _Asleep(trio))
        with trio.CancelScope(deadline=deadline):  # a run that is never idle skips nothing
            sleeps.skipped(await here.until(deadline))

    return sleep_until


class _Asleep:
    """Who sleeps in one run of trio's; the times go on from what was skipped, so that all end in their order."""

    def __init__(self, trio: Any) -> None:
        self._trio = trio
        self._ends: list[float] = []
        self._skipped = 0.0

    async def until(self, deadline: float) -> float:
        """Wait until the other tasks wait too, and those that sleep for less are awake; return the seconds skipped."""
        end = deadline + self._skipped
        self._ends.append(end)
        try:
            await self._until_first(end)
        finally:
            self._ends.remove(end)
        seconds = max(0.0, end - self._skipped - float(self._trio.current_time()))
        self._skipped += seconds
        return seconds

    async def _until_first(self, end: float) -> None:
        from trio.testing import wait_all_tasks_blocked

        was_first = False  # who becomes the first as another one wakes gives way to what that one does
        while not (was_first and end <= min(self._ends)):
            was_first = end <= min(self._ends)
            await wait_all_tasks_blocked()
