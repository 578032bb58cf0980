"""Processes that are forked while a cassette is open: they are refused, and the parent's test is told."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_interactions.cassette.forks import Process
from pytest_interactions.files import storage

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator

FORKED = """
import os, sys, warnings
from contextlib import suppress
import httpx, requests
from pytest_interactions import ForkedError, InteractionsError, use_cassette

url, path, mode = sys.argv[1:]
warnings.simplefilter("ignore")  # of Python 3.12, that a process with threads is forked

def ask(prompt, send=requests.post):
    body = {"model": "gemini-3.5-flash", "input": prompt}
    return send(url + "/v1beta/interactions", json=body, headers={"x-goog-api-key": "k" * 20}).json()

def child(work):
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    work()
    sys.exit(3)
"""

IN_A_CHILD = {
    "swallows its refusal": """
def work():
    for send in (httpx.post, requests.post):
        with suppress(Exception):
            ask("child", send)
""",
    "dies of its refusal": """
def work():
    sys.stderr.close()
    ask("child")
""",
    "has a child that swallows its refusal": """
def work():
    def deeper():
        with suppress(Exception):
            ask("child")
    child(deeper)
""",
}


def _run(source: str, emulator: Emulator, path: Path, mode: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", FORKED + source, emulator.url, str(path), mode]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("how", IN_A_CHILD)
def test_a_request_of_a_forked_process_is_refused_and_fails_its_parent(
    how: str, emulator: Emulator, tmp_path: Path
) -> None:
    """With the request and the way to join, when recording and on replay; nothing is sent."""
    path = tmp_path / "c.yaml"
    source = IN_A_CHILD[how] + "with use_cassette(path, record_mode=mode):\n    ask('parent')\n    child(work)\n"
    for mode in ("once", "none"):
        result = _run(source, emulator, path, mode)
        assert result.stderr.splitlines()[-1].startswith(
            "pytest_interactions.errors.ForkedError: POST /interactions was refused: a process sent it that was forked "
            f"while {path} was open"
        )
        assert "multiprocessing.Pool(initializer=os.environ.update" in result.stderr
    assert [json.loads(request.body)["input"] for request in emulator.requests] == ["parent"]


def test_a_forked_process_that_leaves_through_the_block_leaves_all_to_its_parent(
    emulator: Emulator, tmp_path: Path
) -> None:
    """It saves nothing, judges nothing, and takes nothing from the parent's journal; what is recorded later is kept."""
    path = tmp_path / "c.yaml"
    source = """
parent = os.getpid()
with use_cassette(path, record_mode=mode):
    ask("before")
    left = child(lambda: None) if mode == "once" else os.fork()
    if left and os.getpid() == parent:
        if mode == "none":
            left = os.waitstatus_to_exitcode(os.waitpid(left, 0)[1])
        ask("after")
if os.getpid() != parent:
    sys.exit(3)
print(left)
"""
    for mode in ("once", "none"):
        result = _run(source, emulator, path, mode)
        assert (result.stdout, result.stderr) == ("3\n", "")
    assert [exchange.request.json()["input"] for exchange in storage.load(path).exchanges] == ["before", "after"]


def test_a_forked_process_is_not_judged_for_what_its_parent_swallowed(emulator: Emulator, tmp_path: Path) -> None:
    source = """
parent = os.getpid()
try:
    with use_cassette(path) as cassette:
        with suppress(Exception):
            ask("parent")
        if os.fork():
            os.wait()
except InteractionsError as error:
    print(type(error).__name__)
else:
    print("child" if os.getpid() != parent else "unjudged")
"""
    result = _run(source, emulator, tmp_path / "c.yaml", "none")
    assert result.stdout.split() == ["child", "CassetteNotFoundError"]


def test_a_forked_process_may_open_cassettes_and_ask_what_is_none_of_them(emulator: Emulator, tmp_path: Path) -> None:
    """The same one too, as any other process may; and the server that the test has started itself."""
    path = tmp_path / "c.yaml"
    source = """
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_):
        pass

own = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=own.serve_forever, daemon=True).start()

def work():
    assert requests.get(f"http://127.0.0.1:{own.server_port}/").status_code == 204
    with use_cassette(path, record_mode=mode, unplayed="ignore"):
        ask("child")

with use_cassette(path, record_mode=mode, unplayed="ignore"):
    ask("parent")
    print(child(work))
"""
    for mode in ("once", "none"):
        result = _run(source, emulator, path, mode)
        assert (result.stdout, result.stderr) == ("3\n", "")
    assert [exchange.request.json()["input"] for exchange in storage.load(path).exchanges] == ["child", "parent"]


def test_memory_is_shared_only_with_what_is_forked() -> None:
    """A test that forks nothing has none; a text that is too long is cut, between characters."""
    process = Process()
    process.tell("nobody listens")
    assert process.told() == ""
    process.share()
    process.share()
    process.tell("é" * 9000)
    assert process.told() == "é" * 2048
    assert process.told() == ""
