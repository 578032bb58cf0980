"""The tests of a project, collected by pytest in a process of its own, and what they own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from pytest_interactions.conversions import boolean
from pytest_interactions.errors import InteractionsError
from pytest_interactions.ini_file import ini_of
from pytest_interactions.naming import project_of, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_interactions.files.unowned.owned import Owned

_NOT_FOUND: Final = "ERROR: not found: "
_UNESCAPED: Final = "disable_test_id_escaping_and_forfeit_all_rights_to_community_support"
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
            [*command, *map(_as_pytest_has_it, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            check=False,
        )
        if not told.exists():
            output = ended.stdout.decode(errors="replace")
            raise InteractionsError(f"pytest can't collect the tests: {_reason(output, ended.returncode, words)}")
        owned = loads(told.read_text("utf-8"))
    if not owned.cassettes:
        reasons = [f" {shown(path, Path.cwd())}: {reason}" for path, reason in owned.left.items()]
        raise InteractionsError(f"pytest has collected no test, so nothing can be told.{next(iter(reasons), '')}")
    return owned


def _as_pytest_has_it(word: str) -> str:
    """Return a test with its parameters as pytest has them: what is not ASCII is escaped, if the project lets it."""
    test, bracket, parameters = word.partition("[")
    root = project_of(Path.cwd())
    if "::" not in test or parameters.isascii() or (root and boolean(ini_of(root)[1].get(_UNESCAPED, ""))):
        return word
    escaped = (each if each.isascii() else each.encode("unicode_escape").decode("ascii") for each in parameters)
    return f"{test}{bracket}{''.join(escaped)}"


def _reason(output: str, status: int, words: Sequence[str]) -> str:
    """Return what of pytest's output says what went wrong."""
    lines = [" ".join(line.split()) for line in output.splitlines()]
    loading = [f"{line.rstrip('.')}:" for line in lines if line.startswith("ImportError while loading conftest")]
    errors = [line.removeprefix("INTERNALERROR> ") for line in lines if line.startswith(_ERRORS)]
    reason = " ".join([*loading[:1], *errors[:1]]).replace(": E ", ": ") or f"it ended with status {status}"
    missing = reason.removeprefix(_NOT_FOUND) if reason.startswith(_NOT_FOUND) else ""
    typed = [word for word in words if "[" in word and str(Path.cwd() / word.partition("[")[0]) == missing]
    return f"{_NOT_FOUND}{' or '.join(typed)}" if typed else reason  # pytest leaves out the parameters
