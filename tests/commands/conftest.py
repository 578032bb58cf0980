"""Fixtures of the tests of `adopt`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.commands.adopting import Suite, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import ThreadingHTTPServer
    from pathlib import Path


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """A project."""
    return Suite(tmp_path)


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """A local server."""
    yield from serving()
