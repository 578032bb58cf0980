"""A loop's clock never jumps while something real is under way, nor for what is not the replay's."""

from __future__ import annotations

import _thread
import asyncio
import contextvars
import os
import socketserver
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import aiohttp
import anyio.to_thread
import pytest
import time_machine
from freezegun import freeze_time

from pytest_interactions.cassette.sleeps import Sleeps
from pytest_interactions.clients import loop_clock, pending, threads
from pytest_interactions.clients.replacing import Replacements
from pytest_interactions.clients.waiting import watched

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from pytest_interactions.server.emulator import Emulator

REAL = 0.15  # seconds that something takes
LIMIT = 5.0  # seconds after which it would time out


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """As a cassette has it: threads and the work of pools are known."""
    with Replacements.entered(threads.patches()):
        yield


@pytest.fixture
def skipped() -> Iterator[Sleeps]:
    """A replay that skips waiting."""
    sleeps = Sleeps(skip=True)
    with watched(sleeps):
        yield sleeps


def _work() -> str:
    threading.Event().wait(REAL)
    return "done"


# --- what is real ---


async def _served() -> str:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        await asyncio.to_thread(_work)
        writer.write(line)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"done\n")
        answer = await reader.readline()
        writer.close()
        return answer.decode().strip()


async def _child() -> str:
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", f"import time; time.sleep({REAL})")
    assert await child.wait() == 0
    return "done"


async def _heard_child() -> str:
    code = f"import time; time.sleep({REAL}); print('done')"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE)
    return (await child.communicate())[0].decode().strip()


async def _in_pool_of_its_own() -> str:
    with ThreadPoolExecutor(1) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, _work)


async def _in_process() -> str:
    with ProcessPoolExecutor(1) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, _work)


async def _told(begin: Callable[[Callable[[], None]], object]) -> str:
    """Wait for an event that something sets elsewhere, by the one way into a loop that anything may use."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        loop.call_soon_threadsafe(done.set)

    begin(tell)
    await done.wait()
    return "done"


def _later(tell: Callable[[], object], first: Callable[[], object] = _work) -> None:
    first()
    tell()


async def _by_thread() -> str:
    return await _told(lambda tell: threading.Thread(target=_later, args=(tell,)).start())


async def _by_timer() -> str:
    return await _told(lambda tell: threading.Timer(REAL, tell).start())


async def _by_joining_thread() -> str:
    """A thread waits for another one, and tells then."""

    def begin(tell: Callable[[], None]) -> None:
        other = threading.Thread(target=_work)
        other.start()
        threading.Thread(target=_later, args=(tell, other.join)).start()

    return await _told(begin)


async def _by_thread_that_joins_for_a_time() -> str:
    """A thread waits for another one that does not end, but not for ever."""
    over = threading.Event()
    other = threading.Thread(target=over.wait)
    other.start()

    def begin(tell: Callable[[], None]) -> None:
        threading.Thread(target=_later, args=(tell, partial(other.join, REAL))).start()

    try:
        return await _told(begin)
    finally:
        over.set()
        other.join()


async def _by_notified_thread() -> str:
    """A thread waits for an event that another one sets, and tells then."""

    def begin(tell: Callable[[], None]) -> None:
        event = threading.Event()
        threading.Thread(target=_later, args=(tell, event.wait)).start()
        threading.Thread(target=_later, args=(event.set,)).start()

    return await _told(begin)


async def _by_pool_s_callback() -> str:
    pool = ThreadPoolExecutor(1)

    def begin(tell: Callable[[], None]) -> None:
        pool.submit(_work).add_done_callback(lambda _: tell())

    with pool:
        return await _told(begin)


async def _by_future() -> str:
    """A future that only a thread knows which Python doesn't list, as those are that code in C begins."""
    future: Future[str] = Future()
    _thread.start_new_thread(_later, (partial(future.set_result, "done"),))
    return await asyncio.wrap_future(future)


REALITIES: dict[str, Callable[[], Awaitable[str]]] = {
    "loopback": _served,
    "to_thread": lambda: asyncio.to_thread(_work),
    "anyio.to_thread": lambda: anyio.to_thread.run_sync(_work),
    "a pool of its own": _in_pool_of_its_own,
    "a process pool": _in_process,
    "a child": _child,
    "a child that is heard": _heard_child,
    "a thread": _by_thread,
    "a thread's timer": _by_timer,
    "a thread that joins another": _by_joining_thread,
    "a thread that joins another for a time": _by_thread_that_joins_for_a_time,
    "a thread that another notifies": _by_notified_thread,
    "a pool's callback": _by_pool_s_callback,
    "a future": _by_future,
}


@pytest.mark.parametrize("reality", REALITIES)
async def test_no_time_out_comes_while_something_real_is_under_way(reality: str, skipped: Sleeps) -> None:
    began = time.monotonic()
    assert await asyncio.wait_for(REALITIES[reality](), LIMIT) == "done"
    assert time.monotonic() - began >= REAL * 0.9
    assert skipped.seconds == 0


@pytest.mark.parametrize("reality", REALITIES)
async def test_sleeps_are_skipped_while_something_real_is_under_way(reality: str, skipped: Sleeps) -> None:
    """They bring no time-out nearer, and the next one is skipped when all is done."""
    work = asyncio.ensure_future(asyncio.wait_for(REALITIES[reality](), LIMIT))
    while not work.done():  # noqa: ASYNC110 - as apps do
        await asyncio.sleep(30)
    assert await work == "done"
    assert skipped.seconds >= 60


def _childless(*_: object) -> None:
    """Stand for `os.waitid` in a process without children, which other tests may have left."""
    raise ChildProcessError


@asynccontextmanager
async def _listening(answer: Callable[[str], Awaitable[None]]) -> AsyncIterator[asyncio.Server]:
    """A server of this loop that sends each line back when it has awaited `answer`."""
    is_over = asyncio.Event()
    is_over.set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_over.clear()
        try:
            while line := await reader.readline():
                await answer(line.decode())
                writer.write(line)
            writer.close()
            await writer.wait_closed()
        finally:
            is_over.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server
        await is_over.wait()


async def _asked(server: asyncio.Server, *limits: float) -> list[str]:
    """Ask a server of this loop once for each time-out, and return its answers, and the time-outs that came."""
    answers: list[str] = []
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    for number, limit in enumerate(limits):
        writer.write(b"%d\n" % number)
        try:
            answers.append((await asyncio.wait_for(reader.readline(), limit)).decode().strip())
        except TimeoutError:
            answers.append("timeout")
            await reader.readline()
    writer.close()
    await writer.wait_closed()
    return answers


async def test_a_loop_that_serves_itself_skips_time_outs_in_order(
    skipped: Sleeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is under way on a connection of which the loop has both ends, nor where nobody else may connect."""
    monkeypatch.setattr(os, "waitid", _childless, raising=False)
    began = time.monotonic()
    async with _listening(lambda _: asyncio.sleep(30)) as server:
        assert await _asked(server, 60, 5, 40, 29) == ["0", "timeout", "2", "timeout"]
    assert time.monotonic() - began < 1
    assert skipped.seconds == pytest.approx(120, abs=1)


async def test_what_a_loop_sends_itself_comes_before_each_time_out(
    skipped: Sleeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "waitid", _childless, raising=False)
    async with _listening(lambda _: asyncio.sleep(0)) as server:
        assert await _asked(server, *[0.5] * 100) == list(map(str, range(100)))
    assert skipped.seconds == 0


async def test_a_server_waits_for_a_child_that_may_be_its_client(skipped: Sleeps) -> None:
    heard = asyncio.Event()

    async def hear(_: str) -> None:
        heard.set()

    async with _listening(hear) as server:
        address = server.sockets[0].getsockname()
        ask = f"s = socket.create_connection({address}); s.send(b'1\\n'); s.recv(9)"
        code = f"import socket, time; time.sleep({REAL}); {ask}"
        with subprocess.Popen([sys.executable, "-c", code]) as child:  # noqa: ASYNC220 - of which the loop does not know
            await asyncio.wait_for(heard.wait(), LIMIT)
        assert child.returncode == 0
    assert skipped.seconds == 0


async def test_a_server_waits_where_the_system_does_not_tell_of_children(
    skipped: Sleeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "waitid", raising=False)
    async with _listening(lambda _: asyncio.sleep(0)):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_never(), 0.01)
    assert skipped.seconds == 0


async def test_a_thread_that_calls_and_ends_just_before_it_is_looked_for_is_heard(
    skipped: Sleeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def is_anything(_: object) -> bool:
        thread = threading.Thread(target=loop.call_soon_threadsafe, args=(done.set,))
        thread.start()
        thread.join()
        return False

    monkeypatch.setattr(pending, "is_anything", is_anything)
    await asyncio.wait_for(done.wait(), LIMIT)
    assert skipped.seconds == 0


def _waiting(*targets: Callable[[], object]) -> list[threading.Thread]:
    """Return threads that do these, when all of them have begun to wait."""
    begun = [threading.Thread(target=each) for each in targets]
    for each in begun:
        each.start()
    _soon(lambda: not pending._are_threads_busy())
    return begun


def _soon(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < end
        time.sleep(0)


def test_a_thread_that_waits_for_one_that_is_about_to_have_ended_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python lists no thread that ends, and lets others go on a moment later."""
    over = threading.Event()
    (ends,) = _waiting(over.wait)
    (waits,) = _waiting(ends.join)
    with monkeypatch.context() as patch:
        patch.delitem(vars(threading)["_active"], ends.ident)
        assert pending._are_threads_busy()
    assert not pending._are_threads_busy()
    over.set()
    waits.join()


@pytest.mark.parametrize("place", ["_active", "_limbo"])
def test_a_thread_that_begins_is_busy(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it does anything, and if it has begun while threads were looked into."""
    over = threading.Event()
    (waits,) = _waiting(over.wait)
    begins = threading.Thread()
    listed = vars(threading)[place]
    frames = sys._current_frames

    def meanwhile() -> Any:
        monkeypatch.setitem(listed, begins, begins)
        return frames()

    with monkeypatch.context() as patch:
        patch.setattr(sys, "_current_frames", meanwhile)
        assert pending._are_threads_busy()
    assert pending._are_threads_busy()
    monkeypatch.undo()
    assert not pending._are_threads_busy()
    over.set()
    waits.join()


def test_a_thread_that_python_did_not_begin_is_at_rest_when_it_has_ended() -> None:
    """Until Python 3.12 it stays listed for ever."""
    idents: list[int] = []
    _thread.start_new_thread(lambda: idents.append(threading.current_thread().ident or 0), ())
    _soon(lambda: bool(idents) and not pending._are_threads_busy())
    vars(threading)["_active"].pop(idents[0], None)


async def test_timers_are_skipped_again_when_what_was_real_is_over(skipped: Sleeps) -> None:
    """Threads of pools stay, and wait for more."""
    for reality in ("to_thread", "anyio.to_thread", "loopback", "a child", "a thread", "a future"):
        await REALITIES[reality]()
    began, before = time.monotonic(), skipped.seconds
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 30)
    assert time.monotonic() - began < 1
    assert skipped.seconds - before == pytest.approx(30, abs=1)


# --- what is not the replay's ---


async def _beat(beats: list[float]) -> None:
    """Note how long each of one's sleeps took, for ever."""
    while True:
        began = time.monotonic()
        await asyncio.sleep(REAL)
        beats.append(time.monotonic() - began)


async def test_a_task_from_before_waits_as_long_as_it_does_without_us() -> None:
    """What it sets meanwhile is not skipped, and comes no earlier as the clock jumps."""
    beats: list[float] = []
    task = asyncio.create_task(_beat(beats))
    await asyncio.sleep(0)
    began, sleeps = time.monotonic(), Sleeps(skip=True)
    with watched(sleeps):
        while len(beats) < 2:  # noqa: ASYNC110 - as apps do
            await asyncio.sleep(30)
    task.cancel()
    assert min(beats) >= REAL * 0.9
    assert 2 * REAL * 0.9 <= time.monotonic() - began < 1
    assert sleeps.seconds > 60


async def test_no_time_out_comes_before_what_a_task_from_before_does_earlier() -> None:
    """The replay may wait for it; but what it does later than that brings none nearer."""
    first, second = asyncio.Event(), asyncio.Event()

    async def other() -> None:
        await asyncio.sleep(REAL)
        first.set()
        await asyncio.sleep(REAL)
        second.set()

    task = asyncio.create_task(other())
    await asyncio.sleep(0)
    with watched(Sleeps(skip=True)):
        assert await asyncio.wait_for(first.wait(), LIMIT)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(second.wait(), REAL / 2)
        assert await asyncio.wait_for(second.wait(), LIMIT)
    await task


async def test_callbacks_from_before_that_set_the_next_one_are_real() -> None:
    ticks: list[float] = []
    loop, enough = asyncio.get_running_loop(), asyncio.Event()

    def tick() -> None:
        ticks.append(time.monotonic())
        if len(ticks) == 3:
            enough.set()
        else:
            loop.call_later(REAL / 2, tick)

    tick()
    with watched(Sleeps(skip=True)):
        await asyncio.sleep(30)
        await enough.wait()
    assert ticks[2] - ticks[0] >= REAL * 0.9


async def test_a_timer_from_before_is_due_when_it_was_though_the_clock_has_jumped() -> None:
    loop, due = asyncio.get_running_loop(), asyncio.Event()
    began = time.monotonic()
    timer = loop.call_later(REAL, due.set)
    cancelled = loop.call_later(REAL / 4, due.set)
    cancelled.cancel()
    with watched(Sleeps(skip=True)):
        await asyncio.wait_for(asyncio.sleep(REAL / 2), REAL)
    assert time.monotonic() - began < REAL / 2
    await due.wait()
    assert REAL * 0.9 <= time.monotonic() - began < 1
    assert timer.when() <= loop.time()


async def test_a_timer_that_a_replay_has_left_is_real_when_it_is_over() -> None:
    due = asyncio.Event()
    with watched(Sleeps(skip=True)):
        asyncio.get_running_loop().call_later(REAL, due.set)
    began = time.monotonic()
    with watched(Sleeps(skip=True)):
        await due.wait()
    assert REAL * 0.9 <= time.monotonic() - began < 1


def test_a_server_s_loop_in_a_thread_from_before_is_real() -> None:
    """And a loop waits for it, as it may call."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def slow() -> float:
        began = time.monotonic()
        await asyncio.sleep(REAL / 2)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), REAL / 2)
        return time.monotonic() - began

    async def main() -> float:
        from_there = contextvars.Context().run(asyncio.run_coroutine_threadsafe, slow(), loop)
        done, told = asyncio.Event(), asyncio.get_running_loop()
        from_there.add_done_callback(lambda _: told.call_soon_threadsafe(done.set))
        await asyncio.wait_for(done.wait(), LIMIT)
        return from_there.result()

    sleeps = Sleeps(skip=True)
    with watched(sleeps):
        assert asyncio.run(main()) >= REAL * 0.9
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    assert sleeps.seconds == 0


def test_threads_from_before_that_only_wait_stop_no_jump() -> None:
    """A pool's, one that waits to be notified, pytest-timeout's, which waits for a time, and a server's."""
    over = threading.Event()
    timer = threading.Timer(60, over.set)
    waiting = [threading.Thread(target=over.wait), threading.Thread(target=timer.join), timer]
    server = socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler)
    waiting.append(threading.Thread(target=server.serve_forever))
    pool = ThreadPoolExecutor(1)
    pool.submit(int).result()
    for each in reversed(waiting):
        each.start()
        vars(each).pop(threads._PLACE)  # as it is where no cassette is
    began, sleeps = time.monotonic(), Sleeps(skip=True)
    with watched(sleeps), pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(_never(), 30))
    took = time.monotonic() - began
    timer.cancel()
    over.set()
    pool.shutdown()
    server.shutdown()
    server.server_close()
    for each in waiting:
        each.join()
    assert took < 1
    assert sleeps.seconds == pytest.approx(30, abs=1)


async def _never() -> None:
    await asyncio.Event().wait()


# --- whose loop ---


def test_a_loop_from_before_jumps_and_its_clock_goes_on_from_there_at_the_real_rate() -> None:
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        before = runner.run(_now())
        with watched(Sleeps(skip=True)):
            runner.run(asyncio.sleep(30))
            inside = runner.run(_now())
        after = loop.time()
        runner.run(asyncio.sleep(REAL))
        last = loop.time()
        with watched(Sleeps(skip=True)):
            runner.run(asyncio.sleep(30))
        assert before + 30 <= inside <= after < before + 31
        assert REAL * 0.9 <= last - after < 1
        assert loop.time() == pytest.approx(last + 30, abs=1)


async def _now() -> float:
    return asyncio.get_running_loop().time()


def test_each_loop_has_its_own_clock(skipped: Sleeps) -> None:
    one, other = asyncio.new_event_loop(), asyncio.new_event_loop()
    one.run_until_complete(asyncio.sleep(30))
    assert one.time() - other.time() == pytest.approx(30, abs=1)
    other.run_until_complete(asyncio.sleep(20))
    for loop in (one, other):
        loop.close()
    assert skipped.seconds == pytest.approx(50, abs=1)


@pytest.mark.parametrize("frozen", [lambda: freeze_time("2030-01-01"), lambda: time_machine.travel(0, tick=False)])
def test_a_clock_that_a_test_has_stopped_stops_no_jump(frozen: Callable[[], Any], skipped: Sleeps) -> None:
    with frozen():
        asyncio.run(asyncio.sleep(30))
        with pytest.raises(TimeoutError):
            asyncio.run(asyncio.wait_for(_never(), 30))
    assert skipped.seconds == pytest.approx(60, abs=1)


def test_a_loop_that_turns_in_its_own_way_skips_sleeps_alone(skipped: Sleeps) -> None:
    """As nest_asyncio has it: who can't tell what is under way leaves time-outs alone."""

    class Own(asyncio.SelectorEventLoop):
        def _run_once(self) -> None:
            super()._run_once()  # type: ignore[misc]

    class Timed(asyncio.SelectorEventLoop):
        def __init__(self) -> None:
            super().__init__()
            self.time = time.monotonic  # type: ignore[method-assign]

    for factory in (Own, Timed):
        with asyncio.Runner(loop_factory=factory) as runner:
            began = time.monotonic()
            runner.run(asyncio.sleep(30))
            assert time.monotonic() - began < 1
            with pytest.raises(TimeoutError):
                runner.run(asyncio.wait_for(_never(), REAL))
            assert time.monotonic() - began >= REAL * 0.9
    assert skipped.seconds == 60


def test_a_proactor_s_own_reading_is_nothing_real() -> None:
    """What Windows' loop waits for, as its source has it: it can't run elsewhere."""
    own, other = object(), object()
    proactor = SimpleNamespace(_cache={1: (own, None, 0, None)})
    loop = SimpleNamespace(_proactor=proactor, _self_reading_future=own)
    assert pending.is_known(loop)
    assert not pending.is_anything(loop)
    proactor._cache[2] = (other, None, 0, None)
    assert pending.is_anything(loop)
    assert not pending.is_known(object())
    assert not loop_clock.jumps(None)


async def test_wrong_times_are_the_loop_s_own_errors(skipped: Sleeps) -> None:
    loop = asyncio.get_running_loop()
    with pytest.raises(TypeError):
        loop.call_at(None, print)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        await asyncio.sleep("x")  # type: ignore[call-overload]
    assert skipped.count == 0


async def test_many_timers_cost_little(skipped: Sleeps) -> None:
    began = time.monotonic()
    await asyncio.gather(*(asyncio.wait_for(asyncio.sleep(number / 10), 600) for number in range(500)))
    took = time.monotonic() - began
    assert took < 10
    assert skipped.seconds < 49.9 + 0.001
    assert skipped.seconds + took >= 49.9


async def test_a_client_s_time_out_of_a_real_request_is_real(emulator: Emulator, skipped: Sleeps) -> None:
    """That of aiohttp, which waits by timers of the loop."""
    emulator.on().reply(delay=REAL)
    body, key = {"model": "gemini-3.5-flash", "input": "Hello"}, {"x-goog-api-key": "any"}
    limit = aiohttp.ClientTimeout(total=LIMIT, connect=LIMIT, sock_read=LIMIT)
    async with aiohttp.ClientSession(timeout=limit) as session:
        began = time.monotonic()
        async with session.post(f"{emulator.url}/v1beta/interactions", json=body, headers=key) as response:
            assert response.status == 200
        assert time.monotonic() - began >= REAL * 0.9
    assert skipped.seconds == 0
