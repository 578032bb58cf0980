"""Which requests are worth a look: told by their text alone, before anything else of this is imported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pytest_interactions.api.paths import interaction_path

if TYPE_CHECKING:
    from pytest_interactions.api.exchange import Request

#: What a request has in it that may be wrong by the answers before it, or by itself.
_MARKS: Final = re.compile(
    rb'"thought"|"function_|"continuation_token"|"previous_interaction_id"\s*:\s*""|"background"\s*:\s*true'
)


def concerns(request: Request) -> bool:
    """Return whether there may be findings on a request, or on others for its sake: a deletion."""
    path = interaction_path(request.uri)
    if path is None or request.method == "GET":
        return False
    return request.method == "DELETE" or _MARKS.search(request.body) is not None


def creates(request: Request) -> bool:
    """Return whether a request is to create an interaction."""
    return request.method == "POST" and interaction_path(request.uri) == "/interactions"
