"""What a run says of its cassettes: one line at its end, and one at its beginning if it is no replay."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pytest_interactions.api.calls import interactions_of
from pytest_interactions.files import storage
from pytest_interactions.redaction.placeholders import PLACEHOLDER_KEY

if TYPE_CHECKING:
    from tests.support import Runner

_HEADER = "interactions: record mode "

SEND = """
def send(method, path="", body=None):
    import os
    url = os.environ.get("GOOGLE_GEMINI_BASE_URL", "https://generativelanguage.googleapis.com")
    headers = {"x-goog-api-key": os.environ["GEMINI_API_KEY"]}
    return httpx.request(method, f"{url}/v1beta/interactions{path}", headers=headers, json=body)
"""


def written(result: pytest.RunResult) -> list[str]:
    """What a run wrote, without the empty lines at its end."""
    return result.stdout.str().rstrip("\n").split("\n")


def line(result: pytest.RunResult) -> str:
    """The line on what the cassettes did; `""` if there is none. It stands just above pytest's last line."""
    *_, before, last = written(result)
    told = [each for each in result.outlines if each.startswith("interactions: ") and not each.startswith(_HEADER)]
    assert "passed" in last or "failed" in last
    assert told in ([], [before])
    return told[0].removeprefix("interactions: ") if told else ""


def cost(run: Runner) -> str:
    """What the interactions of all cassettes cost, as the line says it."""
    files = run.pytester.path.rglob("cassettes/**/*.yaml")
    interactions = [each for file in files for each in interactions_of(storage.load(file).exchanges)]
    return f"{sum(each.usage['total_tokens'] for each in interactions if each.usage):,} tokens not spent"


# --- the line ---


def test_the_line_above_the_last_one_says_what_happened(run: Runner) -> None:
    """What did not happen is left out; failures, their short summary and what others print are above it."""
    run.test("def test_a(interactions):\n    ask('a')\n    ask('b')\ndef test_b(interactions): ask('c')")
    assert line(run.record()) == "3 recorded (2 new cassettes)"
    assert line(run.replay()) == f"3 replayed, {cost(run)}"
    run.test("def test_a(interactions):\n    ask('a')\n    ask('x')\ndef test_new(interactions): ask('n')")
    assert line(run.record("-k", "new")) == "1 recorded (1 new cassette)"
    result = run.replay("-rA", "--junitxml=report.xml")
    result.assert_outcomes(passed=1, failed=1)
    assert re.fullmatch(r"2 replayed, 1 refused, \d+ tokens not spent", line(result))
    result = run.record(mode="new_episodes")
    assert re.fullmatch(r"2 replayed, 1 recorded, \d+ tokens not spent", line(result))


def test_a_run_without_cassettes_has_no_line(run: Runner) -> None:
    """Nor has one whose cassettes have done nothing, or kept nothing."""
    run.test("def test_it(): pass")
    assert line(run.replay()) == ""
    run.test("def test_it(interactions): pass")
    assert line(run.replay()) == ""
    run.test("def test_it(interactions): ask()")
    assert line(run.record(mode="off")) == ""


def test_a_quiet_run_has_no_line(run: Runner) -> None:
    """A quiet run says neither at its beginning nor at its end what it does."""
    run.test("def test_it(interactions): ask()")
    assert "interactions:" not in run.record("-q").stdout.str()
    assert "interactions:" not in run.replay("-q", "-n1").stdout.str()


def test_a_verbose_run_names_the_slowest_and_the_largest(run: Runner) -> None:
    """Three of each at most, of those of which it is known; a cassette that several tests use is named once."""
    run.test("""
@pytest.mark.parametrize("size", [9, 90_000, 900, 2_000_000], ids=["tiny", "slow", "small", "large"])
def test_it(interactions, size):
    ask("a" * size)
    for exchange in interactions.account.replayed():
        exchange.seconds = {9: 0.04, 90_000: 12.44, 900: None, 2_000_000: 3}[size]

@pytest.mark.interactions("shared")
@pytest.mark.parametrize("seconds", [1, 2])
def test_shared(interactions, seconds):
    ask("b" * 9_000)
    for exchange in interactions.account.replayed():
        exchange.seconds = seconds
""")
    run.record("-k", "not 2-shared").assert_outcomes(passed=6)
    for workers in ("-n0", "-n2"):
        *_, told, slowest, largest, _ = written(run.replay("-v", workers))
        assert told.startswith("interactions: 6 replayed, ")
        name = "cassettes/test_it/test_it[{}].yaml"
        slow = f"{name.format('slow')} (12.4 s), {name.format('large')} (3.0 s), cassettes/shared.yaml (2.0 s)"
        assert slowest == f"interactions, slowest to record: {slow}"
        large = [re.escape(each) for each in (name.format("large"), name.format("slow"), "cassettes/shared.yaml")]
        assert re.fullmatch(
            rf"interactions, largest: {large[0]} \(\d\.\d MB\), {large[1]} \(\d+\.\d kB\), {large[2]} .*", largest
        )
    assert line(run.replay("-k", "small or slow")).startswith("2 replayed, ")
    *_, told, largest, _ = written(run.replay("-v", "-k", "tiny"))
    assert told.startswith("interactions: 1 replayed, "), "what takes no time is not slow"
    assert largest.startswith("interactions, largest: ")


def test_workers_add_up(run: Runner) -> None:
    """A cassette that two workers have begun is one."""
    run.test("""
@pytest.mark.interactions("shared")
@pytest.mark.parametrize("prompt", list("abcdefgh"))
def test_it(prompt):
    ask(prompt)
""")
    assert line(run.record("-n2")) == "8 recorded (1 new cassette)"
    assert line(run.replay("-n2")) == f"8 replayed, {cost(run)}"


def test_a_worker_that_crashes_says_nothing(run: Runner) -> None:
    """What it did is not known; what the others did is."""
    run.test("import os\ndef test_crash(): os._exit(1)\ndef test_it(interactions): ask()")
    result = run.record("-n1")
    result.assert_outcomes(passed=1, failed=1)
    assert line(result) == "1 recorded (1 new cassette)"


def test_the_line_is_coloured(run: Runner) -> None:
    """Where pytest colours, what was refused is red."""
    run.test("def test_it(interactions):\n    ask('a')\n    ask('b')")
    run.record("--deselect=nothing").assert_outcomes(passed=1)
    run.test("def test_it(interactions):\n    ask('a')\n    ask('x')")
    coloured = run.replay("--color=yes").stdout.str()
    assert "interactions: \x1b[32m1 replayed\x1b[0m, \x1b[31m1 refused\x1b[0m, " in coloured


# --- what counts ---


def test_a_stream_costs_what_its_end_says(run: Runner) -> None:
    run.test(
        SEND
        + """
def test_it(interactions):
    body = {"model": "gemini-3.5-flash", "input": "Hello", "stream": True}
    assert "interaction.completed" in send("POST", "?alt=sse", body).text
"""
    )
    assert line(run.record()) == "1 recorded (1 new cassette)"
    assert line(run.replay()) == f"1 replayed, {cost(run)}"
    assert not cost(run).startswith("0")


def test_an_interaction_that_is_polled_costs_once(run: Runner) -> None:
    """A poll that is settled counts once, however often it is asked for."""
    run.test(
        SEND
        + """
def test_it(interactions):
    body = {"model": "gemini-3.5-flash", "input": "Hello", "background": True}
    answer = send("POST", "", body).json()
    while answer["status"] != "completed":
        answer = send("GET", f"/{answer['id']}").json()
    for _ in range(interactions.replays_only * 9):
        send("GET", f"/{answer['id']}")
"""
    )
    run.record().assert_outcomes(passed=1)
    exchanges = storage.load(run.pytester.path / "cassettes/test_it/test_it.yaml").exchanges
    assert line(run.replay()) == f"{len(exchanges)} replayed, {cost(run)}"
    assert len(exchanges) > 1


def test_a_wider_cassette_counts_once(run: Runner) -> None:
    run.test("""
@pytest.fixture(scope="module")
def answer(module_interactions): return ask("once")
def test_a(answer): pass
def test_b(answer, interactions): ask("b")
def test_c(answer): pass
""")
    assert line(run.record()) == "2 recorded (2 new cassettes)"
    assert line(run.replay()) == f"2 replayed, {cost(run)}"


def test_blocks_inside_of_tests_count_too(run: Runner) -> None:
    """Those of a run inside of the run are its own."""
    run.test("""
import pytest_interactions
pytest_plugins = "pytester"

def test_it():
    with pytest_interactions.use_cassette("a.yaml", record_mode="once"):
        ask("a")

def test_failing():
    with pytest.raises(ZeroDivisionError), pytest_interactions.use_cassette("b.yaml", record_mode="once"):
        ask("b")
        1 / 0

def test_inner(pytester):
    pytester.makepyfile('''
        import httpx, pytest, pytest_interactions
        def test_it():
            with pytest.raises(pytest_interactions.CassetteNotFoundError), pytest_interactions.use_cassette("c.yaml"):
                httpx.get("https://example.com")
    ''')
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:recording")
    assert "interactions: 1 refused" in result.outlines
""")
    assert line(run.record()) == "2 recorded (2 new cassettes)"
    assert re.fullmatch(r"2 replayed, \d+ tokens not spent", line(run.replay()))


def test_all_kinds_of_refusals_count(run: Runner) -> None:
    """A request that no cassette sees, one to another host, and one without a recording; swallowed or not."""
    run.test("""
import socket

@pytest.fixture(scope="module")
def unseen():
    try:
        ask("unseen")
    except Exception:
        pass

def test_it(unseen, interactions):
    for call in (lambda: ask("x"), lambda: socket.create_connection(("example.com", 80))):
        try:
            call()
        except Exception:
            pass
""")
    assert line(run.replay()) == "3 refused"


def test_a_recording_that_waits_is_told(run: Runner) -> None:
    """That of a test that failed lies beside its cassette."""
    run.test("def test_a(interactions): ask('a')\ndef test_b(interactions): ask('b')")
    run.record().assert_outcomes(passed=2)
    run.test("def test_a(interactions):\n    ask('a')\n    assert 0\ndef test_b(interactions): ask('b')")
    assert line(run.record(mode="rewrite")) == "2 recorded (1 waits for review)"
    run.test("def test_a(interactions):\n    ask('a')\n    assert 0\ndef test_b(interactions): ask('b'); assert 0")
    assert line(run.record(mode="rewrite")) == "2 recorded (2 wait for review)"


def test_a_failed_attempt_has_recorded_nothing(run: Runner) -> None:
    """What it recorded is taken back when the test runs once more."""
    run.test("""
attempts = []
def test_it(interactions):
    ask()
    attempts.append(1)
    assert len(attempts) > 1
""")
    assert line(run.record("--reruns=1")) == "1 recorded (1 new cassette)"
    result = run.record("--reruns=1", "-q", mode="rewrite")
    result.assert_outcomes(passed=1)
    assert "recorded" not in result.stdout.str()


def test_an_attempt_that_passed_counts(run: Runner) -> None:
    """A test that runs once more has recorded the first time, and replays."""
    run.pytester.makeconftest("""
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for _ in range(2):
        item._initrequest()
        for report in runtestprotocol(item, nextitem=nextitem, log=False):
            item.ihook.pytest_runtest_logreport(report=report)
    return True
""")
    run.test("def test_it(interactions): ask()")
    assert line(run.record()) == f"1 replayed, 1 recorded (1 new cassette), {cost(run)}"


# --- the header ---


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ((), "no key is set (GEMINI_API_KEY, GOOGLE_API_KEY)"),
        (("GEMINI_API_KEY",), "GEMINI_API_KEY is set"),
        (("GEMINI_API_KEY", "GOOGLE_API_KEY"), "GEMINI_API_KEY and GOOGLE_API_KEY are set"),
        (("GOOGLE_APPLICATION_CREDENTIALS",), "GOOGLE_APPLICATION_CREDENTIALS is set"),
    ],
)
def test_a_header_says_the_record_mode_and_which_keys_are_set(
    variables: tuple[str, ...], words: str, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never says what their values are."""
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    for name in variables:
        monkeypatch.setenv(name, "a-key-of-mine")
    run.test("def test_it(): pass")
    result = run.replay("--interactions-record-mode=rewrite")
    result.stdout.fnmatch_lines([f"interactions: record mode rewrite, {words.replace('(', '[(]')}"])
    assert "a-key-of-mine" not in result.stdout.str()


def test_a_replay_has_no_header(run: Runner) -> None:
    run.test("def test_it(): pass")
    for more in ((), ("--interactions-record-mode=none",)):
        assert "record mode" not in run.replay(*more).stdout.str()
    assert f"{_HEADER}once" in run.replay("-o", "interactions_record_mode=once").stdout.str()


def test_a_placeholder_is_no_key(run: Runner) -> None:
    """The one that this plugin sets itself is not taken for the user's."""
    run.test("def test_it(interactions): ask()")
    run.record().assert_outcomes(passed=1)
    run.test(f"import os\ndef test_it(interactions): ask(); assert os.environ['GEMINI_API_KEY'] == '{PLACEHOLDER_KEY}'")
    result = run.replay("--interactions-record-mode=once")
    result.assert_outcomes(passed=1)
    assert f"{_HEADER}once, no key is set" in result.stdout.str()
