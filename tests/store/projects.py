"""Projects in git whose cassettes are in a store: a directory, or none."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.commands import main
from pytest_interactions.files import storage
from pytest_interactions.redaction.gate import Gate
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.secrets import Secrets
from pytest_interactions.store.lock_file import LockFile
from tests.support import program

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

_GATE = Gate(Redactor(secrets=Secrets([])))
_JSON = {"content-type": ["application/json"]}
_URL = "https://generativelanguage.googleapis.com/v1beta/interactions"


def exchange(answer: str, *, prompt: str = "Where?", id_: str = "v1_x", model: str = "gemini-3.5-flash") -> Exchange:
    """One exchange of a conversation."""
    request = Request(method="POST", uri=_URL, headers=_JSON)
    response = Response(status=200, reason="OK", headers=_JSON)
    steps: Any = [{"type": "model_output", "content": [{"type": "text", "text": answer}]}]
    return Exchange(
        request=request.with_json({"model": model, "input": prompt}).unparsed(),
        response=response.with_json({"id": id_, "model": model, "status": "completed", "steps": steps}).unparsed(),
    )


class Project:
    """A project below `top`, in a git repository of its own, with the working directory in it."""

    def __init__(self, top: Path, patch: pytest.MonkeyPatch, *, store: bool = True) -> None:
        self.top, self.root, self.store = top, top / "project", top / "store"
        self.root.mkdir()
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patch.delenv(name)  # of a hook that runs the tests, whose repository is another
        for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
            patch.setenv(name, str(top / "no config"))
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "Ann Author")
            patch.setenv(f"GIT_{role}_EMAIL", "ann@example.com")
        patch.setenv("GIT_EDITOR", "true")
        patch.setenv("PYTEST_INTERACTIONS_CACHE", str(top / "cache"))
        patch.chdir(self.root)
        self.git("init", "--quiet", "--initial-branch=main")
        option = f"interactions_store = {self.store}\n" if store else ""
        (self.root / "pytest.ini").write_text(f"[pytest]\n{option}", "utf-8")
        (self.root / ".gitignore").write_text("cassettes/\n" if store else "", "utf-8")
        self.commit("Begin")

    @property
    def lock_path(self) -> Path:
        """Where the lock file is."""
        return self.root / "cassettes.lock"

    @property
    def lock(self) -> LockFile:
        """The lock file as it is now."""
        return LockFile.read(self.lock_path)

    def git(self, *arguments: str, fails: bool = False) -> str:
        """Run git, and return what it prints; it must end well, or not."""
        ended = subprocess.run([program("git"), "-C", str(self.root), *arguments], capture_output=True, check=False)
        assert (ended.returncode != 0) is fails, (ended.stdout, ended.stderr)
        return ended.stdout.decode()

    def commit(self, message: str) -> str:
        """Commit all there is, and return its id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD").strip()

    def path(self, name: str) -> Path:
        """Where the cassette `name` is in the tree."""
        return self.root / "cassettes" / f"{name}.yaml"

    def record(self, name: str, answer: str, **more: str) -> Path:
        """Write a cassette into the tree."""
        storage.save(self.path(name), storage.Contents([exchange(answer, **more)]), _GATE)
        return self.path(name)

    def push(self) -> None:
        """Push all recordings of the tree."""
        assert main(["push"]) == 0

    def pushed(self, message: str, **answers: str) -> str:
        """Record cassettes with these answers, push them, and commit; return the commit's id."""
        for name, answer in answers.items():
            self.record(name, answer)
        self.push()
        return self.commit(message)

    def answer(self, name: str) -> str:
        """What the lock file says that a cassette has."""
        return self.lock.entry(f"cassettes/{name}.yaml").headline.partition('"')[2].rstrip('"')

    def digest(self, name: str) -> str:
        """Which object the lock file says that a cassette is."""
        return self.lock.entry(f"cassettes/{name}.yaml").digest

    def branches(self, ours: dict[str, str], theirs: dict[str, str]) -> None:
        """Push these answers on the branch `main`, and those on `theirs`, which both begin where `main` is."""
        self.git("checkout", "--quiet", "-b", "theirs")
        self.pushed("Record theirs", **theirs)
        self.git("checkout", "--quiet", "main")
        self.pushed("Record ours", **ours)

    def objects(self) -> set[str]:
        """The names of the objects that this machine has."""
        return {path.name for path in (self.top / "cache/cassettes").glob("*.yaml")}

    def forget(self) -> None:
        """Take all objects off this machine."""
        for path in (self.top / "cache/cassettes").glob("*.yaml"):
            path.unlink()
