"""What a command has found, and how it says so: as lines of text, as annotations of GitHub's, or as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from pytest_interactions.commands.exit_status import Status
from pytest_interactions.escaping import escaped, on_one_line
from pytest_interactions.report.annotations import annotation, are_wanted, in_workspace

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from pathlib import Path

    from pytest_interactions.errors import CassetteFormatError
    from pytest_interactions.redaction.secrets import Secrets


class Form(StrEnum):
    """The forms in which findings are printed."""

    TEXT = "text"
    GITHUB = "github"
    JSON = "json"


class Level(StrEnum):
    """How bad something is, in GitHub's words."""

    #: Something is wrong.
    ERROR = "error"
    #: Something waits for somebody to decide on it.
    WARNING = "warning"
    #: Something was done, and nothing is left to do.
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Found:
    """Something that was found in a file, or was done to it.

    Attributes:
        path: The file.
        kind: One word for what it is, by which a program tells one from another.
        message: What it is, and what to do.
        line: The line in the file, from 1; `None` if it is of the whole file.
        level: How bad it is.
    """

    path: Path
    kind: str
    message: str
    line: int | None = None
    level: Level = Level.ERROR


class Reporter:
    """What prints each finding, without the secrets that may be in the name of its file.

    Args:
        secrets: The secrets.
        form: The form; by default text, and annotations in a workflow of GitHub's.
    """

    def __init__(self, secrets: Secrets, form: str | None = None) -> None:
        self._secrets = secrets
        self._form = Form(form or (Form.GITHUB if are_wanted() else Form.TEXT))
        self._all: list[dict[str, str | int | None]] = []

    def found(self, found: Found) -> Status:
        """Print a finding, or keep it for the end; return the status that it means."""
        place = self.clean(found.path)
        shown = replace(found, message=self._redacted(found.message))
        text = f"{place if found.line is None else f'{place}:{found.line}'}: {shown.message}"
        if self._form is Form.JSON:
            self._all.append({**asdict(shown), "path": place})
        elif self._form is Form.GITHUB:
            # The text has the place too, as the log shows no more than that.
            file = self._redacted(in_workspace(found.path))
            print(annotation(found.level, found.kind, text, file=file, line=found.line))
        else:
            print(text)
        return Status.OK if found.level is Level.NOTICE else Status.FOUND

    def failed(self, path: Path, message: str) -> Status:
        """Print why a file could not be looked at; return the status that it means."""
        self.found(Found(path, "unreadable", message))
        return Status.FAILED

    def end(self) -> None:
        """Print what was kept for the end: all findings, as one list."""
        if self._form is Form.JSON:
            print(json.dumps(self._all, indent=2))

    def clean(self, path: Path) -> str:
        """Return a path as it may be shown."""
        return self._redacted(str(path))

    def _redacted(self, text: str) -> str:
        return on_one_line(self._secrets.matcher.redact(text))


def form_argument(parser: ArgumentParser) -> None:
    """Declare the form of what is printed."""
    parser.add_argument(
        "--format",
        choices=[form.value for form in Form],
        metavar="FORM",
        help="text, github (annotations; the default in a workflow of GitHub's) or json",
    )


def message_of(error: CassetteFormatError, path: Path) -> str:
    """Return the message of an error without the place in front of it, which a report has anyway."""
    place = str(path) if error.line is None else f"{path}:{error.line}"
    return str(error).removeprefix(f"{escaped(place)}: ")
