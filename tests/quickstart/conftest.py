"""The quickstart's cassettes are recorded against the emulator, as if it were the real API.

Record them anew with:

    pytest tests/quickstart --interactions-record-mode=rewrite --snapshot-update
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from pytest_interactions.server.emulator import Emulator
from tests.support import addressed

if TYPE_CHECKING:
    from collections.abc import Iterator

REAL = "generativelanguage.googleapis.com"


@pytest.fixture
def interactions_config() -> dict[str, Any]:
    """Record the emulator's traffic as the real API's."""
    return {"before_record_request": lambda request: addressed(request, REAL)}


@pytest.fixture(autouse=True)
def _no_keys() -> None:
    """Leave the environment alone: here the plugin looks after keys, as it does for users."""


@pytest.fixture(autouse=True)
def _emulator_when_recording(
    request: pytest.FixtureRequest, interactions: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """While recording, an emulator is the API; its background work goes on by polls, so nobody need sleep.

    A module's `SCRIPT` has pairs of a request and the emulator's reply.
    """
    if interactions.record_mode == "none":
        yield
        return
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with Emulator.steady() as emulator:
        for when, reply in getattr(request.module, "SCRIPT", ()):
            emulator.on(**when).reply(**reply)
        for name, value in emulator.env.items():
            monkeypatch.setenv(name, value)
        yield
