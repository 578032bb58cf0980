"""Pipelines of GitLab, as far as `examples/ci/gitlab` goes: the shell of their jobs runs on this machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml

from tests.ci.projects import environment

if TYPE_CHECKING:
    from pathlib import Path

#: What is no job at the top of a file.
_NO_JOBS: Final = {"variables", "stages", "default"}
_VARIABLE = re.compile(r"\$(\w+)|(\"[^\"]*\")")


def load(path: Path) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return a file, and its jobs in their order."""
    content: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    jobs = {name: job for name, job in content.items() if name not in _NO_JOBS and not name.startswith(".")}
    return content, dict(sorted(jobs.items(), key=lambda item: content["stages"].index(item[1]["stage"])))


def holds(rule: str, variables: dict[str, str]) -> bool:
    """Return whether the condition of a rule holds."""
    words = _VARIABLE.sub(lambda match: match[2] or repr(variables.get(match[1])), rule)
    return bool(eval(" ".join(words.replace("&&", " and ").replace("||", " or ").split())))  # the project's own


def _expanded(value: str, variables: dict[str, str]) -> str:
    """Return the value of a variable that a job has reported, as the runner gives it to others: `os.Expand` of Go."""
    return re.sub(r"\$(?:(\w+)|\{(\w+)\})", lambda match: variables.get(match[1] or match[2], ""), value)


@dataclass
class Pipelines:
    """A machine that runs pipelines.

    Attributes:
        root: Where all is, for this user alone.
        server: The directory of the repositories.
        repository: The name of that which has the pipelines, without its suffix.
        api: The URL of GitLab's API.
        secrets: The variables of each environment; those of a branch that is not protected get none.
        machine: More for the environment of each job.
        settings: Values in place of some of the file's own variables.
    """

    root: Path
    server: Path
    repository: str
    api: str
    secrets: dict[str, dict[str, str]]
    machine: dict[str, str]
    settings: dict[str, str] = field(default_factory=dict)
    log: str = ""
    results: dict[str, str] = field(default_factory=dict)

    def run(self, file: Path, variables: dict[str, str], *, of: str = "", branch: str = "main") -> dict[str, str]:
        """Run a pipeline of a branch, and return the results of its jobs.

        Args:
            file: The file that says what it does.
            variables: Those of the pipeline, such as what has begun it.
            of: Another repository, as the one of a fork.
            branch: The branch.
        """
        content, jobs = load(file)
        self.log, self.results = "", {}
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir()
        given = {
            "CI_DEFAULT_BRANCH": "main",
            "CI_COMMIT_BRANCH": branch,
            "CI_COMMIT_REF_PROTECTED": "true" if branch == "main" and not of else "false",
            "CI_SERVER_URL": f"file://{self.server}",
            "CI_API_V4_URL": self.api,
            "CI_PROJECT_ID": "5",
            "CI_PIPELINE_URL": "https://gitlab.example.com/pipelines/1",
            **variables,
        }
        url = f"file://{self.server}/{of or self.repository}.git"
        for name, job in jobs.items():
            if not any(holds(rule["if"], given) for rule in job["rules"]):
                continue
            if "failure" in self.results.values():
                self.results[name] = "skipped"
                continue
            self.results[name] = self._job(name, job, content["variables"], given, url)
        return self.results

    def _job(self, name: str, job: dict[str, Any], variables: dict[str, str], given: dict[str, str], url: str) -> str:
        workspace = self.root / name
        env = environment(self.root, **self.machine) | variables | self.settings | given
        env |= {"CI_PROJECT_DIR": str(workspace)}
        if given["CI_COMMIT_REF_PROTECTED"] == "true":
            env |= self.secrets.get(job.get("environment", {}).get("name", ""), {})
        if job.get("variables", {}).get("GIT_STRATEGY") == "none":
            workspace.mkdir()
        else:
            words = ["git", "clone", "--quiet", "--depth=1", "--branch", given["CI_COMMIT_BRANCH"], url, str(workspace)]
            subprocess.run(words, check=True, env=env)
        for need in job.get("needs", []):
            if (self.root / "artifacts" / need).exists():
                shutil.copytree(self.root / "artifacts" / need, workspace, dirs_exist_ok=True)
            env |= {each: _expanded(value, env) for each, value in self._told(need).items()}
        for each, value in job.get("variables", {}).items():
            env[each] = value.replace("$CI_PROJECT_DIR", str(workspace))
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", "\n".join(job["script"])],
            cwd=workspace,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=200,
        )
        self.log += f"--- {name}\n{done.stdout}"
        if done.returncode:
            return "failure"
        self._keep(name, job.get("artifacts", {}), workspace)
        return "success"

    def _keep(self, name: str, artifacts: dict[str, Any], workspace: Path) -> None:
        kept = self.root / "artifacts" / name
        kept.mkdir(parents=True)
        for each in artifacts.get("paths", []):
            if (workspace / each).is_dir():
                shutil.copytree(workspace / each, kept / each)
            else:
                shutil.copy(workspace / each, kept)
        report = artifacts.get("reports", {}).get("dotenv")
        if report:
            shutil.copy(workspace / report, self.root / f"{name}.env")

    def _told(self, name: str) -> dict[str, str]:
        """Return the variables that a job has reported."""
        file = self.root / f"{name}.env"
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        return dict(line.split("=", 1) for line in lines)
