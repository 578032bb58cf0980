"""The plugin beside other tools of a test: each works, or is a clear error at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support import Runner

FREEZERS = {
    "freezegun": "from freezegun import freeze_time\nfreeze_time('{}-01-01').start()",
    "time_machine": "import time_machine\ntime_machine.travel('{}-01-01').start()",
}


def _needs(module: str) -> None:
    pytest.importorskip(module, reason=f"{module} is not installed")


def test_the_mark_vcr_and_the_fixture_exclude_each_other(run: Runner) -> None:
    """One alone would get the requests, so the test is an error before the first one."""
    run.test("@pytest.mark.vcr\ndef test_it(interactions):\n    ask()")
    result = run.record("-o", "markers=vcr")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*test_it has the mark vcr and the fixture interactions: *", "E   Take away the mark, or *"]
    )
    assert run.emulator.requests == []


@pytest.mark.parametrize("client", ["httpx", "requests", "urllib3", "aiohttp"])
def test_vcrpy_s_own_block_inside_a_test_gets_what_is_sent_there(client: str, run: Runner) -> None:
    """It is vcrpy's alone, on recording and on replay."""
    run.apart = True
    send = {
        "aiohttp": """
async def send(url):
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status
""",
        "urllib3": "async def send(url): return urllib3.request('GET', url).status",
    }.get(client, f"async def send(url): return {client}.get(url).status_code")
    run.test(f"""
import asyncio, os, {client}, vcr

{send}

def test_it(interactions):
    with vcr.use_cassette("theirs.yaml", record_mode=str(interactions.record_mode)) as theirs:
        assert asyncio.run(send(os.environ.get("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:9"))) == 403
        assert len(theirs) == 1
    ask()
    assert len(interactions.exchanges) == 1
""")
    run.record().assert_outcomes(passed=1)
    (run.pytester.path / "theirs.yaml").write_text(
        (run.pytester.path / "theirs.yaml").read_text().replace(run.emulator.url, "http://127.0.0.1:9")
    )
    run.emulator.stop()
    run.replay().assert_outcomes(passed=1)


@pytest.mark.parametrize("order", ["interactions, fs", "fs, interactions"])
def test_a_fake_file_system_holds_no_cassette(order: str, run: Runner) -> None:
    """The test's files are pyfakefs's, and the cassette is on the disk, whichever fixture comes first."""
    _needs("pyfakefs")
    run.apart = True
    use = "@pytest.fixture(autouse=True)\ndef first(fs): pass\n" if order.startswith("fs") else ""
    run.test(f"""
import os

from tests.support import use_cassette
{use}
def test_it({order}):
    fs.create_file("/only/fake", contents="x" * 10)
    assert ask("a" * 100) == "You said: " + "a" * 100
    assert open("/only/fake").read() == "x" * 10
    assert not os.path.exists(interactions.path)
    with use_cassette(interactions.path.with_name("inner.yaml"), record_mode=str(interactions.record_mode)):
        ask("inner")
    assert len(interactions.exchanges) == 1
    assert os.path.exists("/only/fake")
""")
    run.record().assert_outcomes(passed=1)
    assert run.prompts("test_it/test_it.yaml") == ["a" * 100]
    assert run.prompts("test_it/inner.yaml") == ["inner"]
    run.emulator.stop()
    run.replay().assert_outcomes(passed=1)


def test_a_fake_file_system_that_a_test_pauses_stays_paused(run: Runner) -> None:
    _needs("pyfakefs")
    run.apart = True
    run.test("""
def test_it(fs, interactions, request):
    fs.pause()
    ask()
    assert request.path.exists()
    fs.resume()
    assert not request.path.exists()
""")
    run.record().assert_outcomes(passed=1)


@pytest.mark.parametrize("freezer", FREEZERS)
def test_which_files_are_of_this_run_does_not_hang_on_the_clock(freezer: str, run: Runner) -> None:
    """A session in 2040 records several tests into one cassette; one in 2020 takes no old one for its own."""
    _needs(freezer)
    run.apart = True
    run.test("""
import os
@pytest.mark.interactions("shared")
@pytest.mark.parametrize("prompt", os.environ["PROMPTS"])
def test_it(prompt):
    ask(prompt)
""")
    run.monkeypatch.setenv("PROMPTS", "ab")
    run.pytester.makeconftest(FREEZERS[freezer].format(2040))
    run.record().assert_outcomes(passed=2)
    assert run.prompts("shared.yaml") == ["a", "b"]
    run.monkeypatch.setenv("PROMPTS", "c")
    run.pytester.makeconftest(FREEZERS[freezer].format(2020))
    run.record().assert_outcomes(failed=1)
    run.record(mode="rewrite").assert_outcomes(passed=1)
    assert run.prompts("shared.yaml") == ["c"]


def test_workers_know_when_the_run_began(run: Runner) -> None:
    """A worker that starts when another has written already goes on with its file, as after a crash."""
    run.test("""
import os
@pytest.mark.interactions("shared")
@pytest.mark.parametrize("prompt", "abc")
def test_it(prompt, worker_id):
    ask(prompt)
    if prompt == "b":
        os._exit(1)
""")
    run.record("-n1", mode="rewrite").assert_outcomes(passed=2, failed=1)
    assert run.prompts("shared.yaml") == ["a", "b", "c"]


@pytest.mark.parametrize("mode", ["once", "rewrite", "new_episodes", "all"])
def test_an_attempt_that_is_run_again_starts_over(mode: str, run: Runner) -> None:
    """The answer that failed a test is not replayed to its next attempt, and what the failed one asked for is gone."""
    _needs("pytest_rerunfailures")
    run.test("""
TRIES = []

@pytest.mark.flaky(reruns=2)
@pytest.mark.interactions(media_threshold=64)
def test_it(interactions):
    TRIES.append(1)
    if len(TRIES) < 3:
        ask(f"a try of its own {len(TRIES)}")
    ask([{"type": "text", "text": "the question"}, {"type": "image", "data": "QUJD" * 50, "mime_type": "image/png"}])
    assert len(TRIES) == 3 or "GEMINI_API_KEY" in interactions.path.name
""")
    run.record(mode=mode).assert_outcomes(passed=1)
    assert len(run.prompts("test_it/test_it.yaml")) == 1
    assert len(run.emulator.requests) == 5
    assert [p.name for p in (run.pytester.path / "cassettes/test_it").iterdir() if p.is_file()] == ["test_it.yaml"]
    run.emulator.stop()
    run.test("""
def test_it(interactions):
    ask([{"type": "text", "text": "the question"}, {"type": "image", "data": "QUJD" * 50, "mime_type": "image/png"}])
""")
    run.replay().assert_outcomes(passed=1)


def test_an_attempt_that_is_run_again_leaves_what_was_there_before(run: Runner) -> None:
    """What the cassette held, and what others have put into it since, stays."""
    _needs("pytest_rerunfailures")
    run.test("def test_it(interactions):\n    ask('old')")
    run.record().assert_outcomes(passed=1)
    run.test("""
TRIES = []

@pytest.mark.flaky(reruns=1)
def test_it(interactions):
    TRIES.append(1)
    ask("old")
    ask(f"new {len(TRIES)}")
    assert len(TRIES) == 2
""")
    run.record(mode="new_episodes").assert_outcomes(passed=1)
    assert run.prompts("test_it/test_it.yaml") == ["old", "new 2"]


def test_the_summary_does_not_speak_of_an_attempt_that_was_made_again(run: Runner) -> None:
    _needs("pytest_rerunfailures")
    run.test("def test_it(interactions):\n    ask('old')")
    run.record().assert_outcomes(passed=1)
    run.test("""
TRIES = []

@pytest.mark.flaky(reruns=1)
def test_it(interactions):
    TRIES.append(1)
    ask("new")
    assert len(TRIES) == 2
""")
    result = run.record(mode="rewrite")
    result.assert_outcomes(passed=1)
    assert "did not pass" not in result.stdout.str()
    assert run.prompts("test_it/test_it.yaml") == ["new"]
