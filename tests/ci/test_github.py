"""The workflows of `examples/ci/github`, run as they are written, but for what they say of a project.

The containers are those of `tests.ci.docker`, which says what of real ones is not tested here.
"""

from __future__ import annotations

import json
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.server.emulator import Emulator
from tests.ci import docker
from tests.ci.github import Actions
from tests.ci.projects import ASK, NEW, OLD, PATH, ROOT, Clone, Server
from tests.scripted_server import Answer, Asked, scripted
from tests.store import s3

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORD, REPLAY = ROOT / "examples/ci/github/record.yml", ROOT / "examples/ci/github/replay.yml"
KEY = "AIzaSyOfTheProject-0123456789abcdefghijk"
READER = {"STORE_READER_ID": "AKIAOFTHEREADER", "STORE_READER_SECRET": "reader/secret/0123456789"}
WRITER = {"STORE_WRITER_ID": "AKIAOFTHEWRITER", "STORE_WRITER_SECRET": "writer/secret/0123456789"}
BOT = {"RECORDING_BOT_TOKEN": "ghp_OfTheBot0123456789"}
SECRETS = {
    "": READER,
    "recording": {"GEMINI_API_KEY": KEY, **READER},
    "recording-store": WRITER,
    "recording-bot": BOT,
}
#: What no code of a fork may see.
SECRET = [KEY, READER["STORE_READER_SECRET"], *WRITER.values(), *BOT.values(), "ghs_OfThisRun"]

pytestmark = pytest.mark.skipif(
    not docker.is_usable(),
    reason="only root can make what stands for containers, with unshare and setpriv of util-linux",
)


@dataclass(frozen=True)
class Project:
    """A project with a store, as its repository has it: one test is recorded, and its recording is pushed.

    Attributes:
        repository: A bare repository, to be copied.
        env: How its store in S3 is reached.
    """

    repository: Path
    env: dict[str, str]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with a store in S3."""
    place = tmp_path_factory.mktemp("project")
    with s3.serving() as url, Emulator() as api:
        env = {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1"}
        server = Server(place)
        repository = server.repository("project")
        owner = server.clone("project", place / "owner", AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b", **env)
        owner.write(
            pytest_DOT_ini=f"[pytest]\ninteractions_store = {s3.bucket(url, 'recordings')}\n",
            _DOT_gitignore="cassettes/\n__pycache__/\n",
            ask_DOT_py=ASK,
            test_old_DOT_py=OLD,
        )
        owner.do("git", "switch", "--quiet", "--create", "main")
        owner.record(api.url)
        owner.do("pytest-interactions", "push")
        owner.commit("Begin")
        owner.do("git", "push", "--quiet", "origin", "main")
        yield Project(repository, env)


class World:
    """A project on GitHub, a pull request of a fork, and who asks what of it."""

    def __init__(self, tmp_path: Path, project: Project, api: str, github: str) -> None:
        self.tmp_path, self.api, self.s3 = tmp_path, api, project.env
        self.server = Server(tmp_path / "server")
        self.origin = shutil.copytree(project.repository, self.server.directory / "owner/project")
        self.fork = shutil.copytree(project.repository, self.server.directory / "stranger/project")
        self.stranger = self.server.clone("stranger/project", tmp_path / "stranger")
        self.stranger.do("git", "switch", "--quiet", "--create", "feature")
        self.actions = self._actions(github)
        self.head = ""
        self.asked: list[Asked] = []

    def _actions(self, github: str) -> Actions:
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
        return Actions(
            self.tmp_path / "runner", self.server.directory, "owner/project", github, SECRETS, machine, settings
        )

    def propose(self, **files: str) -> str:
        """Have the fork propose files, and return the commit."""
        self.stranger.write(**files)
        self.head = self.stranger.commit("Propose")
        self.stranger.do("git", "push", "--quiet", "origin", "feature")
        self.stranger.do("git", "push", "--quiet", "--force", str(self.origin), "feature:refs/pull/7/head")
        return self.head

    def labelled(self, who: str = "maintainer", label: str = "record", commit: str = "") -> dict[str, Any]:
        """The event of a label."""
        pull = {"number": 7, "head": {"sha": commit or self.head}}
        return {"sender": {"login": who}, "label": {"name": label}, "pull_request": pull}

    def commented(self, body: str, who: str = "maintainer") -> dict[str, Any]:
        """The event of a comment."""
        issue = {"number": 7, "pull_request": {"url": "here"}}
        return {"sender": {"login": who}, "comment": {"body": body}, "issue": issue}

    def answer(self, asked: Asked) -> Answer:
        """Answer as GitHub's API does."""
        self.asked.append(asked)
        path = asked.path.removeprefix("/repos/owner/project/")
        if path.startswith("collaborators/"):
            return Answer({"permission": {"maintainer": "write", "sorter": "read"}.get(path.split("/")[1], "none")})
        if path == "pulls/7":
            head = {"sha": self.head, "ref": "feature", "repo": {"full_name": "stranger/project"}}
            return Answer({"state": "open", "head": head})
        return Answer({}, 201)

    def record(self, event: dict[str, Any]) -> dict[str, str]:
        """Run the workflow that records."""
        return self.actions.run(RECORD, event)

    def branch(self) -> Clone:
        """A new clone of the fork's branch, on a machine that has nothing yet."""
        return self.server.clone("stranger/project", self.tmp_path / "new", "feature")

    def in_containers(self) -> bytes:
        """All that code of the fork could write, anywhere."""
        files = [path for path in (self.containers / "volumes").rglob("*") if path.is_file() and not path.is_symlink()]
        return b"\n".join(path.read_bytes() for path in files)


@pytest.fixture
def world(tmp_path: Path, project: Project, emulator: Emulator) -> Iterator[World]:
    """A project, and a fork that has a new test."""
    worlds: list[World] = []
    with scripted(lambda asked: worlds[0].answer(asked)) as github:  # noqa: PLW0108 - there is none yet
        worlds.append(World(tmp_path, project, emulator.url, github.url))
        worlds[0].propose(test_new_DOT_py=NEW)
        yield worlds[0]


ALL = {"allow": "success", "record": "success", "push": "success", "commit": "success"}
REFUSED = {"allow": "failure", "record": "skipped", "push": "skipped", "commit": "skipped"}
IGNORED = dict.fromkeys(ALL, "skipped")


def test_a_label_ends_in_one_commit_that_changes_the_lock_alone_and_replays_offline(
    world: World, emulator: Emulator
) -> None:
    before = len(emulator.requests)
    assert world.record(world.labelled()) == ALL, world.actions.log
    asked = emulator.requests[before:]
    assert [each.headers["x-goog-api-key"] for each in asked] == [KEY]
    clone = world.branch()
    assert clone.do("git", "rev-parse", "HEAD~1") == world.head
    assert clone.do("git", "diff", "--name-status", "HEAD~1") == "M\tcassettes.lock"
    assert clone.do("git", "diff", "--numstat", "HEAD~1") == "2\t0\tcassettes.lock"
    emulator.stop()
    replayed = world.actions.run(REPLAY, {}, checkout=("stranger/project", "feature"))
    assert replayed == {"pull": "success", "replay": "success"}, world.actions.log
    assert "2 passed" in world.actions.log
    assert "2 replayed" in world.actions.log


def test_nobody_without_the_permission_to_write_can_ask(world: World) -> None:
    """Not who may set labels to sort issues, and not who has proposed it."""
    for who in ("sorter", "stranger"):
        for event in (world.labelled(who), world.commented(f"/record {world.head}", who)):
            assert world.record(event) == REFUSED
            assert f"{who} may not have this recorded" in world.actions.log


def test_a_commit_that_the_maintainer_has_not_seen_is_not_recorded(world: World) -> None:
    """One that was pushed after the label, or after the comment's, ends it; and one in short is none."""
    seen = world.head
    world.propose(test_new_DOT_py=NEW + "# and more\n")
    for event in (world.labelled(commit=seen), world.commented(f"/record {seen}")):
        assert world.record(event) == REFUSED
        assert f"its last commit is no longer {seen}" in world.actions.log
    for text in (
        "/record",
        f"/record {world.head[:12]}",
        f"/record {world.head}; id",
        f"/record $(id)\n/record {world.head}",
    ):
        assert world.record(world.commented(text)) in (REFUSED, IGNORED)
    assert not (world.containers / "ran.jsonl").exists()


def test_other_labels_and_comments_begin_nothing(world: World) -> None:
    for event in (
        world.labelled(label="bug"),
        world.commented(f"Please /record {world.head}"),
        world.commented("/recording"),
        {**world.commented(f"/record {world.head}"), "issue": {"number": 7}},
    ):
        assert world.record(event) == IGNORED


#: Code of a fork that takes what it can get, and writes it where it may.
THIEF = """\
import glob
import os
import pathlib

loot = pathlib.Path("/srv/recording/loot")
loot.mkdir(exist_ok=True)


def take(name, what):
    try:
        data = what()
    except OSError as error:
        data = repr(error)
    (loot / name.replace("/", "_")).write_text(str(data))


take("environment", lambda: dict(os.environ))
take("user", os.getuid)
for path in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/maps"):
    take(path, lambda: pathlib.Path(path).read_bytes())
for path in glob.glob("/proc/[0-9]*/mem"):
    take(path, lambda: open(path, "rb"))
for path in ("/var/run/docker.sock", "/etc/shadow", "/root", "/proc/1/root", os.environ.get("RUNNER_TEMP", "/none")):
    take(path, lambda: os.listdir(path))
"""
#: What it leaves for those who handle its recordings.
TRAPS = """\


def set_traps():
    project = pathlib.Path.cwd()
    (project / "cassettes").mkdir(exist_ok=True)
    text = "version: 1\\ninteractions: []\\n"
    (project / "cassettes" / "link.yaml").symlink_to("/etc/passwd")
    (project / "cassettes" / "directory").symlink_to("/etc")
    (project / "cassettes" / "a\\nb.yaml").write_text(text)
    (project / "cassettes" / "noise.yaml").write_bytes(bytes(range(256)))
    (project / "cassettes" / "huge.yaml").open("wb").truncate(2 << 20)
    (project / "cassettes" / "conftest.py").write_text("raise SystemExit('run by who pushes')")
    (project / "cassettes" / "pytest.ini").write_text("[pytest]")
    (project / "cassettes" / "it.media").mkdir()
    (project / "cassettes" / "it.media" / "0.png").symlink_to("/etc/passwd")
    (project / ".git" / "hooks").mkdir(parents=True, exist_ok=True)
    for hook in ("pre-commit", "post-checkout", "pre-push", "reference-transaction"):
        (project / ".git" / "hooks" / hook).write_text("#!/bin/sh\\ntouch /tmp/run-by-who-pushes\\n")
        (project / ".git" / "hooks" / hook).chmod(0o755)
    (project / "cassettes.lock").write_text("cassettes/test_old/test_old.yaml\\tnonsense\\n")


import atexit

atexit.register(set_traps)
"""
INI = "[pytest]\ninteractions_store = /srv/recording/elsewhere\ninteractions_skip_rules = google-api-key\n"


def test_the_code_of_a_fork_finds_no_secret_and_its_traps_catch_nobody(world: World) -> None:
    """It sees that the forwarder runs, as another user, whose environment and memory it can't read."""
    world.propose(
        test_new_DOT_py=NEW,
        conftest_DOT_py=THIEF + TRAPS,
        setup_DOT_sh="env > /srv/recording/loot_of_setup",
        pytest_DOT_ini=INI,
    )
    assert world.record(world.labelled()) == ALL, world.actions.log
    found = world.in_containers()
    assert b"kept-by-the-forwarder" in found
    assert b"pytest-interactions\\x00forward" in found, "it can see the forwarder run"
    assert found.count(b"PermissionError") > 2
    assert (world.containers / "volumes/recording/loot/user").read_text() == "65534"
    assert (world.containers / "volumes/recording/loot_of_setup").exists()
    assert [secret for secret in SECRET if secret.encode() in found] == []
    assert [secret for secret in SECRET if secret in world.actions.log] == []
    clone = world.branch()
    assert clone.do("git", "diff", "--name-only", "HEAD~1") == "cassettes.lock"
    added = [line for line in clone.do("git", "diff", "--unified=0", "HEAD~1").splitlines() if line.startswith("+cass")]
    assert [line.split("\t")[0] for line in added] == ["+cassettes/test_new/test_new.yaml"]
    assert not Path("/tmp/run-by-who-pushes").exists()
    assert {line.split()[1] for line in (world.tmp_path / "installed").read_text().splitlines()} == {
        "pytest-interactions[remote,server]==0.1.0"
    }


GREEDY = """

import httpx

url = os.environ.get("GOOGLE_GEMINI_BASE_URL")
if url:
    for method, path in (("GET", "/v1beta/files"), ("GET", "/v1beta/interactions"), ("TRACE", "/v1beta/interactions")):
        answer = httpx.request(method, url + path)
        take(method + path, lambda: f"{answer.headers} {answer.text}")
"""


def test_a_fork_that_asks_the_forwarder_for_more_gets_nothing_and_ends_the_run(
    world: World, emulator: Emulator
) -> None:
    world.propose(test_new_DOT_py=NEW, conftest_DOT_py=THIEF + GREEDY)
    before = len(emulator.requests)
    assert world.record(world.labelled())["record"] == "failure"
    assert "only requests of the Interactions API are forwarded" in world.actions.log
    assert world.actions.results["push"] == "skipped"
    assert [each.path for each in emulator.requests[before:]] == ["/v1beta/interactions"]
    assert [secret for secret in SECRET if secret.encode() in world.in_containers()] == []


def test_a_limit_that_is_reached_ends_the_run(world: World) -> None:
    """An app may catch the refusal, and that would be recorded."""
    world.propose(test_new_DOT_py=NEW + NEW.replace("test_new", "test_more"))
    world.actions.settings["MAX_REQUESTS"] = "1"
    assert world.record(world.labelled())["record"] == "failure"
    assert "the limit of 1 requests is reached" in world.actions.log


def test_a_test_that_fails_is_not_pushed_and_the_others_are(world: World) -> None:
    """It is asked for by a comment here."""
    world.propose(
        test_new_DOT_py=NEW, test_bad_DOT_py=NEW.replace("test_new", "test_bad").replace('"New" in', '"Bad" in')
    )
    assert world.record(world.commented(f"/record {world.head}\r\nThank you!")) == ALL, world.actions.log
    lock = world.branch().do("git", "show", "HEAD:cassettes.lock")
    assert "test_new" in lock
    assert "test_bad" not in lock


def test_a_fork_that_the_bot_may_not_push_to_gets_a_comment(world: World) -> None:
    """So does one whose branch has moved on meanwhile, as nothing is forced."""
    hook = world.fork / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert world.record(world.labelled()) == ALL, world.actions.log
    comment = world.asked[-1]
    assert (comment.method, comment.path) == ("POST", "/repos/owner/project/issues/7/comments")
    body = json.loads(comment.body)["body"]
    assert world.head in body
    assert "artifact `cassettes.lock`" in body
    assert world.branch().do("git", "rev-parse", "HEAD") == world.head
    assert "test_new" in (world.actions.root / "artifacts/cassettes.lock/cassettes.lock").read_text()


def test_what_is_recorded_already_makes_no_commit(world: World) -> None:
    world.propose(test_new_DOT_py="def test_new():\n    pass\n")
    world.record(world.labelled())
    assert world.actions.results["commit"] in {"success", "skipped"}
    assert world.branch().do("git", "rev-parse", "HEAD") == world.head
