"""A client that is made before any test has a key, in a run that may replay."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support import Runner

CLIENT = """
import os
KEY = os.environ.get("GEMINI_API_KEY", "")
if not (KEY or os.environ.get("GOOGLE_API_KEY")):
    raise ValueError("No API key was provided.")
"""
EARLY = {
    "test file": CLIENT + "def test_it(interactions): ask()",
    "module's fixture": f"""
@pytest.fixture(scope="module")
def client():
    exec({CLIENT!r})

def test_it(client, interactions): ask()
""",
    "session's fixture": f"""
@pytest.fixture(scope="session", autouse=True)
def client():
    exec({CLIENT!r})

def test_it(interactions): ask()
""",
    "child process": f"""
import subprocess, sys
def test_it(interactions):
    ask()
    subprocess.run([sys.executable, "-c", {CLIENT!r}], check=True)
""",
}


@pytest.mark.parametrize(("where", "arguments"), [(where, ()) for where in EARLY] + [("child process", ("-n1",))])
def test_a_client_made_early_replays_without_a_key(where: str, arguments: tuple[str, ...], run: Runner) -> None:
    run.apart = bool(arguments)
    run.test(EARLY[where])
    run.record().assert_outcomes(passed=1)
    run.emulator.stop()
    run.replay(*arguments).assert_outcomes(passed=1)
    assert "GEMINI_API_KEY" not in os.environ


@pytest.mark.parametrize("conftest", ["conftest.py", "below/conftest.py"])
def test_a_client_made_by_a_conftest_replays_without_a_key(conftest: str, run: Runner) -> None:
    """That of the directory where pytest runs, and of one below it, which has the cassettes."""
    run.apart = True
    path = run.pytester.path / conftest
    path.parent.mkdir(exist_ok=True)
    run.test("def test_it(interactions): ask()")
    if path.parent != run.pytester.path:
        (run.pytester.path / "test_it.py").rename(path.with_name("test_it.py"))
        (path.with_name("pytest.ini")).write_text("[pytest]\n")
    run.record().assert_outcomes(passed=1)
    path.write_text(CLIENT)
    run.replay().assert_outcomes(passed=1)


def test_a_test_can_have_no_key(run: Runner) -> None:
    """One line takes the placeholder away, for the app's own error."""
    run.test("""
import os
def test_it(interactions): ask()
def test_without(monkeypatch):
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    assert "GEMINI_API_KEY" not in os.environ
""")
    run.record().assert_outcomes(passed=2)
    run.replay().assert_outcomes(passed=2)


@pytest.mark.parametrize("mode", ["all", "rewrite", "once", "new_episodes"])
def test_a_run_that_records_gets_its_own_key(mode: str, run: Runner) -> None:
    """A recording without a key fails where the client is made, and one with a file `.env` reads it from there."""
    run.test("def test_it(interactions): ask()")
    run.record().assert_outcomes(passed=1)
    (run.pytester.path / ".env").write_text("GEMINI_API_KEY=real")
    run.test(CLIENT + "def test_it(interactions): ask()")
    run.replay(f"--interactions-record-mode={mode}").assert_outcomes(errors=1)


def test_a_project_without_cassettes_has_no_key(run: Runner) -> None:
    """It may not be one that is tested by this package."""
    run.test(CLIENT)
    run.replay().assert_outcomes(errors=1)


def test_a_key_that_is_set_stays(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    run.test("def test_it(interactions): ask()")
    run.record().assert_outcomes(passed=1)
    monkeypatch.setenv("GOOGLE_API_KEY", "a-key")
    run.test("import os\ndef test_it(interactions):\n    ask()\n    assert 'GEMINI_API_KEY' not in os.environ")
    run.replay().assert_outcomes(passed=1)


def test_a_key_that_a_test_sets_is_left(run: Runner) -> None:
    """The placeholder is taken away at the end, and nothing else."""
    run.apart = True
    run.test("def test_it(interactions): ask()")
    run.record().assert_outcomes(passed=1)
    run.test("""
import atexit, os
atexit.register(lambda: open("key.txt", "w").write(os.environ.get("GEMINI_API_KEY", "none")))
def test_it(interactions):
    ask()
    os.environ["GEMINI_API_KEY"] = "its own"
""")
    run.replay().assert_outcomes(passed=1)
    assert (run.pytester.path / "key.txt").read_text() == "its own"
