"""What git tells of a project: its refs, and files as they are there."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from pytest_interactions.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path


class Git:
    """The repository of a directory, asked by the program git."""

    def __init__(self, directory: Path) -> None:
        """Ask in `directory`, from which paths lead on.

        Raises:
            StoreError: It is in no repository, or there is no git.
        """
        self._directory = directory
        if self.asked("rev-parse", "--is-inside-work-tree") is None:
            raise StoreError(f"{directory}: this is in no repository of git's.")

    def asked(self, *words: str) -> bytes | None:
        """Return what git prints; `None` if it fails.

        Raises:
            StoreError: There is no git.
        """
        try:
            ended = subprocess.run(  # noqa: S603 - git alone, without a shell
                ["git", "-C", str(self._directory), *words],  # noqa: S607 - the user's git
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise StoreError(f"git can't be run: {error.strerror}. Install it.") from None
        return ended.stdout if ended.returncode == 0 else None

    def lines(self, *words: str) -> list[str]:
        """Return the lines that git prints; none if it fails."""
        return (self.asked(*words) or b"").decode("utf-8", "surrogateescape").splitlines()

    def file(self, revision: str, path: str) -> bytes | None:
        """Return a file as it is in a revision; `None` if it is not there."""
        return self.asked("show", f"{revision}:./{path}")
