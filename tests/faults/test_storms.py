"""Storms: faults that a seed picks, the same for the same seed, and told."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pytest_interactions import use_cassette
from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.api.faults.storm import picked
from pytest_interactions.cassette.faults import Faults, _seed_of_run
from pytest_interactions.faults import KINDS, OF_STREAMS, Fault, read
from pytest_interactions.files import storage
from pytest_interactions.options import Options
from tests.commands.showing import API, cassette, exchange
from tests.faults.test_choice import EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support import Runner


def _exchange(body: bytes, kind: str) -> Exchange:
    response = Response(status=200, headers={"content-type": [kind]}, body=body)
    return Exchange(request=Request(method="POST", uri=API), response=response)


STREAM, JSON = _exchange(EVENTS, "text/event-stream"), _exchange(b'{"a": 1}', "application/json")
EMPTY = _exchange(b"", "application/json")


def _picks(exchange: Exchange, *of: str) -> list[dict[str, Any]]:
    return [keys for seed in range(600) if (keys := picked(seed, of, "c/0", exchange)) is not None]


def test_half_of_the_exchanges_are_hit_by_all_kinds() -> None:
    """A stream by any kind, JSON by those that are not of streams alone, an empty answer by an error."""
    picks = _picks(STREAM)
    assert 240 < len(picks) < 360
    assert {next(iter(keys)) for keys in picks} == set(KINDS)
    assert {next(iter(keys)) for keys in _picks(JSON)} == {*KINDS} - {*OF_STREAMS}
    assert {next(iter(keys)) for keys in _picks(EMPTY)} == {"error"}


def test_each_pick_is_a_fault_that_can_hit(tmp_path: Path) -> None:
    """What a storm picks can be written as a fault, and hits the exchange that it was picked for."""
    path = cassette(tmp_path / "c.yaml", exchange({"input": "x"}, EVENTS))
    for keys in _picks(STREAM)[::8]:
        assert str(Fault(**keys))
        with use_cassette(path, fault=keys, fast_forward=True) as played:
            with suppress(httpx.TransportError):
                httpx.post(API, json={"input": "x"})
        assert len(played.faults.fired) == 1, keys


def test_kinds_may_be_chosen() -> None:
    """With `of`, the storm picks from these alone, and spares what none of them can hit."""
    assert {next(iter(keys)) for keys in _picks(STREAM, "error", "drop")} == {"error", "drop"}
    assert _picks(JSON, "drop") == []


def test_the_same_seed_is_the_same_storm(tmp_path: Path) -> None:
    """It depends on the seed, on the number of the exchange and on the cassette's name, and on nothing else."""
    path = cassette(tmp_path / "c.yaml", *(exchange({"input": n}, {"id": str(n)}) for n in range(20)))

    def fired(seed: int, numbers: range) -> list[str]:
        with use_cassette(path, fault=f"storm: {seed}", fast_forward=True, unplayed="ignore") as played:
            for number in numbers:
                with suppress(httpx.TransportError):
                    httpx.post(API, json={"input": number})
        return sorted(played.faults.fired)

    assert fired(1, range(20)) == fired(1, range(19, -1, -1)) != fired(2, range(20))
    assert len(fired(1, range(20))) >= 5


def test_a_login_is_never_hit(tmp_path: Path) -> None:
    """A recorded login to Google is no traffic of the app's; the clients leave it out, so the faults are asked."""
    login = exchange({}, {"access_token": "x"}, uri="https://oauth2.googleapis.com/token")
    [recorded] = storage.load(cassette(tmp_path / "c.yaml", login)).exchanges
    index: Any = None  # is not asked
    faults = Faults(tmp_path / "c.yaml", index, Options(fault=read("error: 503")), tmp_path)
    assert faults.play(0, recorded, recorded.request, ("key",)) == (0, recorded, None)
    assert faults.fired == []


_TEST = """
@pytest.mark.interactions("c", OPTIONS)
def test_one():
    for _ in range(3):
        try:
            ask()
        except Exception:
            pass
        else:
            break
    assert HOLDS
"""


@pytest.fixture
def storm(run: Runner) -> Callable[..., pytest.RunResult]:
    """Replays a test with these options, and whether it holds."""

    def replay(options: str, *args: str, holds: bool = True) -> pytest.RunResult:
        run.test(_TEST.replace("OPTIONS", options).replace("HOLDS", str(holds)))
        return run.replay(*args)

    run.test(_TEST.replace(", OPTIONS", "").replace("HOLDS", "True"))
    run.record().assert_outcomes(passed=1)
    return replay


def test_a_run_tells_the_seed_of_a_storm_and_what_it_hit(storm: Callable[..., pytest.RunResult]) -> None:
    """With the option by which it is the same again; one that a run has picked too."""
    hits = next(seed for seed in range(99) if picked(seed, ("error",), "c/0", JSON) is not None)
    result = storm(f"fault='storm: {hits}, of: [error]', fast_forward=True")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            f"a storm hit 1 of 1 test. The same again with the option fault = 'storm: {hits}, of: *':",
            "  test_it.py::test_one: exchange 1: error: ???, on: 1",
        ]
    )
    told = storm("fast_forward=True", "--interactions-fault=storm").stdout.str()
    [seed] = set(re.findall(r"fault = 'storm: (\d+)'", told))
    assert f"storm: {seed}" in storm("fast_forward=True", f"--interactions-fault=storm: {seed}").stdout.str()


def test_a_storm_that_hit_nothing_says_so(storm: Callable[..., pytest.RunResult]) -> None:
    """An exchange that the seed spares is played as it was, which is no failure."""
    spared = next(seed for seed in range(99) if picked(seed, (), "c/0", JSON) is None)
    result = storm(f"fault='storm: {spared}'")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"a storm hit 0 of 1 test. The same again with the option fault = 'storm: {spared}'"])


def test_workers_share_the_seed_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest-xdist tells each of its workers the run that it is of."""
    seeds = []
    for run in ("one", "one", "two", None):
        monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", run) if run else monkeypatch.delenv("PYTEST_XDIST_TESTRUNUID")
        _seed_of_run.cache_clear()
        seeds.append(_seed_of_run())
    _seed_of_run.cache_clear()
    assert seeds[0] == seeds[1] != seeds[2] != seeds[3]


def test_a_failing_test_shows_what_hit_it(storm: Callable[..., pytest.RunResult]) -> None:
    """In a section of its report."""
    result = storm("fault={'error': 503, 'times': 2}", holds=False)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*- interactions: faults that hit -*", "exchange 1: error: 503, times: 2"])


def test_a_failing_test_shows_what_did_not_hit_it(storm: Callable[..., pytest.RunResult]) -> None:
    """As it may have failed because nothing went wrong; where the answer is recorded, nothing could."""
    result = storm("fault={'cut_after': 1}", holds=False)
    result.stdout.fnmatch_lines(
        ["*- interactions: faults that hit nothing -*", "cut_after: 1: exchange 1 can't be hit by it: *no stream"]
    )
    assert "faults that hit -" not in result.stdout.str()


def test_faults_come_from_everywhere(run: Runner) -> None:
    """From the ini file, the command line, `interactions_config`, and the marker, which wins."""
    run.test(_TEST.replace(", OPTIONS", "").replace("HOLDS", "True"))
    run.record().assert_outcomes(passed=1)
    run.test(_TEST.replace(", OPTIONS", "").replace("HOLDS", "False"))
    assert "exchange 1: error: 503" in run.replay("--interactions-fault=error: 503").stdout.str()
    run.pytester.makeini("[pytest]\ninteractions_fault =\n    error: 500\n    error: 502\n")
    assert "exchange 1: error: 500\nexchange 1: error: 502" in run.replay().stdout.str()
    run.test(_TEST.replace("OPTIONS", "fault={'refused': True}").replace("HOLDS", "False"))
    told = run.replay().stdout.str()
    assert "exchange 1: refused: true" in told
    assert "error: 50" not in told


def test_a_scope_that_records_says_that_its_faults_hit_nothing(run: Runner) -> None:
    """They are of replays; tests of a wider cassette record it as the API answers."""
    run.pytester.makeini("[pytest]\ninteractions_fault = error: 503\n")
    run.test("def test_one(module_interactions):\n    assert ask()\n")
    result = run.record()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["* recorded; its faults hit what is replayed, and nothing else"])
    run.test("def test_one(module_interactions):\n    assert not ask()\n")
    result = run.record(mode="rewrite")
    result.assert_outcomes(failed=1)
    assert "faults that hit nothing" not in result.stdout.str()


def test_a_fault_that_hits_nothing_fails_the_test(run: Runner) -> None:
    """At its end, with the reason in the short summary; a wrong one at its beginning, with the marker's place."""
    run.test(_TEST.replace(", OPTIONS", "").replace("HOLDS", "True"))
    run.record().assert_outcomes(passed=1)
    run.test(_TEST.replace("OPTIONS", "fault={'error': 503, 'on': 2}").replace("HOLDS", "True"))
    result = run.replay("-rE")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E   FaultError: cassettes*c.yaml: faults that hit nothing, of 1 recorded exchange:"])
    result.stdout.fnmatch_lines(["ERROR test_it.py::test_one - FaultError: hit nothing: error: 503, on: 2: ther*"])
    run.test(_TEST.replace("OPTIONS", "fault={'erorr': 503}").replace("HOLDS", "True"))
    result = run.replay()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["E   OptionError: @pytest.mark.interactions of *: fault: erorr: unknown key (did you *"]
    )


def test_a_storm_over_many_tests_is_told_once(run: Runner) -> None:
    """With the first tests that it hit, and how many more there are; also by pytest-xdist's workers."""
    run.test(
        "import pytest\n@pytest.mark.parametrize('n', range(30))\n"
        "@pytest.mark.interactions(fast_forward=True)\ndef test_one(n):\n"
        "    try:\n        ask()\n    except Exception:\n        pass\n"
    )
    run.record().assert_outcomes(passed=30)
    alone, shared = run.replay("--interactions-fault=storm: 5"), run.replay("--interactions-fault=storm: 5", "-n2")
    for result in (alone, shared):
        result.assert_outcomes(passed=30)
        told = result.stdout.str().partition("a storm hit ")[2]
        hit = int(told.partition(" ")[0])
        assert 8 <= hit <= 22
        assert " of 30 tests. The same again with the option fault = 'storm: 5':\n  test_it.py::" in told
        assert f"\n  ... and {hit - 5} more\n" in told


@pytest.mark.parametrize("mode", ["rewrite", "all", "verify", "off", "new_episodes"])
def test_a_test_with_a_fault_is_skipped_where_it_may_record(mode: str, run: Runner) -> None:
    """Its cassette stays as it is, and nothing is sent."""
    run.test(_TEST.replace(", OPTIONS", "").replace("HOLDS", "True"))
    run.record().assert_outcomes(passed=1)
    path = run.pytester.path / "cassettes" / "c.yaml"
    before = path.read_bytes()
    run.test(_TEST.replace("OPTIONS", "fault={'error': 503}").replace("HOLDS", "True"))
    result = run.record("-rs", mode=mode)
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines([f"*its faults hit what is replayed, and record mode {mode} may record its cassette"])
    assert path.read_bytes() == before
    assert run.emulator.requests[1:] == []


def test_a_test_with_a_fault_is_not_the_first_to_record(run: Runner) -> None:
    """It is skipped where there is no cassette, and where its own run has made that; it runs where one was there."""
    plain, hit = (
        _TEST.replace(", OPTIONS", ""),
        _TEST.replace("OPTIONS", "fault={'error': 503}").replace("_one", "_two"),
    )
    run.test((hit + plain).replace("HOLDS", "True"))
    run.record().assert_outcomes(passed=1, skipped=1)
    run.record().assert_outcomes(passed=2)
    assert len(run.emulator.requests) == 1


def test_what_a_storm_made_of_a_snapshot_does_not_wait_for_review(run: Runner) -> None:
    """Nobody would accept it; what a fault of the test's own made of it is behaviour, and waits."""
    run.monkeypatch.delenv("CI", raising=False)
    run.test(
        "import contextlib\ndef test_one(interactions, snapshot_steps):\n    ask('One')\n"
        "    with contextlib.suppress(Exception):\n        ask('Two')\n    assert interactions == snapshot_steps\n"
    )
    run.record("--snapshot-update").assert_outcomes(passed=1)
    waiting = run.pytester.path / "cassettes" / "test_it" / "test_one.failed.json"
    seeds = (seed for seed in range(999) if picked(seed, ("error",), "test_one/0", JSON) is None)
    seed = next(seed for seed in seeds if picked(seed, ("error",), "test_one/1", JSON) is not None)
    run.replay(f"--interactions-fault=storm: {seed}, of: [error]").assert_outcomes(failed=1)
    assert not waiting.exists()
    run.replay("--interactions-fault=error: 503, on: 2").assert_outcomes(failed=1)
    assert waiting.exists()
