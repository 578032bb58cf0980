"""The pipelines of `examples/ci/gitlab`, run as they are written, but for what they say of a project.

The containers are those of `tests.ci.docker`, which says what of real ones is not tested here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from tests.ci import docker
from tests.ci.gitlab import Pipelines
from tests.ci.projects import NEW, ROOT, Project, World
from tests.ci.thief import INI, THIEF, TRAPS
from tests.scripted_server import Answer, Asked, scripted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator

FILE = ROOT / "examples/ci/gitlab/.gitlab-ci.yml"
KEY = "AIzaSyOfTheProject-0123456789abcdefghijk"
READER = {"AWS_ACCESS_KEY_ID": "AKIAOFTHEREADER", "AWS_SECRET_ACCESS_KEY": "reader/secret/0123456789"}
WRITER = {"AWS_ACCESS_KEY_ID": "AKIAOFTHEWRITER", "AWS_SECRET_ACCESS_KEY": "writer/secret/0123456789"}
BOT = {"RECORDING_BOT_TOKEN": "glpat-OfTheBot0123456789"}
#: The variables of the project, all of them protected, each of one environment.
SECRETS = {"replaying": READER, "recording": {"GEMINI_API_KEY": KEY}, "recording-store": WRITER, "recording-bot": BOT}
SECRET = [KEY, READER["AWS_SECRET_ACCESS_KEY"], *WRITER.values(), *BOT.values()]
MAINTAINER, DEVELOPER, STRANGER = 1, 2, 3

pytestmark = pytest.mark.skipif(
    not docker.is_usable(), reason="only root can make what stands for containers, with util-linux; and curl, jq"
)


class GitLab(World):
    """A project on GitLab, a merge request of a fork, and who asks what of it."""

    def __init__(self, tmp_path: Path, project: Project, api: str, gitlab: str) -> None:
        super().__init__(tmp_path, project, api, suffix=".git", proposed="refs/merge-requests/7/head")
        machine, settings = self.machine()
        runner = tmp_path / "runner"
        self.source_branch = "feature"
        self.pipelines = Pipelines(runner, self.server.directory, "owner/project", gitlab, SECRETS, machine, settings)

    def commented(self, note: str, who: int = MAINTAINER, kind: str = "MergeRequest") -> dict[str, str]:
        """The variables of the pipeline that a comment begins."""
        payload = {
            "object_kind": "note",
            "user": {"id": who},
            "object_attributes": {"note": note, "noteable_type": kind, "action": "create"},
            "merge_request": {"iid": 7} if kind == "MergeRequest" else None,
        }
        file = self.tmp_path / "payload.json"
        file.write_text(json.dumps(payload), "utf-8")
        return {"CI_PIPELINE_SOURCE": "trigger", "TRIGGER_PAYLOAD": str(file)}

    def answer(self, asked: Asked) -> Answer:
        """Answer as GitLab's API does."""
        self.asked.append(asked)
        if asked.headers["private-token"] != BOT["RECORDING_BOT_TOKEN"]:
            return Answer({}, 401)
        members = {MAINTAINER: 40, DEVELOPER: 30}
        path = asked.path.removeprefix("/projects/")
        if path.startswith("5/members/all/"):
            level = members.get(int(path.rpartition("/")[2]))
            return Answer({}, 404) if level is None else Answer({"state": "active", "access_level": level})
        answers: dict[str, Any] = {
            "5/merge_requests/7": {
                "state": "opened",
                "sha": self.head,
                "source_branch": self.source_branch,
                "source_project_id": 9,
            },
            "9": {"path_with_namespace": "stranger/project"},
        }
        return Answer(answers.get(path, {}), 200 if path in answers else 201)


@pytest.fixture
def world(tmp_path: Path, project: Project, emulator: Emulator) -> Iterator[GitLab]:
    """A project, and a fork that has a new test."""
    worlds: list[GitLab] = []
    with scripted(lambda asked: worlds[0].answer(asked)) as gitlab:  # noqa: PLW0108 - there is none yet
        worlds.append(GitLab(tmp_path, project, emulator.url, gitlab.url))
        worlds[0].propose(test_new_DOT_py=NEW)
        yield worlds[0]


JOBS = ("allow", "fetch", "record", "push", "commit")
ALL = dict.fromkeys(JOBS, "success")
REFUSED = dict.fromkeys(JOBS, "skipped") | {"allow": "failure"}


def test_a_comment_ends_in_one_commit_that_changes_the_lock_alone_and_replays_offline(
    world: GitLab, emulator: Emulator
) -> None:
    before = len(emulator.requests)
    assert world.pipelines.run(FILE, world.commented(f"/record {world.head}\nThanks")) == ALL, world.pipelines.log
    assert [each.headers["x-goog-api-key"] for each in emulator.requests[before:]] == [KEY]
    clone = world.branch()
    assert clone.do("git", "rev-parse", "HEAD~1") == world.head
    assert clone.do("git", "diff", "--numstat", "HEAD~1") == "2\t0\tcassettes.lock"
    emulator.stop()
    world.pipelines.machine |= READER  # of a store that anybody may read, which a fork's pipeline needs
    replayed = world.pipelines.run(FILE, {"CI_PIPELINE_SOURCE": "push"}, of="stranger/project", branch="feature")
    assert replayed == {"pull": "success", "replay": "success"}, world.pipelines.log
    assert "2 passed" in world.pipelines.log


def test_nobody_but_a_maintainer_can_ask_and_only_for_what_is_there(world: GitLab) -> None:
    """A commit that was pushed since, one in short, and a comment on anything else are not recorded."""
    comment = f"/record {world.head}"
    for variables in (
        world.commented(comment, DEVELOPER),
        world.commented(comment, STRANGER),
        {"CI_PIPELINE_SOURCE": "web", "GITLAB_USER_ID": "2", "RECORD_MERGE_REQUEST": "7", "RECORD_COMMIT": world.head},
        {"CI_PIPELINE_SOURCE": "web", "GITLAB_USER_ID": "1"},
    ):
        assert world.pipelines.run(FILE, variables) == REFUSED, world.pipelines.log
    for note, kind in (
        ("/record", "MergeRequest"),
        (f"/record {world.head[:12]}", "MergeRequest"),
        (f"/record {'0' * 40}", "MergeRequest"),
        (f"/record {world.head} $(id)", "MergeRequest"),
        (f"I would /record {world.head}", "MergeRequest"),
        (comment, "Issue"),
    ):
        assert world.pipelines.run(FILE, world.commented(note, kind=kind)) == REFUSED, world.pipelines.log
    assert not (world.containers / "ran.jsonl").exists()


@pytest.mark.parametrize("branch", ["$RECORDING_BOT_TOKEN", "a/${RECORDING_BOT_TOKEN}"])
def test_a_branch_that_is_named_as_a_variable_gets_no_token_for_a_name(world: GitLab, branch: str) -> None:
    """GitLab's runner puts values in the place of names in what a job reports; who pushes would carry the token out."""
    world.source_branch = branch
    assert world.pipelines.run(FILE, world.commented(f"/record {world.head}")) == REFUSED, world.pipelines.log
    assert BOT["RECORDING_BOT_TOKEN"] not in world.pipelines.log


def test_no_branch_but_the_protected_default_one_records(world: GitLab) -> None:
    """The file of a fork, or of a branch, could say anything."""
    for more in ({"of": "stranger/project", "branch": "feature"}, {"of": "stranger/project"}):
        assert world.pipelines.run(FILE, world.commented(f"/record {world.head}"), **more) == {}
    assert world.pipelines.run(FILE, {"CI_PIPELINE_SOURCE": "schedule"}) == {}


def test_the_code_of_a_fork_finds_no_secret_and_its_traps_catch_nobody(world: GitLab) -> None:
    world.propose(test_new_DOT_py=NEW, conftest_DOT_py=THIEF + TRAPS, setup_DOT_sh="env", pytest_DOT_ini=INI)
    web = {"CI_PIPELINE_SOURCE": "web", "GITLAB_USER_ID": "1", "RECORD_MERGE_REQUEST": "7", "RECORD_COMMIT": world.head}
    assert world.pipelines.run(FILE, web) == ALL, world.pipelines.log
    found = world.in_containers()
    assert b"kept-by-the-forwarder" in found
    assert b"pytest-interactions\\x00forward" in found, "it can see the forwarder run"
    assert [secret for secret in SECRET if secret.encode() in found or secret in world.pipelines.log] == []
    lock = world.branch().do("git", "diff", "--unified=0", "HEAD~1")
    assert [line.split("\t")[0] for line in lock.splitlines() if line.startswith("+cassettes/")] == [
        "+cassettes/test_new/test_new.yaml"
    ]


def test_a_fork_that_the_bot_may_not_push_to_gets_a_note(world: GitLab) -> None:
    hook = world.fork / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert world.pipelines.run(FILE, world.commented(f"/record {world.head}")) == ALL, world.pipelines.log
    note = world.asked[-1]
    assert (note.method, note.path) == ("POST", "/projects/5/merge_requests/7/notes")
    (body,) = parse_qs(note.body.decode())["body"]
    assert world.head in body
    assert "artifact cassettes.lock of https://gitlab.example.com/pipelines/1" in body
    assert world.branch().do("git", "rev-parse", "HEAD") == world.head
