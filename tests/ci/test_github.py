"""The workflows of `examples/ci/github`, run as they are written, but for what they say of a project.

The containers are those of `tests.ci.docker`, which says what of real ones is not tested here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.ci import docker
from tests.ci.github import Actions
from tests.ci.projects import NEW, ROOT, Project, World
from tests.ci.thief import GREEDY, INI, THIEF, TRAPS
from tests.scripted_server import Answer, Asked, scripted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator

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
    reason="only root can make what stands for containers, with util-linux; and curl, jq",
)


class GitHub(World):
    """A project on GitHub, a pull request of a fork, and who asks what of it."""

    def __init__(self, tmp_path: Path, project: Project, api: str, github: str) -> None:
        super().__init__(tmp_path, project, api, suffix="", proposed="refs/pull/7/head")
        machine, settings = self.machine()
        runner = tmp_path / "runner"
        self.actions = Actions(runner, self.server.directory, "owner/project", github, SECRETS, machine, settings)

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


@pytest.fixture
def world(tmp_path: Path, project: Project, emulator: Emulator) -> Iterator[GitHub]:
    """A project, and a fork that has a new test."""
    worlds: list[GitHub] = []
    with scripted(lambda asked: worlds[0].answer(asked)) as github:  # noqa: PLW0108 - there is none yet
        worlds.append(GitHub(tmp_path, project, emulator.url, github.url))
        worlds[0].propose(test_new_DOT_py=NEW)
        yield worlds[0]


ALL = {"allow": "success", "record": "success", "push": "success", "commit": "success"}
REFUSED = {"allow": "failure", "record": "skipped", "push": "skipped", "commit": "skipped"}
IGNORED = dict.fromkeys(ALL, "skipped")


def test_a_label_ends_in_one_commit_that_changes_the_lock_alone_and_replays_offline(
    world: GitHub, emulator: Emulator
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


def test_nobody_without_the_permission_to_write_can_ask(world: GitHub) -> None:
    """Not who may set labels to sort issues, and not who has proposed it."""
    for who in ("sorter", "stranger"):
        for event in (world.labelled(who), world.commented(f"/record {world.head}", who)):
            assert world.record(event) == REFUSED
            assert f"{who} may not have this recorded" in world.actions.log


def test_a_commit_that_the_maintainer_has_not_seen_is_not_recorded(world: GitHub) -> None:
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


def test_other_labels_and_comments_begin_nothing(world: GitHub) -> None:
    for event in (
        world.labelled(label="bug"),
        world.commented(f"Please /record {world.head}"),
        world.commented("/recording"),
        {**world.commented(f"/record {world.head}"), "issue": {"number": 7}},
    ):
        assert world.record(event) == IGNORED


def test_the_code_of_a_fork_finds_no_secret_and_its_traps_catch_nobody(world: GitHub) -> None:
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
    assert not (world.tmp_path / "run-by-who-pushes").exists()
    assert {line.split()[1] for line in (world.tmp_path / "installed").read_text().splitlines()} == {
        "pytest-interactions[remote,server]==0.1.0"
    }


def test_a_fork_that_asks_the_forwarder_for_more_gets_nothing_and_ends_the_run(
    world: GitHub, emulator: Emulator
) -> None:
    """More paths, or more requests: an app may catch the refusal, and that would be recorded."""
    world.propose(test_new_DOT_py=NEW + NEW.replace("test_new", "test_more"), conftest_DOT_py=THIEF + GREEDY)
    world.actions.settings["MAX_REQUESTS"] = "1"
    before = len(emulator.requests)
    assert world.record(world.labelled())["record"] == "failure"
    assert world.actions.results["push"] == "skipped"
    assert "only requests of the Interactions API are forwarded" in world.actions.log
    assert "the limit of 1 requests is reached" in world.actions.log
    assert [each.path for each in emulator.requests[before:]] == ["/v1beta/interactions"]
    assert [secret for secret in SECRET if secret.encode() in world.in_containers()] == []


def test_a_test_that_fails_is_not_pushed_and_the_others_are(world: GitHub) -> None:
    """It is asked for by a comment here."""
    world.propose(
        test_new_DOT_py=NEW, test_bad_DOT_py=NEW.replace("test_new", "test_bad").replace('"New" in', '"Bad" in')
    )
    assert world.record(world.commented(f"/record {world.head}\r\nThank you!")) == ALL, world.actions.log
    lock = world.branch().do("git", "show", "HEAD:cassettes.lock")
    assert "test_new" in lock
    assert "test_bad" not in lock


def test_a_fork_that_the_bot_may_not_push_to_gets_a_comment(world: GitHub) -> None:
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


def test_what_is_recorded_already_makes_no_commit(world: GitHub) -> None:
    world.propose(test_new_DOT_py="def test_new():\n    pass\n")
    assert world.record(world.labelled()) == ALL, world.actions.log
    assert "cassettes.lock is as it was" in world.actions.log
    assert world.branch().do("git", "rev-parse", "HEAD") == world.head
