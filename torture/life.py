"""Runs apps that leave something unfinished, as programs of their own: recording and replaying them must agree."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.files import storage
from torture import life_clients, life_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT: Final = Path(__file__).parents[1]
_SECONDS: Final = 60  # after which a program hangs
_AT_ONCE: Final = 3
_EVENTS: Final = 30
_HELD_BEFORE: Final = 4  # the number of the event before which a held stream stands
_HELD_FOR: Final = 2.5  # seconds
_ANSWERS_AFTER: Final = {life_clients.SLOW: 1.0, life_clients.NEVER: 20.0}
_IN_TESTS: Final = ("httpx", "genai")  # whose shapes are run in tests too
_PROGRAMS: Final = {"block": ["-m", "torture.life_shapes"], "fixture": ["-m", "pytest"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What must become of a shape.

    Attributes:
        ends: What the recording and the replay end with: `"green"`, or the names of errors.
        exchanges: How many exchanges the cassette holds then; `None` if that depends on the client.
        cut: Whether one of them was left by the app.
        says: What both print beside, if it matters: a pattern.
        in_test: What the two runs end with, if the shape is in a test; not run in one if it is empty.
    """

    ends: tuple[str, str] = ("green", "green")
    exchanges: int | None = 1
    cut: bool = False
    says: str = ""
    in_test: tuple[str, str] | None = None


_UNFINISHED: Final = "red: UnfinishedError"
_FORKED: Final = "red: ForkedError"
_NO_ANSWER: Final = "red: Cassette(Miss|NotFound)Error"
_FAILED: Final = ("failed", "failed")
_PASSED: Final = ("passed", "passed")
EXPECTED: Final[dict[str, Expected]] = {
    "thread": Expected(in_test=_PASSED),
    "daemon": Expected(exchanges=2, in_test=_PASSED),
    "never": Expected(ends=(_UNFINISHED, _NO_ANSWER), exchanges=None, in_test=_FAILED),
    "pool": Expected(in_test=_PASSED),
    "read_on": Expected(cut=True, says="after: StreamEndedError", in_test=_PASSED),
    "closed": Expected(cut=True, says="closed: ", in_test=_PASSED),
    "interrupted": Expected(ends=("red: KeyboardInterrupt", "red: (KeyboardInterrupt|StreamEndedError)"), cut=True),
    "fork": Expected(ends=(_FORKED, _FORKED), says="child: ForkedError", in_test=_FAILED),
    "fork_leaves": Expected(says="child: green"),
    "processes": Expected(ends=(_FORKED, _FORKED), exchanges=0, says="child: ForkedError", in_test=_FAILED),
    "joined": Expected(says="child: v1_quick", in_test=_PASSED),
    "chdir": Expected(in_test=_PASSED),
    "nested": Expected(ends=("red: AlreadyOpenError", _NO_ANSWER)),
    "task": Expected(ends=(_UNFINISHED, _NO_ANSWER), exchanges=0, says=r"after: \w+Error"),
    "async_read_on": Expected(cut=True, says="after: StreamEndedError"),
    "async_closed": Expected(
        ends=("(green|red: RuntimeError)", "(green|red: RuntimeError)"), cut=True, says="closed: "
    ),
    "cancelled": Expected(exchanges=2, cut=True),
    "unawaited": Expected(cut=True),
    "async_interrupted": Expected(ends=("red: KeyboardInterrupt", "red: KeyboardInterrupt"), cut=True),
}


def life() -> tuple[int, list[str]]:
    """Run each shape with each client; return the number of cases, and what failed."""
    cases = [
        _Case(shape, client, how)
        for shape, expected in EXPECTED.items()
        for client in (life_clients.SYNC if shape in life_shapes.SYNC_SHAPES else life_clients.ASYNC)
        for how in (["block", "fixture"] if expected.in_test and client in _IN_TESTS else ["block"])
    ]
    with _serving() as url, ThreadPoolExecutor(_AT_ONCE) as pool:
        failures = list(pool.map(lambda case: _run(url, case), cases))
    return len(cases), [failure for failure in failures if failure]


# --- one case ---


@dataclass(frozen=True, slots=True)
class _Case:
    shape: str
    client: str
    how: str


def _run(url: str, case: _Case) -> str:
    """Record and replay one; return what is wrong, `""` if nothing is."""
    expected, how = EXPECTED[case.shape], case.how
    with tempfile.TemporaryDirectory(prefix="life-") as name:
        directory = Path(name)
        (directory / "test_it.py").write_text(_TEST.format(shape=case.shape, client=case.client), "utf-8")
        told = [_program(directory, url, case, mode) for mode in ("once", "none")]
        wrong = list(_wrong(expected, how, told, _cassette(directory, how)))
    if not wrong:
        return ""
    return f"{case.shape}, {case.client}, {how}: {'; '.join(wrong)}\n" + "\n--\n".join(told)


_TEST: Final = """
from torture import life_shapes

def test_it(interactions):
    life_shapes.inside({shape!r}, {client!r}, interactions)
"""


def _program(directory: Path, url: str, case: _Case, mode: str) -> str:
    arguments = [case.shape, case.client, mode]
    if case.how == "fixture":
        arguments = ["-q", "-p", "no:cacheprovider", "-p", "no:recording"]
        arguments += [f"--interactions-record-mode={mode}", "-W", "ignore", "test_it.py"]
    environment = os.environ | {"TORTURE_URL": url, "PYTHONPATH": str(_ROOT), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, *_PROGRAMS[case.how], *arguments]
    try:
        ended = subprocess.run(  # noqa: S603 - this package's own
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return f"hangs: {error.stdout!r}"
    return ended.stdout + ended.stderr


def _cassette(directory: Path, how: str) -> Path:
    return directory / ("c.yaml" if how == "block" else "cassettes/test_it/test_it.yaml")


def _wrong(expected: Expected, how: str, told: list[str], cassette: Path) -> Iterator[str]:
    ends = expected.ends if how == "block" else expected.in_test or ()
    for mode, end, text in zip(("recording", "replay"), ends, told, strict=True):
        if not re.search(_ending(end) if how == "fixture" else rf"^{end}", text, re.MULTILINE):
            yield f"the {mode} does not end with {end}"
        if how == "block" and expected.says and not re.search(expected.says, text):
            yield f"the {mode} does not say {expected.says}"
    exchanges = storage.load(cassette).exchanges if cassette.exists() else []
    if expected.exchanges is not None and len(exchanges) != expected.exchanges:
        yield f"the cassette holds {len(exchanges)} exchanges"
    if expected.cut != any(each.cut and each.cut.by == "app" for each in exchanges) and expected.exchanges:
        yield "what was left is not what is cut"


def _ending(outcome: str) -> str:
    return r"^1 passed in" if outcome == "passed" else r"\b1 (error|failed)\b"


# --- the server ---


class _Handler(BaseHTTPRequestHandler):
    """An API that is as slow as its prompt says."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Answer."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        try:
            (self._stream if asked.get("stream") else self._answer)(asked["input"])
        except ConnectionError:
            self.close_connection = True

    def _answer(self, prompt: str) -> None:
        time.sleep(_ANSWERS_AFTER.get(prompt, 0))
        steps = [{"type": "model_output", "content": [{"type": "text", "text": "Hi"}]}]
        body = json.dumps({"id": f"v1_{prompt}", "status": "completed", "steps": steps}).encode()
        self._head("application/json", "content-length", str(len(body)))
        self.wfile.write(body)

    def _stream(self, prompt: str) -> None:
        self._head("text/event-stream", "transfer-encoding", "chunked")
        for number in range(_EVENTS):
            if number == _HELD_BEFORE and prompt == life_clients.HELD:
                time.sleep(_HELD_FOR)
            self._chunk(_event(number))
        self._chunk(b"event: done\ndata: [DONE]\n\n")
        self._chunk(b"")

    def _head(self, kind: str, *framing: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header(*framing)
        self.end_headers()

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        time.sleep(0.002)  # so that it comes by itself


def _event(number: int) -> bytes:
    delta = {"type": "text", "text": f"{number} " * 99}
    event: dict[str, Any] = {"event_type": "step.delta", "index": 0, "delta": delta}
    if number in (0, _EVENTS - 1):
        name, status = ("created", "in_progress") if number == 0 else ("completed", "completed")
        event = {"event_type": f"interaction.{name}", "interaction": {"id": "v1_x", "status": status}}
    return f"event: {event['event_type']}\ndata: {json.dumps(event)}\n\n".encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that leave."""


@contextmanager
def _serving() -> Iterator[str]:
    server = _Server(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
