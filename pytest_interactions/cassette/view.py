"""What a test sees of its cassette in the API's words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NoReturn, Unpack

from pytest_interactions.cassette import messages

if TYPE_CHECKING:
    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.api.models import Interaction, Step
    from pytest_interactions.api.tool_calls import ToolCall
    from pytest_interactions.cassette.overrides import Overrides
    from pytest_interactions.cassette.replacing import Override


class View(ABC):
    """The interactions and steps of a cassette's exchanges.

    Attributes:
        overrides: The answers that the test has replaced.
    """

    overrides: Overrides

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

    def override(self, n: int, **answer: Unpack[Override]) -> None:
        """Replace the answer to the app's n-th call in this test, to ask "what if". Nothing of it is written.

        Args:
            n: The number of the call from 1, as `interactions` has them and as the turns are numbered that
                `pytest-interactions show` has. All exchanges that the call took are replaced by one.
            **answer: What the answer is. `steps`: the interaction with these steps, and the status that follows from
                them. `change`: a function that changes the interaction as recorded, or returns another. `json`: the
                whole body. `status`: the HTTP status; from 400 up it is the API's error, with `message` if given.
                `error`: the same by its code, such as `unavailable`. `times`: how many requests get that error before
                the recorded answer; without it, each that says the same does. What was streamed is a stream again.

        Raises:
            OverrideError: There is no such answer, it was played, it can't be so, or the test records.
        """
        self.overrides.add(n, answer)

    if not TYPE_CHECKING:  # pragma: no branch - a type checker would accept every attribute

        def __getattr__(self, name: str) -> NoReturn:
            """Raise an error that names the replacement of an attribute of vcrpy's cassette."""
            if name in messages.OF_VCRPY:
                raise AttributeError(messages.of_vcrpy(name))
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
