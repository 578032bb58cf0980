"""The promises, of what atheris makes of real input: it keeps what reaches new lines, and changes that further."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from torture import NotHereError

if TYPE_CHECKING:
    from torture import Outcome

_MEMORY: Final = 2000  # MB
_SLOW: Final = 10  # seconds for one input
_RUNS: Final = re.compile(r"stat::number_of_executed_units:\s+(\d+)")


def codec(seconds: int, seed: int = 0) -> Outcome:
    """Try the codec of streams."""
    return _guided("codec", seconds, seed)


def loader(seconds: int, seed: int = 0) -> Outcome:
    """Try the reader of cassettes."""
    return _guided("loader", seconds, seed)


def redactor(seconds: int, seed: int = 0) -> Outcome:
    """Try the redactor."""
    return _guided("redactor", seconds, seed)


def server(seconds: int, seed: int = 0) -> Outcome:
    """Try the emulator's reading of requests."""
    return _guided("server", seconds, seed)


def _guided(target: str, seconds: int, seed: int) -> Outcome:
    """Run atheris in a process of its own, which it ends at the first failure.

    Raises:
        NotHereError: atheris is not installed; it is made for Linux on x86-64 alone.
    """
    if importlib.util.find_spec("atheris") is None:
        raise NotHereError(f"there is no atheris for Python {sys.version_info.major}.{sys.version_info.minor} here")
    with TemporaryDirectory(prefix="torture-") as scratch:
        corpus, found = Path(scratch, "corpus"), Path(scratch, "found")
        corpus.mkdir()
        found.mkdir()
        options = {
            "max_total_time": seconds,
            "seed": seed + 1,  # 0 would be one drawn anew
            "rss_limit_mb": _MEMORY,
            "timeout": _SLOW,
            "max_len": 8192,
            "print_final_stats": 1,
            "artifact_prefix": f"{found}/",
        }
        command = [sys.executable, "-m", "torture.atheris_targets", target, str(corpus)]
        command += [f"-{name}={value}" for name, value in options.items()]
        here = os.pathsep.join(filter(None, (str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH"))))
        done = subprocess.run(  # noqa: S603 - it is this Python
            command,
            env=os.environ | {"PYTHONPATH": here},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        said = done.stdout.decode("utf-8", "replace")
        runs = _RUNS.search(said)
        inputs = [file.read_bytes() for file in sorted(found.iterdir())]
    cases = int(runs[1]) if runs else 0
    if done.returncode == 0 and not inputs:
        return cases, []
    shown = " ".join(line for line in said.splitlines() if re.match(r"\w*(Error|Exception)\b|.*ERROR", line))
    return cases, [f"{shown[:500] or said[-500:]} by {data!r:.1500}" for data in inputs or [b""]]
