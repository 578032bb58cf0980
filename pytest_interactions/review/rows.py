"""The rows in which a candidate is shown: what it would change, as a diff or as two columns; no I/O."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_interactions.api.transcript import Line
from pytest_interactions.escaping import on_one_line
from pytest_interactions.report.compare import fact_lines
from pytest_interactions.review.cells import padded, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.review.proposal import Proposal, Texts

#: A row: the parts that stand in it from left to right, each with the kind that gives it its colour.
Row = tuple[Line, ...]

_CONTEXT: Final = 3  # equal lines around what differs
_MOST: Final = 8  # differences of a request
_ALL: Final = 10**9
_SIGNS: Final = {"equal": " ", "replace": "|", "delete": "<", "insert": ">"}
_EMPTY: Final = Line("text", "")


class View(NamedTuple):
    """What is chosen of a candidate: two columns or a diff, and all lines or only what differs."""

    columns: bool = False
    full: bool = False


def rows_of(proposal: Proposal, view: View, width: int) -> list[Row]:
    """Return all rows of a candidate: its files, how the behaviour and the requests differ, then its snapshots."""
    told = proposal.told
    behaviour, snapshots = (proposal.texts[:1], proposal.texts[1:]) if told["exchanges"] else ([], proposal.texts)
    known = [line for texts in behaviour for line in _changed_lines(texts)]
    parts: list[Iterable[Row]] = [_one(_files(told), width)]
    parts += [_behaviour(told, texts, view, width) for texts in behaviour]
    parts += [_one(_requests(told["requests"], view), width)] if told["requests"] else []
    parts += [_snapshot(texts, known, view, width) for texts in snapshots]
    return list(chain.from_iterable(parts))


def title_of(told: Json, place: str) -> str:
    """Return the head of a candidate: its place among all, and its tests."""
    tests = told["tests"] or [told["candidate"]]
    more = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
    return on_one_line(f"{place}  {tests[0]}{more}")


def _one(lines: Iterable[Line], width: int) -> Iterator[Row]:
    """Yield rows of one part each, in which lines go on that are too long."""
    for line in lines:
        for piece in wrapped(line.text, width):
            yield (Line(line.kind, piece),)


# --- the parts of a candidate ---


def _files(told: Json) -> Iterator[Line]:
    for test in told["tests"][1:]:
        yield Line("note", on_one_line(f"and {test}"))
    yield from _conflict(told["conflict"]) if "conflict" in told else ()
    recording = [told["cassette"]] if told["exchanges"] and "conflict" not in told else []
    for path in [*recording, *told["snapshots"]]:
        yield Line("note", on_one_line(f"changes {path}"))
    if told["problem"]:
        yield Line("error", on_one_line(f"It can't be compared: {told['problem']}"))


def _conflict(conflict: Json) -> Iterator[Line]:
    yield Line("note", on_one_line(f"two branches have recorded it; {conflict['file']} has a conflict"))
    for side, what in (("ours", "r keeps ours"), ("theirs", "a takes theirs")):
        told = conflict[side]
        yield Line("note", on_one_line(f"{what} ({told['branch']}): {told['headline']}"))


def _behaviour(told: Json, texts: Texts, view: View, width: int) -> Iterator[Row]:
    yield from _heading("Behaviour", width)
    yield from _one(fact_lines(told["facts"]), width)
    yield from _compared(texts, view, width)


def _requests(requests: list[Json], view: View) -> Iterator[Line]:
    yield _EMPTY
    yield Line("title", "Requests")
    for each in requests:
        yield Line("step", on_one_line(f"{each['new'] or each['old']}. {each['request']}{_alone(each)}"))
        most = _ALL if view.full else _MOST
        yield from (Line("fact", f"   {difference}") for difference in each["differences"][:most])
        more = len(each["differences"][most:]) + each["more"]
        if more:
            yield Line("note", f"   … and {more} more differences")


def _alone(request: Json) -> str:
    return "" if request["old"] and request["new"] else ": new" if request["new"] else ": no more"


def _snapshot(texts: Texts, known: list[str], view: View, width: int) -> Iterator[Row]:
    """Yield a snapshot; where the lines that differ are all among those that are known, it is enough to say so."""
    yield from _heading(texts.title, width)
    lines = iter(known)
    changed = _changed_lines(texts)
    if changed and not view.full and all(line in lines for line in changed):
        yield from _one([Line("note", f"lines that differ, all as above: {len(changed)}; f shows them")], width)
    else:
        yield from _compared(texts, view, width)


def _heading(text: str, width: int) -> Iterator[Row]:
    return _one([_EMPTY, Line("title", on_one_line(text))], width)


def _changed_lines(texts: Texts) -> list[str]:
    return [line for line in texts.diff(0)[2:] if not line.startswith("@")]


# --- two texts ---


def _compared(texts: Texts, view: View, width: int) -> Iterator[Row]:
    if texts.old == texts.new:
        return _one([Line("text", "the same")], width)
    return _in_columns(texts, view, width) if view.columns else _one(_diff(texts, view), width)


def _diff(texts: Texts, view: View) -> Iterator[Line]:
    lines = texts.diff(_ALL if view.full else _CONTEXT)[2:]
    for number, line in enumerate(lines):
        if line.startswith("@"):
            yield from [Line("note", "…")] * (number > 0)
        else:
            yield Line({"+": "added", "-": "removed"}.get(line[0], "text"), line)


def _in_columns(texts: Texts, view: View, width: int) -> Iterator[Row]:
    """Yield the old text and the new one beside each other, and between them a sign where they differ."""
    columns = (width - 3) // 2
    yield _beside("title", [texts.names[0]], [texts.names[1]], columns)[0]
    matcher = SequenceMatcher(None, texts.old, texts.new)
    groups: Iterable[list[Any]] = matcher.get_grouped_opcodes(_CONTEXT)
    groups = [matcher.get_opcodes()] if view.full else groups
    for number, group in enumerate(groups):
        yield from [(Line("note", "…"),)] * (number > 0)
        for tag, old_from, old_to, new_from, new_to in group:
            for old, new in zip_longest(texts.old[old_from:old_to], texts.new[new_from:new_to]):
                yield from _beside(_tag(tag, old, new), _pieces(old, columns), _pieces(new, columns), columns)


def _tag(tag: str, old: str | None, new: str | None) -> str:
    return "delete" if new is None else "insert" if old is None else tag


def _pieces(text: str | None, columns: int) -> list[str]:
    return [] if text is None else list(wrapped(text, columns))


def _beside(tag: str, old: list[str], new: list[str], columns: int) -> list[Row]:
    left, right = ("text", "text") if tag == "equal" else ("removed", "added") if tag in _SIGNS else (tag, tag)
    sign = f" {_SIGNS.get(tag, ' ')} "
    return [
        (Line(left, padded(before, columns)), Line("note", sign), Line(right, after))
        for before, after in zip_longest(old, new, fillvalue="")
    ]
