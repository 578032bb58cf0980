"""The common part of `scan` and `redact`: each file is read, and the secrets in it are reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.commands.paths import files_in
from pytest_interactions.commands.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pytest_interactions.redaction.scan import Finding


def for_each_file(paths: Iterable[Path], do: Callable[[Path], Status], *, failure: str) -> Status:
    """Do the same to every file, and return the worst status.

    Args:
        paths: Files, and folders with all that is in them but hidden files.
        do: Looks through one file.
        failure: The words for a file that `do` can't look through; printed with the reason.
    """
    status = Status.OK
    for path in paths:
        try:
            for file in files_in(path, _is_visible):
                status = max(status, do(file))
        except OSError as error:
            print(f"{error.filename or path}: {failure}: {error.strerror}.")
            status = Status.FAILED
    return status


def _is_visible(path: Path) -> bool:
    return not path.name.startswith(".")


def read(path: Path) -> str:
    """Return a file's text, such that encoding it again with `surrogateescape` gives the file's bytes."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


def report(path: Path, findings: Iterable[Finding]) -> Status:
    """Print a line for each finding, `file:line: what kind (where)`, and return the status of the file."""
    status = Status.OK
    for finding in findings:
        print(f"{path}:{finding.line}: {finding.kind}" + (f" ({finding.where})" if finding.where else ""))
        status = Status.FOUND
    return status
