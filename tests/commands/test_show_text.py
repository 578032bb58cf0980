"""The command `show --text`: what lasts in a cassette, as git's textconv."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from google import genai

from pytest_interactions.server.emulator import Emulator
from tests.commands.showing import API, STREAM, cassette, exchange, show
from tests.support import addressed, program, use_cassette

ROOT = Path(__file__).resolve().parents[2]
CASSETTE = "cassettes/test_agent/test_loop.yaml"
TOOL: Any = {
    "type": "function",
    "name": "get_temperature",
    "description": "Gets the temperature of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


class Repository:
    """A git repository with one cassette, whose diffs are those of `show --text`."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.patch = folder, patch
        patch.setenv("PYTHONPATH", str(ROOT))
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patch.delenv(name)  # of a hook that runs the tests, whose repository is another
        for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
            patch.setenv(name, str(folder / "no config"))
        self.git("init", "--quiet")
        python = shlex.quote(Path(sys.executable).as_posix())
        self.git("config", "diff.interactions.textconv", f"{python} -m pytest_interactions show --text")
        (folder / ".gitattributes").write_text("cassettes/**/*.yaml diff=interactions\n")

    def git(self, *arguments: str) -> list[str]:
        """Run git, and return the lines that it prints."""
        identity = ("-c", "user.name=test", "-c", "user.email=test@example.com")
        command = [program("git"), "-C", str(self.folder), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True).stdout.decode("utf-8", "replace").splitlines()

    def commit(self) -> None:
        """Commit all there is."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Record")

    def changed(self, *arguments: str) -> list[str]:
        """The lines that a diff shows as gone or new."""
        lines = self.git("diff", *arguments)
        return [line for line in lines if line[:1] in "+-" and not line.startswith(("+++", "---"))]

    def record(self, answer: str, seed: int) -> None:
        """Record a conversation anew, with other ids and signatures, and another time."""
        with Emulator(seed=seed, clock=lambda: datetime(2026, 6, seed, tzinfo=UTC)) as emulator:
            emulator.on(result_of="get_temperature").reply(text=answer)
            for name, value in emulator.env.items():
                self.patch.setenv(name, value)
            at_the_api = partial(addressed, netloc="generativelanguage.googleapis.com")
            with use_cassette(self.folder / CASSETTE, record_mode="rewrite", before_record_request=at_the_api):
                self._talk()

    def _talk(self) -> None:
        client = genai.Client()
        asked: Any = "What is the temperature in London?"
        interaction: Any = None
        for _ in range(2):
            previous = interaction and interaction.id
            interaction = client.interactions.create(
                model="gemini-3.5-flash", input=asked, tools=[TOOL], previous_interaction_id=previous
            )
            calls = [step for step in interaction.steps if step.type == "function_call"]
            asked = [{"type": "function_result", "name": TOOL["name"], "call_id": c.id, "result": "22"} for c in calls]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository, with nothing in it."""
    return Repository(tmp_path, monkeypatch)


def test_a_diff_in_git_is_the_changed_behaviour(repository: Repository) -> None:
    """Recorded anew with another answer, git shows the answer; what is drawn anew is left out."""
    repository.record("It is 22 degrees.", seed=1)
    repository.commit()
    repository.record("London has 22 degrees.", seed=2)
    assert repository.changed() == ["-  model_output: It is 22 degrees.", "+  model_output: London has 22 degrees."]
    assert len(repository.git("diff")) == 10
    assert len(repository.changed("--no-textconv")) >= 20
    assert len(repository.git("diff", "--no-textconv")) >= 80


def test_the_same_behaviour_is_no_diff_in_git(repository: Repository) -> None:
    """Recorded anew, a file is another one, and git has nothing to show."""
    repository.record("It is 22 degrees.", seed=1)
    repository.commit()
    repository.record("It is 22 degrees.", seed=2)
    assert repository.git("diff") == []
    assert repository.changed("--no-textconv")


def test_git_shows_what_can_not_be_read_as_it_is(repository: Repository) -> None:
    """Behind the reason, which is the same wherever git puts the file; a diff does not fail."""
    path = repository.folder / CASSETTE
    cassette(path, exchange({"input": "Hi"}, {"status": "completed"}))
    repository.commit()
    path.write_bytes(b"nothing: \xff\n")
    repository.commit()
    path.write_bytes(b"nothing: here\n")
    (reason,) = (line for line in repository.git("diff") if line.startswith("+pytest-interactions: "))
    assert reason.startswith(f"+pytest-interactions: {path.name}:1: ")
    assert "+nothing: here" in repository.git("diff")
    assert "-turn 1: completed" in repository.git("diff", "HEAD~1")


def test_text_has_what_lasts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No path, size, time, id or count; a digest for the answers of other APIs, and all that turns have."""
    system = {"system_instruction": "Be\nbrief.", "generation_config": {"temperature": 0.5}}
    path = cassette(
        tmp_path / "c.yaml",
        exchange({"input": "Hi", **system}, {"id": "v1_a", "status": "completed", "usage": {"total_input_tokens": 1}}),
        exchange({}, {}, uri=f"{API}/v1_a/cancel"),
        exchange({"input": "Hi"}, {"error": {"message": "No."}}, status=400),
        exchange({}, {"name": "x"}, uri=API.replace("interactions", "files/abc-123")),
        exchange({"input": "Bye"}, STREAM, uri="https://example.com/é", cut="connection"),
        incomplete=True,
    )
    assert show("--text", path, path) == 0
    lines = [
        "incomplete: the test that recorded it failed",
        "POST /interactions/…/cancel: 200",
        "POST /interactions: 400, No.",
        "POST generativelanguage.googleapis.com/v1beta/files/…: 200, sha256 D",
        "POST example.com/é: 200, sha256 D, the connection broke",
        "turn 1: completed",
        "  system_instruction",
        "    Be",
        "    brief.",
        "  generation_config: temperature=0.5",
        "  user_input: Hi",
    ]
    printed = re.sub(r"sha256 [0-9a-f]{12}\b", "sha256 D", capsys.readouterr().out)
    assert printed.splitlines() == lines * 2


def test_text_is_utf_8_wherever_it_is_printed(tmp_path: Path) -> None:
    """As git reads it, whatever the console has."""
    path = cassette(tmp_path / "c.yaml", exchange({"input": "héllo"}, {"status": "completed"}))
    command = [sys.executable, "-m", "pytest_interactions", "show", "--text", str(path)]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    printed = subprocess.run(command, check=True, capture_output=True, env=environment).stdout
    assert printed == "turn 1: completed\n  user_input: héllo\n".encode()


def test_a_missing_file_has_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There is nothing to print instead."""
    assert show("--text", tmp_path / "gone.yaml") == 2
    assert "gone.yaml: no such cassette" in capsys.readouterr().err
