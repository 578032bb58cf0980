"""What a test sees of its cassette in the API's words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_interactions.cassette import messages

if TYPE_CHECKING:
    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.api.models import Interaction, Step
    from pytest_interactions.api.tool_calls import ToolCall


class View(ABC):
    """The interactions and steps of a cassette's exchanges."""

    @property
    @abstractmethod
    def exchanges(self) -> list[Exchange]:
        """Return the exchanges."""

    @property
    def interactions(self) -> list[Interaction]:
        """Return one interaction for each call of the app, in order, however many exchanges it took."""
        from pytest_interactions.api.calls import interactions_of

        return interactions_of(self.exchanges)

    @property
    def steps(self) -> list[Step]:
        """Return all steps of the test, inputs included."""
        from pytest_interactions.api.conversation import trajectory

        return trajectory(self.interactions)

    @property
    def calls(self) -> list[ToolCall]:
        """Return the tool calls of the test in order, each with its result and the turn that made it."""
        from pytest_interactions.api.tool_calls import tool_calls

        return tool_calls(self.interactions)

    @property
    def usage(self) -> dict[str, Any]:
        """Return the tokens of all interactions, summed; empty if the API named none."""
        from pytest_interactions.api.usage import summed

        return summed(interaction.usage for interaction in self.interactions)

    if not TYPE_CHECKING:  # pragma: no branch - a type checker would accept every attribute

        def __getattr__(self, name: str) -> NoReturn:
            """Raise an error that names the replacement of an attribute of vcrpy's cassette."""
            if name in messages.OF_VCRPY:
                raise AttributeError(messages.of_vcrpy(name))
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
