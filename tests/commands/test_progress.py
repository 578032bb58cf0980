"""Progress, as a real terminal shows it."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_interactions.files.layout import dumps
from tests.redaction.support import KEY

if TYPE_CHECKING:
    from pathlib import Path

#: What a program has that goes through three items, and waits at the second until there is a bar or none.
_PROGRAM = """
import sys, time
from pathlib import Path
from threading import enumerate as threads
from pytest_interactions.commands import progress

def is_timed():
    return any(type(each).__name__ == "Timer" for each in threads())

progress.AFTER = 0.01
with progress.progress(map(Path, ["a.yaml", "b\x1b\N{SNOWMAN}.yaml", "c.yaml"])) as items:
    print("what is gone through:", type(items).__name__)
    for item in items:
        print("at", item.name[0])
        while item.name[0] == "b" and is_timed():
            time.sleep(0.01)
        print("after", item.name[0])
print("rich" in sys.modules, type(sys.stdout).__module__)
"""
#: The same with a timer that is over as soon as it starts, for a program that ends soon.
_AT_ONCE = """
from pytest_interactions.commands import main, progress

class Timer:
    def __init__(self, _, do):
        self.start, self.cancel, self.join = do, lambda: None, lambda: None

progress.Timer = Timer
"""
_BAR = "\u2501" * 5


def _at_a_terminal(code: str, *, env: dict[str, str] | None = None, stdout: int | None = None) -> str:
    """Return all that a program writes to a terminal, on its standard error and output, or on the first alone."""
    ours, its = pty.openpty()
    environ = {name: value for name, value in os.environ.items() if name not in {"CI", "NO_COLOR"}}
    environ |= {"TERM": "xterm-256color", "COLUMNS": "80", **(env or {})}
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=its, stdout=its if stdout is None else stdout, stderr=its, env=environ
    )
    os.close(its)
    written = b""
    while True:
        try:
            piece = os.read(ours, 1 << 16)
        except OSError:  # Linux says so that nobody writes there any more
            break
        if not piece:
            break
        written += piece
    os.close(ours)
    assert process.wait() == 0, written.decode()
    return written.decode()


def test_a_bar_says_how_far_it_is_and_is_gone_at_the_end() -> None:
    """What is printed meanwhile stands above it, line by line, and names command no terminal."""
    written = _at_a_terminal(_PROGRAM)
    assert "what is gone through: _Bar\r\n" in written
    assert f"{_BAR}" in written
    assert "1/3 b\\x1b\N{SNOWMAN}.yaml" in written
    assert "3/3 c.yaml" in written
    assert "at b\r\n" in written
    assert "after b\r\n" in written
    end = written[written.rindex("3/3") :]
    assert "\x1b[2K" in end  # the line of the bar is erased
    assert end.endswith("True _io\r\n")
    assert "\x1b\N{SNOWMAN}" not in written


def test_rich_is_not_imported_before_a_second_has_passed() -> None:
    """What is over soon has no bar, and does not wait for one."""
    written = _at_a_terminal(_PROGRAM.replace("progress.AFTER = 0.01", "").replace("and is_timed()", "and False"))
    assert written.endswith("after c\r\nFalse _io\r\n")
    assert "\x1b" not in written


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"CI": "true"}])
def test_no_bar_is_drawn_where_nobody_looks(env: dict[str, str]) -> None:
    """Nor where it can't be drawn."""
    written = _at_a_terminal(_PROGRAM, env=env)
    assert "what is gone through: map\r\n" in written
    assert "\x1b" not in written


def test_no_bar_is_drawn_into_a_pipe() -> None:
    ended = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert "what is gone through: map\n" in ended.stdout
    assert ended.stderr == ""


def test_output_that_goes_elsewhere_is_left_alone(tmp_path: Path) -> None:
    """The bar is at the terminal, and the lines are in the file."""
    with (tmp_path / "out").open("wb") as file:
        written = _at_a_terminal(_PROGRAM, stdout=file.fileno())
    assert "3/3 c.yaml" in written
    assert "after" not in written
    lines = (tmp_path / "out").read_text().splitlines()
    assert lines == [
        "what is gone through: _Bar",
        *(f"{when} {item}" for item in "abc" for when in ("at", "after")),
        "True _io",
    ]


def test_a_bar_without_colours_is_drawn_where_they_are_not_wanted() -> None:
    written = _at_a_terminal(_PROGRAM, env={"NO_COLOR": "1"})
    assert _BAR in written
    assert "\x1b[38" not in written


def test_there_is_no_bar_without_rich() -> None:
    """And no error."""
    written = _at_a_terminal(f"import sys\nsys.modules['rich'] = None\nsys.modules['rich.console'] = None\n{_PROGRAM}")
    assert "what is gone through: _Bar\r\n" in written
    assert "after c\r\n" in written
    assert "\x1b" not in written


def test_an_interrupt_takes_the_bar_away(tmp_path: Path) -> None:
    """The terminal is as it was, and the line that says so is whole."""
    (tmp_path / "c.yaml").write_text(dumps([]))
    code = f"""{_AT_ONCE}

def interrupt(*_):
    raise KeyboardInterrupt

from pytest_interactions.commands import scan
scan.read = interrupt
assert main(["scan", {str(tmp_path)!r}]) == 2
"""
    written = _at_a_terminal(code)
    end = written[written.rindex("0/1") :]
    assert "\x1b[?25h" in end  # the cursor is there again
    assert end.endswith("pytest-interactions: interrupted\r\n")


@pytest.mark.parametrize("command", ["check", "scan", "redact"])
def test_what_looks_through_files_names_them_without_their_secrets(command: str, tmp_path: Path) -> None:
    """The name of a file may hold a key."""
    (tmp_path / f"{KEY}.yaml").write_text(dumps([]))
    written = _at_a_terminal(f"{_AT_ONCE}\nassert main([{command!r}, {str(tmp_path)!r}]) == 1")
    assert re.search(r"1/1 \S*/REDACTED\.yaml", written)
    assert KEY not in written
    assert "REDACTED.yaml: a Google API key" in written


def test_the_moving_of_a_suite_is_shown_too(tmp_path: Path) -> None:
    """Its tests while it is read and planned, its cassettes while they are written."""
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "test_it.py").write_text("import pytest\n\n@pytest.mark.vcr\ndef test_it():\n    ...\n")
    old = tmp_path / "cassettes" / "test_it" / "test_it.yaml"
    old.parent.mkdir(parents=True)
    item = {
        "request": {"method": "GET", "uri": "https://h.example/", "body": None, "headers": {"x-goog-api-key": ["key"]}},
        "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": ""}},
    }
    old.write_text(json.dumps({"version": 1, "interactions": [item]}))
    written = _at_a_terminal(f"{_AT_ONCE}\nassert main(['adopt', '--write', {str(tmp_path)!r}]) == 0")
    assert written.count("1/1 test_it") >= 2
    assert "1/1 cassettes/test_it/test_it.yaml" in written
