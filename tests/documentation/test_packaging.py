"""What PyPI and GitHub get to see: links that lead somewhere, true metadata, and workflows whose commands exist."""

from __future__ import annotations

import re
import shlex
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


class _Links(HTMLParser):
    """Collects what a page links to and shows, however it is written."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src"}:
                self.found.append(value or "")
            elif name == "srcset":
                self.found += [each.split()[0] for each in (value or "").split(",")]


def _links(path: Path) -> list[str]:
    return _Links(MarkdownIt("commonmark", {"html": True}).enable("table").render(path.read_text("utf-8"))).found


def test_links_are_found_however_they_are_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "[a](b.md) ![c](d.png) <ee:f> [g]\n\n| h |\n| --- |\n| [i](j) |\n\n[g]: k.md\n\n"
        '<picture><source srcset="l.png 1x, m.png 2x"><img src="n.png"></picture>\n\n```text\n[o](p)\n```\n'
    )
    assert _links(page) == ["b.md", "d.png", "ee:f", "k.md", "j", "l.png", "m.png", "n.png"]


def test_the_long_description_has_no_relative_link_or_image() -> None:
    """PyPI shows the page in a place where no file stands beside it; a link within the page works there."""
    links = _links(ROOT / PROJECT["project"]["readme"])
    assert [link for link in links if not link.startswith(("https://", "#"))] == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_relative_links_of_pages_in_the_repository_lead_to_files(page: str) -> None:
    links = [link.partition("#")[0] for link in _links(ROOT / page) if not link.startswith(("https://", "#"))]
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_classifiers_name_the_pythons_with_which_the_tests_ran() -> None:
    page = (ROOT / "docs" / "compatibility.md").read_text("utf-8")
    cells = re.search(r"(?s)<!-- cells -->(.*)<!-- /cells -->", page)
    assert cells is not None
    ran = set(re.findall(r"(?m)^\| (\d\.\d+)\.", cells[1]))
    named = (re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", line) for line in _classifiers())
    assert {match[1] for match in named if match} == ran


def _classifiers() -> list[str]:
    classifiers: list[str] = PROJECT["project"]["classifiers"]
    return classifiers


def test_the_changelog_has_the_version() -> None:
    """The newest release in it is this one, with its day, and what is to come stands above it."""
    headings = re.findall(r"(?m)^## (.*)$", (ROOT / "CHANGELOG.md").read_text("utf-8"))
    assert headings[0] == "Unreleased"
    assert re.fullmatch(rf"\[{re.escape(PROJECT['project']['version'])}\] - \d{{4}}-\d\d-\d\d", headings[1])


def test_extras_that_are_named_are_there() -> None:
    """The extras that the pages and workflows install."""
    texts = [path.read_text("utf-8") for path in (*ROOT.glob("docs/**/*.md"), *WORKFLOWS, ROOT / "README.md")]
    named = {
        extra
        for text in texts
        for extras in re.findall(r"(?:pytest-interactions|'\.)\[([\w,]+)\]", text)
        for extra in extras.split(",")
    }
    assert named <= {*PROJECT["project"]["optional-dependencies"]}


# --- workflows ---


def _jobs(path: Path) -> dict[str, Any]:
    jobs: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))["jobs"]
    return jobs


def _steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in _jobs(path).values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_commands_of_a_workflow_exist(path: Path) -> None:
    """The targets of make, the groups and extras of dependencies, the directories, and the programs of the package."""
    targets = set(re.findall(r"(?m)^([\w-]+):", (ROOT / "Makefile").read_text("utf-8")))
    scripts = {*PROJECT["project"]["scripts"], "pip"}
    for line in filter(None, "\n".join(step.get("run", "") for step in _steps(path)).splitlines()):
        words = shlex.split(line)
        if words[0] == "make":
            assert {word for word in words[1:] if "=" not in word} <= targets
        elif words[0].startswith("fresh/bin/"):
            assert words[0].removeprefix("fresh/bin/") in scripts
        elif words[0] == "npm":
            assert (ROOT / words[words.index("--prefix") + 1] / "package-lock.json").exists()
        else:
            assert words[0] in {"python", "grep", "version=${GITHUB_REF_NAME#v}"}
        if "--group" in words:
            assert words[words.index("--group") + 1] in PROJECT["dependency-groups"]


def test_the_release_finds_the_version_and_its_heading() -> None:
    """What the workflow looks for stands there as it does: else no tag would ever be released."""
    (step,) = (step for step in _steps(ROOT / ".github/workflows/release.yml") if "changelog" in step.get("name", ""))
    version = PROJECT["project"]["version"]
    assert 'version = \\"$version\\"' in step["run"]
    assert f'version = "{version}"\n' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert '"## [$version] - "' in step["run"]
    assert f"## [{version}] - " in (ROOT / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_do_no_more_than_it_must(path: Path) -> None:
    """Permissions are those of single jobs, actions are pinned by their commit, and no login is left behind."""
    assert yaml.safe_load(path.read_text("utf-8"))["permissions"] == {}
    may = {name: job["permissions"] for name, job in _jobs(path).items() if job["permissions"]}
    writing = {name: rights for name, rights in may.items() if rights != {"contents": "read"}}
    publishing = {"attest": {"attestations": "write", "id-token": "write"}, "publish": {"id-token": "write"}}
    assert writing == (publishing if path.name == "release.yml" else {})
    for step in _steps(path):
        if "uses" in step:
            assert re.fullmatch(r"(actions|pypa)/[\w-]+@[0-9a-f]{40}", step["uses"])
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        assert "secrets." not in str(step)


def test_jobs_that_may_publish_run_no_code_of_the_repository() -> None:
    jobs = _jobs(ROOT / ".github/workflows/release.yml")
    for name in ("attest", "publish"):
        assert not [step for step in jobs[name]["steps"] if "run" in step or "actions/checkout" in step["uses"]]
    assert jobs["publish"]["environment"]["name"] == "pypi"
    assert [jobs[name].get("needs") for name in ("build", "try", "attest", "publish")] == [
        None,
        "build",
        "try",
        "attest",
    ]


def test_what_is_kept_up_to_date_is_there() -> None:
    """A directory of Dependabot's holds what its ecosystem reads."""
    files = {"pip": "pyproject.toml", "npm": "package-lock.json", "github-actions": ".github/workflows"}
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text("utf-8"))["updates"]
    assert {update["package-ecosystem"] for update in updates} == {*files}
    for update in updates:
        assert (ROOT / update["directory"].lstrip("/") / files[update["package-ecosystem"]]).exists()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_form_for_issues_has_what_github_wants(path: Path) -> None:
    """A name and a description, and fields with ids that differ; the commands that it names exist."""
    form = yaml.safe_load(path.read_text("utf-8"))
    if path.name == "config.yml":
        assert all({"name", "url", "about"} == {*link} for link in form["contact_links"])
        return
    assert form["name"]
    assert form["description"]
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    ids = [field["id"] for field in fields]
    assert len(ids) == len({*ids})
    assert all(field["attributes"]["label"] for field in fields)


def test_the_site_is_built_by_the_group_and_the_configuration_that_there_are() -> None:
    site = yaml.safe_load((ROOT / ".readthedocs.yaml").read_text("utf-8"))
    assert (ROOT / site["sphinx"]["configuration"]).exists()
    assert site["sphinx"]["fail_on_warning"] is True
    installed = shlex.split(site["build"]["jobs"]["install"][-1])
    assert installed[installed.index("--group") + 1] in PROJECT["dependency-groups"]
