"""What can be told of the workflows of `examples/ci` without running them: who has which secret, and may do what."""

from __future__ import annotations

import re
from itertools import chain
from typing import Any

import pytest

from tests.ci import github, gitlab
from tests.ci.projects import ROOT

GITHUB = ROOT / "examples/ci/github"
REPLAY, RECORD = github.load(GITHUB / "replay.yml"), github.load(GITHUB / "record.yml")
GITLAB, JOBS = gitlab.load(ROOT / "examples/ci/gitlab/.gitlab-ci.yml")
BOTH = [REPLAY, RECORD]
UNTRUSTED = "docker run $UNTRUSTED"


def _secrets(value: object) -> set[str]:
    return {name or token for name, token in re.findall(r"secrets\.(\w+)|(github\.token)", str(value))}


def _steps() -> list[tuple[str, dict[str, Any]]]:
    return [(name, step) for each in BOTH for name, job in each["jobs"].items() for step in job["steps"]]


def test_permissions_are_none_but_those_that_a_job_needs() -> None:
    assert [each["permissions"] for each in BOTH] == [{}, {}]
    assert {name: job["permissions"] for each in BOTH for name, job in each["jobs"].items()} == {
        "pull": {"contents": "read"},
        "replay": {"contents": "read"},
        "allow": {"pull-requests": "read"},
        "record": {"contents": "read"},
        "push": {"contents": "read"},
        "commit": {"contents": "write", "pull-requests": "write"},
    }


def test_each_secret_is_in_the_steps_that_use_it_alone() -> None:
    """None is in the environment of a job or a workflow, nor in a step that begins a container of untrusted code."""
    for each in BOTH:
        assert _secrets(each["env"]) == set()
        for job in each["jobs"].values():
            assert _secrets({name: value for name, value in job.items() if name != "steps"}) == set()
    found = {(name, step.get("name")): secrets for name, step in _steps() if (secrets := _secrets(step))}
    reader, writer = {"STORE_READER_ID", "STORE_READER_SECRET"}, {"STORE_WRITER_ID", "STORE_WRITER_SECRET"}
    token = {"github.token"}
    assert found == {
        ("pull", "Pull"): reader,
        ("allow", "Allow"): token,
        ("record", "Take the files of the commit, of which none is run here"): token,
        ("record", "Pull what is recorded already"): reader,
        ("record", "Begin the forwarder"): {"GEMINI_API_KEY"},
        ("push", "Take the commit's lock file"): token,
        ("push", "Push"): writer,
        ("commit", "Commit"): {"RECORDING_BOT_TOKEN", "github.token"},
    }
    assert [step["name"] for _, step in _steps() if UNTRUSTED in step.get("run", "") and _secrets(step)] == []


def test_code_of_a_fork_runs_in_containers_of_one_job_or_where_there_are_no_secrets() -> None:
    """A checkout is of what the event says: of a fork for its own pull request, else of the default branch."""
    runs = [(name, step["run"]) for name, step in _steps() if "run" in step]
    assert {name for name, run in runs if re.search(r"\bpytest --|\$RECORD\b|\$SETUP\b|--editable", run)} == {
        "replay",
        "record",
    }
    for _, run in runs:
        for line in run.replace("\\\n", " ").splitlines():
            if "$SETUP" in line or "$RECORD" in line:
                assert UNTRUSTED in line
                assert "GEMINI_API_KEY=kept" in line or "KEY" not in line
    checkouts = [step["with"] for _, step in _steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts == [{"persist-credentials": False}] * 5
    assert set(REPLAY["on"]) == {"push", "pull_request"}
    assert RECORD["on"] == {"pull_request_target": {"types": ["labeled"]}, "issue_comment": {"types": ["created"]}}


def test_containers_of_untrusted_code_have_no_rights_and_no_way_to_the_machine() -> None:
    for flags in (RECORD["env"]["UNTRUSTED"], GITLAB["variables"]["UNTRUSTED"]):
        for flag in ("--user 65534:65534", "--cap-drop ALL", "--security-opt no-new-privileges", "--rm", "--memory 4g"):
            assert flag in flags
        assert re.findall(r"--volume (\S+)", flags) == ["recording:/srv/recording"]
    scripts = [step["run"] for _, step in _steps() if "run" in step] + ["\n".join(JOBS["record"]["script"])]
    for script in scripts:
        assert "docker.sock" not in script
        assert "--privileged" not in script
        assert set(re.findall(r"--volume (\w+):", script)) <= {"recording"}
    networks = [set(re.findall(r"docker network create (.+)", script)) for script in scripts]
    assert set(chain.from_iterable(networks)) == {"--internal recording"}


def test_nothing_that_others_write_becomes_part_of_a_script() -> None:
    """Branches, comments and outputs come as variables."""
    assert [step["run"] for _, step in _steps() if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("file", sorted(GITHUB.iterdir()), ids=lambda file: file.name)
def test_actions_are_github_s_own_pinned_by_their_commit_and_share_no_cache(file: Any) -> None:
    used = re.findall(r"uses: (\S+) # (v\d+\.\d+\.\d+)", file.read_text("utf-8"))
    assert len(used) == file.read_text("utf-8").count("uses:")
    for action, _ in used:
        assert re.fullmatch(r"actions/(checkout|setup-python|(up|down)load-artifact)@[0-9a-f]{40}", action)
    assert "cache:" not in re.sub(r"name: cache\n", "", file.read_text("utf-8"))


def test_each_job_of_github_with_a_secret_of_its_own_has_an_environment_of_its_own() -> None:
    environments = {name: job.get("environment") for name, job in RECORD["jobs"].items()}
    assert environments == {
        "allow": None,
        "record": "recording",
        "push": "recording-store",
        "commit": "recording-bot",
    }


def test_each_job_of_gitlab_has_the_variables_of_one_environment() -> None:
    """And the one in which the project's code runs as it is has none."""
    assert {name: job.get("environment", {}).get("name") for name, job in JOBS.items()} == {
        "pull": "replaying",
        "replay": None,
        "allow": "recording-bot",
        "fetch": "replaying",
        "record": "recording",
        "push": "recording-store",
        "commit": "recording-bot",
    }
    assert {job["environment"]["action"] for job in JOBS.values() if "environment" in job} == {"access"}
    assert not re.search(r"GEMINI_API_KEY|SECRET|_TOKEN\b", str(GITLAB["variables"]))
    records = [name for name, job in JOBS.items() if "CI_COMMIT_REF_PROTECTED" in str(job["rules"])]
    assert records == ["allow", "fetch", "record", "push", "commit"]


def test_both_files_begin_the_same_containers() -> None:
    """What is safe in one is so in the other."""

    def containers(*scripts: str) -> list[str]:
        lines = "\n".join(scripts).replace("\\\n", " ").splitlines()
        return sorted(
            " ".join(line.split()) for line in lines if "docker run" in line and "docker run --rm --" not in line
        )

    on_github = [step["run"] for step in RECORD["jobs"]["record"]["steps"] if "run" in step]
    assert containers(*on_github) == containers(*JOBS["record"]["script"])
    assert RECORD["env"] | {"LEAST_ACCESS": "40"} == GITLAB["variables"]
