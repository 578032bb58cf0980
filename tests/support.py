"""What several test modules share."""

from __future__ import annotations

import os
import re
import shutil
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import pytest

import pytest_interactions
from pytest_interactions.files import storage
from pytest_interactions.files.layout import dumps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_interactions.server.emulator import Emulator

_watchers: list[list[str]] = []


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _watchers and event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
        for seen in _watchers:
            seen.append(f"{event} {args[1:]}")


sys.addaudithook(_audit)


@contextmanager
def sockets() -> Iterator[list[str]]:
    """List every socket that is connected, and every host that is looked up, inside: the interpreter itself says so."""
    seen: list[str] = []
    _watchers.append(seen)
    try:
        yield seen
    finally:
        _watchers.remove(seen)


def real_traffic(name: str) -> Path:
    """The file or folder `name` of the real traffic, or a skip that says that it is absent."""
    for parent in Path(__file__).resolve().parents:
        found = parent / "shared" / "real-traffic" / name
        if found.exists():
            return found
    pytest.skip(f"the real traffic ({name}) is not on this machine")


def addressed(request: Any, netloc: str) -> Any:
    """Write the real address in a recorded request, where that of a server of the test was, whose port changes."""
    request.uri = urlunsplit(urlsplit(request.uri)._replace(scheme="https", netloc=netloc))
    return request


def edit(path: Path, old: str, new: str) -> None:
    """Edit a cassette as a person does who means it: the part `old` becomes `new`."""
    text = path.read_text("utf-8")
    assert old in text
    contents = storage.loads(text.replace(old, new).encode(), path, edited=True)
    path.write_text(dumps(contents.exchanges, incomplete=contents.incomplete, origin=contents.origin), "utf-8")


def without_origin(text: bytes) -> bytes:
    """Return the bytes of a cassette without the block that says when it was recorded, and by what."""
    return re.sub(rb"(?m)^metadata:\n(?:  .*\n)+", b"", text)


def require(program: str, *, found: object, otherwise: str) -> None:
    """Skip a test that needs `program`, saying why, if it is not `found`; where it must be there, fail."""
    if not found:
        must = program in os.environ.get("PYTEST_INTERACTIONS_REQUIRE", "").split(",")
        (pytest.fail if must else pytest.skip)(otherwise)


#: The servers of the tests stand for hosts of all kinds, and not for the API alone.
use_cassette: Callable[..., Any] = partial(
    pytest_interactions.use_cassette, recorded_hosts=("127.0.0.1", "localhost", "::1")
)


def program(name: str) -> str:
    """Where the program `name` is; a skip if it is nowhere."""
    found = shutil.which(name)
    require(name, found=found, otherwise=f"{name} is not installed")
    return str(found)


def node() -> str:
    """Where node is, with the packages of `tests/javascript`; a skip if it or they are not installed."""
    modules = Path(__file__).parent / "javascript" / "node_modules"
    found = program("node")
    require("node", found=modules.exists(), otherwise=f"the packages of {modules.parent} are not installed: npm ci")
    return found


HELLO = """
import httpx, pytest

def ask(prompt="Hello", **more):
    import os
    url = os.environ.get("GOOGLE_GEMINI_BASE_URL", "https://generativelanguage.googleapis.com")
    key = os.environ.get("GEMINI_API_KEY", "")
    body = {"model": "gemini-3.5-flash", "input": prompt, **more}
    answer = httpx.post(f"{url}/v1beta/interactions", json=body, headers={"x-goog-api-key": key}).json()
    return answer["steps"][-1]["content"][0]["text"]
"""


#: How each run inside a test is strict: what it leaves to be closed by the garbage collector fails it.
STRICT = ("-Werror::ResourceWarning", "-Werror::pytest.PytestUnraisableExceptionWarning")
#: What pytest-asyncio wants to be told.
ASYNCIO = ("-o", "asyncio_default_fixture_loop_scope=function")


class Runner:
    """Runs tests in a directory of their own, recording against the emulator or replaying without it."""

    def __init__(self, pytester: pytest.Pytester, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pytester, self.emulator, self.monkeypatch = pytester, emulator, monkeypatch
        self.apart = False  # whether in a process of its own, of which it changes more than it puts back

    def test(self, source: str) -> None:
        """Write the one test file."""
        # A file that is written again within a second, with as many bytes, would be taken for the one compiled before.
        shutil.rmtree(self.pytester.path / "__pycache__", ignore_errors=True)
        self.pytester.makepyfile(test_it=HELLO + source)

    def record(self, *args: str, mode: str = "once") -> pytest.RunResult:
        """Run with the emulator's address and key in the environment."""
        with self.monkeypatch.context() as patch:
            for name, value in self.emulator.env.items():
                patch.setenv(name, value)
            return self._run(*args, f"--interactions-record-mode={mode}")

    def replay(self, *args: str) -> pytest.RunResult:
        """Run with neither address nor key."""
        return self._run(*args)

    def _run(self, *args: str) -> pytest.RunResult:
        start = self.pytester.runpytest_subprocess if self.apart else self.pytester.runpytest_inprocess
        return start("-p", "no:cacheprovider", "-p", "no:recording", "-rw", *STRICT, *ASYNCIO, *args)

    def prompts(self, name: str) -> list[str]:
        """What the cassette of the test `name` holds."""
        path = self.pytester.path / "cassettes" / name
        return [exchange.request.json()["input"] for exchange in storage.load(path).exchanges]
