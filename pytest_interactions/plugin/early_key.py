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
    mode = _option(config, "record_mode") or RecordMode.NONE
    above = dict.fromkeys(each for directory in directories for each in (directory, *directory.parents))
    cassettes = _option(config, "cassette_dir") or "cassettes"
    may_replay = mode in _REPLAYING and any((directory / cassettes).is_dir() for directory in above)
    if not may_replay or (mode != RecordMode.NONE and any((directory / ".env").is_file() for directory in above)):
        return
    from pytest_interactions.redaction.matcher import PLACEHOLDER_KEY

    def unset() -> None:
        if os.environ.get("GEMINI_API_KEY") == PLACEHOLDER_KEY:
            del os.environ["GEMINI_API_KEY"]

    os.environ["GEMINI_API_KEY"] = PLACEHOLDER_KEY
    config.add_cleanup(unset)


def _option(config: pytest.Config, name: str) -> str | None:
    flag: str | None = getattr(config.known_args_namespace, f"interactions_{name}", None)
    return flag or config.getini(f"interactions_{name}")
