"""The common part of the commands that look through files: the files, and the secrets in them."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_interactions.api.bounds import BODIES_IN_A_FILE, LARGEST_BODY
from pytest_interactions.commands.exit_status import Status
from pytest_interactions.commands.paths import files_in
from pytest_interactions.commands.progress import progress
from pytest_interactions.commands.reports import Found, message_of
from pytest_interactions.errors import TooLargeError
from pytest_interactions.files import disk
from pytest_interactions.redaction.scan import scan

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable, Iterable, Iterator

    from pytest_interactions.commands.reports import Reporter
    from pytest_interactions.redaction.redactor import Redactor


#: Folders in which nobody keeps a recording: those of version control, and those that tools make anew.
_NOT_ENTERED: Final = re.compile(r"\.(?:git|hg|svn|venv.*|tox|nox|\w+_cache)|__pycache__|node_modules")


def for_each_file(
    paths: Iterable[Path],
    look_through: Callable[[Path], Status],
    reporter: Reporter,
    *,
    failure: str,
    hidden: bool = False,
) -> Status:
    """Look through every file, and return the worst status.

    After an error, which is reported, the search goes on with the next file.

    Args:
        paths: Files, and folders with all that is in them.
        look_through: Returns the status of one file.
        reporter: Takes the errors.
        failure: The words that stand between the file's name and the reason.
        hidden: Whether hidden files are looked through too, such as `.env` and the journals of recordings.
    """
    statuses = [Status.OK]

    def complain(error: OSError) -> None:
        statuses.append(reporter.failed(Path(error.filename), f"{failure}: {error.strerror}."))

    wanted = _is_entered if hidden else _is_visible
    found = chain.from_iterable(files_in(path, wanted, complain) for path in paths)
    with progress(found, reporter.clean) as files:
        for file in files:
            try:
                statuses.append(look_through(file))
            except OSError as error:
                complain(OSError(error.errno, error.strerror, error.filename or str(file)))
            except TooLargeError as error:
                statuses.append(reporter.failed(file, message_of(error, file)))
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


def secrets_in(path: Path, text: str, redactor: Redactor, max_size: int) -> Iterator[Found]:
    """Yield each secret in a file's name, and in its text."""
    for kind in dict.fromkeys(kind for _, _, kind in redactor.secrets.matcher.find(str(path))):
        yield Found(path, "secret", f"{kind} (the file's name)")
    for finding in scan(text, redactor.secrets, redactor.trees, max_size):
        where = f" ({finding.where})" if finding.where else ""
        yield Found(path, "secret", f"{finding.kind}{where}", finding.line)


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
