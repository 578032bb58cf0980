"""A project with a store, its repository on a server, and forks of it: all on this machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.scripted_server import Asked

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


@dataclass(frozen=True)
class Project:
    """A project with a store, as its repository has it: one test is recorded, and its recording is pushed.

    Attributes:
        repository: A bare repository, to be copied.
        env: How its store in S3 is reached.
    """

    repository: Path
    env: dict[str, str]


class World:
    """A project on a server, a fork of it that proposes something, and what the machines of a CI have.

    Args:
        tmp_path: Where all of this is.
        project: The project.
        api: The URL of the Interactions API.
        suffix: What repositories have at the end of their names on this server.
        proposed: The name that the server gives to the commits of a proposal.
    """

    def __init__(self, tmp_path: Path, project: Project, api: str, *, suffix: str, proposed: str) -> None:
        self.proposed, self.suffix = proposed, suffix
        self.tmp_path, self.api, self.s3 = tmp_path, api, project.env
        self.server = Server(tmp_path / "server")
        self.origin = shutil.copytree(project.repository, self.server.directory / f"owner/project{suffix}")
        self.fork = shutil.copytree(project.repository, self.server.directory / f"stranger/project{suffix}")
        self.stranger = self.server.clone(f"stranger/project{suffix}", tmp_path / "stranger")
        self.stranger.do("git", "switch", "--quiet", "--create", "feature")
        self.head = ""
        self.asked: list[Asked] = []

    def machine(self) -> tuple[dict[str, str], dict[str, str]]:
        """Make the programs of a CI, and return its environment and what it sets in place of the real API."""
        programs = self.tmp_path / "programs"
        programs.mkdir()
        for name, shell in {
            "docker": f'exec {sys.executable} {ROOT}/tests/ci/docker.py "$@"',
            "pip": f'echo "$@" >> {self.tmp_path}/installed',  # nothing: what is tested is there
        }.items():
            (programs / name).write_text(f"#!/bin/sh\n{shell}\n")
            (programs / name).chmod(0o755)
        self.containers = self.tmp_path / "containers"
        self.containers.mkdir()
        machine = {
            **self.s3,
            "PATH": f"{programs}:{PATH}",
            "DOCKER_STAND_IN": str(self.containers),
            "DOCKER_PATH": PATH,
            "DOCKER_PYTHONPATH": str(ROOT),
        }
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        settings = {"API": self.api, "PORT": str(port), "SETUP": "if test -f setup.sh; then sh setup.sh; fi"}
        return machine, settings

    def propose(self, **files: str) -> str:
        """Have the fork propose files, and return the commit."""
        self.stranger.write(**files)
        self.head = self.stranger.commit("Propose")
        self.stranger.do("git", "push", "--quiet", "origin", "feature")
        self.stranger.do("git", "push", "--quiet", "--force", str(self.origin), f"feature:{self.proposed}")
        return self.head

    def branch(self) -> Clone:
        """A new clone of the fork's branch, on a machine that has nothing yet."""
        return self.server.clone(f"stranger/project{self.suffix}", self.tmp_path / "new", "feature")

    def in_containers(self) -> bytes:
        """All that code of the fork could write, anywhere."""
        files = [path for path in (self.containers / "volumes").rglob("*") if path.is_file() and not path.is_symlink()]
        return b"\n".join(path.read_bytes() for path in files)
