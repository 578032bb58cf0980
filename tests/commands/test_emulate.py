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

import pytest_interactions
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


def test_a_missing_library_of_the_package_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no extra would help, Python's own error stays."""
    monkeypatch.setitem(sys.modules, "pytest_interactions.api.fold", None)
    with pytest.raises(ModuleNotFoundError, match="fold"):
        _ = pytest_interactions.fold


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_command(ending: signal.Signals) -> None:
    """The command prints its address alone on the first line, serves, and stops cleanly when told to."""
    with subprocess.Popen([sys.executable, "-c", COMMAND], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().rstrip("\n")
        body = {"model": "gemini-3.5-flash", "input": "Hello"}
        assert httpx.post(f"{url}/v1beta/interactions?key=any", json=body).status_code == 200
        process.send_signal(ending)
        printed = process.stdout.read()
    assert process.returncode == 0
    assert f"GOOGLE_GEMINI_BASE_URL={url}" in printed
    assert f"curl {url}/v1beta/interactions" in printed
    assert f'baseUrl: "{url}"' in printed


def test_who_is_let_in() -> None:
    """The command line lets in web pages and other host names, and nobody else."""
    arguments = ["emulate", "--allow-host", "box", "--allow-origin", "http://localhost:*"]
    code = f"import sys; from pytest_interactions.commands import main; sys.exit(main({arguments}))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().rstrip("\n")
        for headers, status in (
            ({"host": "box", "origin": "http://localhost:5173"}, 404),
            ({"host": "evil.example"}, 403),
            ({"origin": "https://evil.example"}, 403),
        ):
            assert httpx.get(f"{url}/v1/interactions/none?key=any", headers=headers).status_code == status
        process.terminate()


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
