"""Fixtures of the project's own tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

# Imported late by httpx and httpx2; a pytest run inside a test would make them forget, and then import them anew.
import httpcore  # noqa: F401
import httpcore2  # noqa: F401
import pytest

from pytest_interactions.server.emulator import Emulator
from tests.support import Runner

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key and no base URL of the machine leaks into a test."""
    # Nor that this run is a worker's, which the pytest runs inside the tests would take for their own.
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL", "PYTEST_XDIST_WORKER"):
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
