"""A cassette belongs to the context that opened it: several at once, nested ones, and what was begun inside of them."""

from __future__ import annotations

import asyncio
import contextvars
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_interactions import CassetteMissError, NetworkBlockedError, SeveralCassettesError
from pytest_interactions.files import storage
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator

EMPTY = "version: 1\ninteractions: []\n"


@pytest.fixture
def url(emulator: Emulator) -> str:
    return f"{emulator.url}/v1beta/interactions?key=any"


def ask(url: str, text: str) -> Any:
    return httpx.post(url, json={"model": "gemini-3.5-flash", "input": text}).raise_for_status()


def asked(path: Path) -> list[str]:
    return [exchange.request.json()["input"] for exchange in storage.load(path).exchanges]


def test_tasks_at_once_have_each_its_own(tmp_path: Path, url: str, emulator: Emulator) -> None:
    """Each file holds its own task's exchange, and that of what the task began; both replay at once."""

    async def work(name: str, mode: str) -> list[str]:
        with use_cassette(tmp_path / f"{name}.yaml", record_mode=mode) as cassette:
            async with httpx.AsyncClient() as client:
                await asyncio.sleep(0.01)
                await client.post(url, json={"input": name})
                await asyncio.create_task(client.post(url, json={"input": f"{name}, task"}))
                await asyncio.to_thread(ask, url, f"{name}, thread")
                await asyncio.get_running_loop().run_in_executor(None, ask, url, f"{name}, executor")
            await asyncio.sleep(0.01)
            return [exchange.request.json()["input"] for exchange in cassette.exchanges]

    async def both(mode: str) -> list[list[str]]:
        return list(await asyncio.gather(work("a", mode), work("b", mode)))

    expected = [[name, f"{name}, task", f"{name}, thread", f"{name}, executor"] for name in "ab"]
    assert asyncio.run(both("once")) == expected
    assert [asked(tmp_path / f"{name}.yaml") for name in "ab"] == expected
    emulator.stop()
    assert asyncio.run(both("none")) == expected


def test_threads_at_once_have_each_its_own(tmp_path: Path, url: str) -> None:
    barrier = threading.Barrier(2)

    def work(name: str) -> None:
        with use_cassette(tmp_path / f"{name}.yaml", record_mode="once"):
            barrier.wait(5)
            ask(url, name)
            thread = threading.Thread(target=ask, args=(url, f"{name}, thread"))
            thread.start()
            thread.join()
            with ThreadPoolExecutor(1) as pool:
                pool.submit(ask, url, f"{name}, pool").result()
            barrier.wait(5)

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [asked(tmp_path / f"{n}.yaml") for n in "ab"] == [[n, f"{n}, thread", f"{n}, pool"] for n in "ab"]


def test_a_pool_s_work_goes_where_it_was_given_and_not_where_its_thread_began(tmp_path: Path, url: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        with use_cassette(tmp_path / "outer.yaml", record_mode="once"):
            pool.submit(ask, url, "outer").result()
            with use_cassette(tmp_path / "inner.yaml", record_mode="once"):
                pool.submit(ask, url, "inner").result()
            pool.submit(ask, url, "outer again").result()
    assert asked(tmp_path / "outer.yaml") == ["outer", "outer again"]
    assert asked(tmp_path / "inner.yaml") == ["inner"]


def test_whoever_entered_inside_the_outer_one_keeps_it_while_the_inner_one_is_open(tmp_path: Path, url: str) -> None:
    go = threading.Event()

    def work() -> None:
        go.wait(5)
        ask(url, "thread")

    with use_cassette(tmp_path / "outer.yaml", record_mode="once"):
        thread = threading.Thread(target=work)
        thread.start()
        with use_cassette(tmp_path / "inner.yaml", record_mode="once"):
            ask(url, "inner")
            go.set()
            thread.join()
        ask(url, "outer")
    assert asked(tmp_path / "outer.yaml") == ["thread", "outer"]
    assert asked(tmp_path / "inner.yaml") == ["inner"]


def begun_outside(work: Callable[[], Any]) -> Any:
    """Do `work` in a thread that knows of no cassette."""
    results: list[Any] = []

    def attempt() -> None:
        try:
            results.append(work())
        except Exception as error:
            results.append(error)

    contextvars.Context().run(run_thread, attempt)
    return results[0]


def run_thread(work: Callable[[], Any]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_a_thread_begun_outside_uses_the_one_cassette_there_is(tmp_path: Path, url: str) -> None:
    with use_cassette(tmp_path / "outer.yaml", record_mode="once"):
        begun_outside(lambda: ask(url, "one"))
        with use_cassette(tmp_path / "inner.yaml", record_mode="once"):
            begun_outside(lambda: ask(url, "two"))
    assert asked(tmp_path / "outer.yaml") == ["one"]
    assert asked(tmp_path / "inner.yaml") == ["two"]


def test_a_thread_begun_outside_of_several_is_refused_and_they_all_learn_of_it(tmp_path: Path, url: str) -> None:
    names = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    with ExitStack() as stack:
        cassettes = [contextvars.Context().run(stack.enter_context, use_cassette(n, record_mode="once")) for n in names]
        error = begun_outside(lambda: ask(url, "whose?"))
        assert isinstance(error, SeveralCassettesError)
        assert f"{names[0]}, {names[1]}" in str(error)
        assert "inside the `with use_cassette(...)` block" in str(error)
        assert [cassette.failures for cassette in cassettes] == [[error], [error]]
        for cassette in cassettes:
            cassette.failures.clear()


def test_a_context_that_outlives_its_cassette_uses_the_next_one(tmp_path: Path, url: str) -> None:
    """A worker that a first test began serves the second one."""
    with use_cassette(tmp_path / "first.yaml", record_mode="once"):
        ask(url, "first")
        kept = contextvars.copy_context()
    with use_cassette(tmp_path / "second.yaml", record_mode="once"):
        kept.run(ask, url, "second")
    assert asked(tmp_path / "second.yaml") == ["second"]


def test_each_context_s_own_isolation_is_in_force(tmp_path: Path) -> None:
    """One replay may look up a host that the other must not, and skips sleeps that the other really sleeps."""
    for name in "ab":
        (tmp_path / f"{name}.yaml").write_text(EMPTY)

    async def allowed(host: str) -> None:
        with use_cassette(tmp_path / "a.yaml", allowed_hosts=host, fast_forward=True) as cassette:
            await asyncio.sleep(0)
            assert socket.getaddrinfo("192.0.2.1", 80)
            time.sleep(30)  # skipped
            await asyncio.sleep(0)
            assert cassette.sleeps.seconds == 30

    async def refused() -> None:
        with use_cassette(tmp_path / "b.yaml") as cassette:
            await asyncio.sleep(0)
            with pytest.raises(NetworkBlockedError):
                socket.getaddrinfo("192.0.2.1", 80)
            with pytest.raises(NetworkBlockedError), socket.socket() as connection:
                connection.connect(("192.0.2.1", 80))
            time.sleep(0.01)
            await asyncio.sleep(0)
            assert 0.01 <= cassette.sleeps.seconds < 5
            cassette.failures.clear()

    async def both() -> None:
        await asyncio.gather(allowed("192.0.2.1"), refused())

    asyncio.run(both())


def test_a_recording_inside_a_replay_reaches_the_network(tmp_path: Path, url: str) -> None:
    (tmp_path / "outer.yaml").write_text(EMPTY)
    with use_cassette(tmp_path / "outer.yaml") as outer:
        with use_cassette(tmp_path / "inner.yaml", record_mode="once"):
            assert socket.getaddrinfo("192.0.2.1", 80)
            ask(url, "inner")
        with pytest.raises(NetworkBlockedError):
            socket.getaddrinfo("192.0.2.1", 80)
        with pytest.raises(CassetteMissError):
            ask(url, "outer")
        outer.failures.clear()
    assert asked(tmp_path / "inner.yaml") == ["inner"]


def test_code_outside_of_several_replays_is_cut_off_as_all_of_them_are(tmp_path: Path) -> None:
    with ExitStack() as stack:
        cassettes = []
        for name, hosts in (("a", ["192.0.2.1", "192.0.2.2"]), ("b", ["192.0.2.2"])):
            (tmp_path / f"{name}.yaml").write_text(EMPTY)
            block = use_cassette(tmp_path / f"{name}.yaml", allowed_hosts=hosts, fast_forward=True)
            cassettes.append(contextvars.Context().run(stack.enter_context, block))
        with socket.socket() as connection:
            error = begun_outside(lambda: connection.connect(("192.0.2.1", 80)))
        assert isinstance(error, NetworkBlockedError)
        assert begun_outside(lambda: socket.getaddrinfo("192.0.2.2", 80))[0][4] == ("192.0.2.2", 80)
        began = time.monotonic()
        begun_outside(lambda: time.sleep(0.01))
        assert time.monotonic() - began >= 0.01
        assert [cassette.failures for cassette in cassettes] == [[error], [error]]
        for cassette in cassettes:
            cassette.failures.clear()


THREADS = """
import contextvars, sys, threading
from concurrent.futures import ThreadPoolExecutor
from pytest_interactions import use_cassette

variable = contextvars.ContextVar("variable", default="default")
variable.set("changed")
log = []

class Worker(threading.Thread):
    def run(self):
        log.append((self.name, variable.get()))

with use_cassette(sys.argv[1]):
    worker, start = Worker(name="inside"), threading.Thread.start
    worker.start()
    worker.join()
    try:
        worker.start()
    except RuntimeError as error:
        log.append(str(error))
    with ThreadPoolExecutor(1) as pool:
        log.append(pool.submit(variable.get).result())
assert "run" not in vars(worker)
late = Worker(name="late")
start(late)
late.join()
print(log)
"""


def test_a_thread_takes_along_the_cassette_and_is_else_as_python_makes_it(tmp_path: Path) -> None:
    """The app's variables are what they are without us, a second start is refused, and a kept `start` works later.

    In a process of its own, as pytest-check takes all variables along into threads.
    """
    (tmp_path / "c.yaml").write_text(EMPTY)
    command = [sys.executable, "-c", THREADS, str(tmp_path / "c.yaml")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    threads = [("inside", "default"), "threads can only be started once", "default", ("late", "default")]
    assert result.stdout.strip() == str(threads)
