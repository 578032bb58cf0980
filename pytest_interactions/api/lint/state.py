"""What a request asks the server to remember: the interaction it continues, and what becomes of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_interactions.api.lint import kinds
from pytest_interactions.api.lint.kinds import Finding, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.api.lint.memory import Memory
    from pytest_interactions.api.lint.sent import Request


def check(request: Request, memory: Memory, owner: str) -> Iterator[Finding]:
    """Yield what is wrong with what a request continues, or has stored."""
    place, previous = "previous_interaction_id", request.previous
    answer = memory.answer(previous)
    if previous == "":
        message = "it is empty, as the interaction before was not stored. Store that one, or send its steps back."
        yield Finding(kinds.PREVIOUS_EMPTY, place, message)
    elif isinstance(previous, str) and previous in memory.deleted:
        message = f"the interaction {shown(previous)} was deleted before. Continue one that is stored."
        yield Finding(kinds.PREVIOUS_DELETED, place, message)
    elif answer is not None and answer.owner != owner:
        message = "another API key made that interaction, whose project may be another. Continue it with that key."
        yield Finding(kinds.ANOTHER_KEY, place, message)
    if request.body.get("background") is True and request.body.get("store") is False:
        message = "what runs in the background must be stored. Leave out store=false."
        yield Finding(kinds.STORE_BACKGROUND, "store", message)
    yield from _token(request, memory)


def _token(request: Request, memory: Memory) -> Iterator[Finding]:
    token = request.body.get("continuation_token")
    if not isinstance(token, str) or not memory.has_tokens:
        return
    answer = memory.owner_of_token(token)
    if answer is None:
        message = "no answer had this token. Send it back exactly as it was received."
        yield Finding(kinds.TOKEN_CHANGED, "continuation_token", message)
    elif answer.name and request.body.get("store") is not False and request.previous != answer.name:
        message = f"the token is of the interaction {shown(answer.name)}. Send that as previous_interaction_id."
        yield Finding(kinds.TOKEN_MOVED, "continuation_token", message)
