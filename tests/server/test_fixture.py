"""The fixture `interactions_server` in real pytest runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_interactions import server as package

if TYPE_CHECKING:
    from pytest_interactions.server.emulator import Emulator

_CHILD = '''
import os, subprocess, sys

CHILD = """
import os, sys
import httpx
url, key = os.environ["GOOGLE_GEMINI_BASE_URL"], os.environ["GEMINI_API_KEY"]
body = {"model": "gemini-3.5-flash", "input": sys.argv[1]}
answer = httpx.post(url + "/v1beta/interactions", json=body, headers={"x-goog-api-key": key})
print(answer.status_code, answer.json().get("status"))
"""

def child(server, prompt):
    command = [sys.executable, "-c", CHILD, prompt]
    return subprocess.run(command, env=os.environ | server.env, capture_output=True, text=True).stdout
'''


def _run(pytester: pytest.Pytester, *args: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:recording", *args)


def _record(pytester: pytest.Pytester, emulator: Emulator, *args: str) -> pytest.RunResult:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env.items():
            patch.setenv(name, value)
        return _run(pytester, "--interactions-record-mode=once", *args)


def test_it_shares_the_test_s_cassette(pytester: pytest.Pytester, emulator: Emulator) -> None:
    """What the test asks for itself and what its child asks for are in one cassette, in a sync and an async test."""
    pytester.makepyfile(
        test_it=_CHILD
        + """
import asyncio
import httpx

def test_sync(interactions, interactions_server):
    assert child(interactions_server, "from the child") == "200 completed\\n"
    url = os.environ.get("GOOGLE_GEMINI_BASE_URL", "https://generativelanguage.googleapis.com")
    body = {"model": "gemini-3.5-flash", "input": "from the test"}
    key = {"x-goog-api-key": os.environ["GEMINI_API_KEY"]}
    assert httpx.post(url + "/v1beta/interactions", json=body, headers=key).status_code == 200
    assert [e.request.json()["input"] for e in interactions.exchanges] == ["from the child", "from the test"]

async def test_async(interactions_server):
    assert await asyncio.to_thread(child, interactions_server, "async") == "200 completed\\n"
"""
    )
    _record(pytester, emulator, "-o", "asyncio_mode=auto").assert_outcomes(passed=2)
    emulator.stop()
    _run(pytester, "-o", "asyncio_mode=auto").assert_outcomes(passed=2)


def test_a_miss_that_a_child_swallows_fails_the_test(pytester: pytest.Pytester, emulator: Emulator) -> None:
    """A test passes its own assertions and fails all the same, with the difference, if its child asked for another."""
    source = _CHILD + "def test_it(interactions_server):\n    child(interactions_server, PROMPT)\n"
    pytester.makepyfile(test_it=source + "PROMPT = 'Hello'\n")
    _record(pytester, emulator).assert_outcomes(passed=1)
    pytester.makepyfile(test_it=source + "PROMPT = 'Help'\n")
    result = _run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(['*input: "Hello" -> "Help"', "*pytest test_it.py::test_it *rewrite*"])
    assert "Traceback" not in result.stdout.str()


@pytest.mark.parametrize(
    ("fixture", "what", "missing"),
    [
        ("interactions_server", "the replay server", "starlette"),
        ("interactions_server", "the replay server", "uvicorn"),
        ("interactions_emulator", "the emulator", "uvicorn"),
    ],
)
def test_without_the_extra_it_says_what_to_install(
    fixture: str, what: str, missing: str, pytester: pytest.Pytester
) -> None:
    """Where the extra is missing, the test's error is one line that says which to install."""
    test = pytester.makepyfile(test_it=f"def test_it({fixture}): pass")
    arguments = ["-p", "no:recording", "-p", "no:cacheprovider", "-c", os.devnull, str(test)]
    code = f"import sys; sys.modules[{missing!r}] = None\nimport pytest; sys.exit(pytest.main({arguments}))"
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    [line] = [line for line in ended.stdout.splitlines() if "needs" in line and not line.startswith("ERROR")]
    said = f"{what} needs {missing}, which is missing: pip install 'pytest-interactions[server]'"
    assert line == f"E   MissingExtraError: {said}"
    assert "Traceback" not in ended.stdout


def test_a_wrong_upstream_is_an_error_of_the_test(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A base URL that is none is named in the test's error, without a traceback."""
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "nonsense")
    pytester.makepyfile(test_it="def test_it(interactions_server): pass")
    result = _run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["E   OptionError: upstream: 'nonsense' is not a URL like https://generativelanguage.googleapis.com"]
    )


def test_what_a_killed_run_recorded_is_noted(pytester: pytest.Pytester, emulator: Emulator) -> None:
    """The summary of the next recording tells what was recovered of a killed one; that of a replay, that there is."""
    source = _CHILD + "def test_it(interactions_server):\n    child(interactions_server, 'Hello')\n"
    pytester.makepyfile(test_it=source + "    import signal; os.kill(os.getpid(), signal.SIGKILL)\n")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env.items():
            patch.setenv(name, value)
        pytester.runpytest_subprocess("-p", "no:recording", "--interactions-record-mode=once")
    pytester.makepyfile(test_it=source)
    replayed = _run(pytester)
    replayed.assert_outcomes(failed=1)
    replayed.stdout.fnmatch_lines(["*test_it.yaml: more was recorded by a killed process; the next recording will *"])
    result = _record(pytester, emulator)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*test_it.yaml: recovered what a killed process had recorded, exchanges: 1"])
    assert len(emulator.requests) == 1


def test_unknown_name() -> None:
    """The package has no other names than it says."""
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing
