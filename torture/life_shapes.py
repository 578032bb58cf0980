"""Apps that leave something unfinished when their cassette closes, each a program of its own.

`python -m torture.life_shapes SHAPE CLIENT MODE` runs one in the working directory, and prints what became of it.
"""

from __future__ import annotations

import asyncio
import atexit
import multiprocessing
import os
import signal
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions import ReplayServer, use_cassette
from torture.life_clients import ASYNC, HELD, NEVER, QUICK, SLOW, SYNC, url

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_interactions import Cassette

_LEFT: list[Any] = []  # what one shape leaves behind


def _say(*words: Any) -> None:
    print(*words, flush=True)  # noqa: T201 - a program prints


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


def _quietly(ask: Callable[[str], Any], prompt: str) -> None:
    try:
        ask(prompt)
    except Exception as error:  # noqa: BLE001 - an app that swallows all
        _say("thread:", _told(error))


# --- sync shapes: what runs inside, and what runs after ---


def thread(client: str) -> None:
    """Leave a thread unjoined, whose request may not even have begun."""
    _LEFT.append(threading.Thread(target=_quietly, args=(SYNC[client][0], SLOW)))
    _LEFT[0].start()


def daemon(client: str) -> None:
    """Leave a daemon unjoined, whose request is on its way."""
    SYNC[client][0](QUICK)  # so that all is imported
    _LEFT.append(threading.Thread(target=_quietly, args=(SYNC[client][0], SLOW), daemon=True))
    _LEFT[0].start()
    time.sleep(0.4)


def never(client: str) -> None:
    """Leave a thread whose request gets no answer."""
    _LEFT.append(threading.Thread(target=_quietly, args=(SYNC[client][0], NEVER), daemon=True))
    SYNC[client][0](QUICK)
    _LEFT[0].start()
    time.sleep(0.4)


def pool(client: str) -> None:
    """Leave the work of a pool unawaited."""
    _LEFT.append(ThreadPoolExecutor(1))
    _LEFT[0].submit(_quietly, SYNC[client][0], SLOW)


def read_on(client: str) -> None:
    """Leave a stream, to be read on after the end."""
    lines, close = SYNC[client][1](HELD)
    _LEFT.extend((lines, close))
    _say("inside:", next(lines))


def after_read_on(_: str) -> None:
    """Read it on."""
    try:
        _say("after:", len(list(_LEFT[0])))
    except BaseException as error:  # noqa: BLE001 - it is told
        _say("after:", _told(error))


def closed(client: str) -> None:
    """Have a stream closed by another thread while it is read."""
    lines, close = SYNC[client][1](HELD)
    seen = [next(lines)]
    threading.Timer(0.3, close).start()
    try:
        seen.extend(lines)
        _say("read all of", len(seen) > 1)
    except Exception as error:  # noqa: BLE001 - the client's own
        _say("closed:", type(error).__name__)


def interrupted(client: str) -> None:
    """Be interrupted in the middle of a stream."""
    lines, _ = SYNC[client][1](HELD)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    for _line in lines:
        pass
    time.sleep(1)


def fork(client: str) -> None:
    """Ask in a forked child, which swallows all."""
    SYNC[client][0](QUICK)
    child = os.fork()
    if not child:
        try:
            SYNC[client][0](QUICK)
        except Exception as error:  # noqa: BLE001 - an app that swallows all
            _say("child:", _told(error))
        os._exit(0)
    os.waitpid(child, 0)


def fork_leaves(client: str) -> None:
    """Fork a child that leaves through the block."""
    SYNC[client][0](QUICK)
    child = os.fork()
    if child:
        os.waitpid(child, 0)


def processes(client: str) -> None:
    """Ask in a pool of forked processes."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as forked:
        try:
            _say("child:", forked.submit(SYNC[client][0], QUICK).result())
        except Exception as error:  # noqa: BLE001 - an app that swallows all
            _say("child:", _told(error))


def joined(client: str) -> None:
    """Ask in a pool of forked processes that use the replay server."""
    server = ReplayServer(_CASSETTES[0], upstream=url())
    with (
        server,
        ProcessPoolExecutor(
            1,
            mp_context=multiprocessing.get_context("fork"),
            initializer=os.environ.update,
            initargs=(server.env,),
        ) as forked,
    ):
        _say("child:", forked.submit(SYNC[client][0], QUICK).result())


def chdir(client: str) -> None:
    """Work in another directory."""
    Path("elsewhere").mkdir(exist_ok=True)
    os.chdir("elsewhere")
    SYNC[client][0](QUICK)


def after_chdir(_: str) -> None:
    """Go back."""
    os.chdir("..")


def nested(client: str) -> None:
    """Open the same cassette once more."""
    SYNC[client][0](QUICK)
    with use_cassette("c.yaml", record_mode=_MODE[0]):
        SYNC[client][0](SLOW)


def join(_: str) -> None:
    """Join what was left."""
    for each in _LEFT:
        (each.shutdown if isinstance(each, ThreadPoolExecutor) else each.join)()


AFTER: Final[dict[str, Callable[[str], None]]] = {
    "thread": join,
    "pool": join,
    "read_on": after_read_on,
    "chdir": after_chdir,
}
SYNC_SHAPES: Final[dict[str, Callable[[str], None]]] = {
    each.__name__: each
    for each in (
        *(thread, daemon, never, pool, read_on, closed, interrupted),
        *(fork, fork_leaves, processes, joined, chdir, nested),
    )
}


# --- async shapes ---


async def task(client: str) -> None:
    """Leave a task unawaited, whose request is on its way."""
    _LEFT.append(asyncio.create_task(ASYNC[client][0](SLOW)))
    await asyncio.sleep(0.4)


async def after_task(_: str) -> None:
    """Await it."""
    try:
        _say("after:", await _LEFT[0])
    except Exception as error:  # noqa: BLE001 - it is told
        _say("after:", _told(error))


async def async_read_on(client: str) -> None:
    """Leave a stream, to be read on after the end."""
    lines, close = await ASYNC[client][1](HELD)
    _LEFT.extend((lines, close))
    _say("inside:", await anext(lines))


async def async_after_read_on(_: str) -> None:
    """Read it on."""
    try:
        _say("after:", len([line async for line in _LEFT[0]]))
    except Exception as error:  # noqa: BLE001 - it is told
        _say("after:", _told(error))
    with suppress(Exception):
        await _LEFT[1]()


async def async_closed(client: str) -> None:
    """Have a stream closed by another task while it is read."""
    lines, close = await ASYNC[client][1](HELD)

    async def read() -> None:
        try:
            _say("read all of", len([line async for line in lines]))
        except Exception as error:  # noqa: BLE001 - the client's own
            _say("closed:", type(error).__name__)

    reading = asyncio.create_task(read())
    await asyncio.sleep(0.3)
    await close()
    await asyncio.wait([reading], timeout=3)


async def cancelled(client: str) -> None:
    """Cancel a task before its request has an answer."""
    with suppress(TimeoutError):
        await asyncio.wait_for(ASYNC[client][0](SLOW), 0.4)
    await ASYNC[client][0](QUICK)


async def async_interrupted(client: str) -> None:
    """Be interrupted in the middle of a stream."""
    lines, _ = await ASYNC[client][1](HELD)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    async for _line in lines:
        pass
    await asyncio.sleep(1)


async def unawaited(client: str) -> None:
    """Leave a task to the end of the loop."""
    _LEFT.append(asyncio.create_task(ASYNC[client][0](SLOW)))
    await asyncio.sleep(0.4)


ASYNC_AFTER: Final[dict[str, Callable[[str], Any]]] = {"task": after_task, "async_read_on": async_after_read_on}
ASYNC_SHAPES: Final[dict[str, Callable[[str], Any]]] = {
    each.__name__: each for each in (task, async_read_on, async_closed, cancelled, unawaited, async_interrupted)
}


# --- a program ---

_MODE: Final[list[Any]] = ["once"]
_CASSETTES: Final[list[Any]] = [None]


def _nothing(_: str) -> None:
    pass


async def _async_nothing(_: str) -> None:
    pass


async def _run(shape: str, client: str, cassette: Any) -> None:
    try:
        with cassette as _CASSETTES[0]:
            await ASYNC_SHAPES[shape](client)
    finally:
        await ASYNC_AFTER.get(shape, _async_nothing)(client)


def run(shape: str, client: str, cassette: Any) -> None:
    """Run a shape inside of a cassette, and what follows after it."""
    if shape == "unawaited":
        with cassette:
            asyncio.run(unawaited(client))
    elif shape in ASYNC_SHAPES:
        asyncio.run(_run(shape, client, cassette))
    else:
        try:
            with cassette as _CASSETTES[0]:
                SYNC_SHAPES[shape](client)
        finally:
            AFTER.get(shape, _nothing)(client)


def inside(shape: str, client: str, cassette: Cassette) -> None:
    """Run a sync shape in a test, and what follows after it at the end of the run."""
    _CASSETTES[0] = cassette
    atexit.register(AFTER.get(shape, _nothing), client)
    SYNC_SHAPES[shape](client)


def main(shape: str, client: str, mode: Any) -> None:
    """Run a shape, and tell what became of it."""
    _MODE[:] = [mode]
    parent = os.getpid()
    try:
        run(shape, client, use_cassette("c.yaml", record_mode=mode))
        result = "green"
    except BaseException as error:  # noqa: BLE001 - it is told
        result = f"red: {_told(error)}"
    _say(result if os.getpid() == parent else f"child: {result}")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell takes from what it starts beside itself
    main(*sys.argv[1:])
