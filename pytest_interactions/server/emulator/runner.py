"""The emulator on a real loopback socket, in a thread of its own."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from pytest_interactions.server.callers import Callers
from pytest_interactions.server.emulator.app import Api
from pytest_interactions.server.emulator.loading import load
from pytest_interactions.server.emulator.script import Rule, When, built
from pytest_interactions.server.emulator.state import Store
from pytest_interactions.server.emulator.wire import Received
from pytest_interactions.server.serving import Served, Serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_interactions.server.emulator.resources.deliveries import Delivered

#: The API key in `Emulator.env`. The emulator accepts any key; this one can be no real one.
EMULATOR_KEY = "emulator-key"
_NAME = "interactions-emulator"
_HOST = "127.0.0.1"


class Emulator(Served):
    """A local Interactions API, which serves from its creation until `stop()`.

    Args:
        port: The TCP port on 127.0.0.1; 0 chooses a free one.
        seed: The seed of ids and signatures: the same requests with the same seed get the same ones.
        clock: Returns the server's time, with its time zone. The default is the system's time.
        script: A YAML file of scripted answers.
        keep: The number of interactions and files that are remembered, those used last. It is for a server that runs
            long, whose `requests` stay empty. The default remembers all, and all requests.

    Raises:
        OSError: The port is taken.
        ScriptError: The script can't be used.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        seed: int = 0,
        clock: Callable[[], datetime] | None = None,
        script: Path | None = None,
        keep: int | None = None,
    ) -> None:
        #: All requests received, in order.
        self.requests: list[Received] = []
        self._rules: list[Rule] = load(script) if script else []
        store = Store(seed, clock or (lambda: datetime.now(UTC)), keep)
        requests = self.requests if keep is None else deque[Received](maxlen=0)
        self._store = store
        api = Api(store, self._rules, requests)
        self._deliveries = api.resources.deliveries
        self._callers = Callers(api.app(), name=_NAME, host=_HOST)
        self._serving = Serving(self._callers, name=_NAME, host=_HOST, port=port)
        self._serving.ending = self._deliveries.stop

    @classmethod
    def steady(cls, port: int = 0, *, seed: int = 0, script: Path | None = None) -> Self:
        """Return an emulator whose clock stands still, so that each recording of it is the same."""
        return cls(port, seed=seed, clock=lambda: datetime(2026, 6, 9, 12, 1, 25, tzinfo=UTC), script=script)

    @property
    def env(self) -> dict[str, str]:
        """Return the environment variables that lead a program to this emulator."""
        return {"GOOGLE_GEMINI_BASE_URL": self.url, "GEMINI_API_KEY": EMULATOR_KEY}

    def on(self, **when: Any) -> Rule:
        """Begin a scripted answer to requests that look like this; the keys are those of `script.When`.

        Raises:
            ScriptError: A key or a value is wrong.
        """
        rule = Rule(built(When, when))
        self._rules.append(rule)
        return rule

    def deliver(self, interaction_id: str, *, age: float = 0.0) -> list[Delivered]:
        """Deliver to the app's webhooks now that an interaction has ended, and return what the app answered.

        Again, this is the same event once more. An app in the event loop of the test can answer only while the test
        awaits: `await asyncio.to_thread(emulator.deliver, interaction_id)`.

        Args:
            interaction_id: The interaction.
            age: The seconds by which the time of the delivery is in the past, as one that was caught and sent again.

        Raises:
            ApiError: There is no such interaction, or no event for its status.
        """
        return self._serving.call(self._deliveries.interaction(self._store.find(interaction_id), age))

    @property
    def deliveries(self) -> list[Delivered]:
        """Return the deliveries to the app's webhooks that are over, in order."""
        return list(self._deliveries.done)

    def wait_delivered(self, count: int = 1, timeout: float = 5.0) -> list[Delivered]:
        """Wait until `count` deliveries are over, and return them.

        Raises:
            TimeoutError: They are not, after `timeout` seconds.
        """
        return self._deliveries.wait(count, timeout)
