"""A type checker knows the fixtures' types and the options' names."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest

import pytest_interactions
from pytest_interactions import Options, marked
from pytest_interactions.options import SPECS
from tests.support import node

#: A user's test file. What is wrong says so at the end of its line.
USER = """
from collections.abc import AsyncIterator

import pytest

from pytest_interactions import (
    Cassette, Emulator, Interaction, Options, RecordMode, ReplayServer, StepsAssertion, ToolCall, marked,
    use_cassette,
)

@pytest.fixture
def interactions_config() -> Options:
    return {"redact": ["re:cust-[0-9]+"], "fast_forward": True}

@pytest.fixture
def wrong_config() -> Options:
    return {"redcat": ["re:cust-[0-9]+"]}  # wrong

@marked("talk", unplayed="warn")
def test_it(
    interactions: Cassette, interactions_server: ReplayServer, interactions_emulator: Emulator,
    snapshot_steps: StepsAssertion, module_interactions: Cassette,
) -> None:
    first: Interaction = interactions.interactions[0]
    assert first.status
    assert interactions == snapshot_steps(text=False)
    call: ToolCall = interactions.calls[0]
    assert call.arguments["city"] + interactions.usage["total_tokens"]
    assert interactions == snapshot_steps(match="subset", tolerate={"city": lambda old, new: bool(old == new)})
    assert interactions == snapshot_steps(match="supserset")  # wrong
    interactions.override(1, steps=[{"type": "model_output"}], status=200)
    interactions.override(2, error="unavailable", times=2)
    interactions.override(3, stauts=500)  # wrong
    interactions_server.url + interactions_emulator.url
    interactions.rewind  # wrong

@marked(bogus=1)  # wrong
def test_wrong() -> None:
    with use_cassette("c.yaml", bogus=1):  # wrong
        pass
    with use_cassette("c.yaml", record_mode="onec"):  # wrong
        pass
    with use_cassette("c.yaml", match_on="sequence", differing="warn"):
        pass
    with use_cassette("c.yaml", differing="ignore"):  # wrong
        pass
    with use_cassette("c.yaml", record_mode=RecordMode("once"), match_on=["method"]) as cassette:
        cassette.steps

@use_cassette("c.yaml", pace=0.5)
async def ask(prompt: str) -> AsyncIterator[int]:
    yield len(prompt)

async def test_ask() -> None:
    async for number in ask("x"):
        number + 1
    ask(1)  # wrong
"""
WRONG = [number for number, line in enumerate(USER.splitlines(), 1) if line.endswith("# wrong")]


def test_mypy_finds_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "test_user.py"
    path.write_text(USER)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--no-error-summary", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    errors = [line for line in result.stdout.splitlines() if ": error: " in line]
    assert sorted({int(line.split(":")[1]) for line in errors}) == WRONG, result.stdout + result.stderr


def test_pyright_finds_what_is_wrong(tmp_path: Path) -> None:
    program = Path(__file__).parent / "javascript/node_modules/pyright/index.js"
    (tmp_path / "test_user.py").write_text(USER)
    command = [node(), str(program), "--outputjson", "--pythonpath", sys.executable, "test_user.py"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    found = json.loads(result.stdout)["generalDiagnostics"]
    errors = {each["range"]["start"]["line"] + 1 for each in found if each["severity"] == "error"}
    assert sorted(errors) == WRONG, result.stdout


def test_the_type_has_each_option() -> None:
    """And no other, as it is found at run time."""
    assert get_type_hints(Options).keys() == SPECS.keys()


def test_each_public_name_is_there() -> None:
    for name in pytest_interactions.__all__:
        assert getattr(importlib.import_module("pytest_interactions"), name).__name__ == name


@pytest.mark.parametrize(("name", "args"), [(None, ()), ("talk", ("talk",))])
def test_marked_is_the_marker(name: str | None, args: tuple[str, ...]) -> None:
    mark = marked(name, record_mode="once").mark
    assert (mark.name, mark.args, mark.kwargs) == ("interactions", args, {"record_mode": "once"})
