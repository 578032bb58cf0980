"""The emulator as a server: starting, stopping, its command, its extra."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from google import genai

from pytest_interactions.errors import MissingExtraError
from pytest_interactions.server import emulator as package
from pytest_interactions.server.emulator import Emulator

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator as EmulatorType

COMMAND = 'import sys; from pytest_interactions.commands import main; sys.exit(main(["emulate"]))'


def test_quick_to_start_and_stop() -> None:
    """Ten emulators in a row take no noticeable time and leave no thread."""
    start = time.monotonic()
    for _ in range(10):
        with Emulator():
            ...
    assert time.monotonic() - start < 1
    assert not any(thread.name == "interactions-emulator" for thread in threading.enumerate())


def test_environment(emulator: EmulatorType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment is all that the SDK needs to reach it."""
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    for name, value in emulator.env.items():
        monkeypatch.setenv(name, value)
    assert genai.Client().interactions.create(model="gemini-3.5-flash", input="Hello").status == "completed"


def test_port_of_choice(emulator: EmulatorType) -> None:
    """A port that is taken is an error at once."""
    port = int(emulator.url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        Emulator(port)


def test_the_system_s_clock() -> None:
    """Without a clock of its own the emulator goes by the system's."""
    with Emulator() as emulator:
        body = {"model": "gemini-3.5-flash", "input": "Hello"}
        answer = httpx.post(f"{emulator.url}/v1/interactions?key=any", json=body).json()
    assert answer["created"] >= "2025"


def test_unknown_name() -> None:
    """The package has no other names than it says."""
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing


def test_missing_extra() -> None:
    """Without the extra the error is one line that says what to install."""
    code = "import sys; sys.modules['uvicorn'] = None\nfrom pytest_interactions.server.emulator import Emulator"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stderr.splitlines()[-1] == (
        f"{MissingExtraError.__module__}.MissingExtraError: the emulator needs uvicorn, which is missing: "
        "pip install 'pytest-interactions[server]'"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command(number: signal.Signals) -> None:
    """The command prints its address alone on the first line, serves, and stops cleanly at a signal."""
    with subprocess.Popen([sys.executable, "-c", COMMAND], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().rstrip("\n")
        body = {"model": "gemini-3.5-flash", "input": "Hello"}
        assert httpx.post(f"{url}/v1beta/interactions?key=any", json=body).status_code == 200
        process.send_signal(number)
        printed = process.stdout.read()
    assert process.returncode == 0
    assert f"GOOGLE_GEMINI_BASE_URL={url}" in printed
    assert f"curl {url}/v1beta/interactions" in printed
    assert f'baseUrl: "{url}"' in printed


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(emulator: EmulatorType, tmp_path: Path) -> None:
    """The quickstart's curl line for a stream works, apart from its address."""
    command = f"""curl -s -X POST "{emulator.url}/v1beta/interactions?alt=sse" \
      -H "x-goog-api-key: $GEMINI_API_KEY" \
      -H 'Content-Type: application/json' \
      --no-buffer \
      -d '{{
        "model": "gemini-3.5-flash",
        "input": "Explain how AI works",
        "stream": true
      }}'"""
    env = os.environ | {"GEMINI_API_KEY": "any", "no_proxy": "*"}
    ended = subprocess.run(command, shell=True, capture_output=True, text=True, env=env, cwd=tmp_path, check=True)
    assert ended.stdout.startswith("event: interaction.created\n")
    assert ended.stdout.endswith("event: done\ndata: [DONE]\n\n")
