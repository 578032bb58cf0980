"""Threads in force: what is in force where a thread is started, or a pool is given work, is in force in there.

Python copies the context into a task; into a thread it does not before 3.14, and into a pool's not at all. Nothing else
of the context is taken along, so that the app's own variables are what they are without us.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from threading import Thread
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from pytest_interactions.clients.in_force import Place
from pytest_interactions.clients.replacing import Replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

#: Where a thread keeps the place it was begun in; those of pools, which stay when their work is done, have none.
_PLACE: Final = "_pytest_interactions_place"
_IN_POOL: Final = ContextVar("_IN_POOL", default=False)
_WORKS: Final[WeakKeyDictionary[Future[Any], Place]] = WeakKeyDictionary()


def are_at_work(is_inside: Callable[[Place], bool], *, daemons: bool) -> bool:
    """Return whether there are threads that were begun in a place, or works of pools that are to be done there.

    Daemons are such as nobody waits for, so they count only if they are asked for.
    """
    others = [each for each in threading.enumerate() if daemons or not each.daemon]
    places = [vars(each)[_PLACE] for each in others if _PLACE in vars(each)]
    places += [place for work, place in list(_WORKS.items()) if not work.done()]
    return any(map(is_inside, places))


def are_works_open() -> bool:
    """Return whether a pool of threads has work that is not done, which it was given since something is in force."""
    return any(not work.done() for work in list(_WORKS))


def is_begun_inside(thread: Thread) -> bool:
    """Return whether a thread, which is no pool's, was begun while something was in force."""
    return _PLACE in vars(thread)


def start_apart(thread: Thread) -> None:
    """Start a thread of this package's, which is none of the app's: no test waits for its end."""
    token = _IN_POOL.set(True)
    try:
        thread.start()
    finally:
        _IN_POOL.reset(token)


def patches() -> Iterator[AbstractContextManager[object]]:
    """Yield the patches by which threads and the work of pools take along what is in force."""
    yield Replaced(Thread, "start", _starting)
    yield Replaced(ThreadPoolExecutor, "submit", _submitting)


def _starting(real: Callable[[Thread], None]) -> Callable[[Thread], None]:
    def start(self: Thread) -> None:
        place, work = Place(), self.run

        def run() -> None:
            vars(self).pop("run", None)  # which would keep the thread alive
            place.run(work)

        if self.ident is None:  # else it is started a second time, which Python refuses
            self.run = run  # type: ignore[method-assign]
            if not _IN_POOL.get():
                vars(self)[_PLACE] = place
        real(self)

    return start


def _submitting(real: Callable[..., Any]) -> Callable[..., Any]:
    def submit(self: ThreadPoolExecutor, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        place, token = Place(), _IN_POOL.set(True)
        try:
            future = real(self, place.run, work, *args, **kwargs)
        finally:
            _IN_POOL.reset(token)
        _WORKS[future] = place
        return future

    return submit
