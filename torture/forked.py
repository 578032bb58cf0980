"""Children that begin with everything imported, as a process of its own takes half a second for that."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(slots=True)
class Child:
    """A forked process.

    Attributes:
        pid: Its id.
        lines: What it has reported, complete once it was waited for.
        signal: The signal that ended it; 0 if none did.
        error: The error that ended it; `""` if none did.
    """

    pid: int
    _reading: int
    lines: list[str]
    signal: int = 0
    error: str = ""

    @classmethod
    def start(cls, work: Callable[[Callable[[str], object]], object], temporary: Path) -> Self:
        """Fork a child that does `work`, with a function to report lines, and with `temporary` for temporary files."""
        reading, writing = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(reading)
            os.environ["TMPDIR"] = str(temporary)
            tempfile.tempdir = str(temporary)  # else Python tries it out by a file, which a kill would leave there

            def report(line: str) -> None:
                os.write(writing, f"{line}\n".encode())

            try:
                _be_quiet()
                work(report)
            except BaseException as error:  # noqa: BLE001 - the parent judges it
                report(f"! {type(error).__name__}: {error}".replace("\n", "\\n"))
            finally:
                os._exit(0)
        os.close(writing)
        return cls(pid, reading, [])

    def wait(self) -> None:
        """Wait for its end."""
        with os.fdopen(self._reading) as said:
            lines = said.read().splitlines()
        _, status = os.waitpid(self.pid, 0)
        self.signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        self.error = next((line[2:] for line in lines if line.startswith("! ")), "")
        self.lines = [line for line in lines if not line.startswith("! ")]


def _be_quiet() -> None:
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)


def files_in(directory: Path) -> Iterator[Path]:
    """Yield everything below `directory` but folders, hidden or not."""
    for folder, _, names in os.walk(directory):
        yield from (Path(folder, name) for name in names)
