"""The common part of `scan` and `redact`: files, and the findings in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pytest_interactions.api.bounds import BODIES_IN_A_FILE, LARGEST_BODY
from pytest_interactions.commands.paths import files_in
from pytest_interactions.commands.status import Status
from pytest_interactions.errors import TooLargeError
from pytest_interactions.escaping import on_one_line
from pytest_interactions.files import disk

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

    After an error, which is printed, the search goes on with the next file.

    Args:
        paths: Files, and folders with all that is in them.
        look_through: Returns the status of one file.
        failure: The words that stand between the file's name and the reason.
        hidden: Whether hidden files are looked through too, such as `.env` and the journals of recordings.
    """
    statuses = [Status.OK]

    def complain(error: OSError) -> None:
        print(on_one_line(f"{error.filename}: {failure}: {error.strerror}."))
        statuses.append(Status.FAILED)

    for path in paths:
        for file in files_in(path, _is_entered if hidden else _is_visible, complain):
            try:
                statuses.append(look_through(file))
            except OSError as error:
                complain(OSError(error.errno, error.strerror, error.filename or str(file)))
            except TooLargeError as error:
                print(error)
                statuses.append(Status.FAILED)
    return max(statuses)


def _is_visible(path: Path) -> bool:
    return not path.name.startswith(".")


def _is_entered(path: Path) -> bool:
    return _NOT_ENTERED.fullmatch(path.name) is None


def read(path: Path, max_size: int) -> str:
    """Return a file's text; bytes that are no UTF-8 become surrogates, so that none is lost.

    Raises:
        OSError: It can't be read, or is no file.
        TooLargeError: It is larger than a file of bodies of `max_size` bytes may be.
    """
    return disk.read(path, max_size * BODIES_IN_A_FILE).decode("utf-8", "surrogateescape")


def report(path: Path, findings: Iterable[Finding], matcher: Matcher) -> Status:
    """Print `file:line: kind (where)` for each finding, and return the status of the file.

    A secret in the file's own name is a finding too; the name is printed without it.
    """
    status = Status.OK
    name = matcher.redact(str(path))
    for kind in dict.fromkeys(kind for _, _, kind in matcher.find(str(path))):
        print(on_one_line(f"{name}: {kind} (the file's name)"))
        status = Status.FOUND
    for finding in findings:
        where = f" ({finding.where})" if finding.where else ""
        print(on_one_line(f"{name}:{finding.line}: {finding.kind}{where}"))
        status = Status.FOUND
    return status


def size_argument(parser: ArgumentParser) -> None:
    """Declare how much is read."""
    parser.add_argument(
        "--max-size",
        type=int,
        default=LARGEST_BODY,
        metavar="BYTES",
        help="bytes that a body may have, unpacked (default: 134217728); a file may have 8 times as many",
    )


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
