"""A run with `fast_forward`: apps of each shape take no time, and the run says what it has skipped."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

from tests.support import edit

if TYPE_CHECKING:
    from tests.support import Runner

FAST = "--interactions-fast-forward=true"


def _line(result: pytest.RunResult) -> str:
    return next((each for each in result.outlines if each.startswith("interactions: ")), "")


def test_the_line_says_how_much_waiting_was_skipped(run: Runner) -> None:
    """Of all workers, rounded; and nothing where nothing was, or nothing is to be."""
    run.test("""
import time
from time import sleep
SECONDS = 0

@pytest.mark.parametrize("each", "ab")
def test_it(interactions, each):
    ask(each)
    sleep(SECONDS)
    time.sleep(SECONDS / 50)
""")
    run.record(FAST).assert_outcomes(passed=2)
    assert "skipped" not in _line(run.replay(FAST))
    path = run.pytester.path / "test_it.py"
    path.write_text(path.read_text().replace("SECONDS = 0", "SECONDS = 1000.02"))
    for workers in ("-n0", "-n2"):
        began = time.monotonic()
        result = run.replay(FAST, workers)
        result.assert_outcomes(passed=2)
        assert re.fullmatch(
            r"interactions: 2 replayed, \d+ tokens not spent, 2,040\.0 s of waiting skipped", _line(result)
        )
        assert time.monotonic() - began < 60
    assert "waiting" not in run.replay(FAST, "-q").stdout.str()


APP = """
import asyncio
from asyncio import sleep

async def agent():
    await asyncio.to_thread(ask)
    await sleep(10)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 10)
    await asyncio.wait_for(asyncio.to_thread(ask), 5)
    await asyncio.sleep(10)
"""

SHAPES = {
    "asyncio.run": """
def test_it(interactions): asyncio.run(agent())
""",
    "a runner from before": """
@pytest.fixture(scope="module")
def runner():
    with asyncio.Runner() as runner:
        runner.run(asyncio.sleep(0))
        yield runner

def test_it(runner, interactions): runner.run(agent())
""",
    "pytest-asyncio": """
@pytest.mark.asyncio
async def test_it(interactions): await agent()
""",
    "pytest-asyncio's loop of a session": """
import pytest_asyncio, time

@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def heart():
    beats = []
    async def beat():
        while True:
            began = time.monotonic()
            await sleep(0.1)
            beats.append(time.monotonic() - began)
    task = asyncio.create_task(beat())
    yield beats
    task.cancel()

@pytest.mark.asyncio(loop_scope="session")
async def test_it(heart, interactions):
    await asyncio.to_thread(ask)
    await asyncio.sleep(20)
    await asyncio.to_thread(ask)
    await asyncio.sleep(10)
    while len(heart) < 2:
        await asyncio.sleep(0)
    assert min(heart) > 0.09
""",
    "anyio's plugin": """
@pytest.fixture(scope="module")
def anyio_backend(): return "asyncio"

@pytest.fixture(scope="module")
async def before(): await asyncio.sleep(0)

@pytest.mark.anyio
async def test_it(before, interactions): await agent()
""",
    "unittest": """
import unittest

@pytest.mark.interactions
class TestIt(unittest.IsolatedAsyncioTestCase):
    async def test_it(self): await agent()
""",
    "a thread": """
import threading

def test_it(interactions):
    failed = []
    def work():
        asyncio.run(agent())
        failed.append(None)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert failed == [None]
""",
    "a wider cassette": """
@pytest.fixture(scope="module")
def begun(module_interactions): ask("first")

@pytest.mark.asyncio
async def test_it(begun, interactions): await agent()
""",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_apps_of_all_shapes_take_no_time(shape: str, run: Runner) -> None:
    """Thirty seconds of sleeps and time-outs, beside threads that do real work."""
    run.apart = True
    run.test(APP.replace("10)", "0.01)") + SHAPES[shape].replace("(20)", "(0)").replace("(10)", "(0)"))
    run.record().assert_outcomes(passed=1)
    run.test(APP + SHAPES[shape])
    result = run.replay(FAST)
    result.assert_outcomes(passed=1)
    seconds = re.search(r"([\d.]+) s of waiting skipped", _line(result))
    assert seconds is not None
    assert float(seconds[1]) == pytest.approx(30, abs=1)
    assert result.duration < 15


SDK = """
import asyncio
from google import genai

pytestmark = pytest.mark.interactions("busy")

def test_sync(interactions):
    client = genai.Client()
    found = client.interactions.create(model="gemini-3.5-flash", input="Hello")
    assert (found.status, len(interactions.exchanges)) == ("completed", 3)

def test_async(interactions):
    async def main():
        client = genai.Client()
        return await client.aio.interactions.create(model="gemini-3.5-flash", input="Hello")
    assert (asyncio.run(main()).status, len(interactions.exchanges)) == ("completed", 3)
"""


def test_the_sdk_s_retries_take_no_time(run: Runner) -> None:
    """It waits twice for as long as the API asks, and asks as often as it does when it really waits."""
    run.emulator.on().reply(error=429, retry_after=1, times=2)
    run.test(SDK)
    run.record("-k", "sync and not async").assert_outcomes(passed=1)
    edit(run.pytester.path / "cassettes" / "busy.yaml", "retry-after:\n      - '1'", "retry-after:\n      - '30'")
    result = run.replay(FAST)
    result.assert_outcomes(passed=2)
    assert _line(result).endswith(" 120.0 s of waiting skipped")
    assert result.duration < 15


SPINS = {
    "time.sleep": "while time.monotonic() < deadline: time.sleep(5)",
    "asyncio.sleep": """
    async def main():
        while time.monotonic() < deadline: await asyncio.sleep(5)
    asyncio.run(main())""",
}


@pytest.mark.parametrize("spin", SPINS)
def test_a_loop_that_waits_for_a_real_time_is_told_of(spin: str, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for a test, with the way out; and a test that skips as many sleeps in more time than that is not."""
    monkeypatch.setattr("pytest_interactions.cassette.sleeps._MANY", 20)  # on a machine that does much else
    run.test("def test_it(interactions): ask()")
    run.record().assert_outcomes(passed=1)
    run.test(f"""
import asyncio, time

def test_it(interactions):
    ask()
    deadline = time.monotonic() + 0.4
    {SPINS[spin]}
""")
    told = run.replay(FAST).stdout
    told.fnmatch_lines(["test_it.py::test_it skipped * waits within 0.* s: a loop that waits for time.monotonic() *"])
    assert told.str().count("spins until then") == 1
    monkeypatch.setattr("pytest_interactions.cassette.sleeps._FAR_BEYOND", 10**9)
    assert "spins" not in run.replay(FAST).stdout.str()
