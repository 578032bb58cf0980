"""How everything here is measured: in turns, medians, each figure beside the one that it is compared with."""

from __future__ import annotations

import gc
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

#: Seconds after which a child process is given up.
PATIENCE = 300
#: What a child process may take, so that a mistake here does not take the machine down.
MEMORY_LIMIT = 12 * 2**30


def timed(work: Callable[[], object]) -> float:
    """The seconds that `work` takes, begun with no garbage left to collect."""
    gc.collect()
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def in_turns(contenders: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Let the contenders run in turns, so that what else the machine does meets them all.

    Args:
        contenders: By name, what runs once and returns its own figure.
        rounds: How often each one runs; each round begins with another.

    Returns:
        All figures by name, in the order of the rounds.
    """
    names = list(contenders)
    figures: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            figures[name].append(contenders[name]())
    return figures


def ratio(figures: Iterable[float], others: Iterable[float]) -> float:
    """How many times as large `figures` are as `others`: of their medians."""
    return median(figures) / median(others)


@dataclass(frozen=True, slots=True)
class Run:
    """What a child process took, in seconds, and what it printed."""

    wall: float
    output: str

    @property
    def json(self) -> Any:
        """The last line that it printed, parsed."""
        return json.loads(self.output.splitlines()[-1])


def child(arguments: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Run:
    """Run this Python with `arguments` to its end.

    Raises:
        RuntimeError: It failed; the message is what it printed.
    """
    begun = time.perf_counter()
    process = subprocess.run(  # noqa: S603 - our own modules and pytest
        [sys.executable, *arguments],
        cwd=cwd,
        # Compiled modules are kept, as they are on any developer's machine.
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        preexec_fn=_limit,
    )
    wall = time.perf_counter() - begun
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with {process.returncode}:\n{process.stdout[-3000:]}")
    return Run(wall, process.stdout)


def peak() -> float:
    """The most memory that this process has had so far, in MB."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:  # macOS, where getrusage counts bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    # Not getrusage: on Linux that begins with what the parent had.
    kibibytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(kibibytes) * 1024 / 1e6


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
