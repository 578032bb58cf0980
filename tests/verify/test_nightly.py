"""A night's verification of the examples, against an API in a process of its own: as it was, and as it has changed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "verify.md").read_text("utf-8")
#: The API of the next day: streams break, and an answer is cut short.
CHANGED = """
- on: {stream: true}
  reply: {text: [One., Two.], stop_after: 6}
- on: {input: Summarise}
  reply: {status: incomplete, text: The}
"""


@contextmanager
def _emulator(directory: Path, script: str = "") -> Iterator[dict[str, str]]:
    """Run the command `emulate`, and yield the environment that leads there."""
    command = [sys.executable, "-m", "pytest_interactions", "emulate"]
    if script:
        (directory / "script.yaml").write_text(script, "utf-8")
        command += ["--script", str(directory / "script.yaml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            yield {"GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": "any-key"}
        finally:
            process.terminate()


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """A copy of the examples."""
    copy = tmp_path / "examples"
    shutil.copytree(ROOT / "examples", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def _verify(examples: Path, environment: dict[str, str]) -> tuple[int, dict[str, Any], str]:
    """Verify the examples; return the exit status, what is told as JSON, and the output."""
    told = examples.parent / "verified.json"
    ours = ("GEMINI_", "GOOGLE_", "PYTEST_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    command = [sys.executable, "-m", "pytest", str(examples), "-p", "no:cacheprovider", "-p", "no:recording"]
    command += ["-W", "default", "--interactions-record-mode=verify", f"--interactions-verify-json={told}"]
    env = clean | {"RECORD_MODE": "verify", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)} | environment
    before = _files(examples)
    result = subprocess.run(command, env=env, cwd=examples, capture_output=True, text=True, check=False, timeout=200)
    assert _files(examples) == before
    return result.returncode, json.loads(told.read_text("utf-8")), result.stdout


def _files(directory: Path) -> dict[str, bytes]:
    found = [path for path in directory.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {str(path): path.read_bytes() for path in found}


def test_the_examples_hold_against_the_api_that_they_were_recorded_with(examples: Path, tmp_path: Path) -> None:
    with _emulator(tmp_path) as environment:
        status, told, output = _verify(examples, environment)
    assert status == 0, output
    assert told["counts"]["holds"] == len(told["tests"]) > 5, output
    assert [finding["text"] for test in told["tests"] for finding in test["findings"]] == []


def test_a_changed_behaviour_is_found_in_the_examples(examples: Path, tmp_path: Path) -> None:
    with _emulator(tmp_path, CHANGED) as environment:
        status, told, output = _verify(examples, environment)
    assert status == 1, output
    found = {finding["kind"] for test in told["tests"] for finding in test["findings"]}
    drifted = {test["test"] for test in told["tests"] if test["outcome"] != "holds"}
    assert {"stream-broken", "status"} <= found, output
    assert any("fastapi_service" in test for test in drifted)
    assert any("script" in test for test in drifted)
    assert any(test["outcome"] == "holds" for test in told["tests"])


def test_the_workflow_of_the_documentation_is_one() -> None:
    """It has no more permissions than it needs, takes the key from the secrets, and its flags exist."""
    workflow = yaml.safe_load(re.findall(r"```yaml\n(name: .+?)```", DOCS, re.DOTALL)[0])
    job = workflow["jobs"]["verify"]
    assert workflow[True] == {"schedule": [{"cron": "17 3 * * *"}], "workflow_dispatch": None}  # YAML's `on`
    assert workflow["permissions"] == {"contents": "read"}
    assert job["env"] == {"GEMINI_API_KEY": "${{ secrets.GEMINI_API_KEY }}"}
    run = next(step["run"] for step in job["steps"] if "pytest" in step.get("run", ""))
    uploaded = next(step for step in job["steps"] if "upload-artifact" in step.get("uses", ""))
    assert "GITHUB_STEP_SUMMARY" in run
    assert uploaded["if"] == "always()"
    assert f"--interactions-verify-json={uploaded['with']['path']}" in run
    options = re.findall(r"--interactions-[a-z-]+", run)
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    assert len(options) > 4
    assert [option for option in options if option not in told] == []


def test_the_documentation_has_every_kind_of_finding() -> None:
    from pytest_interactions.api.drift.kinds import KINDS

    rows = [f"| `{kind.name}` | {kind.severity} | {kind.means} |" for kind in KINDS]
    assert [row for row in rows if row not in DOCS] == []
