"""The steps of two conversations, each with its counterpart, in whatever turn and order they come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pytest_interactions.api.json_values import compact

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from pytest_interactions.api.drift.alignment import Pair
    from pytest_interactions.api.drift.units import Unit, UnitStep


class Seat(NamedTuple):
    """A step at its place: the index of its turn in the conversation, and of itself in the turn."""

    turn: int
    place: int
    step: UnitStep


@dataclass(slots=True)
class Matched:
    """The steps of two conversations.

    Attributes:
        pairs: Each recorded step with its counterpart.
        old: The recorded steps that have none.
        new: The steps of now that have none.
    """

    pairs: list[tuple[Seat, Seat]] = field(default_factory=list)
    old: list[Seat] = field(default_factory=list)
    new: list[Seat] = field(default_factory=list)


def match(old: Sequence[Unit], new: Sequence[Unit], turns: Iterable[Pair]) -> Matched:
    """Match steps, but for thoughts: the same call first, then one of the same tool, of the same turn before another.

    `turns` are the turns that go together.
    """
    matching = _Matching(_seats(old), _seats(new), {before: after for before, after in turns if before is not None})
    matching.pair(_exactly, same_turn=True)
    matching.pair(_by_tool, same_turn=True)
    matching.pair(_exactly, same_turn=False, calls=True)
    matching.pair(_by_tool, same_turn=False, calls=True)
    matching.pair(_by_type, same_turn=True)
    matching.pair_nameless()
    return Matched(matching.pairs, matching.old, matching.new)


def _seats(units: Sequence[Unit]) -> list[Seat]:
    steps = [(turn, *numbered) for turn, unit in enumerate(units) for numbered in enumerate(unit.steps)]
    return [Seat(turn, index, step) for turn, index, step in steps if step.type != "thought"]


def _exactly(step: UnitStep) -> Hashable:
    return *_by_tool(step), compact(step.behaviour.get("arguments"), sort_keys=True)


def _by_tool(step: UnitStep) -> tuple[str, str]:
    return step.type, step.tool


def _by_type(step: UnitStep) -> Hashable:
    return step.type


class _Matching:
    """The matching, under way: what has its counterpart is taken out of what is left."""

    def __init__(self, old: list[Seat], new: list[Seat], turns: dict[int, int | None]) -> None:
        self.old, self.new = old, new
        self.pairs: list[tuple[Seat, Seat]] = []
        self._turns = turns

    def pair_nameless(self) -> None:
        """Give steps of now that name no type the counterparts that are left in their turns."""
        for other in [seat for seat in self.new if not seat.step.type]:
            seat = next((each for each in self.old if self._turns.get(each.turn) == other.turn), None)
            if seat is not None:
                self.pairs.append((seat, other))
                self.old.remove(seat)
                self.new.remove(other)

    def pair(self, key: Callable[[UnitStep], Hashable], *, same_turn: bool, calls: bool = False) -> None:
        """Give counterparts to those that are the same by `key`, in order; with `calls`, to calls alone."""
        free: dict[Hashable, list[Seat]] = {}
        for seat in self.new:
            free.setdefault((seat.turn if same_turn else 0, key(seat.step)), []).append(seat)
        taken: set[tuple[int, int, int]] = set()
        for seat in self.old:
            turn = self._turns.get(seat.turn) if same_turn else 0
            found = free.get((turn, key(seat.step)))
            if found and (seat.step.is_call or not calls):
                other = found.pop(0)
                self.pairs.append((seat, other))
                taken |= {(0, seat.turn, seat.place), (1, other.turn, other.place)}
        self.old = [seat for seat in self.old if (0, seat.turn, seat.place) not in taken]
        self.new = [seat for seat in self.new if (1, seat.turn, seat.place) not in taken]
