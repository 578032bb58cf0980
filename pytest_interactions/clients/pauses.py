"""The waits of a client while a tape is played to it, in its thread or its event loop."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_interactions.api.exchange import Cut
    from pytest_interactions.cassette.pacing import Pause
    from pytest_interactions.cassette.tape import Tape

#: More seconds than any app waits for.
_FOR_EVER: Final = 3600.0


def patience_of(timeout: Any) -> float | None:
    """Return a time-out in seconds, `None` for none; http.client and urllib3 have an object for socket's default."""
    return timeout if timeout is None or isinstance(timeout, (int, float)) else socket.getdefaulttimeout()


def wait(tape: Tape, pause: Pause | None, broken: Callable[[Cut], Exception]) -> None:
    """Wait for what comes next of a tape; `broken` makes the client's own exception, if it waits too long."""
    if pause is None:
        return
    if pause.seconds:
        with tape.use.awaited():
            time.sleep(pause.seconds)
    if pause.is_late:
        raise tape.late(broken)


async def wait_async(tape: Tape, pause: Pause | None, broken: Callable[[Cut], Exception]) -> None:
    """Do the same in an event loop; without a wait too, the app's other tasks may go on."""
    seconds = _seconds(tape, pause)
    try:
        with tape.use.awaited():
            await sleep(seconds)
    except BaseException:  # of whatever library of event loops, as the app has a limit of its own
        if seconds:
            tape.lost_patience()
        raise
    if pause is not None and pause.is_late:
        raise tape.late(broken)


def _seconds(tape: Tape, pause: Pause | None) -> float:
    """Return how long a task waits. Where waiting is skipped, a limit of the app's own comes before it ends."""
    if pause is None:
        return 0
    return _FOR_EVER if pause.is_endless and tape.options.fast_forward else pause.seconds


async def sleep(seconds: float) -> None:
    """Sleep in the event loop that runs, be it asyncio's or trio's."""
    if in_asyncio():
        await asyncio.sleep(seconds)
    else:
        import anyio

        await anyio.sleep(seconds)


def in_asyncio() -> bool:
    """Return whether the event loop is asyncio's, and not trio's."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
