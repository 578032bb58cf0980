"""What the tests of live interactions share."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of a cassette."""
    return tmp_path / "c.yaml"


@pytest.fixture(autouse=True)
def _experimental() -> Iterator[None]:
    """Let google-genai's warning pass that its live interactions are experimental."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*[Ll]ive [Ii]nteractions.*")
        yield
