"""A local, deterministic Interactions API that tests record against and that users script.

with Emulator() as emulator:
    emulator.on(input="weather").reply(text="Sunny.")
    genai.Client(api_key="any", http_options={"base_url": emulator.url})
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_interactions.lazy import lazy

if TYPE_CHECKING:
    from pytest_interactions.commands.emulate import run
    from pytest_interactions.server.emulator.runner import Emulator
    from pytest_interactions.server.emulator.script import Rule
    from pytest_interactions.server.emulator.wire import Hold, Received

__all__ = ["Emulator", "Hold", "Received", "Rule", "run"]

_LAZY = {
    "Emulator": "pytest_interactions.server.emulator.runner",
    "Hold": "pytest_interactions.server.emulator.wire",
    "Received": "pytest_interactions.server.emulator.wire",
    "Rule": "pytest_interactions.server.emulator.script",
    "run": "pytest_interactions.commands.emulate",
}


def __getattr__(name: str) -> Any:
    return lazy(__name__, "the emulator", _LAZY, name)
