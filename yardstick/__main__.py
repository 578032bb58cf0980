"""Runs the SDK's own tests four times, and counts those that hold: recorded and replayed with the same outcome.

The runs: alone, as they are shipped; on the wire, without us; recorded; replayed with no server. A test that fails
alone needs what is not here. One that fails on the wire alone has a double that HTTP can't stand for.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from benchmarks.report import put_between

_MARK: Final = "yardstick"
_RUNS: Final = {"alone": "off", "wire": "off", "record": "once", "replay": "none"}
#: Of the SDK's tests, those of the Interactions API and its resources, and those of the other APIs that ask by HTTP.
SUITES: Final = {
    "interactions": ("interactions", "gaos"),
    "others": (
        *("afc", "batches", "caches", "chats", "client", "documents", "errors", "file_search_stores", "files"),
        *("models", "operations", "public_samples", "shared", "tokens", "tunings"),
    ),
}
#: What becomes of a test, and what a reader is told of it.
COLUMNS: Final = {
    "hold": "recorded and replayed, and passed each time",
    "fail alike": "fail alone, and with the same error when recorded and when replayed",
    "differ": "do not",
    "no traffic": "pass, and ask nothing by HTTP",
    "not HTTP": "have a double that HTTP can't stand for",
    "not here": "fail alone, without any traffic",
    "skipped": "skip themselves",
}
#: Tests that differ, and why they must.
KNOWN: Final = {
    "gaos/test_auth_tokens_experimental.py::test_auth_tokens_warns_once_at_caller": "reads a token",
    "gaos/test_auth_tokens_experimental.py::test_auth_tokens_raw_and_streaming_warn_once_at_caller": "reads a token",
    "gaos/test_environments_lifecycle.py::test_python_environments_self_hosted_mode_and_key": (
        "reads a `custom_config`, which may hold credentials"
    ),
    **{
        f"gaos/test_environments_lifecycle.py::test_python_environments_async_{name}": (
            "looks at what its own server was told, which on replay hears nothing of what aiohttp sends"
        )
        for name in ("file_upload_download", "upload_io_and_file_paths")
    },
    "client/test_async_httpx_event_loops.py::test_cookies_persist_across_event_loops[httpx]": "reads a cookie",
    "client/test_async_httpx_event_loops.py::test_cookies_persist_across_event_loops[httpx2]": "reads a cookie",
}
_INI: Final = """[pytest]
asyncio_default_fixture_loop_scope = function
consider_namespace_packages = true
"""
_DATA: Final = ("google.png", "google.jpg", "story.pdf", "animal.mp4", "pixel.m4a")

Found = dict[str, dict[str, Any]]


def main() -> int:
    """Run, print the table and what differs, and return the status."""
    parser = argparse.ArgumentParser(prog="python -m yardstick", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"only these, of: {', '.join(SUITES)}")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the figures between the marks in this file")
    parser.add_argument("--keep", type=Path, metavar="DIRECTORY", help="leave cassettes, output and facts there")
    chosen = parser.parse_args()
    if unknown := sorted({*chosen.suites} - {*SUITES}):
        parser.error(f"no such suite: {', '.join(unknown)}")
    fates: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in chosen.suites or SUITES:
            place = (chosen.keep or Path(scratch)) / name
            fates |= judge([_run(name, run, place.absolute()) for run in _RUNS])
    page = report(fates)
    _say(page)
    if chosen.write:
        text = put_between(_MARK, page, chosen.write.read_text("utf-8"))
        chosen.write.write_text(text, encoding="utf-8")
    unexpected = [name for name, fate in fates.items() if fate == "differ" and name not in KNOWN]
    _say("\n".join(f"DIFFERS {name}" for name in unexpected))
    return 1 if unexpected else 0


def _run(suite: str, run: str, place: Path) -> Found:
    """Run a suite's tests once, and return what was noted of each."""
    sdk = find_spec("google.genai")
    assert sdk is not None  # noqa: S101 - a broken venv ends here
    tests = Path(str(sdk.origin)).parent / "tests"
    (place / "tests" / "data").mkdir(parents=True, exist_ok=True)
    (place / "pytest.ini").write_text(_INI, "utf-8")
    for name in _DATA:  # the SDK's tests upload such files, and it doesn't ship them
        (place / "tests" / "data" / name).write_bytes(bytes(range(256)) * 12)
    found, output = place / f"{run}.json", place / f"{run}.txt"
    environment = {
        **os.environ,
        "GOOGLE_API_KEY": "a-key-that-is-none",
        "GOOGLE_GENAI_REPLAYS_DIRECTORY": str(place / "replays"),
        "GOOGLE_GENAI_RUN_GEMINI_ONLY_IN_API_MODE": "1",
        "YARDSTICK_SUITE": suite,
        "YARDSTICK_RUN": run,
        "YARDSTICK_PORTS": " ".join(map(str, _ports(place / "ports"))),
        "YARDSTICK_FOUND": str(found),
        "PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "-m", "pytest", "-c", str(place / "pytest.ini"), "--rootdir", str(place)]
    command += ["-p", "no:cacheprovider", "-p", "no:recording", "-p", "yardstick.plugin", "--tb=short", "-q"]
    command += ["--continue-on-collection-errors", "--mode=api", f"--interactions-record-mode={_RUNS[run]}"]
    command += [f"--interactions-cassette-dir={place / 'cassettes'}", "--interactions-recorded-hosts=127.0.0.1"]
    command += [str(tests / name) for name in SUITES[suite] if (tests / name).exists()]
    with output.open("w") as file:
        subprocess.run(command, cwd=place, env=environment, stdout=file, stderr=file, check=False)  # noqa: S603 - our own
    if not found.exists():
        sys.exit(f"pytest did not run, and wrote:\n{output.read_text('utf-8')[-3000:]}")
    _say(f"{run}: {output.read_text('utf-8').splitlines()[-1]}")
    return json.loads(found.read_text("utf-8"))  # type: ignore[no-any-return] # as the plugin wrote it


def _ports(noted: Path) -> list[int]:
    """Two free ports, the same in all runs of a suite."""
    if not noted.exists():
        with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
            noted.write_text(json.dumps([one.getsockname()[1], other.getsockname()[1]]), "utf-8")
    return json.loads(noted.read_text("utf-8"))  # type: ignore[no-any-return] # as it was written


def judge(runs: list[Found]) -> dict[str, str]:
    """Return what became of each test, by its name; of a module that can't be imported, by the module's."""
    alone, wire, record, replay = runs
    absent = {"outcome": "absent", "exchanges": 0, "error": ""}
    return {
        name: _fate(*(run.get(name, absent) for run in (alone, wire, record, replay))) for name in {**alone, **replay}
    }


def _fate(alone: dict[str, Any], wire: dict[str, Any], record: dict[str, Any], replay: dict[str, Any]) -> str:
    if alone["outcome"] == "skipped":
        return "skipped"
    if alone["outcome"] == "not imported":
        return "not imported"
    if alone["outcome"] == "passed" != wire["outcome"]:
        return "not HTTP"
    is_alike = wire["outcome"] == record["outcome"] == replay["outcome"] and record["error"] == replay["error"]
    if not is_alike:
        return "differ" if record["exchanges"] or alone["outcome"] == "passed" else "not here"
    if not record["exchanges"]:
        return "no traffic" if alone["outcome"] == "passed" else "not here"
    return "hold" if record["outcome"] == "passed" else "fail alike"


def report(fates: dict[str, str]) -> str:
    """Return the counts of each directory as a table in Markdown, and what differs with its reason."""
    counts: dict[str, Counter[str]] = {}
    for name, fate in fates.items():
        counts.setdefault(name.partition("/")[0], Counter())[fate] += 1
    rows = [("google-genai's tests", *COLUMNS), ("---", *["---:"] * len(COLUMNS))]
    rows += [(f"`{name}`", *(str(count[column]) for column in COLUMNS)) for name, count in counts.items()]
    total = sum(counts.values(), Counter())
    rows.append(("all", *(str(total[column]) for column in COLUMNS)))
    lines = [f"With google-genai {version('google-genai')}:", "", *("| " + " | ".join(row) + " |" for row in rows), ""]
    if modules := total["not imported"]:
        lines.append(f"{modules} modules can't be imported, as they need files that the SDK doesn't ship, or `mcp`.")
    differing = [name for name, fate in fates.items() if fate == "differ"]
    lines += [f"- `{name}` {KNOWN.get(name, 'differs')}" for name in differing]
    return "\n".join(lines)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command prints


if __name__ == "__main__":
    sys.exit(main())
