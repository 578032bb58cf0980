"""The emulator on a real loopback socket, in a thread of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from pytest_interactions.server.emulator.app import Api
from pytest_interactions.server.emulator.loading import load
from pytest_interactions.server.emulator.script import Rule, When, build
from pytest_interactions.server.emulator.state import Store
from pytest_interactions.server.serving import Served, Serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_interactions.server.emulator.wire import Received

#: What `Emulator.env` gives as the key: any key is accepted, this one is plainly none.
EMULATOR_KEY = "emulator-key"


class Emulator(Served):
    """A local Interactions API; it serves from the moment it is made until `stop()`.

    Args:
        port: the TCP port on 127.0.0.1; 0 chooses a free one.
        seed: what ids and signatures depend on: the same requests with the same seed get the same ones.
        clock: the server's time (aware); the system's by default.
        script: a YAML file of scripted answers.

    Raises:
        OSError: the port is taken.
        ScriptError: the script can't be used.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        seed: int = 0,
        clock: Callable[[], datetime] | None = None,
        script: Path | None = None,
    ) -> None:
        #: All requests received, in order.
        self.requests: list[Received] = []
        self._rules: list[Rule] = load(script) if script else []
        store = Store(seed, clock or (lambda: datetime.now(UTC)))
        app = Api(store, self._rules, self.requests).app()
        self._serving = Serving(app, name="interactions-emulator", port=port)

    @classmethod
    def steady(cls, port: int = 0, *, seed: int = 0, script: Path | None = None) -> Self:
        """An emulator whose clock stands still: what is recorded against it is the same every time."""
        return cls(port, seed=seed, clock=lambda: datetime(2026, 6, 9, 12, 1, 25, tzinfo=UTC), script=script)

    @property
    def env(self) -> dict[str, str]:
        """What to set in the environment of a program that is to talk to this emulator."""
        return {"GOOGLE_GEMINI_BASE_URL": self.url, "GEMINI_API_KEY": EMULATOR_KEY}

    def on(self, **when: Any) -> Rule:
        """Begin a scripted answer to requests that look like this; the keys are those of `script.When`."""
        rule = Rule(build(When, when))
        self._rules.append(rule)
        return rule
