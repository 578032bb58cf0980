"""What a test leaves unfinished, through the fixtures: it surfaces as the failure of the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from pytest_interactions.api.exchange import Cut
from pytest_interactions.cassette import life
from pytest_interactions.files import storage
from pytest_interactions.server.emulator import Hold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import Runner

THREAD = """
import threading
threads = []

def start(prompt):
    def work():
        try:
            ask(prompt)
        except Exception as error:
            print(type(error).__name__)
    threads.append(threading.Thread(target=work, daemon=prompt == "Wait"))
    threads[-1].start()
"""


@pytest.fixture
def hold(run: Runner, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hold]:
    """A barrier before the answer to "Wait", for which nobody waits long."""
    monkeypatch.setattr(life, "PATIENCE", 0.2)
    gate = Hold()
    run.emulator.on(input="Wait").reply(text="1", hold=gate)
    run.monkeypatch.setattr("pytest.gate", gate, raising=False)
    yield gate
    gate.release()


@pytest.mark.parametrize("fixture", ["interactions", "module_interactions"])
def test_a_thread_that_a_test_does_not_join_is_recorded(fixture: str, run: Runner) -> None:
    """And on replay it asks before the test is judged."""
    run.emulator.on(input="late").reply(text="1", delay=0.1)
    run.test(f"{THREAD}\ndef test_it({fixture}):\n    start('late')\n")
    run.record().assert_outcomes(passed=1)
    run.emulator.stop()
    for _ in range(3):
        run.replay().assert_outcomes(passed=1)


def test_a_request_that_stays_open_fails_the_test(run: Runner, hold: Hold) -> None:
    """It names the request; what had finished is saved, and the next run continues it."""
    source = """
def test_it(interactions):
    ask("one")
    start("Wait")
    pytest.gate.wait_reached()
"""
    run.test(THREAD + source)
    result = run.record()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["*test_it.yaml: at its end somebody still waits for the response to:", "E     POST /interactions, input: *"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    assert run.prompts("test_it/test_it.yaml") == ["one"]
    assert "incomplete: true" in (run.pytester.path / "cassettes/test_it/test_it.yaml").read_text()
    hold.release()
    run.record().assert_outcomes(passed=1)
    assert run.prompts("test_it/test_it.yaml") == ["one", "Wait"]
    run.emulator.stop()
    run.test(THREAD + source.replace("    pytest.gate.wait_reached()\n", ""))
    run.replay().assert_outcomes(passed=1)


@pytest.mark.usefixtures("hold")
def test_a_failed_test_is_not_failed_twice(run: Runner) -> None:
    run.test(
        f"{THREAD}\ndef test_it(interactions):\n    start('Wait')\n    pytest.gate.wait_reached()\n    assert False"
    )
    run.record().assert_outcomes(failed=1)


@pytest.mark.skipif(pytest_asyncio.__version__ == "1.0.0", reason="its loop outlives the test's other fixtures")
@pytest.mark.usefixtures("hold")
def test_a_task_that_an_async_test_does_not_await_is_given_up(run: Runner) -> None:
    """The loop of the test ends before its cassette, and cancels it, when recording and on replay."""
    run.test("""
import asyncio
tasks = []

async def aask(prompt):
    import os
    url = os.environ.get("GOOGLE_GEMINI_BASE_URL", "https://generativelanguage.googleapis.com")
    async with httpx.AsyncClient() as client:
        key = {"x-goog-api-key": os.environ["GEMINI_API_KEY"]}
        body = {"model": "gemini-3.5-flash", "input": prompt}
        await client.post(f"{url}/v1beta/interactions", json=body, headers=key)

async def test_it(interactions):
    await aask("one")
    tasks.append(asyncio.create_task(aask("Wait")))
    await asyncio.sleep(0.1)
""")
    run.record("-o", "asyncio_mode=auto").assert_outcomes(passed=1)
    path = run.pytester.path / "cassettes/test_it/test_it.yaml"
    assert [exchange.cut for exchange in storage.load(path).exchanges] == [None, Cut(by="app")]
    run.emulator.stop()
    run.replay("-o", "asyncio_mode=auto").assert_outcomes(passed=1)


@pytest.mark.usefixtures("hold")
def test_a_task_of_a_loop_that_lives_on_fails_the_test_at_once(run: Runner) -> None:
    run.test("""
import asyncio

async def aask():
    import os
    async with httpx.AsyncClient() as client:
        body, key = {"model": "gemini-3.5-flash", "input": "Wait"}, {"x-goog-api-key": os.environ["GEMINI_API_KEY"]}
        await client.post(os.environ["GOOGLE_GEMINI_BASE_URL"] + "/v1beta/interactions", json=body, headers=key)

@pytest.fixture(scope="module")
def loop():
    loop = asyncio.new_event_loop()
    yield loop
    [task] = asyncio.all_tasks(loop)
    task.cancel()
    loop.run_until_complete(asyncio.wait([task]))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()

def test_it(loop, interactions):
    loop.create_task(aask())
    loop.run_until_complete(asyncio.to_thread(pytest.gate.wait_reached))
""")
    result = run.record()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*somebody still waits for the response to:", "E     POST /interactions, input: *"])


@pytest.mark.usefixtures("hold")
def test_an_attempt_that_leaves_nothing_open_passes(run: Runner) -> None:
    """pytest-rerunfailures makes another of a test that fails by what it leaves."""
    run.test(f"""{THREAD}
attempts = []
def test_it(interactions):
    ask("one")
    attempts.append(None)
    if len(attempts) == 1:
        start("Wait")
        pytest.gate.wait_reached()
""")
    result = run.record("--reruns", "1")
    assert result.ret == pytest.ExitCode.OK
    assert run.prompts("test_it/test_it.yaml") == ["one"]


def test_one_path_is_not_recorded_twice_at_once(run: Runner) -> None:
    """The test's own cassette is opened inside the test once more."""
    run.test("""
from pytest_interactions import AlreadyOpenError, use_cassette

def test_it(interactions):
    with pytest.raises(AlreadyOpenError, match="test_it.yaml is open already in this process"):
        with use_cassette(interactions.path, record_mode="once"):
            pass
    ask()
""")
    run.record().assert_outcomes(passed=1)


def test_a_test_may_change_its_working_directory(run: Runner) -> None:
    run.test("""
def test_it(interactions, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ask()
    assert list(tmp_path.iterdir()) == []
""")
    run.record().assert_outcomes(passed=1)
    run.replay().assert_outcomes(passed=1)


# --- forked processes, in a process of their own, as they are forked from what runs the tests ---

FORKED = """
import multiprocessing, os, warnings
warnings.simplefilter("ignore")

def work(prompt):
    from google import genai
    with genai.Client() as client:
        return client.interactions.create(model="gemini-3.5-flash", input=prompt).output_text

def pool(**options):
    return multiprocessing.get_context("fork").Pool(2, **options)
"""


def test_forked_processes_join_by_the_replay_server(run: Runner) -> None:
    """google-genai in a pool of processes records and replays, if these are given its address."""
    run.apart = True
    run.test(f"""{FORKED}
def test_it(interactions, interactions_server):
    with pool(initializer=os.environ.update, initargs=(interactions_server.env,)) as processes:
        assert processes.map(work, ["one", "two"]) == ["You said: one", "You said: two"]
    assert len(interactions.exchanges) == 2
""")
    run.record("-Wignore").assert_outcomes(passed=1)
    assert sorted(run.prompts("test_it/test_it.yaml")) == ["one", "two"]
    run.emulator.stop()
    run.replay("-Wignore").assert_outcomes(passed=1)


def test_a_forked_process_that_swallows_its_refusal_fails_the_test(run: Runner) -> None:
    run.apart = True
    run.test(f"""{FORKED}
def refused(prompt):
    try:
        ask(prompt)
    except Exception as error:
        return type(error).__name__

def test_it(interactions):
    ask("parent")
    with pool() as processes:
        assert processes.map(refused, ["one"]) == ["ForkedError"]
""")
    for result in (run.record("-Wignore"), run.replay("-Wignore")):
        result.assert_outcomes(passed=1, errors=1)
        result.stdout.fnmatch_lines(["*POST /interactions was refused: a process sent it that was forked while *"])
    assert run.prompts("test_it/test_it.yaml") == ["parent"]


def test_a_test_that_goes_on_in_a_forked_process_is_recorded_once(run: Runner) -> None:
    """The child runs to the end of pytest as the parent does, and saves nothing."""
    run.apart = True
    run.test(f"""{FORKED}
def test_it(interactions):
    ask("parent")
    child = os.fork()
    if child:
        os.waitpid(child, 0)
""")
    run.record("-Wignore")
    assert run.prompts("test_it/test_it.yaml") == ["parent"]
