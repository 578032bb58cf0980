"""Servers over a cassette, and APIs to record that the emulator is too well-behaved to be."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.server import ReplayServer
from tests.live.talk import serving
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator
    from tests.live.talk import Server


class Served:
    """The cassette of one test, behind a server: recorded from the emulator, or replayed without it."""

    def __init__(self, path: Path, emulator: Emulator) -> None:
        self.path = path
        self.emulator = emulator

    def record(self, **options: Any) -> AbstractContextManager[ReplayServer]:
        """Serve and record."""
        return self._serve(self.emulator.url, options={"record_mode": "once"} | options)

    def replay(self, **options: Any) -> AbstractContextManager[ReplayServer]:
        """Serve what was recorded, with the emulator gone."""
        self.emulator.stop()
        return self._serve(None, options=options)

    @contextmanager
    def _serve(self, upstream: str | None, *, options: dict[str, Any]) -> Iterator[ReplayServer]:
        with use_cassette(self.path, **options) as cassette, ReplayServer(cassette, upstream=upstream) as server:
            yield server


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a cassette is."""
    return tmp_path / "c.yaml"


@pytest.fixture
def api() -> Iterator[Server]:
    """An API of WebSockets that answers each message by itself."""
    with serving() as running:
        yield running


@pytest.fixture
def served(tmp_path: Path, emulator: Emulator) -> Served:
    """A cassette to record and replay through a server."""
    return Served(tmp_path / "c.yaml", emulator)
