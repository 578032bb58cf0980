"""The key, and the credentials of Google, of a run that has none: placeholders, for clients that its code makes early.

A key stays until the end of the run. Credentials are found while tests are collected; what a test does is not changed.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import pytest

from pytest_interactions.options import KEYS, RecordMode

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

#: Ends the search for credentials that finds a placeholder.
_FINDING: Final = pytest.StashKey[ExitStack]()
_REPLAYING: Final = {RecordMode.NONE, RecordMode.ONCE, RecordMode.NEW_EPISODES}


def set_early(config: pytest.Config, directories: Iterable[Path]) -> None:
    """Set the placeholders if what is below one of `directories` may be replayed.

    It may be if the record mode replays, and the directory or one above it holds cassettes. A run that may also record
    gets its key from its environment or from a file `.env`; the file's key must find its place free.
    """
    mode = option(config, "record_mode") or RecordMode.NONE
    above = dict.fromkeys(each for directory in directories for each in (directory, *directory.parents))
    cassettes = option(config, "cassette_dir") or "cassettes"
    if mode not in _REPLAYING or not any((directory / cassettes).is_dir() for directory in above):
        return
    if _FINDING not in config.stash:
        config.stash[_FINDING] = finding = ExitStack()
        finding.enter_context(_credentials())
        config.add_cleanup(finding.close)
    if any(map(os.environ.get, KEYS)) or (mode != RecordMode.NONE and any((each / ".env").is_file() for each in above)):
        return
    from pytest_interactions.redaction.placeholders import PLACEHOLDER_KEY

    def unset() -> None:
        if os.environ.get("GEMINI_API_KEY") == PLACEHOLDER_KEY:
            del os.environ["GEMINI_API_KEY"]

    os.environ["GEMINI_API_KEY"] = PLACEHOLDER_KEY
    config.add_cleanup(unset)


def stop_finding(config: pytest.Config) -> None:
    """Let a search for credentials of Google fail from now on, unless a replay is under way."""
    if _FINDING in config.stash:
        config.stash[_FINDING].close()


def _credentials() -> AbstractContextManager[None]:
    from pytest_interactions.clients.google_auth import Login, logging_in

    return logging_in(Login(is_sent=True, is_needed=False), yields=True)


def option(config: pytest.Config, name: str) -> str | None:
    """Return an option of the command line or the ini file, as it is known before the run's own code is."""
    # The first is empty at the beginning, and the second stays as it was then.
    parsed = config.option, config.known_args_namespace
    flags: list[str | None] = [getattr(each, f"interactions_{name}", None) for each in parsed]
    return flags[0] or flags[1] or config.getini(f"interactions_{name}")
