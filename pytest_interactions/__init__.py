"""Record and replay tests of applications built on Google's Gemini Interactions API.

This package imports nothing heavy, because pytest loads it in every run, also for tests that don't use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    SeveralCassettesError,
    StreamEndedError,
    UnplayedError,
    UnseenRequestError,
    UnsupportedClientError,
)
from pytest_interactions.lazy import lazy_getattr

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
    "SeveralCassettesError",
    "Step",
    "StreamEndedError",
    "UnplayedError",
    "UnseenRequestError",
    "UnsupportedClientError",
    "fold",
    "use_cassette",
]

__getattr__ = lazy_getattr(
    __name__,
    Event=".api.models",
    Interaction=".api.models",
    Step=".api.models",
    fold=".api.fold",
    use_cassette=".clients.context",
)
