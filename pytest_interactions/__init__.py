"""Record and replay tests of applications built on Google's Gemini Interactions API.

Nothing heavy is imported here: pytest loads this package in every run, and only a test that uses it pays for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pytest_interactions.errors import (
    CassetteError,
    CassetteFormatError,
    CassetteMissError,
    CassetteNotFoundError,
    CassetteWriteError,
    InteractionsError,
    MissingExtraError,
    NetworkBlockedError,
    OptionError,
    PlaceholderError,
    ScriptError,
    SecretLeakError,
    StreamEndedError,
    UnplayedError,
)

if TYPE_CHECKING:
    from pytest_interactions.api.fold import fold
    from pytest_interactions.api.models import Event, Interaction, Step
    from pytest_interactions.clients.context import use_cassette

__all__ = [
    "CassetteError",
    "CassetteFormatError",
    "CassetteMissError",
    "CassetteNotFoundError",
    "CassetteWriteError",
    "Event",
    "Interaction",
    "InteractionsError",
    "MissingExtraError",
    "NetworkBlockedError",
    "OptionError",
    "PlaceholderError",
    "ScriptError",
    "SecretLeakError",
    "Step",
    "StreamEndedError",
    "UnplayedError",
    "fold",
    "use_cassette",
]

_LAZY = {
    "Event": "pytest_interactions.api.models",
    "Interaction": "pytest_interactions.api.models",
    "Step": "pytest_interactions.api.models",
    "fold": "pytest_interactions.api.fold",
    "use_cassette": "pytest_interactions.clients.context",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
