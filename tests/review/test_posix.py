"""Keys of a terminal of POSIX, by the bytes that it sends."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

if sys.platform == "win32":
    pytest.skip("it has no pty", allow_module_level=True)
import pty

from pytest_interactions.review.posix import keys

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def master(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The other end of the terminal of this process."""
    ours, its = pty.openpty()
    with os.fdopen(its) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield ours


def test_each_key_has_a_name(master: int) -> None:
    """Characters of several bytes, and keys that send several characters, are one key each."""
    sent = {
        b"a": "a",
        "é".encode(): "é",
        "三".encode(): "三",
        "👍".encode(): "👍",
        b"\x1b[A": "up",
        b"\x1bOB": "down",
        b"\x1b[5~": "page up",
        b"\x1b[1;5C": "\x1b[1;5C",
        b"\r": "enter",
        b"\x04": "ctrl-d",
        b"\xc3": "\N{REPLACEMENT CHARACTER}",
        b"\x1b": "escape",
    }
    with keys() as key:
        for data, name in sent.items():
            os.write(master, data)
            assert key() == name
        os.write(master, b"".join([b"\x1b[A", "é".encode(), b"\x1b[B"]))
        assert [key(), key(), key()] == ["up", "é", "down"]
    os.close(master)


def test_a_terminal_that_is_gone_ends_the_process(master: int) -> None:
    with keys() as key, pytest.raises(SystemExit):
        os.close(master)
        key()
