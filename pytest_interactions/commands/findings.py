"""The common part of `scan` and `redact`: files, and the findings in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.commands.paths import files_in
from pytest_interactions.commands.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pytest_interactions.redaction.scan import Finding


def for_each_file(paths: Iterable[Path], look_through: Callable[[Path], Status], *, failure: str) -> Status:
    """Look through every file, and return the worst status.

    After an error, which is printed, the search goes on with the next of `paths`.

    Args:
        paths: Files, and folders with all that is in them but hidden files.
        look_through: Returns the status of one file.
        failure: The words that stand between the file's name and the reason.
    """
    status = Status.OK
    for path in paths:
        try:
            for file in files_in(path, _is_visible):
                status = max(status, look_through(file))
        except OSError as error:
            print(f"{error.filename or path}: {failure}: {error.strerror}.")
            status = Status.FAILED
    return status


def _is_visible(path: Path) -> bool:
    return not path.name.startswith(".")


def read(path: Path) -> str:
    """Return a file's text; bytes that are no UTF-8 become surrogates, so that none is lost."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


def report(path: Path, findings: Iterable[Finding]) -> Status:
    """Print `file:line: kind (where)` for each finding, and return the status of the file."""
    status = Status.OK
    for finding in findings:
        print(f"{path}:{finding.line}: {finding.kind}" + (f" ({finding.where})" if finding.where else ""))
        status = Status.FOUND
    return status
