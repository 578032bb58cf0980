"""Agents: those that the API has, and those that a caller makes from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.resources.collection import Collection
from pytest_interactions.server.emulator.validation import check_create

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json

#: The beginnings of the names of the API's own agents.
_OWN: Final = ("antigravity-", "deep-research", "code-mender")
#: What an interaction has from its agent unless its request says otherwise, with the agent's name for it.
_INHERITED: Final = {"environment": "base_environment", "system_instruction": "system_instruction", "tools": "tools"}


class Agents(Collection):
    """The agents that were made."""

    def checked(self, given: Json) -> Json:
        """Return the fields, if the agent to build on exists, and an interaction can have what they say."""
        if "base_agent" in given:
            self._check(given["base_agent"])
        check_create({"agent": "any", "input": "", **_inherited(given)})
        return given

    def applied(self, body: Json) -> Json:
        """Return a request to create an interaction, with what it has from its agent.

        Raises:
            ApiError: It names an agent that does not exist.
        """
        name = body.get("agent")
        if name is None:
            return body
        self._check(name)
        return {**_inherited(self.get(name)), **body} if name in self else body

    def _check(self, name: str) -> None:
        if name not in self and not name.startswith(_OWN):
            raise ApiError(404, f"Agent '{name}' not found.")


def _inherited(agent: Json) -> Json:
    return {key: agent[own] for key, own in _INHERITED.items() if own in agent}
