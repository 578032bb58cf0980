"""One live interaction: what it was told, what it said, and what of that nobody has heard yet."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from pytest_interactions.api import streaming
from pytest_interactions.api.usage import summed
from pytest_interactions.server.emulator import interactions
from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.linting import check_history, remember_said
from pytest_interactions.server.emulator.live.parts import Part, of_answer, of_event
from pytest_interactions.server.emulator.turn import STEP_KEYS, Turn, as_steps, usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.live.connection import Connection
    from pytest_interactions.server.emulator.script import Reply
    from pytest_interactions.server.emulator.state import Record, Store
    from pytest_interactions.server.emulator.wire import Received


class Session:
    """One live interaction, which outlives its connections.

    Attributes:
        name: Its id.
        record: The interaction as HTTP shows it.
        undelivered: What it has said while no connection was there.
        connection: The one that takes part in it now.
    """

    def __init__(self, name: str, record: Record, store: Store, reply: Callable[[str, Turn], Reply]) -> None:
        """Go on with an interaction; `reply` finds the scripted answer to a turn.

        Background work that goes on has been heard by nobody yet.
        """
        self.name = name
        self.record = record
        self.connection: Connection | None = None
        self._store = store
        self._reply = reply
        self._was_live = record.is_live
        self._collected: list[Json] = []  # results of functions, while others are still to come
        self._unanswered = _calls(record.resource["steps"]) if record.status == "requires_action" else []
        self._index = len(record.resource["steps"])
        self._said: list[Json] = []
        self.undelivered: list[Part] = []
        if record.statuses:
            record.statuses.clear()
            self.undelivered = self._saying(list(streaming.of_steps(record.resource["steps"], record.deltas)))

    @property
    def has_ended(self) -> bool:
        """Return whether it takes no more input."""
        return self._was_live and not self.record.is_live

    def rest(self) -> list[Part]:
        """Return what a new connection hears first: what was not delivered; all, if it has ended and all was."""
        rest, self.undelivered = self.undelivered, []
        return rest or (self._parts(self._said) if self.has_ended else [])

    def hear(self, content: object, received: Received) -> list[Part]:
        """Return the answer to an input; results of functions are answered when those of all calls are there.

        Raises:
            ApiError: The input is wrong, or the interaction has ended.
        """
        self._check_open()
        steps = _steps(content)
        inputs = [*self._collected, *steps]
        answered = {step["call_id"] for step in inputs if step["type"] == "function_result"}
        brings_results = any(step["type"] == "function_result" for step in steps)
        if brings_results and not answered.issuperset(self._unanswered):
            self._collected = inputs
            return []
        return self._answer(self._turn(inputs, received), received)

    def complete(self) -> list[Part]:
        """End it.

        Raises:
            ApiError: It has ended.
        """
        self._check_open()
        self._end("completed")
        shown = {key: self.record.resource[key] for key in ("created", "updated", "usage")}
        return self._saying([{"event_type": "interaction.completed", **shown}])

    def cancel(self) -> list[Part]:
        """End it without what was not delivered.

        Raises:
            ApiError: It has ended.
        """
        self._check_open()
        self._end("cancelled")
        self.undelivered = []
        return self._saying([{"event_type": "interaction.cancelled", "usage": self.record.resource["usage"]}])

    def _check_open(self) -> None:
        if self.has_ended:
            message = f"Interaction '{self.name}' is {self.record.status} and takes no more events."
            raise ApiError(400, message, code="failed_precondition")

    def _turn(self, inputs: list[Json], received: Received) -> Turn:
        request = {**self.record.request, "input": inputs}
        history = self._store.history(self.record)
        told = {**request, "input": [*history, *inputs], "previous_interaction_id": None}
        check_history(received, {key: value for key, value in told.items() if value is not None}, self._store)
        draw = self._store.draw({**request, "live": self.name})
        return Turn(request=request, inputs=inputs, history=history, draw=draw, stream=True)

    def _answer(self, turn: Turn, received: Received) -> list[Part]:
        reply = self._reply("live", turn)
        if reply.failure is not None:
            return of_answer([{"event_type": "error", **reply.failure.body}], reply)
        steps, _ = interactions.answered(turn, reply)
        remember_said(received, steps, self._store)
        counts = usage(turn, steps)
        self._collected, self._unanswered = [], _calls(steps)
        self._was_live = self.record.is_live = True
        self._change(
            status="in_progress",
            steps=[*self.record.resource["steps"], *turn.inputs, *steps],
            usage=summed([self.record.resource["usage"], counts]),
        )
        events = list(streaming.of_steps(steps, reply.deltas, self._index))
        events[-1:] = [event | {"usage": counts} for event in events[-1:]]
        self._index += len(steps)
        self._said += events
        return of_answer(events, reply)

    def _end(self, status: str) -> None:
        self._was_live, self.record.is_live = True, False
        self._change(status=status)

    def _change(self, **fields: object) -> None:
        self.record.resource = self.record.resource | fields | {"updated": self._store.timestamp()}

    def _saying(self, events: list[Json]) -> list[Part]:
        self._said += events
        return self._parts(events)

    @staticmethod
    def _parts(events: list[Json]) -> list[Part]:
        return [of_event(event, is_kept=True) for event in events]


def _steps(content: object) -> list[Json]:
    """Return an input as steps: what is no step, such as a text, is content of the user's.

    Raises:
        ApiError: The input has another form.
    """
    items = content if isinstance(content, list) else [content]
    is_step = [isinstance(item, dict) and str(item.get("type")) in STEP_KEYS for item in items]
    if all(is_step) or not any(is_step):
        return as_steps(content)
    return list(chain.from_iterable(map(as_steps, items)))


def _calls(steps: list[Json]) -> list[str]:
    return [step["id"] for step in steps if step["type"] == "function_call"]
