"""What the API would refuse: a request is compared with the answers before it. No I/O.

A history that the client keeps (`store: false`) must be sent back as it was received. These checks say where it was
not, by ids, texts and places, so that one of elsewhere, a hand-written example or a window of a longer history says
nothing. `kinds` has the evidence for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.api.lint import history, results, state
from pytest_interactions.api.lint.sent import read

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.api.lint.kinds import Finding
    from pytest_interactions.api.lint.memory import Memory


def lint(body: Json, memory: Memory, owner: str = "") -> list[Finding]:
    """Return what the API would refuse in a request to create an interaction, by the answers in `memory`.

    Args:
        body: The request's JSON.
        memory: The answers before it.
        owner: Whose key sends it; the answers of others are told apart.
    """
    request = read(body)
    return [
        *history.check(request, memory, owner),
        *results.check(request, memory),
        *state.check(request, memory, owner),
    ]
