"""Answers that come in several interactions, as the API limits the tokens of one request."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.script import Reply
    from pytest_interactions.server.emulator.turn import Turn


@dataclass(frozen=True, kw_only=True)
class Rest:
    """The rest of an answer, which a request with a `continuation_token` asks for.

    Attributes:
        turn: The turn that it answers.
        reply: The script's reply.
        status: The status of the last interaction.
        pieces: The steps of each interaction that is left.
        owner: The id of the interaction that gave the token; `None` if it was not stored.
        previous: The id of the interaction before, which the request names.
    """

    turn: Turn
    reply: Reply
    status: str
    pieces: list[list[Json]]
    owner: str | None = None
    previous: str | None = None

    def is_asked_for(self, body: Json) -> bool:
        """Return whether a request with the token is one that goes on: it names the owner, or says all once more."""
        if self.owner is not None:
            return bool(body.get("previous_interaction_id") == self.owner)
        return {**body, "continuation_token": None} == {**self.turn.request, "continuation_token": None}


def pieces(steps: list[Json], count: int) -> list[list[Json]]:
    """Return the steps in `count` pieces, or in fewer if they are short; a text at their end is split among all."""
    *before, last = steps or [{}]
    *contents, words = last.get("content") or [{}]
    if count == 1 or "text" not in words:
        return _split(steps, count)
    texts = [{"type": "text", "text": text} for text in _split(words["text"], count)]
    texts[-1] = {**words, **texts[-1]}  # with its annotations
    said = [[{**last, "content": [text]}] for text in texts]
    said[0] = [*before, {**last, "content": [*contents, texts[0]]}]
    return said


_Sequence = TypeVar("_Sequence", str, list[Any])


def _split(whole: _Sequence, count: int) -> list[_Sequence]:
    ends = [len(whole) * number // count for number in range(count + 1)]
    return [whole[start:end] for start, end in pairwise(ends) if end > start] or [whole]
