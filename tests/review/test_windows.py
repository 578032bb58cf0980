"""Keys of a console of Windows: its functions stand in for a console, as there is none elsewhere."""

from __future__ import annotations

import sys
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def test_each_key_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that a console tells in two parts, and an interruption, too."""
    told = iter(["a", "\xe0", "H", "\x00", "Q", "\xe0", "?", "\r", "\x1b", "\x04", None])

    def getwch() -> str:
        char = next(told)
        if char is None:
            raise KeyboardInterrupt
        return char

    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(getwch=getwch))
    monkeypatch.delitem(sys.modules, "pytest_interactions.review.windows", raising=False)
    with import_module("pytest_interactions.review.windows").keys() as key:
        names = [key() for _ in range(8)]
    monkeypatch.delitem(sys.modules, "pytest_interactions.review.windows")
    assert names == ["a", "up", "page down", "", "enter", "escape", "ctrl-d", "ctrl-c"]
