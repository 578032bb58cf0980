"""What is named on a command line: cassettes, directories of them, tests."""

from __future__ import annotations

from time import process_time
from typing import TYPE_CHECKING

from pytest_interactions.commands.named import Named
from pytest_interactions.store.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_name_is_looked_up_once_among_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that as many tests may be named as there are, each in a directory that may be named, too."""
    monkeypatch.chdir(tmp_path)
    names = [f"cassettes/{number // 100}/{number}.yaml" for number in range(10_000)]
    named = Named(Project.at(tmp_path), [*names, "cassettes/whole"])
    begun = process_time()
    assert all(name in named for name in names)
    assert process_time() - begun < 2  # by a look at each of them, it would be 10 s
    assert "cassettes/whole/deep/a.yaml" in named
    assert "cassettes/whole" in named
    assert "cassettes/wholesome/a.yaml" not in named
    assert "cassettes/a.yaml" not in named
    assert "cassettes/1/1.yaml" not in named
