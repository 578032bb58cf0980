"""The comparison of a live run with its recording, over a test as a whole."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from pytest_interactions.api.drift import kinds, others
from pytest_interactions.api.drift.conversations import opening
from pytest_interactions.api.drift.kinds import NONE, Finding, Place, Word, put_together
from pytest_interactions.api.drift.steps import Steps
from pytest_interactions.api.drift.turns import Turn, pairs, title
from pytest_interactions.api.drift.units import units_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_interactions.api.drift.alignment import Pair
    from pytest_interactions.api.drift.units import Unit
    from pytest_interactions.api.exchange import Exchange
    from pytest_interactions.options import Wording

_REVISION = "api-revision"


def compare(
    recorded: Sequence[Exchange],
    live: Sequence[Exchange],
    *,
    wording: Wording,
    is_whole: bool = True,
    is_part: bool = False,
) -> list[Finding]:
    """Return how the behaviour in a live run differs from that in a recording, the worst first.

    Args:
        recorded: The recorded exchanges, redacted, with their media in them.
        live: The exchanges of now, redacted.
        wording: How much of the wording of texts is compared.
        is_whole: Whether the run came to its end; else what is missing behind its last turn says nothing.
        is_part: Whether other runs share the recording, so that a turn that is missing says nothing.
    """
    old, old_others = units_of(recorded)
    new, new_others = units_of(live)
    found: list[Finding] = list(_revision(recorded, live))
    conversations = [_Conversation(before, after, wording) for before, after in _together(old, new)]
    is_whole = is_whole and not any(each.is_over for each in conversations)
    for conversation in conversations:
        found += conversation.findings(is_whole=is_whole)
    found += others.compare(old_others, new_others, is_whole=is_whole)
    return put_together([each for each in found if not (is_part and each.kind in kinds.MISSING)])


def _revision(recorded: Sequence[Exchange], live: Sequence[Exchange]) -> Iterator[Finding]:
    old, new = (", ".join(sorted(set(_revisions(exchanges)))) for exchanges in (recorded, live))
    are_known = all(any(each.request.headers for each in exchanges) for exchanges in (recorded, live))
    if are_known and old != new:  # another recorder may keep no headers
        yield Finding(kinds.REVISION, Place(), Word(old or "none"), Word(new or "none"))


def _revisions(exchanges: Iterable[Exchange]) -> Iterator[str]:
    for exchange in exchanges:
        said = {*exchange.request.headers.get(_REVISION, []), *exchange.response.headers.get(_REVISION, [])}
        yield from said


def _together(old: list[list[Unit]], new: list[list[Unit]]) -> list[tuple[list[Unit], list[Unit]]]:
    """Return conversations that go together: those that are opened alike, then the others in their order."""
    left, found = list(new), []
    for units in old:
        match = next((each for each in left if opening(each[0]) == opening(units[0])), None)
        left = [each for each in left if each is not match]
        found.append((units, match))
    unmatched = [units for units, match in found if match is None]
    nothing: list[Unit] = []
    rest = zip_longest(unmatched, left, fillvalue=nothing)
    return [*((units, match) for units, match in found if match is not None), *rest]


class _Conversation:
    """Two conversations that go together, of which one may be empty."""

    def __init__(self, old: list[Unit], new: list[Unit], wording: Wording) -> None:
        self._old, self._new = old, new
        self._pairs = pairs(old, new)
        self._turns: dict[Pair, Turn] = {}
        for i, j in self._pairs:
            if i is not None and j is not None:
                self._turns[i, j] = Turn(old[i], new[j], wording)
        self._steps = Steps(old, new, self._turns, wording)

    @property
    def is_over(self) -> bool:
        """Return whether the last turn of now ended otherwise than the recorded one."""
        last = next((pair for pair in reversed(self._pairs) if pair[1] is not None), None)
        return last in self._turns and self._turns[last].is_over

    def findings(self, *, is_whole: bool) -> Iterator[Finding]:
        """Yield what differs; if the run was not whole, nothing that is missing at its end."""
        for turn in self._turns.values():
            yield from turn.findings()
        yield from self._steps.findings()
        end = len(self._pairs)
        if not is_whole:
            end = max((number for number, (_, j) in enumerate(self._pairs, 1) if j is not None), default=0)
        yield from self._alone(self._pairs[:end])

    def _alone(self, pairs: list[Pair]) -> Iterator[Finding]:
        """Yield one finding for each row of turns that only one of both has."""
        gone, come = list[int](), list[int]()
        for i, j in [*pairs, (0, 0)]:
            if j is None and i is not None:
                gone += [i] * (not self._old[i].is_reading)
            elif i is None and j is not None:
                come += [j] * (not self._new[j].is_reading)
            else:
                yield from self._row(gone, self._old, is_new=False)
                yield from self._row(come, self._new, is_new=True)
                gone, come = [], []

    def _row(self, row: list[int], units: list[Unit], *, is_new: bool) -> Iterator[Finding]:
        if not row:
            return
        place = Place(turns=tuple(units[number].number for number in row), is_new=is_new)
        told = Word(", then ".join(title(units[number]) for number in row))
        if is_new:
            yield Finding(kinds.TURN_ADDED, place, NONE, told)
        elif all(self._steps.moved(number, is_new=False) for number in row):
            yield Finding(kinds.ORDER, place, told, Word("in other turns"))
        else:
            yield Finding(kinds.TURN_VANISHED, place, told)
