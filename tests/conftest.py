"""Fixtures of the project's own tests."""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import sys
from contextlib import suppress
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

# Imported late by httpx and httpx2; a pytest run inside a test would make them forget, and then import them anew.
import httpcore  # noqa: F401
import httpcore2  # noqa: F401
import pytest
from hypothesis import settings

from pytest_interactions.files import journal
from pytest_interactions.server.emulator import Emulator
from pytest_interactions.store import cache
from tests.support import Runner

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a killed recording leaves, and what is fetched, is none of this user's; the tests' processes know it too.
for _variable in (journal.VARIABLE, cache.VARIABLE):
    os.environ[_variable] = _directory = mkdtemp()
    atexit.register(shutil.rmtree, _directory, ignore_errors=True)

# How long an example takes says how much else the machine does.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_settrace = sys.settrace


def _settrace_in_turn(function: Any) -> None:
    """Install a trace function, and try again where another thread is about to: CPython 3.11 refuses two at once."""
    for _ in range(99):
        with suppress(RuntimeError):
            return _settrace(function)
    return _settrace(function)


# Whoever asks for an event loop where none was ever set is given a new one; pytest-asyncio asks, and closes none.
asyncio.set_event_loop(None)

# coverage has each thread install its own one when it begins, and a thread that can't ends there.
sys.settrace = _settrace_in_turn


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key and no base URL of the machine leaks into a test."""
    # Nor that this run is a worker's, which the pytest runs inside the tests would take for their own, or GitHub's.
    for name in (
        "GEMINI_API_KEY",
        "GOOGLE_API_KEY",
        "GOOGLE_GEMINI_BASE_URL",
        "PYTEST_XDIST_WORKER",
        "GITHUB_ACTIONS",
        "CI",
        "TF_BUILD",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A local Interactions API on a real socket."""
    with Emulator() as running:
        yield running


@pytest.fixture
def run(pytester: pytest.Pytester, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Runs tests in a directory of their own, recording against the emulator or replaying without it."""
    return Runner(pytester, emulator, monkeypatch)
