"""The key of a run that has none: a placeholder, set before the run's own code makes a client without one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from pytest_interactions.options import KEYS, RecordMode

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pytest

_REPLAYING: Final = {RecordMode.NONE, RecordMode.ONCE, RecordMode.NEW_EPISODES}


def set_early(config: pytest.Config, directories: Iterable[Path]) -> None:
    """Set the placeholder until the end of the run if what is below one of `directories` may be replayed.

    It may be if no key is set, the record mode replays, and the directory or one above it holds cassettes. A run that
    may also record gets its key from its environment or from a file `.env`; the file's key must find its place free.
    """
    if any(map(os.environ.get, KEYS)):
        return
    mode = option(config, "record_mode") or RecordMode.NONE
    above = dict.fromkeys(each for directory in directories for each in (directory, *directory.parents))
    cassettes = option(config, "cassette_dir") or "cassettes"
    may_replay = mode in _REPLAYING and any((directory / cassettes).is_dir() for directory in above)
    if not may_replay or (mode != RecordMode.NONE and any((directory / ".env").is_file() for directory in above)):
        return
    from pytest_interactions.redaction.matcher import PLACEHOLDER_KEY

    def unset() -> None:
        if os.environ.get("GEMINI_API_KEY") == PLACEHOLDER_KEY:
            del os.environ["GEMINI_API_KEY"]

    os.environ["GEMINI_API_KEY"] = PLACEHOLDER_KEY
    config.add_cleanup(unset)


def option(config: pytest.Config, name: str) -> str | None:
    """Return an option of the command line or the ini file, as it is known before the run's own code is."""
    # The first is empty at the beginning, and the second stays as it was then.
    parsed = config.option, config.known_args_namespace
    flags: list[str | None] = [getattr(each, f"interactions_{name}", None) for each in parsed]
    return flags[0] or flags[1] or config.getini(f"interactions_{name}")
