"""Threads in force: what is in force where a thread is started, or a pool is given work, is in force in there.

Python copies the context into a task; into a thread it does not before 3.14, and into a pool's not at all. Nothing else
of the context is taken along, so that the app's own variables are what they are without us.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import TYPE_CHECKING, Any
from unittest import mock

from pytest_interactions.clients.in_force import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


def patches() -> Iterator[AbstractContextManager[object]]:
    """Yield the patches by which threads and the work of pools take along what is in force."""
    yield mock.patch.object(Thread, "start", _starting(Thread.start))
    yield mock.patch.object(ThreadPoolExecutor, "submit", _submitting(ThreadPoolExecutor.submit))


def _starting(real: Callable[[Thread], None]) -> Callable[[Thread], None]:
    def start(self: Thread) -> None:
        place, work = Place(), self.run

        def run() -> None:
            vars(self).pop("run", None)  # which would keep the thread alive
            place.run(work)

        if self.ident is None:  # else it is started a second time, which Python refuses
            self.run = run  # type: ignore[method-assign]
        real(self)

    return start


def _submitting(real: Callable[..., Any]) -> Callable[..., Any]:
    def submit(self: ThreadPoolExecutor, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return real(self, Place().run, work, *args, **kwargs)

    return submit
