"""The steps of two conversations: calls that vanished, came, moved or changed, and what the answers hold."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from pytest_interactions.api.drift import answers, kinds, shapes
from pytest_interactions.api.drift.arguments import compare_arguments
from pytest_interactions.api.drift.kinds import NONE, Finding, Place, Word
from pytest_interactions.api.drift.matching import Seat, match

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_interactions.api.drift.alignment import Pair
    from pytest_interactions.api.drift.turns import Turn
    from pytest_interactions.api.drift.units import Unit, UnitStep
    from pytest_interactions.options import Wording

#: The steps whose wording, or number, is told of a turn as a whole.
_TOLD_TOGETHER: Final = ("model_output", "thought")


class Steps:
    """The comparison of the steps of two conversations.

    Args:
        old: The recorded turns.
        new: The turns of now.
        turns: Those that go together, by the indices of both.
    """

    def __init__(self, old: Sequence[Unit], new: Sequence[Unit], turns: dict[Pair, Turn], wording: Wording) -> None:
        self._old, self._new, self._wording = old, new, wording
        self._turns = {pair: turn for pair, turn in turns.items() if not turn.is_over and turn.has_steps}
        # Of turns that ended otherwise, nothing is told of their steps.
        self._over = [{pair[side] for pair in turns if pair not in self._turns} for side in (0, 1)]
        self._both = [{pair[side] for pair in self._turns} for side in (0, 1)]
        self._matched = match(old, new, turns)

    def findings(self) -> Iterator[Finding]:
        """Yield what differs in the steps of turns that go together."""
        for before, after in self._matched.pairs:
            yield from self._pair(before, after)
        for seat in self._matched.old:
            yield from self._vanished(seat)
        for seat in self._matched.new:
            yield from self._added(seat)
        yield from self._order()
        for turn in self._turns.values():
            yield from answers.compare(turn, self._wording)

    def moved(self, turn: int, *, is_new: bool) -> bool:
        """Return whether all calls of a turn that stands alone have counterparts elsewhere, so that it only moved."""
        unit = (self._new if is_new else self._old)[turn]
        matched = [pair[is_new] for pair in self._matched.pairs]
        here = [seat for seat in matched if seat.turn == turn and seat.step.is_call]
        return bool(here) and unit.tools.total() == len(here)

    # --- steps that go together ---

    def _pair(self, before: Seat, after: Seat) -> Iterator[Finding]:
        if before.turn in self._over[0] or after.turn in self._over[1]:
            return
        old, new = before.step, after.step
        place = Place(turns=(self._old[before.turn].number,), step=old.title)
        turn = self._turns.get((before.turn, after.turn))
        if turn is None and before.turn in self._both[0] and after.turn in self._both[1]:
            moved = f"turn {self._old[before.turn].number}", f"turn {self._new[after.turn].number}"
            yield Finding(kinds.ORDER, place, *map(Word, moved))
        if old.type and not new.type:
            yield Finding(kinds.FIELD_VANISHED, _at(place, "type"))
        elif not old.is_call or old.tool == new.tool:
            yield from self._same_tool(before, after, place, is_left=turn is not None and turn.was_left)
        elif _is_nameless(new):
            yield Finding(kinds.FIELD_VANISHED, _at(place, "name"))
        else:
            yield Finding(kinds.TOOL, place, Word(old.tool), Word(new.tool))

    def _same_tool(self, before: Seat, after: Seat, place: Place, *, is_left: bool) -> Iterator[Finding]:
        old, new = before.step, after.step
        if old.is_call:
            asked = self._new[after.turn].asked, self._old[before.turn].asked
            yield from compare_arguments(old, new, place, declared=asked)
        if old.type in _TOLD_TOGETHER or is_left:
            return
        failed = [step.behaviour.get("is_error") is True for step in (old, new)]
        if failed[0] != failed[1]:
            yield Finding(kinds.RESULT_ERROR, place, *(Word("an error" if each else "no error") for each in failed))
        yield from shapes.compare(old.raw, new.raw, place)

    # --- steps that stand alone ---

    def _vanished(self, seat: Seat) -> Iterator[Finding]:
        turn = next((turn for pair, turn in self._turns.items() if pair[0] == seat.turn), None)
        if turn is None or turn.was_left or self._follows(seat, is_new=False):
            return
        place = Place(turns=turn.place.turns)
        if seat.step.is_call:
            yield Finding(kinds.CALL_VANISHED, place, Word(seat.step.title))
        elif seat.step.type != "model_output":
            yield Finding(kinds.STEP_VANISHED, _at_step(place, seat))
        elif answers.texts(turn.new):
            yield Finding(kinds.ANSWER_PART, _at_step(place, seat))

    def _added(self, seat: Seat) -> Iterator[Finding]:
        turn = next((turn for pair, turn in self._turns.items() if pair[1] == seat.turn), None)
        if turn is None or turn.was_left or self._follows(seat, is_new=True):
            return
        place = Place(turns=turn.place.turns)
        if seat.step.is_call:
            yield Finding(kinds.CALL_ADDED, place, NONE, Word(seat.step.title))
        elif seat.step.type != "model_output" or answers.texts(turn.old):
            yield Finding(kinds.STEP_ADDED, _at_step(place, seat))

    def _follows(self, seat: Seat, *, is_new: bool) -> bool:
        """Return whether a step is the result of a call that vanished, came or moved itself."""
        if not seat.step.type.endswith("_result"):
            return False
        together = [pair for pair in self._matched.pairs if pair[is_new].turn == seat.turn]
        calls = [pair for pair in together if pair[is_new].step.is_call and pair[is_new].step.call == seat.step.call]
        return all((before.turn, after.turn) not in self._turns for before, after in calls)

    # --- order ---

    def _are_same(self, before: Seat, after: Seat) -> bool:
        """Return whether two steps of turns that go together are of one tool, so that their order says something."""
        is_same = (before.step.type, before.step.tool) == (after.step.type, after.step.tool)
        return is_same and (before.turn, after.turn) in self._turns

    def _order(self) -> Iterator[Finding]:
        """Yield one finding for each turn whose steps come in another order."""
        together = sorted(
            (pair for pair in self._matched.pairs if self._are_same(*pair)),
            key=lambda pair: (pair[0].turn, pair[0].place),
        )
        for (old, new), pairs in groupby(together, key=lambda pair: (pair[0].turn, pair[1].turn)):
            turn, seats = self._turns[old, new], list(pairs)
            places = [after.place for _, after in seats]
            if places != sorted(places) and not turn.was_left:
                now = sorted(seats, key=lambda pair: pair[1].place)
                yield Finding(
                    kinds.ORDER, turn.place, _listed(each for each, _ in seats), _listed(each for _, each in now)
                )


def _is_nameless(step: UnitStep) -> bool:
    return step.tool == step.type.rpartition("_")[0]


def _listed(seats: Iterable[Seat]) -> Word:
    return Word(", ".join(seat.step.tool or seat.step.title for seat in seats))


def _at(place: Place, field: str) -> Place:
    return Place(turns=place.turns, step=place.step, field=field)


def _at_step(place: Place, seat: Seat) -> Place:
    return Place(turns=place.turns, step=seat.step.title)
