"""Counts what one exchange goes through in this package: functions, modules, and how often it is read and written.

Run as `python -m benchmarks.hops`. It times nothing, so its figures are the same on every machine.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx2

from benchmarks.material import question
from benchmarks.server import serving, streamed
from pytest_interactions import use_cassette

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_PACKAGE: Final = "pytest_interactions/"
#: What is counted besides: functions by the file they stand in and their name, Python's or C's.
_WORK: Final = {
    ("redaction/redactor.py", "request"): "redacted",
    ("redaction/redactor.py", "response"): "redacted",
    ("layout.py", "exchange_text"): "laid out",
    ("json/__init__.py", "loads"): "parsed as JSON",
    ("pydantic_core", "from_json"): "parsed as JSON",
    ("yaml/__init__.py", "compose"): "parsed as YAML",
    ("yaml/__init__.py", "load"): "parsed as YAML",
}


@dataclass(slots=True)
class Trace:
    """The functions of this package that were called, in order of their first call, and the work that was done."""

    calls: int = 0
    moves: int = 0
    functions: set[tuple[str, str, int]] = field(default_factory=set)
    modules: dict[str, None] = field(default_factory=dict)
    work: Counter[str] = field(default_factory=Counter)
    _last: str = ""

    def enter(self, frame: FrameType, event: str, argument: Any) -> None:
        """Take note of a call; for `sys.setprofile`."""
        if event == "c_call":
            self._count(getattr(argument, "__module__", None) or "", argument.__name__)
        if event != "call":
            return
        code = frame.f_code
        self._count(code.co_filename, code.co_name)
        _, inside, module = code.co_filename.rpartition(_PACKAGE)
        if not inside or code.co_name == "<module>":
            return
        self.calls += 1
        self.functions.add((module, code.co_qualname, code.co_firstlineno))
        self.modules[module] = None
        self.moves += module != self._last
        self._last = module

    def _count(self, file: str, name: str) -> None:
        for (place, called), what in _WORK.items():
            if name == called and file.endswith(place):
                self.work[what] += 1

    def row(self, name: str) -> str:
        """One line of the table."""
        facts = [len(self.functions), len(self.modules), self.calls, self.moves]
        done = [self.work[what] for what in ("redacted", "laid out", "parsed as JSON", "parsed as YAML")]
        return f"| {name} | {' | '.join(map(str, [*facts, *done]))} |"


@contextmanager
def traced() -> Iterator[Trace]:
    """Trace this thread inside the block."""
    trace = Trace()
    sys.setprofile(trace.enter)
    try:
        yield trace
    finally:
        sys.setprofile(None)


def main() -> int:
    """Trace a replay and a recording, and print a table."""
    rows = ["| way | functions | modules | calls | moves | redacted | laid out | parsed as JSON | parsed as YAML |"]
    rows.append("|" + " --- |" * 9)
    with serving() as url, tempfile.TemporaryDirectory() as scratch:
        target = f"{url}/v1beta/interactions"
        path = Path(scratch) / "hops.yaml"
        _send(path, target, 0, record_mode="once")  # what is imported once is imported
        rows += [
            *_recorded("recorded, unary", Path(scratch) / "unary.yaml", target, {}),
            *_recorded("recorded, stream of 12 events", Path(scratch) / "stream.yaml", target, streamed(12)),
            _send(path, target, 0).row("replayed, said to the letter"),
            _send(path, target, 0, query="?alt=json").row("replayed by key, first time"),
        ]
    print("\n".join(rows))  # noqa: T201 - a command prints
    return 0


def _recorded(name: str, path: Path, target: str, headers: dict[str, str]) -> list[str]:
    """One exchange, and the end of its cassette, which writes the file."""
    with httpx2.Client(headers=headers) as client, ExitStack() as stack:
        stack.enter_context(use_cassette(path, record_mode="once"))
        with traced() as request:
            client.post(target, json=question(0, 200))
        with traced() as closing:
            stack.close()
    return [request.row(name), closing.row("its cassette closed")]


def _send(path: Path, target: str, number: int, *, query: str = "", **options: Any) -> Trace:
    with httpx2.Client() as client, use_cassette(path, **options), traced() as trace:
        client.post(target + query, json=question(number, 200))
    return trace


if __name__ == "__main__":
    sys.exit(main())
