"""Annotations of GitHub's: lines by which a workflow marks a place of a pull request."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from pytest_interactions.files import disk

#: The workflow command of GitHub's that takes an annotation ends at these characters; in a property at these too.
_IN_MESSAGES: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTIES: Final = _IN_MESSAGES | str.maketrans({":": "%3A", ",": "%2C"})


def are_wanted() -> bool:
    """Return whether this is a workflow of GitHub's."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def annotation(level: str, kind: str, text: str, *, file: str, line: int | None = None) -> str:
    """Return GitHub's command for an annotation; `level` is `error`, `warning` or `notice`."""
    properties = {"file": file, "line": str(line or ""), "title": f"pytest-interactions: {kind}"}
    listed = ",".join(f"{name}={value.translate(_IN_PROPERTIES)}" for name, value in properties.items() if value)
    return f"::{level} {listed}::{text.translate(_IN_MESSAGES)}"


def in_workspace(path: Path) -> str:
    """Return a path as GitHub knows the file: relative to the workflow's checkout, if it is in there."""
    workspace, real = os.environ.get("GITHUB_WORKSPACE"), disk.real(path)
    if workspace and real.is_relative_to(home := disk.real(Path(workspace))):
        return real.relative_to(home).as_posix()
    return path.as_posix()
