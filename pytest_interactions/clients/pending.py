"""What is real and under way, for which an event loop of asyncio waits: files, work in pools, other threads.

Who can't tell takes it for real: then a loop waits as long as it does without us.
"""

from __future__ import annotations

import asyncio.futures
import concurrent.futures.thread
import os
import sys
import threading
from socket import socket
from threading import Condition, Thread, _DummyThread
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from pytest_interactions.clients import threads
from pytest_interactions.clients.replacing import Replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from selectors import SelectorKey
    from types import FrameType

#: The futures of event loops that work elsewhere will finish, in a thread or a process.
_AWAITED: Final[WeakSet[asyncio.Future[Any]]] = WeakSet()

_WAIT: Final = Condition.wait.__code__
#: Where a thread of a pool waits for work.
_WORKER: Final = vars(concurrent.futures.thread)["_worker"].__code__
#: Where a server waits for a client, who would be another thing that is under way.
_ACCEPT: Final = socket.accept.__code__
_SERVE: Final = "BaseServer.serve_forever"
_JOINS: Final = [vars(Thread)[name].__code__ for name in ("join", "_wait_for_tstate_lock") if name in vars(Thread)]


def patches() -> Iterator[AbstractContextManager[object]]:
    """Yield the patches by which is known what event loops wait for elsewhere."""
    for module in (asyncio.futures, asyncio):
        yield Replaced(module, "wrap_future", _noting)


def _noting(real: Callable[..., asyncio.Future[Any]]) -> Callable[..., asyncio.Future[Any]]:
    def wrap_future(*args: Any, **kwargs: Any) -> asyncio.Future[Any]:
        future = real(*args, **kwargs)
        _AWAITED.add(future)
        return future

    return wrap_future


def is_known(loop: Any) -> bool:
    """Return whether it can be told for which files a loop waits."""
    return hasattr(loop, "_selector") or hasattr(loop, "_proactor")


def is_anything(loop: Any) -> bool:
    """Return whether something real is under way that may call the loop of this thread."""
    return _has_files(loop) or _awaits_others(loop) or threads.are_works_open() or _are_threads_busy()


def _has_files(loop: Any) -> bool:
    """Return whether the loop waits for what anybody else may send; threads and signals wake it by a socket of its own.

    A connection of which it has both ends is still while the loop is.
    """
    proactor = getattr(loop, "_proactor", None)
    if proactor is not None:
        own = loop._self_reading_future  # noqa: SLF001 - what else a loop waits for, only it knows
        return any(future is not own for future, *_ in proactor._cache.values())  # noqa: SLF001 - as above
    own = loop._ssock.fileno()  # noqa: SLF001 - as above
    keys = {file: key for file, key in loop._selector.get_map().items() if file != own}  # noqa: SLF001 - as above
    transports = {file: loop._transports.get(file) for file in keys}  # noqa: SLF001 - as above
    ends = {_address(each, "sockname") for each in transports.values()} - {None}
    return any(
        _may_be_sought() if _accepts(key) else _address(transports[file], "peername") not in ends
        for file, key in keys.items()
    )


def _address(transport: Any, end: str) -> Any:
    """Return an address at which a connection ends; `None` for what has none, such as a pipe."""
    return (transport and transport.get_extra_info(end)) or None


def _accepts(key: SelectorKey) -> bool:
    """Return whether a file is a socket at which a server waits for clients."""
    reader, _ = key.data
    return getattr(reader and reader._callback, "__name__", "") == "_accept_connection"  # noqa: SLF001 - nothing else tells


def _may_be_sought() -> bool:
    """Return whether this process has others that may be clients of its servers; else it is its own client."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    except AttributeError:
        pass  # a system that can't tell
    return True


def _awaits_others(loop: Any) -> bool:
    return any(not each.done() and each.get_loop() is loop for each in list(_AWAITED))


# --- threads ---


def _are_threads_busy() -> bool:
    """Return whether any thread but this one may do something, without being asked to, that calls the loop."""
    listed = threading.enumerate()
    frames = sys._current_frames()  # noqa: SLF001 - documented, and there is no other way to look into a thread
    if threading.enumerate() != listed:
        return True  # one has begun or ended meanwhile, and nobody knows what it did
    others = [each for each in listed if each is not threading.current_thread()]
    return any(not _is_at_rest(each, frames.get(each.ident or 0), listed) for each in others)


def _is_at_rest(thread: Thread, frame: FrameType | None, listed: list[Thread]) -> bool:
    """Return whether a thread waits for another one: for work of a pool, for its end, to be notified, or to serve."""
    if frame is None:  # it has yet to begin; but one that Python did not begin stays listed after its end
        return isinstance(thread, _DummyThread)
    if frame.f_code is _ACCEPT or _serves(frame) or _is_of_fsspec(thread):
        return True
    if frame.f_code is _WORKER:
        return _has_no_work(frame)
    is_waiting = _is_listed(frame, listed) if frame.f_code in _JOINS else _is_unnotified(frame)
    return is_waiting and not _wakes_by_itself(thread, frame)


def _is_listed(join: FrameType, listed: list[Thread]) -> bool:
    """Return whether the thread that is waited for goes on: a while before it has ended, it is listed no more."""
    return join.f_locals["self"] in listed


def _has_no_work(worker: FrameType) -> bool:
    """Return whether a pool's thread has been given nothing, and has not been told to end."""
    pool = worker.f_locals["executor_reference"]()
    return pool is not None and not pool._shutdown and pool._work_queue.empty()  # noqa: SLF001 - no pool shows it


def _serves(frame: FrameType) -> bool:
    """Return whether a server of socketserver's, such as those of http.server, waits for a client."""
    caller = frame.f_back
    return frame.f_code.co_name == "select" and caller is not None and caller.f_code.co_qualname == _SERVE


def _is_of_fsspec(thread: Thread) -> bool:
    """Return whether fsspec's own event loop runs in a thread, which stays once a cassette was fetched.

    It does what it is asked to, and whoever asks waits for it, in a thread that counts by itself.
    """
    fsspec = sys.modules.get("fsspec.asyn")
    return fsspec is not None and thread in fsspec.iothread


def _is_unnotified(wait: FrameType) -> bool:
    """Return whether it waits, and nobody has notified it yet: it may be so, and not have got to run since."""
    if wait.f_code is not _WAIT:
        return False
    condition, waiter = wait.f_locals["self"], wait.f_locals.get("waiter")
    return waiter in condition._waiters  # noqa: SLF001 - the lock is free only until it is taken again


def _wakes_by_itself(thread: Thread, wait: FrameType) -> bool:
    """Return whether a thread that was begun in a test goes on after a time; such as run beside tests don't count."""
    timeout = wait.f_locals["timeout"]  # before Python 3.13 a join without one has -1
    return timeout is not None and timeout >= 0 and threads.is_begun_inside(thread)
