"""The plugin in real pytest runs."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support import HELLO

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Runner


def test_a_test_records_and_replays(run: Runner) -> None:
    """A test with the fixture, one with the marker, and one of a marked class record, then replay without a key."""
    run.test("""
def test_fixture(interactions):
    assert ask() == "You said: Hello"
    assert [i.status for i in interactions.interactions] == ["completed"]
    assert [s.type for s in interactions.steps] == ["user_input", "thought", "model_output"]
    assert interactions.path.name == "test_fixture.yaml"

@pytest.mark.interactions
@pytest.mark.parametrize("prompt", ["a/b", "Hello"])
def test_marker(prompt):
    assert ask(prompt) == f"You said: {prompt}"

@pytest.mark.interactions
class TestClass:
    class TestInner:
        def test_method(self):
            assert ask() == "You said: Hello"
""")
    run.record().assert_outcomes(passed=4)
    names = sorted(p.name for p in (run.pytester.path / "cassettes/test_it").iterdir())
    assert [name.partition("-")[0] for name in names] == [
        "TestClass.TestInner.test_method.yaml",
        "test_fixture.yaml",
        "test_marker[Hello].yaml",
        "test_marker[a",
    ]
    run.emulator.stop()
    run.replay().assert_outcomes(passed=4)


def test_unittest_classes_and_async_tests_have_cassettes(run: Runner) -> None:
    """A marked unittest method and an async test record and replay."""
    run.test("""
import unittest

@pytest.mark.interactions
class TestOld(unittest.TestCase):
    def test_it(self):
        self.assertEqual(ask(), "You said: Hello")

async def test_async(interactions):
    assert ask("Async") == "You said: Async"
""")
    run.record("-o", "asyncio_mode=auto").assert_outcomes(passed=2)
    assert run.prompts("test_it/TestOld.test_it.yaml") == ["Hello"]
    run.replay("-o", "asyncio_mode=auto").assert_outcomes(passed=2)


def test_no_cassette_says_how_to_record(run: Runner) -> None:
    """A first run without recording fails and prints the command that records this test."""
    run.test("def test_new(interactions):\n    ask()")
    result = run.replay()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*CassetteNotFoundError: There is no cassette *cassettes*test_new.yaml yet, and this request needs one:",
            "*To record it: pytest test_it.py::test_new --interactions-record-mode=once",
        ]
    )


def test_the_command_to_record_names_the_test_as_it_is_called(run: Runner) -> None:
    """A test may have a record mode in its name."""
    run.test("def test_rewrite(interactions):\n    ask()")
    run.replay().stdout.fnmatch_lines(
        ["*To record it: pytest test_it.py::test_rewrite --interactions-record-mode=once"]
    )


def test_a_swallowed_miss_is_a_failed_test(run: Runner) -> None:
    """An app that catches the miss and falls back fails its test, with the field-level diff, and fails it once."""
    source = """
def test_fallback(interactions):
    try:
        ask("PROMPT", tools=[{"type": "function", "name": "f", "parameters": {"properties": PROPERTIES}}])
    except Exception:
        pass
"""
    run.test(source.replace("PROMPT", "Hello").replace("PROPERTIES", "{}"))
    run.record().assert_outcomes(passed=1)
    run.test(source.replace("PROMPT", "Hello!").replace("PROPERTIES", "{'unit': {'type': 'string'}}"))
    result = run.replay()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*test_fallback.yaml has no recording that answers this request.",
            "*The closest of 1 recorded: exchange 1 (not played yet), POST /interactions",
            '*input: "Hello" -> "Hello!"',
            "*tools[[]0].parameters.properties.unit: added",
            "*To record it again: pytest test_it.py::test_fallback --interactions-record-mode=rewrite",
            "E   The app caught this error and went on, so the test fails.",
        ]
    )


def test_a_failed_test_is_not_failed_twice(run: Runner) -> None:
    """A test that a miss has failed has no second error at its teardown."""
    run.test("def test_it(interactions):\n    ask('Hello')\n    ask('again')")
    run.record().assert_outcomes(passed=1)
    run.test("def test_it(interactions):\n    ask('other')")
    run.replay().assert_outcomes(failed=1)
    run.test("def test_it(interactions):\n    assert False")
    run.replay().assert_outcomes(failed=1)


def test_an_interrupted_recording_may_go_on(run: Runner) -> None:
    """What was recorded before Ctrl-C is saved as a recording that is not complete."""
    run.test("def test_it(interactions):\n    ask('a')\n    raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        run.record()
    assert run.prompts("test_it/test_it.yaml") == ["a"]
    run.test("def test_it(interactions):\n    ask('a')\n    ask('b')")
    run.record().assert_outcomes(passed=1)
    assert run.prompts("test_it/test_it.yaml") == ["a", "b"]


def test_a_skipped_test_is_not_judged(run: Runner) -> None:
    """A test that skips itself half-way leaves recordings unplayed, and is a skip."""
    run.test("def test_it(interactions):\n    ask('a')\n    ask('b')")
    run.record().assert_outcomes(passed=1)
    run.test("def test_it(interactions):\n    ask('a')\n    pytest.skip('enough')")
    run.replay().assert_outcomes(skipped=1)


def test_unplayed_exchanges_fail_the_test(run: Runner) -> None:
    """A test that stops asking for what was recorded fails; with unplayed=warn it warns."""
    run.test("def test_it(interactions):\n    ask('a')\n    ask('b')")
    run.record().assert_outcomes(passed=1)
    run.test("def test_it(interactions):\n    ask('a')")
    result = run.replay()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*1 of 2 recorded exchanges were not asked for:", "*exchange 2: POST *"])
    run.replay("--interactions-unplayed=warn", "-Wdefault").assert_outcomes(passed=1, warnings=1)
    run.replay("-o", "interactions_unplayed=ignore").assert_outcomes(passed=1, warnings=0)


def test_a_cassette_named_by_several_tests_is_shared(run: Runner) -> None:
    """Tests that name one cassette record into it together, in every mode, and each may leave the others' part."""
    run.test("""
pytestmark = pytest.mark.interactions("shared/talk")

def test_a():
    ask("a")

def test_b():
    ask("b")
""")
    for mode in ("once", "rewrite"):
        run.record(mode=mode).assert_outcomes(passed=2)
        assert run.prompts("shared/talk.yaml") == ["a", "b"]
    run.replay().assert_outcomes(passed=2)
    run.replay("-k", "test_b").assert_outcomes(passed=1)


def test_two_workers_record_one_cassette(run: Runner) -> None:
    """Under pytest-xdist two workers that record the same name lose nothing."""
    run.test("""
@pytest.mark.interactions("shared")
@pytest.mark.parametrize("prompt", list("abcdefgh"))
def test_it(prompt):
    ask(prompt)
""")
    for mode in ("once", "rewrite"):
        run.record("-n2", mode=mode).assert_outcomes(passed=8)
        assert sorted(run.prompts("shared.yaml")) == list("abcdefgh")


def test_notes_of_xdist_workers_reach_the_summary(run: Runner) -> None:
    """What a worker has to say at the end is printed by the controller."""
    run.test("import time\ndef test_it(interactions):\n    ask()\n    time.sleep(SECONDS)".replace("SECONDS", "0"))
    run.record().assert_outcomes(passed=1)
    run.test("import time\ndef test_it(interactions):\n    ask()\n    time.sleep(1.01)")
    result = run.replay("-n1")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["*= interactions =*", "test_it.py::test_it slept 1.[0-9] s *the option fast_forward skips that"]
    )
    assert "slept" not in run.replay("--interactions-fast-forward=true").stdout.str()


def test_of_many_unplayed_exchanges_some_are_listed(run: Runner) -> None:
    """Seven, and how many more there are."""
    run.test("def test_it(interactions):\n    for number in range(COUNT):\n        ask(str(number))\n\nCOUNT = 10")
    run.record().assert_outcomes(passed=1)
    run.test("def test_it(interactions):\n    pass")
    result = run.replay()
    result.stdout.fnmatch_lines(
        ['E     exchange 7: POST /interactions, input: "6"', "E     ... and 3 more", "E   If the*"]
    )


def test_a_failed_re_recording_is_named_in_the_summary(run: Runner) -> None:
    """A failing test in mode rewrite keeps its cassette, and the summary names the new recording."""
    run.test("def test_it(interactions):\n    ask('old')")
    run.record().assert_outcomes(passed=1)
    run.test("def test_it(interactions):\n    ask('new')\n    assert False")
    result = run.record(mode="rewrite")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*test_it did not pass, so its cassette is as it was. To accept the new recording: *test_it.failed.yaml (*"]
    )
    assert run.prompts("test_it/test_it.yaml") == ["old"]


def test_an_unwritable_cassette_fails_the_test_and_keeps_the_recording(run: Runner) -> None:
    """A test that passed but whose recording can't be put in place errors, and the message says where it is kept."""
    run.pytester.path.joinpath("cassettes").write_text("in the way")
    run.test("def test_it(interactions):\n    ask()")
    result = run.record()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["*test_it.yaml: can't be written: *", "E   The recording was kept in *test_it.yaml: *"]
    )


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (
            ["--interactions-record-mode=onse"],
            "command line: record_mode: 'onse' is not one of none, once, *did you mean 'once'?",
        ),
        (["-o", "interactions_match_on=boddy"], "ini file: match_on: 'boddy' is not one of *did you mean 'body'?"),
        (["--interactions-pace=fast"], "command line: pace: 'fast' is not a number of seconds"),
    ],
)
def test_a_wrong_option_stops_the_run(args: list[str], words: str, run: Runner) -> None:
    """An option that can't be is a usage error before any test runs, with the near match."""
    run.test("def test_it():\n    pass")
    result = run.replay(*args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {words}*"])


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "@pytest.mark.interactions(recrod_mode='once')\ndef test_it(): pass",
            "*interactions of test_it.py::test_it: there is no option 'recrod_mode'; did you mean 'record_mode'?*",
        ),
        (
            "@pytest.mark.interactions('../../etc/passwd')\ndef test_it(): pass",
            "*the cassette name '../../etc/passwd' leads out of the cassette directory *",
        ),
        ("@pytest.mark.interactions('')\ndef test_it(): pass", "*'' can't be a cassette's name*"),
        (
            "@pytest.fixture\ndef interactions_config(): return None\ndef test_it(interactions): pass",
            "*interactions_config returned None, which is not a dict of options.",
        ),
    ],
)
def test_a_wrong_marker_is_an_error_of_its_test(source: str, words: str, run: Runner) -> None:
    """A marker or a configuration that can't be fails the test's setup with one message and no traceback."""
    run.test(source)
    result = run.replay()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([words])
    assert "Traceback" not in result.stdout.str()


def test_the_record_mode_of_the_command_line_wins(run: Runner) -> None:
    """A marker's options beat the command line's, but not the record mode: who runs the tests decides on that."""
    run.test("""
@pytest.mark.interactions(record_mode="once", chunking="whole")
def test_it(interactions):
    ask()
    assert interactions.options.chunking == "whole"
""")
    run.record("--interactions-chunking=3", mode="none").assert_outcomes(failed=1)
    run.record("--interactions-chunking=3", mode="once").assert_outcomes(passed=1)


def test_interactions_config_and_nested_markers_add_up(run: Runner) -> None:
    """Options come from the ini file, then the fixture, then the flags, then the markers from far to near."""
    run.test("""
@pytest.fixture(scope="session")
def interactions_config():
    return {"pace": 2, "chunking": 10, "keep_headers": ["x-config"]}

pytestmark = pytest.mark.interactions(keep_headers=["x-module"], unplayed="warn")

@pytest.mark.interactions(keep_headers="x-test")
def test_it(interactions):
    options = interactions.options
    assert (options.pace, options.chunking, options.unplayed) == (2, 20, "warn")
    assert options.keep_headers == ("x-ini", "x-config", "x-flag", "x-module", "x-test")
""")
    flags = ["--interactions-chunking=20", "--interactions-keep-headers=x-flag"]
    run.replay("-o", "interactions_keep_headers=x-ini", *flags).assert_outcomes(passed=1)


def test_it_loads_beside_pytest_recording(run: Runner) -> None:
    """pytest-recording's own tests and ours run in one session, each with its cassette."""
    run.test("""
def test_ours(interactions):
    ask("ours")

@pytest.mark.vcr
def test_theirs():
    ask("theirs")
""")
    with run.monkeypatch.context() as patch:
        for name, value in run.emulator.env.items():
            patch.setenv(name, value)
        for mode in ("once", "none"):
            result = run.pytester.runpytest_inprocess(
                "-p", "no:cacheprovider", f"--record-mode={mode}", f"--interactions-record-mode={mode}"
            )
            result.assert_outcomes(passed=2)
    assert len(run.emulator.requests) == 2


def test_the_emulator_fixture_is_a_scripted_api(run: Runner) -> None:
    """interactions_emulator serves the test an API of its own, whose answers it scripts and whose requests it sees."""
    run.test("""
def test_retries(interactions_emulator, monkeypatch):
    for name, value in interactions_emulator.env.items():
        monkeypatch.setenv(name, value)
    interactions_emulator.on(input="weather").reply(text="Sunny.")
    assert ask("How is the weather?") == "Sunny."
    assert ask("Hello") == "You said: Hello"
    assert [request.json["input"] for request in interactions_emulator.requests] == ["How is the weather?", "Hello"]

def test_recorded(interactions, interactions_emulator, monkeypatch):
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", interactions_emulator.url)
    monkeypatch.setenv("GEMINI_API_KEY", interactions_emulator.env["GEMINI_API_KEY"])
    ask()
    assert len(interactions_emulator.requests) == (interactions.record_mode == "once")
""")
    run.replay("--interactions-record-mode=once").assert_outcomes(passed=2)
    run.replay().assert_outcomes(passed=2)


def test_ini_options_may_be_toml(run: Runner) -> None:
    """In pyproject.toml lists are lists and switches are switches, and a switch needs no value on the command line."""
    run.pytester.makepyprojecttoml("""
[tool.pytest.ini_options]
interactions_redact = ["re:a, b", "second"]
interactions_allowed_hosts = ["one.example", "two.example"]
interactions_match_on = ["method", "body"]
interactions_fast_forward = true
""")
    run.test("""
def test_it(interactions):
    options = interactions.options
    assert (options.redact, options.allowed_hosts) == (("re:a, b", "second"), ("one.example", "two.example"))
    assert (options.match_on, options.fast_forward) == (("method", "body"), True)
""")
    run.replay("-Werror").assert_outcomes(passed=1)
    run.replay("-o", "interactions_fast_forward=false", "--interactions-fast-forward").assert_outcomes(passed=1)


def test_a_miss_is_told_when_the_test_fails_otherwise(run: Runner) -> None:
    """Where an app swallows a miss and then fails of its own, the miss is told first, and what was found wrong then."""
    source = (
        "def test_it(interactions):\n    try: ask('PROMPT')\n    except Exception: END\n    assert 'PROMPT' == 'Hello'"
    )
    run.test(source.replace("PROMPT", "Hello").replace("END", "pass"))
    run.record().assert_outcomes(passed=1)
    run.test(source.replace("PROMPT", "Hi").replace("END", "pass"))
    result = run.replay()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            '*input: "Hello" -> "Hi"',
            "E   After this error the test went on, and failed:",
            "E   test_it.py:*assert 'Hi' == 'Hello'",
        ]
    )
    whole = run.replay("--full-trace")
    whole.stdout.fnmatch_lines(["*interactions: what the app was refused*", '*input: "Hello" -> "Hi"'])
    run.test(source.replace("PROMPT", "Hi").replace("END", "raise"))
    assert "what the app was refused" not in run.replay().stdout.str()


def test_left_over_recordings_are_told_while_recording(run: Runner) -> None:
    """In mode new_episodes a changed prompt leaves its old recording, and the summary says what drops it."""
    run.test("def test_it(interactions):\n    ask('old')")
    run.record().assert_outcomes(passed=1)
    run.test("def test_it(interactions):\n    ask('new')")
    result = run.record(mode="new_episodes")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["test_it.py::test_it did not ask for 1 exchanges *record mode rewrite drops them"])


def test_the_command_to_record_again_can_be_pasted(run: Runner) -> None:
    """It names the test from where pytest was started, and quotes what a shell would take apart."""
    directory = run.pytester.mkdir("sub")
    run.pytester.makeini("[pytest]")
    directory.joinpath("test_p.py").write_text(
        HELLO + "@pytest.mark.parametrize('p', ['$HOME'])\ndef test_p(p, interactions):\n    ask()"
    )
    run.monkeypatch.chdir(directory)
    run.replay().stdout.fnmatch_lines(
        ["*To record it: pytest 'test_p.py::test_p[[]$HOME[]]' --interactions-record-mode=once"]
    )


def test_a_secret_of_the_sdks_object_is_in_no_snapshot(run: Runner) -> None:
    """A key that an answer repeats is in the object that the app got, and in no snapshot of it."""
    run.test("""
def test_it(interactions, snapshot_steps):
    import os
    text = ask("key " + os.environ.get("GEMINI_API_KEY", ""))
    assert [{"type": "model_output", "content": [{"type": "text", "text": text}]}] == snapshot_steps
    assert {"status": "completed", "steps": []} == snapshot_steps(matcher=lambda data, path: data, name="other")
""")
    run.record("--snapshot-update").assert_outcomes(passed=1)
    (text,) = [p.read_text() for p in run.pytester.path.glob("__snapshots__/*/test_it.steps.txt")]
    assert "key REDACTED" in text
    assert run.emulator.env["GEMINI_API_KEY"] not in text


@pytest.mark.parametrize("scope", ["function", "module", "session"])
def test_async_tests_and_fixtures_of_any_loop_are_in_the_cassette(scope: str, run: Runner) -> None:
    """An event loop that is older than the cassette, or outlives it, sends through the cassette of the test it runs."""
    run.test(
        """
import asyncio, pytest_asyncio
pytestmark = [pytest.mark.asyncio(loop_scope="SCOPE"), pytest.mark.interactions]

@pytest_asyncio.fixture(loop_scope="SCOPE")
async def greeted():
    async with httpx.AsyncClient() as client:
        await asyncio.to_thread(ask, "setup")
        yield client
        await asyncio.to_thread(ask, "teardown")

@pytest.mark.parametrize("prompt", "ab")
async def test_it(prompt, greeted):
    await asyncio.gather(asyncio.to_thread(ask, prompt), asyncio.get_running_loop().run_in_executor(None, ask, "pool"))
""".replace("SCOPE", scope)
    )
    run.record().assert_outcomes(passed=2)
    for prompt in "ab":
        prompts = run.prompts(f"test_it/test_it[{prompt}].yaml")
        assert (prompts[0], sorted(prompts[1:3]), prompts[3]) == ("setup", [prompt, "pool"], "teardown")
    run.emulator.stop()
    run.replay().assert_outcomes(passed=2)


def test_use_cassette_serves_a_wider_fixture(run: Runner) -> None:
    """A module-scoped fixture may hold a cassette open for several tests."""
    run.test("""
from pytest_interactions import use_cassette

@pytest.fixture(scope="module")
def talk(request):
    import os
    with use_cassette("talk.yaml", record_mode=os.environ.get("MODE", "none")) as cassette:
        yield cassette

def test_a(talk):
    ask("a")

def test_b(talk):
    ask("b")
    assert len(talk.exchanges) == 2
""")
    run.monkeypatch.setenv("MODE", "once")
    run.record().assert_outcomes(passed=2)
    run.monkeypatch.setenv("MODE", "none")
    run.monkeypatch.setenv("GEMINI_API_KEY", "any")
    run.replay().assert_outcomes(passed=2)


def test_a_key_is_never_written_or_printed(run: Runner) -> None:
    """The key of a failing test's live request is in no file below the cassettes and in none of pytest's output."""
    run.test("""
def test_it(interactions):
    httpx.post("http://127.0.0.1:9/v1beta/interactions", json={"input": SECRET}, headers={"x-goog-api-key": SECRET})

SECRET = "header-" + "secret-5678"
""")
    result = run.replay("-vv")
    result.assert_outcomes(failed=1)
    assert "header-secret-5678" not in result.stdout.str()


def test_an_unused_plugin_imports_nothing(tmp_path: Path) -> None:
    """A run whose tests don't use the plugin imports neither vcr, httpx, pydantic nor yaml, as importtime tells."""
    tmp_path.joinpath("test_it.py").write_text("def test_it(): pass")
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pytest", "-q", "-p", "pytest_interactions.plugin", "test_it.py"],
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "pytest_interactions.options" in imported
    assert not imported & {"vcr", "httpx", "httpx2", "pydantic", "yaml", "syrupy", "starlette", "filelock"}


def test_mode_off_runs_live(run: Runner) -> None:
    """Fixtures, wider ones too, give what was exchanged; nothing is set, refused, noted or written."""
    run.test("""
import os, socket, time
BEFORE = socket.socket.connect, time.sleep, dict(os.environ)

@pytest.fixture(scope="module")
def unseen():
    return ask("unseen")

@pytest.fixture(scope="module")
def seen(module_interactions):
    return ask("seen")

def test_it(unseen, seen, interactions, module_interactions):
    ask("own")
    assert (socket.socket.connect, time.sleep) == BEFORE[:2]
    assert "placeholder" not in os.environ["GEMINI_API_KEY"]
    assert interactions.steps and module_interactions.steps
""")
    run.record().assert_outcomes(passed=1)
    before = {path: path.read_bytes() for path in run.pytester.path.rglob("*.yaml")}
    run.emulator.requests.clear()
    result = run.record(mode="off")
    result.assert_outcomes(passed=1)
    assert len(run.emulator.requests) == 3
    assert "- interactions -" not in str(result.stdout)
    assert {path: path.read_bytes() for path in run.pytester.path.rglob("*.yaml")} == before


def test_patches_stay_on_from_test_to_test_but_not_in_one_that_uses_no_cassette(pytester: pytest.Pytester) -> None:
    """It takes longer to put them on than all else that a test needs; who does not use us is to see none."""
    pytester.makeconftest(
        """
        import pytest
        from pytest_interactions.clients import replacing

        made = []
        real = replacing.Replaced.__enter__
        replacing.Replaced.__enter__ = lambda self: (made.append(self.name), real(self))[1]

        def pytest_sessionfinish():
            replacing.Replaced.__enter__ = real
            print(f"put on: {made.count('connect_ex')} times")
        """
    )
    pytester.makepyfile(
        """
        import time
        import pytest

        real = time.sleep

        @pytest.mark.interactions
        @pytest.mark.parametrize("number", range(20))
        def test_uses_us(number):
            assert time.sleep is not real

        def test_does_not():
            assert time.sleep is real

        @pytest.mark.interactions
        def test_uses_us_again():
            assert time.sleep is not real
        """
    )
    result = pytester.runpytest("-s")
    result.assert_outcomes(passed=22)
    result.stdout.fnmatch_lines("*put on: 2 times")


def test_what_another_tool_puts_back_later_does_not_stay(pytester: pytest.Pytester) -> None:
    """A tool of a whole module found a patch in place, and puts that back when no test uses us any more."""
    pytester.makepyfile(
        test_1="import pytest\n@pytest.mark.interactions\ndef test_it(): pass",
        test_2="""
        from unittest import mock
        import pytest

        @pytest.fixture(scope="module", autouse=True)
        def no_sleep():
            with mock.patch("time.sleep"):
                yield

        @pytest.mark.interactions
        def test_uses_us(): pass
        def test_does_not(): pass
        """,
        test_3="""
        import time

        def test_it():
            assert type(time.sleep).__name__ == "builtin_function_or_method"
        """,
    )
    pytester.runpytest().assert_outcomes(passed=4)
