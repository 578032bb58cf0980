"""Bash completes the command line: commands, options, their words, and cassettes, those in a store too."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pytest_interactions
from pytest_interactions.commands import COMMANDS

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or not shutil.which("bash"), reason="there is no bash that has terminals"
)

#: What bash does where Tab is pressed, and what it has then.
_TAB = """
eval "$(register-python-argcomplete pytest-interactions)"
COMP_LINE=$1 COMP_POINT=${2:-${#1}} COMP_TYPE=9
_python_argcomplete pytest-interactions
printf '%s\\n' "${COMPREPLY[@]}"
"""
#: A line of `cassettes.lock`, after the path.
_LINE = "\t".join(("0" * 64, "100", "0" * 16, "1 turn"))
_PATIENCE = 20  # seconds, which are never waited for where all is well


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with cassettes, other files, and a hidden one."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.chdir(tmp_path)
    for name in ("cassettes/test_a/test_one.yaml", "cassettes/test_a/picture.png", "other.yml", "test_a.py", ".git/x"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def _tab(line: str, point: int | None = None) -> list[str]:
    """Return how bash would go on with a line."""
    run = subprocess.run(
        ["bash", "-c", _TAB, "bash", line, "" if point is None else str(point)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert not run.stderr
    return [word.strip() for word in run.stdout.splitlines() if word.strip()]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", [*COMMANDS]),
        ("s", ["serve", "show", "status", "scan"]),
        ("--v", ["--version"]),
        ("show --j", ["--json"]),
        ("show --json --m", ["--max-size"]),  # and not --markdown, which excludes it
        ("scan --format ", ["text", "github", "json"]),
        ("scan --format=g", ["github"]),
        ("serve other.yml --record-mode ", ["none", "once", "new_episodes", "all", "rewrite", "off", "verify"]),
        ("serve other.yml --match-on s", ["scheme", "sequence"]),
        ("serve other.yml --pace ", ["recorded"]),
        ("serve other.yml --port ", []),
        ("show ", ["cassettes/", "other.yml"]),
        ("show cassettes/test_a/", ["cassettes/test_a/test_one.yaml"]),
        ("show other.yml cassettes/t", ["cassettes/test_a/"]),
        ("show nowhere/", []),
        ("scan ", ["cassettes/", "other.yml", "test_a.py"]),
        ("scan .g", [".git/"]),
        ("report other.yml --output te", ["test_a.py"]),
        ("unused te", ["test_a.py"]),
        ("unused te -- -x te", ["test_a.py"]),
        ("review --accept o", ["other.yml"]),
        ("diff m", []),
        ("demo ", []),
    ],
)
@pytest.mark.usefixtures("project")
def test_a_line_goes_on(line: str, words: list[str]) -> None:
    assert _tab(f"pytest-interactions {line}") == words


@pytest.mark.usefixtures("project")
def test_what_stands_behind_the_cursor_does_not_count() -> None:
    line = "pytest-interactions show other.yml"
    assert _tab(line, line.index("ow")) == ["show"]


def test_a_home_directory_stays_as_it_is_written(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(project))
    assert _tab("pytest-interactions show ~/o") == ["~/other.yml"]


def test_without_argcomplete_there_is_nothing_and_no_command_runs(project: Path) -> None:
    """A shell that was told by another environment asks all the same."""
    (project / "argcomplete.py").write_text("raise ImportError")
    run = subprocess.run(
        [sys.executable, "-m", "pytest_interactions", "demo"],
        env=os.environ | {"_ARGCOMPLETE": "1"}, cwd=project,
        capture_output=True, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stdout, run.stderr) == (2, b"", b"")


@pytest.mark.usefixtures("project")
def test_a_program_of_python_s_goes_on_too() -> None:
    """`python -m pytest_interactions` has two more words before its own."""
    line = "python -m pytest_interactions show ca"
    env = {"_ARGCOMPLETE": "3", "_ARGCOMPLETE_IFS": " ", "COMP_LINE": line, "COMP_POINT": str(len(line))}
    run = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m pytest_interactions 8>&1"],
        env=os.environ | env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout == "cassettes/"


def test_cassettes_of_a_store_are_there_too(project: Path) -> None:
    """As far as the lock file names them, one directory after the other."""
    paths = ("cassettes/test_a/test_one.yaml", "cassettes/test_a/test_two.yaml", "cassettes/test_b/test_c.yaml")
    (project / "cassettes.lock").write_text("# Cassettes\n" + "\n\n".join(f"{path}\t{_LINE}" for path in paths) + "\n")
    assert _tab("pytest-interactions show cassettes/") == ["cassettes/test_a/", "cassettes/test_b/"]
    assert _tab("pytest-interactions show cassettes/test_a/test_t") == ["cassettes/test_a/test_two.yaml"]
    assert _tab("pytest-interactions show cassettes/test_b/") == ["cassettes/test_b/test_c.yaml"]


@pytest.mark.usefixtures("project")
def test_bash_completes_at_a_terminal() -> None:
    """A person types the first letters and presses Tab."""
    import pty

    main, other = pty.openpty()
    with subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        stdin=other, stdout=other, stderr=other, start_new_session=True,
        env=os.environ | {"TERM": "dumb", "INPUTRC": os.devnull, "PS1": "$ "},
    ) as bash:  # fmt: skip
        os.close(other)
        try:
            _types(main, 'eval "$(register-python-argcomplete pytest-interactions)"; echo ready$?\n', "ready0")
            _types(main, "pytest-interactions sca\t", "pytest-interactions scan ")
            _types(main, "ot\t", "other.yml ")
            _types(main, "--fo\t", "--format ")
            _types(main, "g\t", "github ")
            _types(main, "\necho status$?\n", "status0")
        finally:
            bash.kill()
            os.close(main)


def _types(terminal: int, keys: str, shown: str) -> None:
    """Press keys, and wait until a terminal shows something."""
    os.write(terminal, keys.encode())
    text, end = "", time.monotonic() + _PATIENCE
    while shown not in text:
        assert time.monotonic() < end, f"waited for {shown!r}: {text!r}"
        if select.select([terminal], [], [], 0.2)[0]:
            text += os.read(terminal, 65536).decode()


@pytest.mark.parametrize("module", ["__main__.py", "commands/__init__.py"])
def test_a_shell_that_completes_all_programs_finds_the_mark(module: str) -> None:
    """Argcomplete looks for it in the first characters, of the module and of what the script imports."""
    assert "PYTHON_ARGCOMPLETE_OK" in (Path(pytest_interactions.__file__).parent / module).read_text("utf-8")[:1024]
