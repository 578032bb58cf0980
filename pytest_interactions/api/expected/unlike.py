"""How a trajectory differs from the one that was expected, as a transcript with marks."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_interactions.api.expected.messages import AGENT
from pytest_interactions.api.expected.reference import argument_lines, step_line
from pytest_interactions.api.expected.verdict import assigned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_interactions.api.expected.messages import Called, Message
    from pytest_interactions.api.expected.tolerance import Tolerance
    from pytest_interactions.api.expected.verdict import Match

_INDENT: Final = "  "
_NAMED: Final = 4  # differences that the first line names


class Marked(NamedTuple):
    """One line: `-` for what was expected alone, `+` for what was received alone, a blank for both."""

    mark: str
    text: str


class _Unit(NamedTuple):
    """A call, or a message without one, which is compared as a whole.

    Attributes:
        label: What those have in common that may stand for each other, but for arguments.
        call: The call; `None` for a message without one.
        turn: The number of its turn.
        head: The line that it begins with.
    """

    label: tuple[str, ...]
    call: Called | None
    turn: int
    head: str


class _Pair(NamedTuple):
    """What was expected and what was received in its place; one of them is `None` where there is nothing."""

    expected: _Unit | None
    received: _Unit | None


def unlike(
    expected: Sequence[Message], received: Sequence[Message], match: Match, tolerance: Tolerance
) -> Iterator[Marked]:
    """Yield the lines that tell how what was received is not as expected: first what is wrong, in a few words."""
    old, new = _units(expected), _units(received)
    if match == "strict":
        pairs = list(_in_order(old, new, tolerance))
    else:
        pairs = list(_in_any_order(_calls(old), _calls(new), tolerance))
        if match == "subset":
            pairs = [pair for pair in pairs if pair.received is not None]
        if match == "superset":
            pairs = [pair for pair in pairs if pair.expected is not None]
    moved = _moved(pairs, tolerance)
    yield Marked(" ", f"{match}: {_summary(pairs, moved, tolerance)}")
    yield from _lines(pairs, moved, tolerance)


# --- what is compared with what ---


def _units(messages: Iterable[Message]) -> list[_Unit]:
    units = []
    for message in messages:
        if message.calls:
            calls = sorted(message.calls, key=lambda call: (call.tool[:2], argument_lines(call.arguments)))
            units += [_Unit((AGENT, *map(str, c.tool)), c, message.turn, step_line(c.kind, c.name)) for c in calls]
        else:
            units.append(_Unit((message.role,), None, message.turn, step_line(*message.step)))
    return units


def _calls(units: Iterable[_Unit]) -> list[_Unit]:
    return [unit for unit in units if unit.call is not None]


def _is_same(expected: _Unit, received: _Unit, tolerance: Tolerance) -> bool:
    if expected.call is None or received.call is None:
        return expected.label == received.label
    return tolerance.fits(expected.call, received.call)


def _in_any_order(old: Sequence[_Unit], new: Sequence[_Unit], tolerance: Tolerance) -> Iterator[_Pair]:
    """Yield pairs in the order of what was received: calls that fit, then those of one tool; what is missing last."""
    partners = dict(_partners(old, new, tolerance))
    for index, unit in enumerate(new):
        yield _Pair(old[partners[index]] if index in partners else None, unit)
    for index in sorted(set(range(len(old))) - set(partners.values())):
        yield _Pair(old[index], None)


def _partners(old: Sequence[_Unit], new: Sequence[_Unit], tolerance: Tolerance) -> Iterator[tuple[int, int]]:
    """Yield the indices of what was received with those of what it stands for."""
    calls = [unit.call for unit in old if unit.call], [unit.call for unit in new if unit.call]
    fitting = {there: here for here, there in enumerate(assigned(*calls, tolerance.fits)) if there is not None}
    yield from fitting.items()
    left = [index for index in range(len(old)) if index not in fitting.values()]
    for there, unit in enumerate(new):
        here = next((index for index in left if old[index].label == unit.label), None)
        if there not in fitting and here is not None:
            left.remove(here)
            yield there, here


def _in_order(old: Sequence[_Unit], new: Sequence[_Unit], tolerance: Tolerance) -> Iterator[_Pair]:
    """Yield pairs in the order of both, as few as possible of which differ."""
    kinds = _Kinds(tolerance)
    matcher = SequenceMatcher(None, [kinds.of(unit) for unit in old], [kinds.of(unit) for unit in new], autojunk=False)
    for tag, before, before_end, after, after_end in matcher.get_opcodes():
        if tag == "equal":
            yield from map(_Pair, old[before:before_end], new[after:after_end])
        else:
            yield from _replaced(old[before:before_end], new[after:after_end])


class _Kinds:
    """Numbers of units, of which two are the same where the one may stand for the other."""

    def __init__(self, tolerance: Tolerance) -> None:
        self._tolerance = tolerance
        self._first: dict[tuple[str, ...], list[tuple[_Unit, int]]] = {}
        self._count = 0

    def of(self, unit: _Unit) -> int:
        known = self._first.setdefault(unit.label, [])
        found = next((number for first, number in known if _is_same(first, unit, self._tolerance)), None)
        if found is None:
            self._count += 1
            known.append((unit, self._count))
        return self._count if found is None else found


def _replaced(old: Sequence[_Unit], new: Sequence[_Unit]) -> Iterator[_Pair]:
    """Yield pairs of what stands between things that are the same: those of one tool differ in their arguments."""
    labels = [unit.label for unit in old], [unit.label for unit in new]
    for tag, before, before_end, after, after_end in SequenceMatcher(None, *labels, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from map(_Pair, old[before:before_end], new[after:after_end])
        else:
            yield from (_Pair(unit, None) for unit in old[before:before_end])
            yield from (_Pair(None, unit) for unit in new[after:after_end])


def _moved(pairs: Iterable[_Pair], tolerance: Tolerance) -> list[_Unit]:
    """Return what came, but in another place than it was expected, as it was expected and as it came."""
    pairs = list(pairs)
    missing = [pair.expected for pair in pairs if pair.expected and not pair.received]
    moved: list[_Unit] = []
    for unit in [pair.received for pair in pairs if pair.received and not pair.expected]:
        same = next((each for each in missing if _is_same(each, unit, tolerance)), None)
        if same is not None:
            missing = [each for each in missing if each is not same]
            moved += [same, unit]
    return moved


# --- how it is told ---


def _differs(pair: _Pair, tolerance: Tolerance) -> bool:
    expected, received = pair
    return expected is None or received is None or not _is_same(expected, received, tolerance)


def _summary(pairs: Iterable[_Pair], moved: Iterable[_Unit], tolerance: Tolerance) -> str:
    told = list(dict.fromkeys(filter(None, (_told(pair, list(moved), tolerance) for pair in pairs))))
    if not told:
        return "the same calls, but not those at once that were expected"
    more = [f"{len(told) - _NAMED} more"] if len(told) > _NAMED + 1 else []
    return ", ".join([*told[: _NAMED if more else None], *more])


def _told(pair: _Pair, moved: Sequence[_Unit], tolerance: Tolerance) -> str:
    expected, received = pair
    if not _differs(pair, tolerance):
        return ""
    if expected is None or received is None:
        unit = expected or received
        if any(unit is each for each in moved):
            return f"{_name(unit)} in another place" if expected else ""
        return f"{_name(unit)} {'missing' if expected else 'additional'}"
    old, new = map(set, _arguments(expected, received, tolerance))
    places = dict.fromkeys(line.partition(" = ")[0] for line in [*old, *new] if line not in old & new)
    return f"{_name(received)}: {', '.join(sorted(places)) or 'arguments'} differ{'s' * (len(places) == 1)}"


def _name(unit: _Unit | None) -> str:
    return "" if unit is None else step_line("", unit.call.name).strip() if unit.call else unit.head


def _lines(pairs: Sequence[_Pair], moved: Sequence[_Unit], tolerance: Tolerance) -> Iterator[Marked]:
    """Yield the lines of what differs, under its turn; what is as expected is left out."""
    turn, is_cut = 0, False
    for pair in pairs:
        unit = pair.received or pair.expected
        if unit is None or not _differs(pair, tolerance):
            is_cut = True
            continue
        if pair.received and unit.turn != turn:
            turn = unit.turn
            yield Marked(" ", f"turn {turn}")
        elif is_cut:
            yield Marked(" ", f"{_INDENT}...")
        is_cut = False
        yield from (line._replace(text=_INDENT + line.text) for line in _of_pair(pair, moved, tolerance))


def _of_pair(pair: _Pair, moved: Sequence[_Unit], tolerance: Tolerance) -> Iterator[Marked]:
    expected, received = pair
    if expected is not None and received is not None:
        yield Marked(" ", received.head)
        yield from _of_arguments(*_arguments(expected, received, tolerance))
        return
    for unit, mark, note in (expected, "-", "missing"), (received, "+", "additional"):
        if unit is not None:
            yield from _alone(unit, mark, "in another place" if any(unit is each for each in moved) else note)


def _alone(unit: _Unit, mark: str, note: str) -> Iterator[Marked]:
    """Yield the lines of what only one side has; of what has moved, its arguments stand where it came."""
    yield Marked(mark, f"{unit.head}   ({note})")
    if unit.call is not None and not (mark == "-" and note == "in another place"):
        yield from (Marked(mark, _INDENT + line) for line in argument_lines(unit.call.arguments, unit.call.server))


def _of_arguments(old: list[str], new: list[str]) -> Iterator[Marked]:
    for tag, before, before_end, after, after_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from (Marked(" ", _INDENT + line) for line in new[after:after_end][:1])
        else:
            yield from (Marked("-", _INDENT + line) for line in old[before:before_end])
            yield from (Marked("+", _INDENT + line) for line in new[after:after_end])


def _arguments(expected: _Unit, received: _Unit, tolerance: Tolerance) -> tuple[list[str], list[str]]:
    """Return the lines of the arguments of two calls, as far as they count."""
    calls = [unit.call for unit in (expected, received) if unit.call is not None]
    compared = tolerance.compared(*calls)
    return argument_lines(compared.expected), argument_lines(compared.received)
