"""The parts of pages that are made of the code: the table of the options, and the help of the commands."""

from __future__ import annotations

import io
import os
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any, Final

from pytest_interactions.commands import COMMANDS, main
from pytest_interactions.options import SPECS, Options

_HERE: Final = Path(__file__).parent
#: Where they are, for pages to include; nobody commits them.
DIRECTORY: Final = _HERE / "_generated"


def write_options() -> None:
    """Write the table of all options: name, default, meaning."""
    rows = ["| option | default | means |", "| --- | --- | --- |"]
    for name, spec in SPECS.items():
        default = _shown(Options._field_defaults[name])
        means = spec.help or "a callable, of `interactions_config`, a marker or `use_cassette` alone"
        rows.append(f"| `{name}` | {default} | {means.replace('|', '&#124;')} |")
    _write("options.md", "\n".join(rows) + "\n")


def _shown(value: Any) -> str:
    if value is None or value in ("", ()):
        return ""
    if isinstance(value, tuple):
        value = ",".join(value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def write_commands() -> None:
    """Write the help of each command, as the program prints it."""
    parts = [f"## {name}\n\n```text\n{_help(name)}```\n" for name in COMMANDS]
    _write("commands.md", "\n".join(parts))


def _help(command: str) -> str:
    os.environ["COLUMNS"] = "88"
    printed = io.StringIO()
    with redirect_stdout(printed), suppress(SystemExit):
        main([command, "--help"])
    return printed.getvalue()


def write_changelog() -> None:
    """Write the changelog of the repository, whose links to pages are seen from here."""
    text = (_HERE.parent / "CHANGELOG.md").read_text("utf-8").replace("](docs/", "](")
    _write("changelog.md", text)


def _write(name: str, text: str) -> None:
    DIRECTORY.mkdir(exist_ok=True)
    path = DIRECTORY / name
    if not path.exists() or path.read_text("utf-8") != text:  # what stays the same is not built again
        path.write_text(text, "utf-8")
