"""What a command has found, and how it says so: as lines of text, as annotations of GitHub's, or as JSON."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_interactions.commands.status import Status
from pytest_interactions.escaping import escaped, on_one_line
from pytest_interactions.files import disk

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from pytest_interactions.errors import CassetteFormatError
    from pytest_interactions.redaction.secrets import Secrets

#: The workflow command of GitHub's that takes an annotation ends at these characters; in a property at these too.
_IN_MESSAGES: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTIES: Final = _IN_MESSAGES | str.maketrans({":": "%3A", ",": "%2C"})


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
        self._form = Form(form or (Form.GITHUB if os.environ.get("GITHUB_ACTIONS") == "true" else Form.TEXT))
        self._all: list[dict[str, str | int | None]] = []

    def found(self, found: Found) -> Status:
        """Print a finding, or keep it for the end; return the status that it means."""
        place = self.clean(found.path)
        shown = replace(found, message=self._redacted(found.message))
        text = f"{place if found.line is None else f'{place}:{found.line}'}: {shown.message}"
        if self._form is Form.JSON:
            self._all.append({**asdict(shown), "path": place})
        elif self._form is Form.GITHUB:
            print(_annotation(shown, self._redacted(_in_workspace(found.path)), text))
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


def _annotation(found: Found, file: str, text: str) -> str:
    """Return GitHub's command for an annotation; its message has the place too, as the log shows no more than that."""
    properties = {"file": file, "line": str(found.line or ""), "title": f"pytest-interactions: {found.kind}"}
    listed = ",".join(f"{name}={value.translate(_IN_PROPERTIES)}" for name, value in properties.items() if value)
    return f"::{found.level} {listed}::{text.translate(_IN_MESSAGES)}"


def _in_workspace(path: Path) -> str:
    """Return a path as GitHub knows the file: relative to the workflow's checkout, if it is in there."""
    workspace, real = os.environ.get("GITHUB_WORKSPACE"), disk.real(path)
    if workspace and real.is_relative_to(home := disk.real(Path(workspace))):
        return real.relative_to(home).as_posix()
    return path.as_posix()
