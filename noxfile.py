"""The cells of `make compat`: each Python with the newest and with the lowest versions of what the project needs.

In all of them warnings are errors, ResourceWarning among them, but for those that `filterwarnings` in pyproject.toml
names. An interpreter that is nowhere is skipped. `docs/compatibility.md` gets a line for each cell, in which all tests
passed; it is written by the last session, `table`. Tests that are named behind `--` are run alone, and get no line.
The session `across` has a table of its own there: what one google-genai has recorded is replayed with the others.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import nox

if TYPE_CHECKING:
    from collections.abc import Iterable

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PAGE = Path("docs/compatibility.md")
#: The versions of google-genai whose recordings each other one replays: what is asked of the installer for each.
SDKS = (
    ("--upgrade", "google-genai<3"),
    ("--resolution=lowest-direct", "--upgrade", "google-genai>=3.4"),
    ("--upgrade", "google-genai>=3.4"),
)
SHOWN = ("pytest", "httpx", "httpx2", "aiohttp", "google-genai", "pydantic", "vcrpy", "syrupy", "starlette", "pillow")

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv"
nox.options.sessions = ["newest", "lowest-3.11", "lowest-3.13", "sdk2", "across", "tutorial", "table"]
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


@nox.session(python="3.12")
def across(session: nox.Session) -> None:
    """Record the quickstart's tests with each google-genai, and replay each recording with each of them."""
    _install(session)
    place = (Path(session.cache_dir) / "across").absolute()
    shutil.rmtree(place, ignore_errors=True)
    versions = []
    for wanted in SDKS:
        session.install(*wanted)
        versions.append(_versions(session, ("google-genai",))[1])
        _quickstart(session, place / versions[-1], "once")
    rows = {version: [version] for version in versions}
    for wanted in SDKS:
        session.install(*wanted)
        for version in versions:
            rows[version].append(_quickstart(session, place / version, "none"))
    _write(session, "across", ["recorded with", *(f"replayed with {version}" for version in versions)], rows.values())


@nox.session(python=PYTHONS)
def tutorial(session: nox.Session) -> None:
    """Follow the tutorial word for word, in an empty directory, with the built wheel."""
    session.install("build", "sybil")
    wheels = (Path(session.cache_dir) / "wheels").absolute()
    session.run("python", "-m", "build", "--wheel", "--outdir", str(wheels), silent=True)
    python = session.run("python", "-c", "import sys; print(sys._base_executable)", silent=True, log=False)
    session.run("python", "-m", "tests.documentation.from_nothing", str(python).strip(), str(wheels))


@nox.session(python=False)
def table(session: nox.Session) -> None:
    """Write what the cells found."""
    ran = [json.loads(file.read_text("utf-8")) for file in sorted(Path(session.cache_dir).glob("cell-*.json"))]
    _write(session, "cells", ["Python", "versions", "passed", "skipped", *SHOWN], ran)


def _write(session: nox.Session, mark: str, head: list[str], rows: Iterable[list[object]]) -> None:
    """Put a table between the marks in the page."""
    lines = [f"| {' | '.join(map(str, row))} |\n" for row in (head, ["---"] * len(head), *rows)]
    page = PAGE.read_text("utf-8")
    page = re.sub(rf"(?s)(?<=<!-- {mark} -->\n).*(?=<!-- /{mark} -->)", lambda _: "".join(lines), page)
    PAGE.write_text(page, "utf-8", newline="\n")
    session.log(f"written: the {len(lines) - 2} lines of {PAGE}")


def _install(session: nox.Session, *more: str) -> None:
    session.install("--compile-bytecode", "--editable", ".[server,color,report,remote]", "--group", "dev", *more)


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
    python, *installed = _versions(session, SHOWN)
    facts = [python, versions, *_passed(report), *installed]
    cell.write_text(json.dumps(facts), "utf-8")


def _quickstart(session: nox.Session, cassettes: Path, record_mode: str) -> str:
    """Run the quickstart's tests with these cassettes, and say how many passed."""
    report = cassettes.with_name("quickstart.xml")
    options = (f"--interactions-cassette-dir={cassettes}", f"--interactions-record-mode={record_mode}")
    session.run("pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *options, "tests/quickstart")
    passed, skipped = _passed(report)
    return f"{passed} of {passed + skipped}"


def _passed(report: Path) -> tuple[int, int]:
    """Return how many tests passed and were skipped; none failed, or its run had ended the session."""
    head, _, _ = report.read_text("utf-8").partition("<testcase")
    counts = {name: int(value) for name, value in re.findall(r'(\w+)="(\d+)"', head)}
    return counts["tests"] - counts["skipped"], counts["skipped"]


def _versions(session: nox.Session, names: tuple[str, ...]) -> list[str]:
    """Return the versions of Python and of packages, as they are installed."""
    found = session.run("python", "-c", f"{_VERSIONS}\nprint_versions({names!r})", silent=True, log=False)
    versions: list[str] = json.loads(str(found))
    return versions


_VERSIONS = """
import json, platform
from importlib.metadata import version

def print_versions(names):
    print(json.dumps([platform.python_version(), *map(version, names)]))
"""
