"""Workflows of GitHub Actions, as far as `examples/ci/github` goes: the shell of their steps runs on this machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from tests.ci.projects import environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_EXPRESSION = re.compile(r"\$\{\{(.+?)\}\}")
_NAME = re.compile(r"('[^']*')|([a-z_][\w-]*(?:\.[\w-]+)*)(?!\w*\()", re.IGNORECASE)


def load(path: Path) -> dict[str, Any]:
    """Return a workflow, with `on` as it is written."""
    workflow: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    workflow["on"] = workflow.pop(True)
    return workflow


def evaluate(expression: str, contexts: Mapping[str, Any]) -> Any:
    """Return the value of an expression."""

    def get(path: str) -> Any:
        value: Any = contexts
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def starts_with(text: Any, beginning: str) -> bool:
        return str(text or "").startswith(beginning)

    words = _NAME.sub(lambda match: match[1] or f"get({match[2]!r})", expression)
    words = words.replace("&&", " and ").replace("||", " or ").replace("startsWith(", "starts_with(")
    return eval(" ".join(words.split()), {"get": get, "starts_with": starts_with})  # the project's own


def filled(text: Any, contexts: Mapping[str, Any]) -> str:
    """Return a text with its expressions replaced by their values."""

    def value(match: re.Match[str]) -> str:
        found = evaluate(match[1].strip(), contexts)
        return "" if found is None or found is False else str(found)

    return _EXPRESSION.sub(value, str(text))


@dataclass
class Actions:
    """A machine that runs workflows.

    Attributes:
        root: Where all is, for this user alone.
        server: The directory of the repositories.
        repository: The name of that which has the workflows.
        api: The URL of GitHub's API.
        secrets: Those of each environment, and by "" those of the repository.
        machine: More for the environment of each step.
        settings: Values in place of some of the workflow's own `env`.
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
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)

    def run(self, workflow: Path, event: dict[str, Any], *, checkout: tuple[str, str] | None = None) -> dict[str, str]:
        """Run a workflow, and return the results of its jobs.

        Args:
            workflow: Its file.
            event: What has happened, as GitHub tells it.
            checkout: The repository and the branch of its checkouts, if not the default branch.
        """
        content = load(workflow)
        self.log, self.results, self.outputs = "", {}, {}
        shutil.rmtree(self.root / "artifacts", ignore_errors=True)
        for name, job in content["jobs"].items():
            needs = job.get("needs", [])
            needs = [needs] if isinstance(needs, str) else needs
            contexts = self._contexts(event, job, needs)
            wanted = all(self.results[each] == "success" for each in needs)
            if wanted and evaluate(job.get("if", "'yes'"), contexts):
                self.results[name] = self._job(name, job, content["env"], contexts, checkout)
            else:
                self.results[name] = "skipped"
        return self.results

    def _contexts(self, event: dict[str, Any], job: dict[str, Any], needs: list[str]) -> dict[str, Any]:
        return {
            "github": {"event": event, "token": "ghs_OfThisRun0123456789"},
            "secrets": self.secrets.get("", {}) | self.secrets.get(job.get("environment", ""), {}),
            "needs": {each: {"outputs": self.outputs.get(each, {})} for each in needs},
            "steps": {},
        }

    def _job(
        self,
        name: str,
        job: dict[str, Any],
        settings: dict[str, Any],
        contexts: dict[str, Any],
        checkout: tuple[str, str] | None,
    ) -> str:
        temporary, workspace = self.root / name / "temporary", self.root / name / "workspace"
        shutil.rmtree(self.root / name, ignore_errors=True)
        temporary.mkdir(parents=True)
        contexts["runner"] = {"temp": str(temporary)}
        env = environment(self.root / name, **self.machine)
        env |= {
            "GITHUB_SERVER_URL": f"file://{self.server}",
            "GITHUB_REPOSITORY": self.repository,
            "GITHUB_API_URL": self.api,
            "GITHUB_RUN_ID": "1",
            "RUNNER_TEMP": str(temporary),
        }
        env |= {each: filled(value, contexts) for each, value in (settings | self.settings).items()}
        workspace.mkdir()
        for step in job["steps"]:
            uses = step.get("uses", "").partition("@")[0]
            if uses:
                self._use(uses, step.get("with", {}), workspace, checkout)
            elif not self._step(step, env, workspace, contexts):
                return "failure"
        self.outputs[name] = {each: filled(value, contexts) for each, value in job.get("outputs", {}).items()}
        return "success"

    def _use(self, action: str, given: dict[str, Any], workspace: Path, checkout: tuple[str, str] | None) -> None:
        artifact = self.root / "artifacts" / str(given.get("name", ""))
        match action:
            case "actions/checkout":
                repository, branch = checkout or (self.repository, "main")
                words = ["git", "clone", "--quiet", "--depth=1", "--branch", branch]
                words += [f"file://{self.server}/{repository}", str(workspace)]
                subprocess.run(words, check=True, env=environment(self.root))
            case "actions/setup-python":
                ...
            case "actions/upload-artifact":
                artifact.mkdir(parents=True)
                shutil.copy(workspace / given["path"], artifact)
            case "actions/download-artifact":
                shutil.copytree(artifact, workspace / given.get("path", "."), dirs_exist_ok=True)
            case _:
                raise AssertionError(action)

    def _step(self, step: dict[str, Any], env: dict[str, str], workspace: Path, contexts: dict[str, Any]) -> bool:
        output = self.root / "output"
        output.write_text("")
        own = {name: filled(value, contexts) for name, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "-e", "-c", step["run"]],
            cwd=workspace,
            env={**env, **own, "GITHUB_OUTPUT": str(output)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=200,
        )
        self.log += f"--- {step.get('name', '')}\n{done.stdout}"
        told = dict(line.split("=", 1) for line in output.read_text("utf-8").splitlines())
        contexts["steps"][step.get("id", "")] = {"outputs": told}
        return done.returncode == 0
