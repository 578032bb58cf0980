"""The commands `scan` and `redact`: files looked through, and files cleaned."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_interactions.commands.paths import files_in
from pytest_interactions.commands.status import Status
from pytest_interactions.errors import CassetteError
from pytest_interactions.redaction.redactor import Redactor
from pytest_interactions.redaction.scan import Finding, clean, scan
from pytest_interactions.redaction.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    Write = Callable[[str], Any]


def scan_paths(paths: Sequence[Path], write: Write) -> Status:
    """Look through files, whoever wrote them, and directories with all that is in them but hidden files.

    Args:
        paths: The files and directories.
        write: Takes each line of the report: `file:line: what kind (where)`, or what went wrong.

    Returns:
        The exit status: 0 if there is no secret, 1 if there is, 2 if a file could not be looked through.
    """
    secrets = Secrets.from_environ(os.environ)
    status = Status.OK
    for path in paths:
        try:
            for file in files_in(path, _is_visible):
                findings = scan(_read(file), secrets)
                _report(file, findings, write)
                status = max(status, Status.FOUND if findings else Status.OK)
        except OSError as error:
            write(f"{error.filename or path}: can't be read: {error.strerror}.")
            status = Status.FAILED
    return status


def redact_paths(
    paths: Sequence[Path], write: Write, *, keep_headers: Iterable[str] = (), redact: Iterable[Any] = ()
) -> Status:
    """Take all secrets out of recordings, in place: each file is replaced in one step, or left as it is.

    A vcrpy cassette is written anew as this package records it. In any other file the secrets alone are replaced.

    Args:
        paths: Files, and directories with all that is in them but hidden files.
        write: Takes each line of the report.
        keep_headers: As in the option of that name.
        redact: As in the option of that name.

    Returns:
        The exit status: 0 if no secret is left, 1 if one is that can't be replaced, 2 if a file can't be read or
        written.

    Raises:
        OptionError: An entry of `redact` can't be used.
    """
    secrets = Secrets.from_environ(os.environ)
    redactor = Redactor(secrets=secrets, keep_headers=keep_headers, redact=redact)
    status = Status.OK
    for path in paths:
        try:
            for file in files_in(path, _is_visible):
                status = max(status, _redact_file(file, secrets, redactor, write))
        except OSError as error:
            write(f"{error.filename or path}: can't be read or written: {error.strerror}.")
            status = Status.FAILED
    return status


def _redact_file(path: Path, secrets: Secrets, redactor: Redactor, write: Write) -> Status:
    from pytest_interactions.files.storage import locked, replacing

    with locked(path):
        before = _read(path)
        after = _redacted_cassette(path, before, secrets, redactor, write)
        if after is None:
            after = clean(before, redactor.secrets)
        left = scan(after, redactor.secrets)
        if after != before:
            with replacing(path) as file:
                file.write(after.encode("utf-8", "surrogateescape"))
            write(f"{path}: redacted")
    _report(path, left, write)
    return Status.FOUND if left else Status.OK


def _redacted_cassette(path: Path, text: str, secrets: Secrets, redactor: Redactor, write: Write) -> str | None:
    """The redacted text of a vcrpy cassette in YAML; `None` if this is none, or can't be read as one."""
    from pytest_interactions.files.layout import dumps
    from pytest_interactions.files.storage import loads

    if path.suffix not in {".yaml", ".yml"} or "interactions:" not in text:
        return None
    try:
        contents = loads(text.encode("utf-8", "surrogateescape"), path)
    except CassetteError:
        write(f"{path}: can't be read as a cassette, so it was looked through as any text is")
        return None
    for exchange in contents.exchanges:
        secrets.learn(exchange.request)
    exchanges = [
        replace(exchange, request=redactor.request(exchange.request), response=redactor.response(exchange.response))
        for exchange in contents.exchanges
    ]
    unchanged = exchanges == contents.exchanges and not scan(text, redactor.secrets)
    return text if unchanged else dumps(exchanges, incomplete=contents.incomplete)


def _report(path: Path, findings: Iterable[Finding], write: Write) -> None:
    for finding in findings:
        write(f"{path}:{finding.line}: {finding.kind}" + (f" ({finding.where})" if finding.where else ""))


def _is_visible(path: Path) -> bool:
    return not path.name.startswith(".")


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape")
