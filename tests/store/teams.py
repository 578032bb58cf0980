"""A project whose cassettes are in a store: recorded, pushed, forgotten by this machine, and replayed."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from pytest_interactions.commands import main
from pytest_interactions.store import lock_file
from pytest_interactions.store.project import _project_of

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from pytest_interactions.store.lock_file import Entry
    from tests.support import Runner

TEST = """
def test_hello(interactions):
    assert "Hello" in ask("Hello")
"""


class Team:
    """The project of a test."""

    def __init__(self, run: Runner, cache: Path) -> None:
        self.run, self.cache = run, cache
        self.root = run.pytester.path
        self.cassettes = self.root / "cassettes"
        self.lock_path = self.root / lock_file.NAME
        self.path = self.cassettes / "test_it" / "test_hello.yaml"

    def uses(self, store: str, *more: str) -> None:
        """Name the store in the ini file, with other lines of it."""
        self.run.pytester.makeini("\n".join(["[pytest]", f"interactions_store = {store}", *more]))
        _project_of.cache_clear()  # a command reads it once

    def records(self, source: str = TEST) -> bytes:
        """Record, and return the bytes of the cassette of `test_hello`."""
        self.run.test(source)
        self.run.record().assert_outcomes(passed=source.count("def test_"))
        return self.path.read_bytes() if self.path.exists() else b""

    def pushes(self, *arguments: str) -> None:
        """Push what there is; it works."""
        assert main(["push", *arguments]) == 0

    def is_pushed(self, store: str, source: str = TEST, *more: str) -> bytes:
        """Record and push, and have this machine forget all of it."""
        self.uses(store, *more)
        raw = self.records(source)
        self.pushes()
        self.forgets()
        return raw

    def forgets(self) -> None:
        """Empty the cache, as on another machine."""
        shutil.rmtree(self.cache, ignore_errors=True)

    def entry(self, name: str = "cassettes/test_it/test_hello.yaml") -> Entry:
        """What the lock file says of a cassette."""
        return lock_file.LockFile.read(self.lock_path).entry(name)

    def objects(self) -> list[str]:
        """The objects of the cache."""
        kinds = (self.cache / "cassettes", self.cache / "media")
        return sorted(file.name for kind in kinds if kind.exists() for file in kind.iterdir())

    def tree(self) -> dict[str, bytes]:
        """All files of the project, without what Python compiles, and what pytester writes."""
        files = (file for file in self.root.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
        files = (file for file in files if file.name not in {"stdout", "stderr"})
        return {file.relative_to(self.root).as_posix(): file.read_bytes() for file in files}

    def command(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
        """Run a command, and return its status, output and errors."""
        capsys.readouterr()
        status = main(arguments)
        captured = capsys.readouterr()
        return status, captured.out, captured.err
