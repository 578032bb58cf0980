"""What each recorder does with the same app, and its tests, over google-genai and httpx2: see `comparison_app`.

Each Python recorder has a directory with the tests and a `conftest.py`. The tests are recorded beside the emulator, and
replayed without it; then the prompt changes. aimock is a server that stands between: it is installed by npm, if that is
here. `python -m benchmarks comparison` writes the tables of `docs/comparison.md`.
"""

from __future__ import annotations

import base64
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from benchmarks.report import Section, put_between, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    #: The heads of the columns, and the rows.
    _Table = tuple[tuple[str, ...], list[tuple[str, ...]]]

_HERE: Final = Path(__file__).parent
_AIMOCK: Final = "1.43.0"
_WORDS: Final = [f"word {number} " for number in range(20)]
#: Planted; none has a shape that a rule knows but the API's own key.
_SECRETS: Final = {
    "`x-goog-api-key`": "AIzaSyC4vT9qLm2xWb7RkP0nZ3hJ8dF6gS1uY5e",
    "`Authorization`": "kJ7pQ2mX9vB4nL6wR1tZ8cY3hF5dS0gA",
    "`?key=` of a URL": "uV3bN8mK1jH6gT4fR9dE2sW7aQ5zX0cP",
    "key in an answer": "It is AIzaSyC4vT9qLm2xWb7RkP0nZ3hJ8dF6gS1uY5e.",
    "thought signature": "CiQBjz1rX3Vb0N9mQ7pL2kT8wYcZ5hF4dS6gA1eR" + "Jx9vB4nL6wR1tZ8cY3hF5dS0gAkJ7pQ2mX9vB4nL" * 4,
}
_KEY: Final = _SECRETS["`x-goog-api-key`"]
_SCRIPT: Final[list[dict[str, Any]]] = [
    {"on": {"input": "slow stream"}, "reply": {"text": _WORDS, "delay": 0.08, "events_delay": 0.05}},
    {"on": {"input": "stream that breaks"}, "reply": {"text": _WORDS, "cut_after": 8}},
    {"on": {"input": "Echo my key"}, "reply": {"text": _SECRETS["key in an answer"]}},
    {
        "on": {"input": "Think"},
        "reply": {
            "steps": [
                {"type": "thought", "signature": _SECRETS["thought signature"]},
                {"type": "model_output", "content": [{"type": "text", "text": "I think."}]},
            ]
        },
    },
    {"on": {"input": "Say hello"}, "reply": {"text": "Hello."}},
    {"on": {"input": "Say goodbye"}, "reply": {"text": "Goodbye."}},
]
_OLD: Final = "Say hello"
_NEW: Final = "Say goodbye"


@dataclass(frozen=True, slots=True)
class _Recorder:
    """How a Python recorder is put in force.

    Args:
        conftest: The file that defines the fixture `recorded`; `{bodies}` stands for what has bodies compared.
        bodies: What the placeholder is then.
        plain: What it is by default.
        record: The command line's options for recording.
        plugins: The plugins of the others, which are kept out.
    """

    conftest: str
    bodies: str = ""
    plain: str = ""
    record: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()


_MARKED: Final = """
import pytest

def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.vcr)

@pytest.fixture
def vcr_config():
    return {{{bodies}}}

@pytest.fixture
def recorded({fixture}):
    pass
"""
_CONTEXT: Final = """
import pytest
{imports}

@pytest.fixture
def recorded(request):
    with {context}:
        yield
"""
_VCR_BODIES: Final = "match_on=['method', 'scheme', 'host', 'port', 'path', 'query', 'body']"
_RECORDERS: Final = {
    "pytest-interactions": _Recorder(
        "import pytest\n\n@pytest.fixture\ndef recorded(interactions):\n    pass\n",
        record=("--interactions-record-mode=once",),
        plugins=("interactions", "syrupy"),
    ),
    "pytest-recording": _Recorder(
        _MARKED.replace("{fixture}", "vcr"),
        bodies=f"**dict({_VCR_BODIES})",
        record=("--record-mode=once",),
        plugins=("recording",),
    ),
    "vcrpy": _Recorder(
        _CONTEXT.format(
            imports="import vcr", context="vcr.use_cassette(f'cassettes/{{request.node.name}}.yaml'{bodies})"
        ),
        bodies=f", {_VCR_BODIES}",
    ),
    "cassetter": _Recorder(
        _MARKED.replace("{fixture}", "cassette"),
        bodies="'match_on': ['method', 'uri', 'json_body']",
        record=("--record-mode=once",),
        plugins=("cassetter.pytest_plugin",),
    ),
    "langsmith": _Recorder(
        _CONTEXT.format(
            imports="from langsmith.utils import with_cache",
            context="with_cache(f'cassettes/{{request.node.name}}.yaml', ignore_hosts=['https://api.smith.langchain.com'])",
        )
    ),
}


@dataclass(slots=True)
class _Saw:
    """What a run of the tests showed: each test's outcome, what it wrote, and what its failure prints."""

    outcome: dict[str, str] = field(default_factory=dict)
    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    printed: dict[str, list[str]] = field(default_factory=dict)

    def clients(self) -> list[str]:
        """The clients whose test passed."""
        passed = (name for name, outcome in self.outcome.items() if outcome == "passed")
        return [name.removeprefix("test_client[")[:-1] for name in passed if name.startswith("test_client[")]


@dataclass(slots=True)
class _Tried:
    """All that was seen of a recorder."""

    recording: _Saw
    replaying: _Saw
    changed: _Saw
    compared: _Saw
    kept: dict[str, str]
    broken_kept: bool


def run(scratch: Path, *, quick: bool) -> Section:
    """Try all that can be installed; write the tables into the page, unless it is `quick`."""
    tried: dict[str, _Tried] = {}
    for name, recorder in _RECORDERS.items():
        tried[name] = _try(scratch / name, recorder)
    if (aimock := _aimock(scratch)) is not None:
        tried["aimock"] = _try_aimock(scratch / "aimock", aimock)
    tables = {
        "Streams": _streams(tried),
        "What is on the disk, by default": _secrets(tried),
        "After a change of the prompt": _changes(tried),
        "Clients, recorded and replayed": _clients(tried),
    }
    packages = ("pytest-interactions", "pytest-recording", "vcrpy", "cassetter", "langsmith", "google-genai", "httpx2")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    more = f", aimock {_AIMOCK}" if aimock else ""
    parts = [f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}. {versions}{more}."]
    for title, (columns, rows) in tables.items():
        parts += [f"### {title}", table(columns, rows)]
    if not quick:
        page = _HERE.parent / "docs" / "comparison.md"
        page.write_text(put_between("comparison", "\n\n".join(parts), page.read_text("utf-8")), encoding="utf-8")
    section = Section("Beside others", ("",))
    section.notes = parts
    return section


def _streams(tried: dict[str, _Tried]) -> _Table:
    rows: list[tuple[str, ...]] = []
    for name, its in tried.items():
        slow, left = its.recording.found["slow_stream"], its.recording.found["left_early"]
        broken, chunks = its.recording.found["broken_stream"], its.replaying.found["chunks"]
        again = its.replaying.found["broken_stream"]
        same = "the same in a replay" if again == broken and its.broken_kept else "not recorded"
        replays = "the same in a replay" if "left_early" in its.replaying.found else "not recorded"
        row = (
            f"after {slow['first']:.2f} s of {slow['last']:.2f} s",
            f"{chunks['events']} events in {_count(chunks['chunks'], 'chunk')}",
            f"the app gets {broken['events']} of 8 events; {same}",
            f"after {left['seconds']:.2f} s; {replays}",
        )
        rows.append((name, *row))
    return (
        "",
        "the first event, recording",
        "a replay of 29 events",
        "a stream breaks",
        "the app leaves a stream",
    ), rows


def _secrets(tried: dict[str, _Tried]) -> _Table:
    return ("", *_SECRETS), [(name, *(its.kept[secret] for secret in _SECRETS)) for name, its in tried.items()]


def _changes(tried: dict[str, _Tried]) -> _Table:
    rows: list[tuple[str, ...]] = []
    for name, its in tried.items():
        answer = its.changed.found.get("prompt", {}).get("answer")
        said = {"Hello.": "gets the old answer", "Goodbye.": "asks the API", None: "fails"}[answer]
        lines = its.compared.printed.get("test_prompt", [])
        field = any(("input" in line and _OLD in line) or f'+  "input": "{_NEW}"' in line for line in lines)
        told = f"{_count(len(lines), 'line')}, {'with' if field else 'without'} the field" if lines else "asks the API"
        passes = its.compared.outcome.get("test_swallowed") == "passed"
        rows.append((name, said, told, "passes" if passes else "fails"))
    return ("", "by default, the test", "bodies compared, it prints", "and if the app catches it, the test"), rows


def _clients(tried: dict[str, _Tried]) -> _Table:
    names = list(tried["pytest-interactions"].recording.clients())
    rows: list[tuple[str, ...]] = []
    for recorder, its in tried.items():
        missing = [name for name in names if name not in its.replaying.clients()]
        shown = "all" if not missing else "none" if missing == names else f"all but {', '.join(missing)}"
        rows.append((recorder, shown))
    return ("", "replays"), rows


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _try(directory: Path, recorder: _Recorder) -> _Tried:
    _project(directory, recorder)
    port = _port()
    with _emulator(directory, port):
        recording = _pytest(directory, port, recorder, *recorder.record)
    kept, broken_kept = _kept(directory / "cassettes")
    replaying = _pytest(directory, port, recorder)
    with _emulator(directory, port):
        changed = _pytest(directory, port, recorder, "-k", "prompt or swallowed", prompt=_NEW)
        # Bodies may have to be there in another form, so they are recorded again.
        shutil.rmtree(directory / "cassettes")
        _project(directory, recorder, bodies=True)
        _pytest(directory, port, recorder, "-k", "prompt or swallowed", *recorder.record)
        compared = _pytest(directory, port, recorder, "-k", "prompt or swallowed", prompt=_NEW)
    return _Tried(recording, replaying, changed, compared, kept, broken_kept)


def _try_aimock(directory: Path, command: Path) -> _Tried:
    alone = _Recorder("import pytest\n\n@pytest.fixture\ndef recorded():\n    pass\n")
    _project(directory, alone)
    port, before = _port(), _port()
    fixtures = directory / "cassettes"
    fixtures.mkdir()
    record = ("--record", "--provider-gemini", f"http://127.0.0.1:{port}")
    with _emulator(directory, port), _serving([str(command), "-p", str(before), "-f", str(fixtures), *record], before):
        recording = _pytest(directory, before, alone)
    kept, broken_kept = _kept(fixtures)
    with _serving([str(command), "-p", str(before), "-f", str(fixtures)], before):
        replaying = _pytest(directory, before, alone)
        changed = _pytest(directory, before, alone, "-k", "prompt or swallowed", prompt=_NEW)
    return _Tried(recording, replaying, changed, changed, kept, broken_kept)


def _project(directory: Path, recorder: _Recorder, *, bodies: bool = False) -> None:
    directory.mkdir(exist_ok=True)
    shutil.copy(_HERE / "comparison_app.py", directory / "test_app.py")
    text = recorder.conftest.format(bodies=recorder.bodies if bodies else recorder.plain)
    (directory / "conftest.py").write_text(text, encoding="utf-8")
    (directory / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (directory / "script.yaml").write_text(yaml.safe_dump(_SCRIPT), encoding="utf-8")


def _pytest(directory: Path, port: int, recorder: _Recorder, *options: str, prompt: str = _OLD) -> _Saw:
    found = directory / "found"
    shutil.rmtree(found, ignore_errors=True)
    found.mkdir()
    env = os.environ | {
        "GOOGLE_GEMINI_BASE_URL": f"http://127.0.0.1:{port}",
        "GEMINI_API_KEY": _KEY,
        "BEARER": _SECRETS["`Authorization`"],
        "URL_KEY": _SECRETS["`?key=` of a URL"],
        "PROMPT": prompt,
        "FOUND": str(found),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    plugins = [part for plugin in recorder.plugins for part in ("-p", plugin)]
    report = directory / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", f"--junit-xml={report}", *plugins, *options]
    done = subprocess.run(command, cwd=directory, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode not in {0, 1}:
        raise RuntimeError(done.stdout + done.stderr)
    saw = _Saw(found={path.stem: json.loads(path.read_text("utf-8")) for path in sorted(found.glob("*.json"))})
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest's own
        name, wrong = case.attrib["name"], [*case.iter("failure"), *case.iter("error")]
        saw.outcome[name] = "failed" if wrong else "passed"
        saw.printed[name] = [line for one in wrong for line in (one.text or "").splitlines() if line.startswith("E ")]
    return saw


def _kept(directory: Path) -> tuple[dict[str, str], bool]:
    """How each secret is found in the files, and whether the stream that broke is there."""
    files = [path.read_text("utf-8") for path in directory.rglob("*") if path.is_file()]
    plain = "".join(files)
    packed = "".join(_unpacked(text) for text in files)
    answered = _SECRETS["key in an answer"]
    shown = {}
    for name, value in _SECRETS.items():
        # The header's key is in the answer too.
        texts = [text if value == answered else text.replace(answered, "") for text in (plain, packed)]
        shown[name] = "kept" if value in texts[0] else "kept, gzipped" if value in texts[1] else "not kept"
    return shown, "stream that breaks" in plain


def _unpacked(text: str) -> str:
    """What is gzipped in a cassette: vcrpy keeps such a body as base64."""
    found = []
    for packed in re.findall(r"H4sI[A-Za-z0-9+/=\s]+", text):
        letters = re.sub(r"\s|=.*", "", packed, flags=re.DOTALL)  # what comes after the end is no part of it
        with suppress(zlib.error, ValueError):
            found.append(
                zlib.decompressobj(wbits=31)
                .decompress(base64.b64decode(letters[: len(letters) // 4 * 4] + "==="))
                .decode()
            )
    return "".join(found)


def _aimock(scratch: Path) -> Path | None:
    npm = shutil.which("npm")
    if npm is None:
        return None
    where = scratch / "npm"
    command = [npm, "install", "--silent", "--ignore-scripts", "--prefix", str(where), f"@copilotkit/aimock@{_AIMOCK}"]
    subprocess.run(command, check=True)  # noqa: S603 - npm, to which nothing strange is given
    return where / "node_modules" / ".bin" / "llmock"


def _port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def _emulator(directory: Path, port: int) -> Iterator[None]:
    script = str(directory / "script.yaml")
    with _serving(
        [sys.executable, "-m", "pytest_interactions", "emulate", "--port", str(port), "--script", script], port
    ):
        yield


@contextmanager
def _serving(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - ours, or aimock
    try:
        _wait(process, port)
        yield
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(300):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"{process.args!r} does not answer")
