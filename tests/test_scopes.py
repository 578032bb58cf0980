"""Cassettes for fixtures of a wider scope, and the guard where a fixture has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support import Runner

SCOPES = {
    "class": "test_it/TestIt.class_interactions.yaml",
    "module": "test_it/module_interactions.yaml",
    "package": "package_interactions.yaml",
    "session": "session_interactions.yaml",
}
WIDE = """
@pytest.fixture(scope={scope!r})
def told({scope}_interactions):
    yield ask("first")
    ask("last")

class TestIt:
    def test_one(self, told):
        assert told == "You said: first"

    def test_two(self, told, interactions):
        assert ask("own") == "You said: own"
        assert len(interactions.exchanges) == 1

    def test_three(self, {scope}_interactions):
        ask("in a test")
        assert {scope}_interactions.exchanges[-1].request.json()["input"] == "in a test"

    def test_none(self):
        pass
"""


@pytest.mark.parametrize("scope", SCOPES)
def test_a_wider_fixture_is_recorded_and_replayed(scope: str, run: Runner) -> None:
    """Its setup, its teardown, and what tests that use it send outside of a cassette of their own."""
    run.test(WIDE.format(scope=scope))
    run.record().assert_outcomes(passed=4)
    assert run.prompts(SCOPES[scope]) == ["first", "in a test", "last"]
    assert run.prompts("test_it/TestIt.test_two.yaml") == ["own"]
    run.emulator.stop()
    run.replay().assert_outcomes(passed=4)
    run.replay("-n2").assert_outcomes(passed=4)
    run.replay("-k", "test_one").assert_outcomes(passed=1)
    run.replay("test_it.py::TestIt::test_two").assert_outcomes(passed=1)


def test_tests_that_do_not_use_it_are_left_alone(run: Runner) -> None:
    """A wider cassette is in force during the tests that use it, and during no others."""
    run.test("""
import os, socket, time
BEFORE = socket.socket.connect, time.sleep

@pytest.fixture(scope="module")
def told(module_interactions):
    yield ask("first")
    ask("last")

def test_one(told):
    assert (socket.socket.connect, time.sleep) != BEFORE or "GOOGLE_GEMINI_BASE_URL" in os.environ

def test_other():
    assert (socket.socket.connect, time.sleep) == BEFORE

def test_own(interactions):
    ask("own")
    assert len(interactions.exchanges) == 1

def test_two(told):
    pass

def test_last():
    assert (socket.socket.connect, time.sleep) == BEFORE
""")
    run.record().assert_outcomes(passed=5)
    assert run.prompts("test_it/module_interactions.yaml") == ["first", "last"]
    run.emulator.stop()
    run.replay().assert_outcomes(passed=5)


def test_what_a_wider_cassette_holds_and_nobody_asks_for_fails_the_last_test(run: Runner) -> None:
    run.test("def test_it(module_interactions):\n    ask('a'); ask('b')")
    run.record().assert_outcomes(passed=1)
    run.test("def test_it(module_interactions):\n    ask('a')")
    result = run.replay()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["*module_interactions.yaml: 1 of 2 recorded exchanges were not asked for:", "*pytest test_it.py --inter*"]
    )


def test_a_failing_user_keeps_a_wider_cassette(run: Runner) -> None:
    """`rewrite` leaves the good recording, and a first one is incomplete."""
    test = "@pytest.fixture(scope='module')\ndef told(module_interactions): return ask({0!r})\n"
    test += "def test_one(told): assert {1}\ndef test_two(told): pass"
    run.test(test.format("first", True))
    run.record().assert_outcomes(passed=2)
    run.test(test.format("second", False))
    result = run.record(mode="rewrite")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*module_interactions of test_it.py did not pass, so its cassette is as it was*"])
    assert run.prompts("test_it/module_interactions.yaml") == ["first"]


def test_options_of_a_module_are_its_cassette_s_too(run: Runner) -> None:
    """Those of its marks, and of `interactions_config` in it or in a class."""
    run.test("""
pytestmark = pytest.mark.interactions(redact=["in the mark"])

class TestIt:
    @pytest.fixture
    def interactions_config(self):
        return {"redact": ["in the config"]}

    @pytest.fixture(scope="class")
    def told(self, class_interactions):
        return ask("in the mark, in the config")

    def test_it(self, told):
        pass
""")
    run.record().assert_outcomes(passed=1)
    assert run.prompts("test_it/TestIt.class_interactions.yaml") == ["REDACTED, REDACTED"]


@pytest.mark.parametrize("config", ["(tmp_path): return {}", "(): yield {}"])
def test_options_that_come_too_late_are_refused(config: str, run: Runner) -> None:
    """A wider cassette can't wait for them, and the test's own can."""
    run.test(f"""
@pytest.fixture
def interactions_config{config}

def test_wide(module_interactions): pass
def test_own(interactions): ask()
""")
    result = run.record()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*interactions_config of test_it.py asks for other fixtures or yields*"])


# --- several at once ---

FIXTURES = """
@pytest.fixture(scope="session")
def lasting(session_interactions):
    yield ask("session begins")
    ask("session ends")

@pytest.fixture(scope="module")
def passing(module_interactions):
    yield ask("module begins")
    ask("module ends")

@pytest.fixture
def short(interactions):
    yield ask("test begins")
    ask("test ends")
"""
ORDERS = {
    "the wider one begins late": """
def test_a(passing): pass
def test_b(passing, lasting): ask("in a test")
def test_c(lasting, short): pass
""",
    "the wider one begins first": """
def test_a(lasting): pass
def test_b(lasting, passing): ask("in a test")
def test_c(short): pass
""",
    "all of them in each": """
def test_a(short, lasting, passing): pass
def test_b(lasting, passing): ask("in a test")
""",
    "a test without any comes last": """
def test_a(lasting, passing): ask("in a test")
def test_b(short): pass
def test_c(): pass
""",
}


@pytest.mark.parametrize("order", ORDERS)
def test_what_each_fixture_sends_is_in_the_cassette_of_its_own_scope(order: str, run: Runner) -> None:
    """Its setup and its teardown, in whatever order the tests ask for them; a test's own calls are in the narrowest."""
    run.test(FIXTURES + ORDERS[order])
    count = ORDERS[order].count("def test_")
    run.record().assert_outcomes(passed=count)
    assert run.prompts("session_interactions.yaml") == ["session begins", "session ends"]
    assert run.prompts("test_it/module_interactions.yaml") == ["module begins", "in a test", "module ends"]
    [own] = (run.pytester.path / "cassettes/test_it").glob("test_*.yaml")
    assert run.prompts(f"test_it/{own.name}") == ["test begins", "test ends"]
    run.emulator.stop()
    run.replay().assert_outcomes(passed=count)
    for number in range(count):
        run.replay(f"test_it.py::test_{'abc'[number]}").assert_outcomes(passed=1)


def test_a_fixture_that_outlives_the_cassette_is_none_of_its_own(run: Runner) -> None:
    """A session's fixture is guarded, though the cassette of the module that first needs it is in force."""
    run.test("""
@pytest.fixture(scope="session")
def lasting():
    return ask("unseen")

def test_a(module_interactions): ask("first")
def test_b(module_interactions, lasting): ask("second")
""")
    result = run.record()
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*test_b: POST /interactions of the session-scoped fixture lasting was sent and not*"])
    assert run.prompts("test_it/module_interactions.yaml") == ["first", "second"]
    run.replay().assert_outcomes(passed=1, errors=1)


def test_a_cassette_that_a_test_asks_for_late_leaves_it_its_own(run: Runner) -> None:
    """What the test sends is its own; what a fixture of the scope sends is the scope's."""
    run.test("""
@pytest.fixture(scope="module")
def told(module_interactions):
    return ask("module")

def test_it(interactions, request):
    ask("before")
    request.getfixturevalue("told")
    ask("after")
""")
    run.record().assert_outcomes(passed=1)
    assert run.prompts("test_it/test_it.yaml") == ["before", "after"]
    assert run.prompts("test_it/module_interactions.yaml") == ["module"]
    run.emulator.stop()
    run.replay().assert_outcomes(passed=1)


def test_async_fixtures_have_the_cassette_of_their_scope(run: Runner) -> None:
    run.test("""
import asyncio, pytest_asyncio

@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(module_interactions):
    yield await asyncio.to_thread(ask, "module begins")
    await asyncio.to_thread(ask, "module ends")

@pytest.mark.asyncio(loop_scope="module")
async def test_it(told, interactions):
    await asyncio.gather(*(asyncio.to_thread(ask, f"test {n}") for n in range(3)))
""")
    run.record().assert_outcomes(passed=1)
    assert run.prompts("test_it/module_interactions.yaml") == ["module begins", "module ends"]
    assert sorted(run.prompts("test_it/test_it.yaml")) == ["test 0", "test 1", "test 2"]
    run.emulator.stop()
    run.replay().assert_outcomes(passed=1)


def test_a_wider_cassette_can_end_with_an_item_that_is_no_function(run: Runner) -> None:
    """Other plugins collect what knows no fixtures; a session's fixture ends with it all the same."""
    run.pytester.makeconftest("""
import pytest

class Item(pytest.Item):
    def runtest(self): pass

class File(pytest.File):
    def collect(self): yield Item.from_parent(self, name="it")

def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".thing":
        return File.from_parent(parent, path=file_path)
""")
    (run.pytester.path / "z.thing").touch()
    run.test(FIXTURES + "def test_a(lasting): pass")
    run.record().assert_outcomes(passed=2)
    assert run.prompts("session_interactions.yaml") == ["session begins", "session ends"]
    run.emulator.stop()
    run.replay().assert_outcomes(passed=2)


def test_classes_within_a_class_have_its_cassette(run: Runner) -> None:
    """Whether the outer one has begun it, another inner one, or nobody before."""
    run.test("""
class TestOuter:
    @pytest.fixture(scope="class")
    def told(self, class_interactions, request):
        return ask(request.node.name)

    class TestA:
        def test_it(self, told): assert told.endswith("TestA")

    class TestB:
        def test_it(self, told): assert told.endswith("TestB")
""")
    run.record().assert_outcomes(passed=2)
    assert run.prompts("test_it/TestOuter.class_interactions.yaml") == ["TestA", "TestB"]
    run.emulator.stop()
    run.replay().assert_outcomes(passed=2)
    for name in ("TestA", "TestB"):
        run.replay(f"test_it.py::TestOuter::{name}").assert_outcomes(passed=1)


# --- the guard ---

UNSEEN = """
@pytest.fixture(scope="module")
def told():
    return ask("unseen")

def test_it(told, interactions):
    ask("seen")

def test_not_ours(told):
    pass
"""


def test_what_no_cassette_sees_is_told_and_then_refused(run: Runner) -> None:
    """The error and the summary name the fixture that has a cassette for it."""
    run.test(UNSEEN)
    result = run.record()
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["*test_it: POST /interactions of the module-scoped fixture told was sent and not rec*"]
    )
    result = run.replay()
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(
        ["*UnseenRequestError: *what the module-scoped fixture told sends*", "E   *let told ask*module_interactions."]
    )


@pytest.mark.parametrize("mode", ["once", "none"])
def test_a_key_does_not_let_an_unseen_request_go_live(mode: str, run: Runner) -> None:
    run.test(UNSEEN)
    run.record()
    sent = len(run.emulator.requests)
    run.record(mode=mode).assert_outcomes(errors=2)
    assert len(run.emulator.requests) == sent


def test_a_refusal_that_is_swallowed_fails_the_test(run: Runner) -> None:
    run.test("""
@pytest.fixture(scope="module")
def told():
    try:
        ask("unseen")
    except Exception:
        pass

def test_it(told, interactions):
    ask()
""")
    run.record().assert_outcomes(passed=1)
    result = run.replay()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   UnseenRequestError: POST /interactions was refused: no cassette sees*"])


def test_a_refusal_that_a_teardown_swallows_fails_the_test(run: Runner) -> None:
    """The test has passed by then, so that it is an error at its end."""
    run.test("""
@pytest.fixture(scope="module")
def told():
    yield
    try:
        ask("unseen")
    except Exception:
        pass

def test_it(told, interactions):
    ask()
""")
    run.record().assert_outcomes(passed=1)
    result = run.replay()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E   UnseenRequestError: POST /interactions was refused: no cassette sees*"])


def test_what_a_wider_fixture_sends_to_others_passes(run: Runner) -> None:
    """To an address that is no API's, and to a host that is allowed."""
    run.test("""
import os
@pytest.fixture(scope="module")
def told():
    httpx.get(os.environ["OTHER"])
    httpx.get(os.environ["OTHER"] + "/v1beta/models")

def test_it(told, interactions):
    ask()
""")
    with run.monkeypatch.context() as patch:
        patch.setenv("OTHER", run.emulator.url)
        allowed = f"--interactions-allowed-hosts={run.emulator.url.removeprefix('http://')}"
        run.record().assert_outcomes(passed=1)
        run.replay(allowed).assert_outcomes(passed=1)
        run.replay().assert_outcomes(errors=1)


def test_a_teardown_that_no_cassette_sees_is_refused(run: Runner) -> None:
    run.test("""
@pytest.fixture(scope="module")
def told():
    yield
    ask("unseen")

def test_it(told, interactions):
    ask()
""")
    run.record().assert_outcomes(passed=1)
    run.replay().assert_outcomes(passed=1, errors=1)


def test_a_test_that_does_not_use_us_is_not_guarded(run: Runner) -> None:
    run.test("@pytest.fixture(scope='module')\ndef told(): return ask()\ndef test_it(told): pass")
    run.record(mode="none").assert_outcomes(passed=1)
    assert len(run.emulator.requests) == 1


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_mismatch_names_the_fixture_of_the_scope(scope: str, run: Runner) -> None:
    wide = f"@pytest.fixture(scope={scope!r})\ndef told(interactions): pass\n"
    run.test(f"{wide}class TestIt:\n    def test_it(self, told): pass")
    result = run.replay()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ScopeMismatch*", f"Ask for {scope}_interactions: *"])


def test_a_cassette_asked_for_in_a_test_is_its_own_business(run: Runner) -> None:
    """One that is got by `getfixturevalue` is in force from there to the end of that test."""
    run.test("""
def test_it(request):
    cassette = request.getfixturevalue("module_interactions")
    ask("late")
    assert len(cassette.exchanges) == 1

def test_other():
    pass
""")
    run.record().assert_outcomes(passed=2)
    assert run.prompts("test_it/module_interactions.yaml") == ["late"]
    run.emulator.stop()
    run.replay().assert_outcomes(passed=2)


def test_a_wider_fixture_can_end_with_a_test_that_does_not_use_it(run: Runner) -> None:
    """Its teardown is recorded and replayed all the same, and its cassette saved."""
    run.test("""
@pytest.fixture(scope="session")
def told(session_interactions):
    yield ask("first")
    ask("last")

def test_a(told): pass

class TestIt:
    def test_b(self): pass
""")
    run.record().assert_outcomes(passed=2)
    assert run.prompts("session_interactions.yaml") == ["first", "last"]
    run.emulator.stop()
    run.replay().assert_outcomes(passed=2)
    run.replay("test_it.py").assert_outcomes(passed=2)


def test_a_set_up_that_is_no_fixture_is_told_to_be_one(run: Runner) -> None:
    """Unittest's `setUpClass` can't ask for one."""
    run.test("""
import unittest

@pytest.mark.interactions
class TestIt(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        ask("unseen")

    def test_it(self):
        ask("seen")
""")
    result = run.record()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*refused: send it in a fixture of yours, and there ask for * class_interactions"])
    run.replay().assert_outcomes(errors=1)


WORKER = """
import queue, threading

class Worker:
    def __init__(self):
        self.work, self.done = queue.SimpleQueue(), queue.SimpleQueue()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        for prompt in iter(self.work.get, None):
            try:
                self.done.put(ask(prompt))
            except Exception as error:
                self.done.put(str(error))

    def ask(self, prompt):
        self.work.put(prompt)
        return self.done.get(timeout=20)

    def stop(self):
        self.work.put(None)
        self.thread.join()
"""


@pytest.mark.parametrize(
    ("scope", "asks_for"), [("session", ""), ("module", ""), ("module", "module_interactions"), ("function", "")]
)
def test_a_thread_of_a_fixture_serves_each_test_with_its_own_cassette(run: Runner, scope: str, asks_for: str) -> None:
    """Whether the fixture has a cassette too, and also in the first test, during which the fixture is made."""
    run.test(f"""{WORKER}
@pytest.fixture(scope="{scope}")
def worker({asks_for}):
    worker = Worker()
    {"assert worker.ask('fixture') == 'You said: fixture'" if asks_for else ""}
    yield worker
    worker.stop()

def test_a(worker, interactions):
    assert worker.ask("a") == "You said: a"

def test_b(worker, interactions):
    assert worker.ask("b") == "You said: b"
""")
    run.record().assert_outcomes(passed=2)
    assert [run.prompts(f"test_it/test_{name}.yaml") for name in "ab"] == [["a"], ["b"]]
    if asks_for:
        assert run.prompts("test_it/module_interactions.yaml") == ["fixture"]
    run.emulator.stop()
    run.replay().assert_outcomes(passed=2)


def test_a_missing_cassette_of_the_session_is_recorded_by_a_run_of_all_tests(run: Runner) -> None:
    run.test("""
@pytest.fixture(scope="session")
def told(session_interactions):
    return ask("Hello")

def test_it(told): pass
""")
    result = run.replay()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*pytest --interactions-record-mode=once*"])
