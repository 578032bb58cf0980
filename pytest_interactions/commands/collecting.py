"""The tests of a project, collected by pytest in a process of its own, and what they own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from pytest_interactions.errors import InteractionsError
from pytest_interactions.naming import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_interactions.files.unowned.owned import Owned

_ERRORS: Final = ("ERROR: ", "E ", "INTERNALERROR> E ", "!!!")


def collected(words: Sequence[str], *, parts: bool = False) -> Owned:
    """Return what the tests own, which pytest collects.

    Args:
        words: The arguments of pytest.
        parts: Whether parts of files may be collected, which can't tell what no test owns.

    Raises:
        InteractionsError: pytest could not collect them, or there are none.
    """
    from pytest_interactions.files.unowned.owned import loads

    if not parts and any("::" in word for word in words):
        raise InteractionsError(
            "a part of a file can't tell what no test owns: name files or directories, without `::`."
        )
    with TemporaryDirectory(prefix="pytest-interactions-") as directory:
        told = Path(directory, "owned.json")
        plugin = ["-p", "pytest_interactions.plugin.owners", f"--interactions-owners-to={told}"]
        command = [sys.executable, "-m", "pytest", *plugin, "--collect-only", "-qq"]
        ended = subprocess.run(  # noqa: S603 - this interpreter's own pytest
            [*command, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            check=False,
        )
        if not told.exists():
            output = ended.stdout.decode(errors="replace")
            raise InteractionsError(f"pytest can't collect the tests: {_reason(output, ended.returncode)}")
        owned = loads(told.read_text("utf-8"))
    if not owned.cassettes:
        reasons = [f" {shown(path, Path.cwd())}: {reason}" for path, reason in owned.left.items()]
        raise InteractionsError(f"pytest has collected no test, so nothing can be told.{next(iter(reasons), '')}")
    return owned


def _reason(output: str, status: int) -> str:
    """Return what of pytest's output says what went wrong."""
    lines = [" ".join(line.split()) for line in output.splitlines()]
    loading = [f"{line.rstrip('.')}:" for line in lines if line.startswith("ImportError while loading conftest")]
    errors = [line.removeprefix("INTERNALERROR> ") for line in lines if line.startswith(_ERRORS)]
    return " ".join([*loading[:1], *errors[:1]]).replace(": E ", ": ") or f"it ended with status {status}"
