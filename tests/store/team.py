"""A project of a team: a repository of git's, whose cassettes are in a store."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from pytest_interactions.commands import main
from pytest_interactions.store.lock_file import LockFile
from pytest_interactions.store.project import _project_of
from tests.cassette.clients import KEY, MODEL
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from pytest_interactions.server.emulator import Emulator
    from pytest_interactions.store.lock_file import Entry

#: A picture as the API has it, of which a small one is large enough for a file of its own here.
PICTURE = {"type": "image", "mime_type": "image/png", "data": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ" * 4}


class Told(NamedTuple):
    """What a command ended with, and printed."""

    status: int
    out: str
    err: str


class Team:
    """A project with git, and the commands in it.

    Attributes:
        root: Its directory.
        store: The directory of the store.
        cache: The directory of the cache.
    """

    def __init__(
        self, top: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.root, self.store, self.cache = top / "project", top / "store", top / "cache"
        self.emulator, self._monkeypatch, self._capsys = emulator, monkeypatch, capsys
        self.root.mkdir()
        self.ini("interactions_store = ../store")
        (self.root / ".gitignore").write_text("/cassettes/\n")
        self.git("init", "-q", "-b", "main")
        monkeypatch.setenv("PYTEST_INTERACTIONS_CACHE", str(self.cache))
        monkeypatch.chdir(self.root)

    def ini(self, *lines: str) -> None:
        """Write the ini file."""
        (self.root / "pytest.ini").write_text("\n".join(["[pytest]", *lines, ""]))
        _project_of.cache_clear()  # a command reads it once

    def git(self, *words: str) -> str:
        """Run git, and return what it prints."""
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *who, *words], cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, message: str = "change") -> str:
        """Commit all there is, and return the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def path(self, name: str) -> Path:
        """Return the path that a cassette has in the tree."""
        return self.root / "cassettes" / f"{name}.yaml"

    def options(self, **more: Any) -> dict[str, Any]:
        """Return the options by which a cassette is opened here."""
        return {"store": str(self.store), "media_threshold": 64, **more}

    def ask(self, name: str, text: str, *, mode: str = "none", picture: bool = False, **more: Any) -> str:
        """Ask in a cassette, and return the answer."""
        with use_cassette(self.path(name), record_mode=mode, **self.options(**more)):
            return self.post(self.body(text, picture=picture)["input"])

    @staticmethod
    def body(text: str, *, picture: bool = False) -> dict[str, Any]:
        """Return a request of the app's."""
        return {"model": MODEL, "input": [{"type": "text", "text": text}, *([PICTURE] if picture else [])]}

    def post(self, content: list[dict[str, Any]]) -> str:
        """Ask the API, as the app of a test does."""
        answer = httpx.post(
            f"{self.emulator.url}/v1beta/interactions",
            json={"model": MODEL, "input": content},
            headers={"x-goog-api-key": KEY},
        )
        steps = answer.raise_for_status().json()["steps"]
        return str(steps[-1]["content"][0]["text"])

    def record(self, *names: str, text: str = "Hello", picture: bool = False, **more: Any) -> None:
        """Record cassettes anew."""
        for name in names:
            self.ask(name, f"{text}, {name}", mode="rewrite", picture=picture, **more)

    def replay(self, *names: str, text: str = "Hello", picture: bool = False) -> None:
        """Replay cassettes, with the API gone."""
        for name in names:
            assert self.ask(name, f"{text}, {name}", picture=picture).endswith(f"{text}, {name}")

    def run(self, *words: str) -> Told:
        """Run a command in the project."""
        self._capsys.readouterr()
        status = main(list(words))
        told = self._capsys.readouterr()
        return Told(status, told.out, told.err)

    @property
    def lock(self) -> LockFile:
        """Return the lock file."""
        return LockFile.read(self.root / "cassettes.lock")

    def entry(self, name: str) -> Entry:
        """Return the line of a cassette."""
        return self.lock.entry(f"cassettes/{name}.yaml")

    def tree(self) -> list[str]:
        """Return the files of cassettes and of media that are in the tree."""
        return _files(self.root / "cassettes")

    def stored(self) -> list[str]:
        """Return the objects of the store."""
        return _files(self.store)

    def age(self, days: float) -> None:
        """Let all objects of the store, and of the cache, be older."""
        for top in (self.store, self.cache):
            for file in (path for path in top.rglob("*") if path.is_file()):
                at = file.stat().st_mtime - days * 86400
                os.utime(file, (at, at))


def _files(top: Path) -> list[str]:
    return sorted(_relative(top))


def _relative(top: Path) -> Iterator[str]:
    yield from (str(path.relative_to(top)) for path in top.rglob("*") if path.is_file())
