"""Which steps of a request are which steps that the API handed out."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.api.lint.memory import Handed, Memory
    from pytest_interactions.api.lint.sent import Sent


def pair(steps: Sequence[Sent], memory: Memory) -> dict[Sent, Handed]:
    """Return, in the order of `steps`, those that were handed out, each with what was; each is handed out once.

    A call has an id, an answer its text. A thought has its signature alone, which may be lost or wrong: it is known by
    its place before or after a step of the same answer, and by its signature where it has no such place.
    """
    pairing = _Pairing(steps, memory)
    pairing.named()
    for exactly in (True, False):
        pairing.placed(exactly=exactly)
        pairing.signed()
    return {sent: pairing.pairs[sent] for sent in steps if sent in pairing.pairs}


class _Pairing:
    def __init__(self, steps: Sequence[Sent], memory: Memory) -> None:
        self.pairs: dict[Sent, Handed] = {}
        self._memory = memory
        self._used: set[Handed] = set()
        self._runs = [list(run) for own, run in groupby(steps, key=lambda sent: sent.is_own) if own]

    def named(self) -> None:
        """Pair what has an id or a text; of equal ones, that of the answer whose thought stands beside it."""
        for run in self._runs:
            answers = {handed.answer for sent in run for handed in self._memory.signed(sent.signature)}
            for sent in run:
                fresh = [handed for handed in self._memory.find(sent.step) if handed not in self._used]
                near = [handed for handed in fresh if handed.answer in answers] or fresh
                same = [handed for handed in near if _says_the_same(handed.step, sent.step)]
                self._take(sent, same or near[::-1])  # a script may give each call the same id

    def placed(self, *, exactly: bool) -> None:
        """Pair the thoughts that stand beside a step of an answer that has a thought there; if `exactly`, the same."""
        for run in self._runs:
            for number, sent in enumerate(run):
                if sent.kind == "thought" and sent not in self.pairs:
                    slots = self._slots(run, number)
                    self._take(sent, [slot for slot in slots if not exactly or slot.signature == sent.signature])

    def signed(self) -> None:
        """Pair the thoughts with a signature that was handed out, and that stand beside no free place."""
        for run in self._runs:
            for number, sent in enumerate(run):
                if sent.kind == "thought" and sent not in self.pairs and not self._slots(run, number):
                    known = self._memory.signed(sent.signature)
                    self._take(sent, [each for each in known if each.step["type"] == "thought"])

    def _slots(self, run: Sequence[Sent], number: int) -> list[Handed]:
        """Return the thoughts that may stand here, of the answer of the next step, or else of the one before."""
        before = next((self.pairs[sent] for sent in reversed(run[:number]) if sent in self.pairs), None)
        after = next((self.pairs[sent] for sent in run[number + 1 :] if sent in self.pairs), None)
        beside = after or before
        if beside is None:
            return []
        least = before.index if before is not None and before.answer is beside.answer else -1
        most = after.index if after is not None else len(beside.answer.steps)
        return [
            handed
            for handed in beside.answer.steps[least + 1 : most]
            if handed.step["type"] == "thought" and handed not in self._used
        ]

    def _take(self, sent: Sent, candidates: Sequence[Handed]) -> None:
        fresh = next((handed for handed in candidates if handed not in self._used), None)
        if fresh is not None:
            self.pairs[sent] = fresh
            self._used.add(fresh)


def _says_the_same(one: Json, other: Json) -> bool:
    return all(one.get(name) == other.get(name) for name in ("name", "arguments"))
