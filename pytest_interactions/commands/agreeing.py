"""The question before something is deleted."""

from __future__ import annotations

import sys

from pytest_interactions.errors import InteractionsError


def is_agreed(what: str, *, yes: bool, asks: bool = True) -> bool:
    """Return whether to delete, which is asked on a terminal.

    Args:
        what: What would be deleted, as a number of things.
        yes: Whether it was agreed to on the command line.
        asks: Whether it may be asked.

    Raises:
        InteractionsError: There is nobody to ask.
    """
    if yes:
        return True
    if not (asks and sys.stdin.isatty() and sys.stdout.isatty()):
        raise InteractionsError("nothing was deleted, as there is no terminal to ask on: to delete, add --yes.")
    return input(f"Delete these {what}? [y/N] ").strip().lower() in {"y", "yes"}
