"""Record and replay tests of applications built on Google's Gemini Interactions API.

This package imports nothing heavy, because pytest loads it in every run, also for tests that don't use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.errors import (
    AlreadyOpenError,
    BudgetError,
    CassetteError,
    CassetteFormatError,
    CassetteMissError,
    CassetteNotFoundError,
    CassetteWriteError,
    DifferingError,
    DifferingWarning,
    DriftError,
    FaultError,
    ForkedError,
    InteractionsError,
    LintError,
    LintWarning,
    MissingExtraError,
    NetworkBlockedError,
    OptionError,
    OverrideError,
    PlaceholderError,
    ScriptError,
    SecretLeakError,
    SeveralCassettesError,
    SnapshotFormatError,
    StaleError,
    StoreError,
    StreamEndedError,
    TooLargeError,
    UnfinishedError,
    UnplayedError,
    UnseenRequestError,
    UnsupportedClientError,
)
from pytest_interactions.lazy import lazy_getattr

if TYPE_CHECKING:
    from pytest_interactions.api.fold import fold
    from pytest_interactions.api.models import Event, Interaction, Step
    from pytest_interactions.api.tool_calls import ToolCall
    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.clients.context import use_cassette
    from pytest_interactions.options import RecordMode
    from pytest_interactions.plugin.marking import marked
    from pytest_interactions.server import ReplayServer
    from pytest_interactions.server.emulator import Emulator
    from pytest_interactions.snapshot import StepsAssertion
    from pytest_interactions.types import Options

__all__ = [
    "AlreadyOpenError",
    "BudgetError",
    "Cassette",
    "CassetteError",
    "CassetteFormatError",
    "CassetteMissError",
    "CassetteNotFoundError",
    "CassetteWriteError",
    "DifferingError",
    "DifferingWarning",
    "DriftError",
    "Emulator",
    "Event",
    "FaultError",
    "ForkedError",
    "Interaction",
    "InteractionsError",
    "LintError",
    "LintWarning",
    "MissingExtraError",
    "NetworkBlockedError",
    "OptionError",
    "Options",
    "OverrideError",
    "PlaceholderError",
    "RecordMode",
    "ReplayServer",
    "ScriptError",
    "SecretLeakError",
    "SeveralCassettesError",
    "SnapshotFormatError",
    "StaleError",
    "Step",
    "StepsAssertion",
    "StoreError",
    "StreamEndedError",
    "TooLargeError",
    "ToolCall",
    "UnfinishedError",
    "UnplayedError",
    "UnseenRequestError",
    "UnsupportedClientError",
    "fold",
    "marked",
    "use_cassette",
]

__getattr__ = lazy_getattr(
    __name__,
    Cassette=".cassette.cassette",
    Emulator=".server.emulator",
    Event=".api.models",
    Interaction=".api.models",
    Options=".types",
    RecordMode=".options",
    ReplayServer=".server",
    Step=".api.models",
    StepsAssertion=".snapshot",
    ToolCall=".api.tool_calls",
    fold=".api.fold",
    marked=".plugin.marking",
    use_cassette=".clients.context",
)
