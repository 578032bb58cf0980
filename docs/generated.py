"""The parts of pages that are made of the code: the table of the options, and the help of the commands."""

from __future__ import annotations

import inspect
import io
import os
import re
import textwrap
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any, Final

from pytest_interactions import plugin
from pytest_interactions.commands import COMMANDS, main
from pytest_interactions.options import SPECS, Options
from pytest_interactions.plugin import scopes

_HERE: Final = Path(__file__).parent
_DEFAULT: Final = re.compile(r" \(default(?:: [^)]*)?\)")
_CODE: Final = re.compile(r"\n\n((?:    .*(?:\n|$))+)")
#: What is typed as it stands in a help text, wherever that is.
_TYPED: Final = re.compile(
    r"(?<![`\w])(max_age|sequence(?= alone)|storm|re:PATTERN|\$\.[\w.\[\]]+|\*\.[\w.]+|host:port|models/"
    r"|detect-secrets|None|4x|90d?|12w|'error: [^']*')(?![`\w])"
)
#: Where they are, for pages to include; nobody commits them.
DIRECTORY: Final = _HERE / "_generated"


def write_options() -> None:
    """Write the table of all options: name, default, meaning."""
    rows = ["| option | default | means |", "| --- | --- | --- |"]
    for name, spec in SPECS.items():
        default = _shown(Options._field_defaults[name])
        rows.append(f"| `{name}` | {default} | {_in_code(_DEFAULT.sub('', spec.help)).replace('|', '&#124;')} |")
    _write("options.md", "\n".join(rows) + "\n")


def _in_code(text: str) -> str:
    """Return a help text with what is typed in code: the values behind its colon, and the names of other options."""
    says, colon, values = text.rpartition(": ")
    parts = re.split(r"(; | or |, )", values) if colon else [values]
    shown = [f"`{part}`" if colon and re.fullmatch(r"[a-z_]+|re:[A-Z]+", part) else part for part in parts]
    return _TYPED.sub(r"`\1`", f"{says}{colon}{''.join(shown)}").replace("`'", "`").replace("'`", "`")


def _shown(value: Any) -> str:
    if value is None or value in ("", ()):
        return ""
    if isinstance(value, tuple):
        value = ",".join(value)
    if isinstance(value, float):
        value = f"{value:g}"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def write_fixtures() -> None:
    """Write the name and the docstring of each fixture."""
    parts = []
    for name, doc in fixtures().items():
        parts.append(f"## {name}\n\n{_CODE.sub(_fenced, doc).strip()}\n")
    _write("fixtures.md", "\n".join(parts))


def _fenced(code: re.Match[str]) -> str:
    return f"\n\n```python\n{textwrap.dedent(code[1]).strip()}\n```\n"


def fixtures() -> dict[str, str]:
    """Return the docstring of each fixture of the plugin, by its name."""
    found = {}
    for module in (plugin, scopes):
        for each in vars(module).values():
            marker = getattr(each, "_fixture_function_marker", None)
            if marker is not None:
                function = each._get_wrapped_function()  # noqa: SLF001 - pytest has no other way to it
                found[marker.name or function.__name__] = inspect.getdoc(function) or ""
    return {name: doc for name, doc in found.items() if not name.startswith("_")}


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


WRITERS: Final = (write_options, write_fixtures, write_commands, write_changelog)
