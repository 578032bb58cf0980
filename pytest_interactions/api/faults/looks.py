"""The look of a request, compared with what a person described."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pytest_interactions.api.faults.asked import operation_of
from pytest_interactions.api.paths import split
from pytest_interactions.faults import Look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_interactions.api.exchange import Request
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.faults import On


class Asked(Protocol):
    """A request to create an interaction: its JSON, the text of what it brings, and whether a stream is asked for."""

    @property
    def request(self) -> Json:
        """Return the body."""
        ...

    @property
    def prompt(self) -> str:
        """Return the text of what the user or a function says now."""
        ...

    @property
    def stream(self) -> bool:
        """Return whether the answer is to be a stream."""
        ...

    @property
    def tools(self) -> Sequence[Any]:
        """Return the declared tools."""
        ...

    @property
    def results(self) -> Sequence[Any]:
        """Return the results of functions that it brings now."""
        ...


def fits(look: Look, asked: Asked) -> bool:
    """Return whether a request looks like this."""
    return all(
        wanted is None or is_there(wanted)
        for wanted, is_there in (
            (look.input, lambda text: text.casefold() in asked.prompt.casefold()),
            (look.model, lambda model: str(asked.request.get("model", "")).removeprefix("models/") == model),
            (look.agent, lambda agent: asked.request.get("agent") == agent),
            (look.stream, lambda stream: asked.stream == stream),
            (look.tool, lambda name: any(name in (tool.get("name"), tool.get("type")) for tool in asked.tools)),
            (look.result_of, lambda name: any(result.get("name") == name for result in asked.results)),
        )
    )


def is_for(on: On, number: int, request: Request) -> bool:
    """Return whether the request that the exchange with this number, from 0, answers is meant."""
    if on.exchange not in (None, number + 1):
        return False
    if on.path is not None and on.path not in split(request.uri).path:
        return False
    operation, asked = operation_of(request)
    if on.operation not in (None, operation):
        return False
    has_a_look = any(getattr(on, name) is not None for name in Look.model_fields)
    return not has_a_look or (asked is not None and fits(on, asked))
