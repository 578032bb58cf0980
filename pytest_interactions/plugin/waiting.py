"""What a failing test leaves for `pytest-interactions review`, and how its author is told."""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from pytest_interactions.errors import CassetteFormatError
from pytest_interactions.escaping import on_one_line

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from pytest_interactions.plugin.attempts import Use

#: The variables by which services of continuous integration are known, where nobody reviews.
_CI: Final = ("CI", "TF_BUILD")


def recording(config: pytest.Config, use: Use, written: Path) -> str:
    """Leave what belongs to a new recording beside it, and return how to accept it."""
    from pytest_interactions.files import leaving

    cassette = use.cassette
    snapshots = {path: each for assertion in use.snapshots for path, each in assertion.failed().items()}
    with suppress(OSError, CassetteFormatError):  # it can be accepted without
        leaving.leave(cassette.path, cassette.redacted(use.user), snapshots)
    accept = f"pytest-interactions review --accept {_path(config, written)} (--reject deletes it)"
    if cassette.failures:
        return f"What could be recorded may not be all of it. To accept it all the same: {accept}"
    return f"To accept the new recording{' and its snapshot' * bool(snapshots)}: {accept}"


def snapshots(config: pytest.Config, use: Use) -> str:
    """Leave the snapshots that differ for review, and return how to look at them; `""` if none wait.

    Those that are as they were, or were updated, wait no more.
    """
    from pytest_interactions.files import leaving
    from pytest_interactions.options import RecordMode

    cassette = use.cassette
    if cassette.record_mode in (RecordMode.OFF, RecordMode.VERIFY):
        return ""
    is_left = use.outcome == "failed" and not any(map(os.environ.get, _CI))
    failed = {path: each for assertion in use.snapshots for path, each in assertion.failed().items()} if is_left else {}
    held = {path for assertion in use.snapshots for path in assertion.held()} - failed.keys()
    test, left = cassette.redacted(use.user), None
    with suppress(OSError, CassetteFormatError):  # such as in a tree that can only be read
        left = leaving.leave_snapshots(cassette.path, test, failed, held)
    if left is None:
        return ""
    look = f"pytest-interactions review {_path(config, left)}"
    return f"{on_one_line(test)} does not match its snapshot. To look at it and decide: {look}"


def _path(config: pytest.Config, path: Path) -> str:
    from pytest_interactions.naming import shown

    return shlex.quote(shown(path, config.invocation_params.dir))
