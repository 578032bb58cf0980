"""The command line: what each command prints and exits with, and one line for what goes wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from pytest_interactions.commands import COMMANDS, main
from pytest_interactions.commands.exit_status import Status
from tests.cassette.clients import CLIENTS, KEY
from tests.support import use_cassette

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_interactions.server.emulator import Emulator

SIGNATURE = '{"steps": [{"type": "thought", "signature": "' + "EvEFCu4FAQw5" * 20 + '"}]}'


@pytest.fixture
def cassette(emulator: Emulator, tmp_path: Path) -> Path:
    """A cassette with one exchange."""
    path = tmp_path / "c.yaml"
    with use_cassette(path, record_mode="once"):
        CLIENTS["httpx"](emulator.url, "Hello")
    return path


def test_show_prints_the_transcript(cassette: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A cassette is shown as a transcript."""
    assert main(["show", str(cassette), "--no-color"]) == 0
    assert "  model_output: You said: Hello\n" in capsys.readouterr().out


def test_scan_and_redact_tell_what_they_found(
    cassette: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clean cassette is silent; a planted secret is a line and status 1; redact takes it out."""
    assert main(["scan", str(cassette)]) == 0
    assert capsys.readouterr().out == ""
    cassette.write_text(cassette.read_text().replace("You said: Hello", f"You said: {KEY}"))
    monkeypatch.setenv("SOME_API_KEY", KEY)
    assert main(["scan", str(tmp_path)]) == 1
    assert capsys.readouterr().out.startswith(f"{cassette}:")
    assert main(["check", "--fix", str(cassette)]) == 1
    taken, found = capsys.readouterr().out.splitlines()
    assert taken == f"{cassette}: taken as it is, with new marks."
    assert found.endswith(f"; take it out with: pytest-interactions redact {cassette}.")
    assert main(["redact", str(cassette)]) == 0
    assert capsys.readouterr().out == f"{cassette}: redacted\n"
    assert KEY not in cassette.read_text()
    assert main(["scan", str(tmp_path)]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serve", "no.yaml"], "pytest-interactions: no.yaml: no such cassette or directory. To make it: "),
        (["emulate", "--script", "no.yaml"], "pytest-interactions: no.yaml: "),
        (["emulate", "--port", "1"], "pytest-interactions: "),
        (["serve", __file__], f"pytest-interactions: {__file__}: this is no cassette; its name would end in .json or "),
    ],
)
def test_what_goes_wrong_is_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error is one line on the standard error, status 2, and no traceback."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("socket.create_server", refuse)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(words)
    assert error.count("\n") == 1


def test_a_port_out_of_range_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A number that can be no port is named, with what could be."""
    with pytest.raises(SystemExit):
        main(["serve", "c.yaml", "--port", "99999"])
    assert "99999 is no port: give a number from 0 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "scan"])
def test_a_form_that_there_is_not_is_refused(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the names of those that there are."""
    with pytest.raises(SystemExit):
        main([command, "--format", "xml", "."])
    error = capsys.readouterr().err
    assert all(form in error for form in ("'xml'", "text", "github", "json"))


def test_redact_takes_its_options_in_any_order(cassette: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Options before or after the paths, and several of them."""
    assert main(["redact", "--redact", "Hello", "--redact", "re:v1_[A-Z]+", str(cassette)]) == 0
    assert capsys.readouterr().out == f"{cassette}: redacted\n"
    assert "Hello" not in cassette.read_text()


def test_an_interrupt_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends a command with a word and no traceback."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pytest_interactions.commands.scan.run", interrupt)
    assert main(["scan", "."]) == 2
    assert capsys.readouterr().err == "pytest-interactions: interrupted\n"


def test_a_reader_that_goes_away_is_no_error(cassette: Path) -> None:
    """Output into a pipe that is closed, as by `head`, ends quietly."""
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest_interactions", "show", str(cassette), "--json"],
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_an_error_that_nobody_foresaw_is_one_line_without_its_data(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its status is none of those that say what a command has found."""

    def fail(_: object) -> None:
        raise LookupError("a secret")

    monkeypatch.setattr("pytest_interactions.commands.scan.run", fail)
    assert main(["scan", "."]) == Status.FAILED
    expected = (
        r"pytest-interactions: LookupError \(test_command_line\.py:\d+\): this is a fault of .*, please report it\.\n"
    )
    assert re.fullmatch(expected, capsys.readouterr().err)


def test_help_explains_each_command(capsys: pytest.CaptureFixture[str]) -> None:
    """--help lists the commands, and each has its own."""
    for command in ([], *([name] for name in COMMANDS)):
        with pytest.raises(SystemExit) as ended:
            main([*command, "--help"])
        assert ended.value.code == 0
        assert len(capsys.readouterr().out.splitlines()) > 5


def _imported_by(*command: str) -> set[str]:
    """Return the modules that are imported when the help, or the version, has been printed."""
    code = (
        "import atexit, sys; from pytest_interactions.commands import main\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr)); main()"
    )
    ended = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True)
    return set(ended.stderr.split())


def test_help_imports_what_it_needs() -> None:
    """The list of the commands is quick, and no command's help needs the extra."""
    modules = {f"pytest_interactions.commands.{name}" for name in COMMANDS}
    assert not _imported_by("--help") & {"vcr", "pydantic", "starlette", "uvicorn", "httpx", "yaml", *modules}
    for name in ("demo", "emulate", "serve"):
        imported = _imported_by(name, "--help")
        assert imported & modules == {f"pytest_interactions.commands.{name}"}
        assert not imported & {"starlette", "uvicorn"}


def test_the_version_is_that_of_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    """One line and status 0, and no command is imported for it."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"pytest-interactions {version('pytest-interactions')}\n"
    ours = {name for name in _imported_by("--version") if name.startswith("pytest_interactions.")}
    needed = ("commands", "commands.exit_status", "errors", "escaping", "lazy")
    assert ours == {f"pytest_interactions.{name}" for name in needed}


def test_a_copy_that_is_not_installed_has_no_version(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """That is said, and is no traceback."""
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == "pytest-interactions (not installed)\n"
