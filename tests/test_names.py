"""No secret becomes the name of a file, and the summary names the variables whose values were found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support import Runner

SECRET = "sk-proj-0a1b2c3d4e5f6g7h8i9j"


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    """A secret of this environment."""
    monkeypatch.setenv("MY_API_KEY", SECRET)
    return SECRET


def test_a_secret_in_a_parameter_is_in_no_files_name(run: Runner, secret: str) -> None:
    """Neither in that of a cassette, whoever names it, nor in that of a snapshot; and it replays."""
    run.test("""
import os

@pytest.mark.parametrize("key", [os.environ["MY_API_KEY"], "other"])
def test_a(key, interactions, snapshot_steps):
    assert ask("Hello") == "You said: Hello"
    assert interactions == snapshot_steps

@pytest.mark.interactions("shared-" + os.environ["MY_API_KEY"])
def test_b():
    ask("Hello")

class TestC:
    @pytest.mark.parametrize("key", [os.environ["MY_API_KEY"]])
    def test_c(self, key, snapshot_steps):
        assert {"steps": []} == snapshot_steps
""")
    run.record("--snapshot-update").assert_outcomes(passed=4)
    names = [str(path.relative_to(run.pytester.path)) for path in run.pytester.path.rglob("*") if path.is_file()]
    assert not [name for name in names if secret in name]
    assert {"cassettes/test_it/test_a[REDACTED].yaml", "cassettes/shared-REDACTED.yaml"} <= set(names)
    assert any("test_c" in name and "REDACTED" in name for name in names)
    run.emulator.stop()
    run.replay().assert_outcomes(passed=4)


def test_a_command_names_all_tests_of_a_function_with_a_secret_for_a_parameter(run: Runner, secret: str) -> None:
    run.test("""
import os

@pytest.mark.parametrize("key", [os.environ["MY_API_KEY"]])
def test_a(key, interactions):
    ask()
""")
    result = run.replay()
    result.assert_outcomes(failed=1)
    commands = [line for line in result.outlines if "--interactions-record-mode=once" in line]
    assert commands
    assert all("test_it.py::test_a --interactions" in command for command in commands)
    assert not any(secret in command for command in commands)


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "workers"])
def test_the_summary_names_the_variables_whose_values_were_found(
    run: Runner, secret: str, workers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, and no others: without the variable a replay may not find its recording."""
    monkeypatch.setenv("OTHER_TOKEN", secret + "x")
    run.apart = True  # what is known in this process is of other tests too
    run.test("""
@pytest.mark.parametrize("n", range(2))
def test_a(interactions, n):
    import os
    ask("my key is " + os.environ["MY_API_KEY"])
""")
    result = run.record(*workers)
    result.assert_outcomes(passed=2)
    told = [line for line in result.outlines if "redacted wherever they turned up" in line]
    assert told == ["redacted wherever they turned up: the values of MY_API_KEY"]
    assert secret not in result.stdout.str()


def test_a_foreign_cassettes_key_is_in_no_message(run: Runner) -> None:
    """What another recorder left in a URL is not printed when it is not asked for, nor when something else is."""
    exchange: dict[str, dict[str, Any]] = {
        "request": {"method": "GET", "uri": "https://h.example/v1/x?key=AIzaSyForeign-0123456789_abcdefghijklmn&a=1"},
        "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "{}"}},
    }
    exchange["request"] |= {"headers": {}, "body": None}
    path = run.pytester.path / "cassettes" / "test_it"
    path.mkdir(parents=True)
    for name in ("test_unplayed", "test_missed"):
        (path / f"{name}.yaml").write_text(json.dumps({"version": 1, "interactions": [exchange]}))
    run.test("""
def test_unplayed(interactions): pass
def test_missed(interactions): httpx.get("https://h.example/v1/y")
""")
    result = run.replay()
    result.assert_outcomes(passed=1, failed=1, errors=1)
    assert "https://h.example/v1/x?key=REDACTED&a=1" in result.stdout.str()
    assert "AIzaSyForeign" not in result.stdout.str()


def test_rules_are_read_from_the_rootdir_wherever_pytest_is_run(run: Runner) -> None:
    """The gate refuses what they find, and says where; one that is switched off finds nothing."""
    run.apart = True
    run.pytester.makeini("[pytest]\ninteractions_rules = rules.toml")
    run.pytester.makefile(".toml", rules="[[rules]]\nid = 'acme'\nregex = 'acme-[0-9a-f]{16}'\n")
    run.test("""
def test_a(interactions): ask("acme-0123456789abcdef")

@pytest.mark.interactions(skip_rules=["acme"])
def test_b(): ask("acme-0123456789abcdef")
""")
    run.pytester.mkdir("sub")
    run.monkeypatch.chdir(run.pytester.path / "sub")
    result = run.record("..")
    result.assert_outcomes(passed=2, errors=1)
    assert "a key (acme) in interactions[0].request.body $.input" in result.stdout.str()
