"""What the tests of record mode `verify` share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.clients import blocks

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.api.json_values import Json
    from tests.support import Runner

#: An agent with a tool, by REST: it goes on as long as the model calls the tool.
AGENT = """
TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "Tells the weather.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city"],
    },
}

def post(**body):
    url = os.environ.get("GOOGLE_GEMINI_BASE_URL", "https://generativelanguage.googleapis.com")
    key = os.environ.get("GEMINI_API_KEY", "")
    request = {"model": "gemini-3.5-flash", "tools": [TOOL], **body}
    return httpx.post(f"{url}/v1beta/interactions", json=request, headers={"x-goog-api-key": key}).json()

def agent(question="How is the weather in Paris?"):
    turn = post(input=question)
    while turn.get("status") == "requires_action":
        results = [
            {"type": "function_result", "name": step["name"], "call_id": step["id"],
             "result": {"weather": f"sunny in {step['arguments']['city']}"}}
            for step in turn["steps"] if step["type"] == "function_call"
        ]
        turn = post(input=results, previous_interaction_id=turn["id"])
    return turn["steps"][-1]["content"][0]["text"]

import os
"""


class Verifying:
    """Records tests against the emulator, has it answer otherwise, and verifies."""

    def __init__(self, run: Runner) -> None:
        self.run = run
        self.emulator = run.emulator
        self.path = run.pytester.path

    def record(self, source: str, *args: str) -> None:
        """Write the tests, and record them."""
        self.run.test(AGENT + source)
        assert self.run.record(*args).ret == 0

    def calls(self, *calls: Json | tuple[str, Json], times: int = 10**6) -> None:
        """Have the emulator answer the first turn by calls of the tool, with these arguments."""
        named = [call if isinstance(call, tuple) else ("get_weather", call) for call in calls]
        steps: list[Any] = [
            {"type": "function_call", "id": f"call_{number}", "name": name, "arguments": arguments}
            for number, (name, arguments) in enumerate(named)
        ]
        steps.insert(0, {"type": "thought", "signature": "c2lnbmF0dXJl"})
        self.emulator.on(input="How is").reply(steps=steps, times=times)

    def verify(self, *args: str) -> pytest.RunResult:
        """Run live against the emulator, compared with what was recorded; nothing in the directory changes."""
        before = self.files()
        result = self.run.record("-p", "no:randomly", *args, mode="verify")
        assert self.files() == before
        return result

    def files(self) -> dict[str, bytes]:
        """Return all files, but for those that Python and this run's reports are."""
        found = [path for path in self.path.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        told = ("verified", "stdout", "stderr")
        return {str(path): path.read_bytes() for path in found if path.stem not in told}

    def json(self, *args: str) -> Json:
        """Verify, and return what is told as JSON."""
        file = self.path / "verified.json"
        self.verify(f"--interactions-verify-json={file}", *args)
        told: Json = json.loads(file.read_text("utf-8"))
        return told


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run of these tests itself is told of no block that they verify."""
    monkeypatch.setattr(blocks, "RUNS", [])


@pytest.fixture
def verifying(run: Runner) -> Verifying:
    """Records tests, has the emulator answer otherwise, and verifies."""
    return Verifying(run)


def markdown(path: Path) -> str:
    """Return what was written as Markdown."""
    return (path / "verified.md").read_text("utf-8")
