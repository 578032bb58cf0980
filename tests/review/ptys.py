"""A real terminal, a pty, in which a command runs: its screen as a person sees it, and keys."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from typing import TYPE_CHECKING

from pytest_interactions.review.cells import cells

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PATIENCE = 10  # seconds, which are never waited for where all is well
#: All that a review may tell a terminal: where to draw, what to clear, and colours.
_TOLD = re.compile(r"\x1b\[(H|J|K|[\d;]*m)|\r\n|[^\x1b]")


class Screen:
    """What a terminal shows of a text: a small terminal of VT100's kind, which refuses what no review says."""

    def __init__(self, columns: int, lines: int) -> None:
        self.columns, self.lines = columns, lines
        self.colours: set[str] = set()
        self._rows = [""]
        self._at = self._column = 0

    def feed(self, text: str) -> str:
        """Show a text, and return the end of it that is not whole."""
        place = 0
        while place < len(text):
            told = _TOLD.match(text, place)
            if told is None:
                assert len(text) - place < 10, f"no review says {text[place : place + 20]!r}"
                return text[place:]
            self._do(told)
            place = told.end()
        return ""

    def _do(self, told: re.Match[str]) -> None:
        code = told[1]
        if told[0] == "\r\n":
            self._at, self._column = self._at + 1, 0
            self._rows += [""] * (self._at - len(self._rows) + 1)
            gone = max(0, len(self._rows) - self.lines)
            self._rows, self._at = self._rows[gone:], self._at - gone
        elif code is None:
            assert told[0].isprintable(), f"no review says {told[0]!r}"
            self._rows[self._at] = self._rows[self._at][: self._column] + told[0]
            self._column += 1
        elif code == "H":
            self._at = self._column = 0
        elif code == "K":
            self._rows[self._at] = self._rows[self._at][: self._column]
        elif code == "J":
            self._rows[self._at + 1 :] = []
        else:
            self.colours.add(code)

    def text(self) -> str:
        """Return what is shown."""
        return "\n".join(row.rstrip() for row in self._rows)

    def fits(self) -> bool:
        """Return whether no line is longer than the terminal is wide, and all are on it."""
        return len(self._rows) <= self.lines and all(cells(row) <= self.columns for row in self._rows)


class Terminal:
    """A terminal with a process in it."""

    def __init__(
        self, cwd: Path, *arguments: str, columns: int = 80, lines: int = 24, code: str = "", **env: str
    ) -> None:
        """Run `pytest-interactions` with these arguments in a directory; before that, some `code`."""
        program = [
            sys.executable,
            "-c",
            f"import sys\n{code}\nfrom pytest_interactions.commands import main\nsys.exit(main())",
        ]
        environ = {
            name: value for name, value in os.environ.items() if name not in {"CI", "NO_COLOR", "COLUMNS", "LINES"}
        }
        reading, writing = os.pipe()
        self.pid, self._master = pty.fork()
        if not self.pid:
            try:
                os.close(writing)
                os.read(reading, 1)  # until the terminal has its size
                os.chdir(cwd)
                os.execve(sys.executable, [*program, *arguments], environ | {"TERM": "xterm", **env})
            finally:
                os._exit(127)
        self.screen = Screen(columns, lines)
        self.resize(columns, lines)
        os.close(reading)
        os.close(writing)
        self._rest = b""
        self.status: int | None = None
        self.mode = termios.tcgetattr(self._master)

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size; the kernel tells the process."""
        self.screen.columns, self.screen.lines = columns, lines
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, keys: str | bytes) -> None:
        """Press some keys."""
        os.write(self._master, keys.encode() if isinstance(keys, str) else keys)

    def shows(self, *texts: str) -> str:
        """Wait until the screen shows all of some texts, and return it."""
        return self._until(lambda: all(text in self.screen.text() for text in texts), f"{texts} on the screen")

    def ends(self) -> int:
        """Wait until the process has ended, and return its status."""
        self._until(lambda: self.status is not None, "the end")
        assert self.status is not None
        return self.status

    def mode_now(self) -> list[object]:
        """Return the mode in which the terminal is."""
        return list(termios.tcgetattr(self._master))

    def close(self) -> None:
        """Close the terminal, and wait for the process if it has not ended."""
        if self.status is None:
            self.hang_up()
        os.close(self._master)

    def hang_up(self) -> int:
        """Close the terminal as a connection does that breaks; wait for the process, and return its status."""
        os.close(self._master)
        self._master = os.open(os.devnull, os.O_RDONLY)
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                return self.status
            time.sleep(0.01)
        os.kill(self.pid, signal.SIGKILL)
        raise AssertionError("waited for the end")

    def _until(self, holds: Callable[[], bool], what: str) -> str:
        end = time.monotonic() + _PATIENCE
        while not holds():
            assert time.monotonic() < end, f"waited for {what}:\n{self.screen.text()}"
            assert self.status is None, f"waited for {what}, and it ended:\n{self.screen.text()}"
            self._read()
        return self.screen.text()

    def _read(self) -> None:
        if select.select([self._master], [], [], 0.2)[0]:
            try:
                data = self._rest + os.read(self._master, 65536)
            except OSError:  # as Linux says that the other end is closed
                self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
                return
            text = data.decode(errors="surrogateescape")
            whole = text.rstrip("".join(map(chr, range(0xDC80, 0xDD00))))
            self._rest = text[len(whole) :].encode(errors="surrogateescape")
            self._rest = self.screen.feed(whole).encode() + self._rest
