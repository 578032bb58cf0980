"""The real time, though a test may have set the clock of its process, as freezegun and time-machine do."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from importlib.machinery import BuiltinImporter
from importlib.util import module_from_spec
from typing import TYPE_CHECKING, Any

from pytest_interactions.files.real import real_files

if TYPE_CHECKING:
    from types import ModuleType


def _own_time() -> ModuleType:
    """Return a `time` of our own: freezegun replaces the functions of the one that everybody has."""
    spec: Any = BuiltinImporter.find_spec("time")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_TIME: Any = _own_time()


def seconds() -> float:
    """Return the seconds since some moment, for the time between two calls."""
    value: float = _TIME.perf_counter()
    return value


def nanoseconds() -> int:
    """Return the time in nanoseconds, as the times of files have it."""
    value: int = _TIME.time_ns()
    return value


def now() -> datetime:
    """Return the time as a new file tells it; the process's own where no file can be made."""
    with suppress(OSError), real_files():
        return at(of_a_new_file())
    return at(time.time_ns())


def of_a_new_file() -> int:
    """Return the time that a file has which is made now, in nanoseconds, to compare with those of others.

    Raises:
        OSError: No file can be made.
    """
    with tempfile.TemporaryFile() as file:
        return os.fstat(file.fileno()).st_mtime_ns


def at(nanoseconds: int) -> datetime:
    """Return the time that a file has, to the second."""
    return datetime.fromtimestamp(nanoseconds // 10**9, UTC)
