"""A project with a store, its repository on a server, and forks of it: all on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
#: The commands of the package that is tested, and what else a machine of a CI has.
PATH: Final = f"{sys.prefix}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: What a project's tests are made of.
ASK: Final = """\
import os

import httpx


def ask(prompt):
    url = os.environ.get("GOOGLE_GEMINI_BASE_URL", "https://generativelanguage.googleapis.com")
    key = os.environ.get("GEMINI_API_KEY", "")
    body = {"model": "gemini-3.5-flash", "input": prompt}
    answer = httpx.post(f"{url}/v1beta/interactions", json=body, headers={"x-goog-api-key": key}).json()
    return answer["steps"][-1]["content"][0]["text"]
"""
OLD: Final = """\
from ask import ask


def test_old(interactions):
    assert "Old" in ask("Say: Old")
"""
NEW: Final = OLD.replace("old", "new").replace("Old", "New")
_GIT: Final = {
    "GIT_AUTHOR_NAME": "somebody",
    "GIT_AUTHOR_EMAIL": "somebody@example.com",
    "GIT_COMMITTER_NAME": "somebody",
    "GIT_COMMITTER_EMAIL": "somebody@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a machine that has nothing of this one's but the package and its commands."""
    return {
        "PATH": PATH,
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTEST_INTERACTIONS_CACHE": str(home / "cache"),
        "PYTEST_ADDOPTS": "-p no:cacheprovider -p no:recording",
        **{name: value for name, value in os.environ.items() if name.startswith("COV_")},
        **_GIT,
        **more,
    }


@dataclass(frozen=True)
class Clone:
    """A clone of a repository, with a cache of its own: the machine of somebody."""

    path: Path
    env: dict[str, str]

    def do(self, *words: str, **more: str) -> str:
        """Run a command in it, and return what it prints."""
        env = self.env | more
        done = subprocess.run(words, cwd=self.path, env=env, check=False, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    def write(self, **files: str) -> None:
        """Write files, of which each name has `__` where its path has `/` and `_DOT_` where it has `.`."""
        for name, text in files.items():
            path = self.path / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    def commit(self, message: str = "Change something") -> str:
        """Commit all, and return the commit's name."""
        self.do("git", "add", "--all")
        self.do("git", "commit", "--quiet", "--message", message)
        return self.do("git", "rev-parse", "HEAD")

    def record(self, url: str, *arguments: str) -> str:
        """Record against an API."""
        key = {"GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": "AIzaSyOfADeveloper-0123456789"}
        return self.do("python", "-m", "pytest", "-q", "--interactions-record-mode=once", *arguments, **key)


@dataclass(frozen=True)
class Server:
    """A directory of bare repositories, as a server has them."""

    directory: Path

    def repository(self, name: str, *, of: str = "") -> Path:
        """Make a repository, a fork of another if that is given, and return its path."""
        path = self.directory / name
        git = ("git", "-c", "init.defaultBranch=main")
        words = ("clone", "--bare", str(self.directory / of)) if of else ("init", "--bare")
        subprocess.run([*git, *words, "--quiet", str(path)], check=True, env=environment(self.directory))
        return path

    def clone(self, name: str, to: Path, branch: str = "", **env: str) -> Clone:
        """Clone a repository to the machine `to`."""
        to.mkdir(parents=True, exist_ok=True)
        machine = environment(to, **env)
        on = ("--branch", branch) if branch else ()
        words = ["git", "clone", "--quiet", *on, str(self.directory / name), str(to / "project")]
        subprocess.run(words, check=True, env=machine)
        return Clone(to / "project", machine)
