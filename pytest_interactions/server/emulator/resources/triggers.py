"""Triggers: interactions of agents that run by a schedule, which the emulator runs only when it is asked to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_interactions.server.emulator import interactions
from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.resources.collection import Changeable, page
from pytest_interactions.server.emulator.script import Reply
from pytest_interactions.server.emulator.state import Recent
from pytest_interactions.server.emulator.validation import check_create

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.resources.agents import Agents
    from pytest_interactions.server.emulator.resources.kinds import Kind
    from pytest_interactions.server.emulator.state import Store

_STATUSES: Final = ("active", "paused", "error")
#: The statuses of an interaction that did what it was to do.
_DONE: Final = ("completed", "requires_action")
#: What an execution tells of its interaction, with the interaction's name for it.
_OF_INTERACTION: Final = {"interaction_id": "id", "environment_id": "environment_id"}
_NO_REPLY: Final = Reply()


class Triggers(Changeable):
    """The triggers and their executions."""

    def __init__(self, kind: Kind, store: Store, agents: Agents) -> None:
        super().__init__(kind, store)
        self._agents = agents
        self._executions: Recent[str, Json] = Recent(store.keep)

    def checked(self, given: Json) -> Json:
        """Return the fields, if an interaction with this agent can be created."""
        self._agents.applied(check_create(given["interaction"]))
        return given

    def changed(self, resource: Json, changes: Json) -> Json:
        """Return the changes, with the time at which the trigger was paused or went on."""
        status = changes.get("status", resource["status"])
        if status not in _STATUSES:
            raise ApiError(400, f"Invalid value at 'status': '{status}'.")
        if status == resource["status"]:
            return changes
        return {**changes, f"last_{'resume' if status == 'active' else 'pause'}_time": self.store.timestamp()}

    def run(self, name: str) -> Json:
        """Run a trigger's interaction now, and return the execution."""
        trigger = self._stored(name)
        once = {"stream": False, "background": False}
        where = {"environment": trigger["environment_id"]} if "environment_id" in trigger else {}
        body = self._agents.applied({**where, **check_create(trigger["interaction"]), **once})
        turn = interactions.understand(body, self.store, stream=False)
        made = interactions.create(turn, _NO_REPLY, self.store).resource
        now = self.store.timestamp()
        trigger |= {"last_run_time": now}
        if "id" in made:  # one that is not stored has none
            trigger |= {"previous_interaction_id": made["id"]}
        execution_id = "execution-" + self.store.draw({"execution": name}).text("id", 12)
        self._executions[execution_id] = {
            "id": execution_id,
            "trigger_id": name,
            "status": "completed" if made["status"] in _DONE else "failed",
            **{key: made[own] for key, own in _OF_INTERACTION.items() if own in made},
            **dict.fromkeys(("scheduled_time", "start_time", "end_time"), now),
        }
        return self._executions[execution_id]

    def executions(self, name: str, query: QueryParams) -> Json:
        """Return one page of a trigger's executions."""
        self._stored(name)
        of_this = [each for each in self._executions.values() if each["trigger_id"] == name]
        return page("trigger_executions", of_this, query)
