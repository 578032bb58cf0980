"""What a mutant changes must show in every test, also in what was computed before it and kept."""

from __future__ import annotations

from pytest_interactions.redaction import tree


def pytest_runtest_setup() -> None:
    """Forget the tree of places, which is made when a module is imported: before there is any mutant."""
    tree.tree.cache_clear()
