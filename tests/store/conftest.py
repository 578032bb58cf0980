"""Fixtures of the tests of stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.store.projects import Project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project in git with a store."""
    return Project(tmp_path, monkeypatch)
