"""The common part of `scan` and `redact`: files, and the findings in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pytest_interactions.commands.paths import files_in
from pytest_interactions.commands.status import Status

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pytest_interactions.redaction.matcher import Matcher
    from pytest_interactions.redaction.scan import Finding


#: Folders in which nobody keeps a recording: those of version control, and those that tools make anew.
_NOT_ENTERED: Final = re.compile(r"\.(?:git|hg|svn|venv.*|tox|nox|\w+_cache)|__pycache__|node_modules")


def for_each_file(
    paths: Iterable[Path], look_through: Callable[[Path], Status], *, failure: str, hidden: bool = False
) -> Status:
    """Look through every file, and return the worst status.

    After an error, which is printed, the search goes on with the next of `paths`.

    Args:
        paths: Files, and folders with all that is in them.
        look_through: Returns the status of one file.
        failure: The words that stand between the file's name and the reason.
        hidden: Whether hidden files are looked through too, such as `.env` and the journals of recordings.
    """
    status = Status.OK
    for path in paths:
        try:
            for file in files_in(path, _is_entered if hidden else _is_visible):
                status = max(status, look_through(file))
        except OSError as error:
            print(f"{error.filename or path}: {failure}: {error.strerror}.")
            status = Status.FAILED
    return status


def _is_visible(path: Path) -> bool:
    return not path.name.startswith(".")


def _is_entered(path: Path) -> bool:
    return _NOT_ENTERED.fullmatch(path.name) is None


def read(path: Path) -> str:
    """Return a file's text; bytes that are no UTF-8 become surrogates, so that none is lost."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


def report(path: Path, findings: Iterable[Finding], matcher: Matcher) -> Status:
    """Print `file:line: kind (where)` for each finding, and return the status of the file.

    A secret in the file's own name is a finding too; the name is printed without it.
    """
    status = Status.OK
    name = matcher.redact(str(path))
    for kind in dict.fromkeys(kind for _, _, kind in matcher.find(str(path))):
        print(f"{name}: {kind} (the file's name)")
        status = Status.FOUND
    for finding in findings:
        print(f"{name}:{finding.line}: {finding.kind}" + (f" ({finding.where})" if finding.where else ""))
        status = Status.FOUND
    return status


def rule_arguments(parser: ArgumentParser) -> None:
    """Declare what more is looked for, and what is not."""
    parser.add_argument(
        "--redact",
        action="append",
        default=[],
        metavar="WHAT",
        help="more to look for: a text, re:PATTERN or a JSON path",
    )
    parser.add_argument(
        "--rules", action="append", default=[], metavar="RULES", help="a file in gitleaks's format, or detect-secrets"
    )
    parser.add_argument(
        "--skip-rule", action="append", default=[], metavar="ID", help="a rule not to use, by the id in a finding"
    )
