"""The cells of `make compat`: each Python with the newest and with the lowest versions of what the project needs.

In all of them warnings are errors, ResourceWarning among them, but for those that `filterwarnings` in pyproject.toml
names. An interpreter that is nowhere is skipped. `docs/compatibility.md` gets a line for each cell, in which all tests
passed; it is written by the last session, `table`. Tests that are named behind `--` are run alone, and get no line.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import nox

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PAGE = Path("docs/compatibility.md")
SHOWN = ("pytest", "httpx", "httpx2", "aiohttp", "google-genai", "pydantic", "vcrpy", "syrupy", "starlette", "pillow")

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv"
nox.options.sessions = ["newest", "lowest-3.11", "lowest-3.13", "sdk2", "table"]
nox.options.error_on_missing_interpreters = False
os.environ["PATH"] = os.pathsep.join(
    [
        *map(str, Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/3.*/bin")),
        os.environ["PATH"],  # last, as pyenv's own programs on it know the versions, and start only the chosen one
    ]
)


@nox.session(python=PYTHONS)
def newest(session: nox.Session) -> None:
    """Run all tests with the newest of everything."""
    _install(session)
    _test(session, "newest of all")


@nox.session(python=PYTHONS)
def lowest(session: nox.Session) -> None:
    """Run all tests with the lowest versions that pyproject.toml allows."""
    # pytest has subtests of its own since version 9.
    _install(session, "pytest-subtests>=0.15", "--resolution=lowest-direct")
    _test(session, "lowest that is allowed")


@nox.session(python="3.12")
def sdk2(session: nox.Session) -> None:
    """Run all tests with google-genai before version 3."""
    _install(session)
    session.install("google-genai<3")
    _test(session, "google-genai 2, newest of all else")


@nox.session(python=False)
def table(session: nox.Session) -> None:
    """Write what the cells found."""
    ran = [json.loads(file.read_text("utf-8")) for file in sorted(Path(session.cache_dir).glob("cell-*.json"))]
    head = ["Python", "versions", "passed", "skipped", *SHOWN]
    rows = [head, ["---"] * len(head), *(list(map(str, cell)) for cell in ran)]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    page = PAGE.read_text("utf-8")
    page = re.sub(r"(?s)(?<=<!-- cells -->\n).*(?=<!-- /cells -->)", lambda _: lines + "\n", page)
    PAGE.write_text(page, "utf-8", newline="\n")
    session.log(f"written: the {len(ran)} lines of {PAGE}")


def _install(session: nox.Session, *more: str) -> None:
    session.install("--compile-bytecode", "--editable", ".[server,color]", "--group", "dev", *more)


def _test(session: nox.Session, versions: str) -> None:
    """Run the tests, and note how many passed with which versions."""
    cell = Path(session.cache_dir) / f"cell-{session.name}.json"
    cell.unlink(missing_ok=True)  # what fails now did pass once, perhaps
    report = cell.with_suffix(".xml")
    command = ("pytest", "-n", "2", "-p", "no:cacheprovider", f"--junitxml={report}", *session.posargs)
    # The tests start many processes: compiled modules are kept, whatever the environment says.
    session.run(*command, env={"PYTHONDONTWRITEBYTECODE": None})
    if session.posargs:
        return  # some tests alone say nothing of the cell
    head, _, _ = report.read_text("utf-8").partition("<testcase")
    counts = {name: int(value) for name, value in re.findall(r'(\w+)="(\d+)"', head)}
    found = session.run("python", "-c", f"{_VERSIONS}\nprint_versions({SHOWN!r})", silent=True, log=False)
    python, *installed = json.loads(str(found))
    passed = counts["tests"] - counts["skipped"]  # none failed, or this were not reached
    facts = [python, versions, passed, counts["skipped"], *installed]
    cell.write_text(json.dumps(facts), "utf-8")


_VERSIONS = """
import json, platform
from importlib.metadata import version

def print_versions(names):
    print(json.dumps([platform.python_version(), *map(version, names)]))
"""
