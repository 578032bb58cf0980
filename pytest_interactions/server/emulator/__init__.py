"""A local, deterministic Interactions API that tests record against and that users script.

with Emulator() as emulator:
    emulator.on(input="weather").reply(text="Sunny.")
    genai.Client(api_key="any", http_options={"base_url": emulator.url})
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.lazy import lazy_getattr

if TYPE_CHECKING:
    from pytest_interactions.server.emulator.resources.deliveries import Delivered
    from pytest_interactions.server.emulator.resources.webhooks import signed
    from pytest_interactions.server.emulator.runner import Emulator
    from pytest_interactions.server.emulator.script import Rule
    from pytest_interactions.server.emulator.wire import Hold, Received

__all__ = ["Delivered", "Emulator", "Hold", "Received", "Rule", "signed"]

__getattr__ = lazy_getattr(
    __name__,
    "the emulator",
    Delivered=".resources.deliveries",
    Emulator=".runner",
    Hold=".wire",
    Received=".wire",
    Rule=".script",
    signed=".resources.webhooks",
)
