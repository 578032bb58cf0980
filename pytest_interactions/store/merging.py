"""What git leaves in a lock file that it could not merge: hunks between marks, with the lines of both sides.

Each line is of one cassette, so that what git takes for a conflict is often none: it is settled cassette by cassette.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The marks: ours from the first on, their common ancestor (if git is told to show it), theirs, and the end of the hunk.
_OURS, _BASE, _THEIRS, _END = MARKS = "<<<<<<<", "|||||||", "=======", ">>>>>>>"
_MARK: Final = len(_OURS)
# Where git merges several common ancestors first, their own conflicts are in the hunk, between longer marks.
_NESTED: Final = "<<<<<<<<<"


class Line(NamedTuple):
    """A line of a lock file: its number, and its text without the end."""

    number: int
    text: str


class Labels(NamedTuple):
    """What git calls the two sides of a merge, and their common ancestor."""

    ours: str
    base: str
    theirs: str


#: What they are called in a file without marks, where only a cassette with two lines can be in conflict.
UNNAMED: Final = Labels("the first line", "the common ancestor", "the second line")


class Conflict(NamedTuple):
    """The lines that two sides have of a cassette that both have changed, and that of their ancestor, if it is told."""

    ours: Line
    theirs: Line
    base: Line | None

    def hunk(self, labels: Labels) -> str:
        """Return it as git writes it."""
        base = [f"{_BASE} {labels.base}", self.base.text] if self.base else []
        ours = [f"{_OURS} {labels.ours}", self.ours.text]
        return "\n".join([*ours, *base, _THEIRS, self.theirs.text, f"{_END} {labels.theirs}"])


class Merged(NamedTuple):
    """What is left of a merge.

    Attributes:
        lines: The line of each cassette, by the path that it begins with; of a conflict, ours.
        conflicts: The conflicts, by the same.
        labels: The names of the sides.
        is_marked: Whether the file has marks, or several lines of one cassette.
    """

    lines: dict[str, Line]
    conflicts: dict[str, Conflict]
    labels: Labels
    is_marked: bool


class Stages(NamedTuple):
    """The whole text of a file on both sides of a merge, and where both come from, as git's index has them."""

    base: str
    ours: str
    theirs: str


@dataclass(slots=True)
class _Sides:
    """The lines in hunks of each side, and those outside, of which a cassette may have two."""

    ours: dict[str, Line] = field(default_factory=dict)
    theirs: dict[str, Line] = field(default_factory=dict)
    base: dict[str, Line] = field(default_factory=dict)
    firsts: dict[str, Line] = field(default_factory=dict)
    lasts: dict[str, Line] = field(default_factory=dict)


def merged(text: str, stages: Stages | None = None) -> Merged:
    """Read the lines of a lock file, and settle those that one side alone has changed, as far as that can be told.

    The hunks alone don't tell for sure who has deleted a line, nor always who has changed one; then it is kept, or is a
    conflict. A line that both sides have inserted may be there twice without a hunk.

    Args:
        text: The text of the file.
        stages: What the sides have, if git still knows.
    """
    sides, labels, is_marked = _parted(text)
    twice = {name for name, line in sides.firsts.items() if line is not sides.lasts[name]}
    open_ones = sides.ours.keys() | sides.theirs.keys() | twice
    whole = [merged(stage).lines for stage in stages] if stages and open_ones else []
    lines, conflicts = dict(sides.firsts), {}
    for name in open_ones:
        # A line outside of hunks, of a cassette with another one inside, is the other side's.
        ours = sides.ours.get(name) or sides.firsts.get(name) or sides.theirs[name]
        theirs = sides.theirs.get(name) or sides.lasts.get(name) or sides.ours[name]
        base = sides.base.get(name)
        found = _known(name, ours.number, whole) if whole else _settled(ours, theirs, base)
        lines.pop(name, None)
        if isinstance(found, Conflict):
            conflicts[name] = found
        if found:
            lines[name] = found.ours if isinstance(found, Conflict) else found
    return Merged(lines, conflicts, labels, is_marked or bool(twice))


def _known(name: str, number: int, whole: Sequence[Mapping[str, Line]]) -> Line | Conflict | None:
    """Return what comes of the lines that the sides have of a cassette: none if it was deleted.

    A change wins over the other side's deletion.
    """
    base, ours, theirs = (line and Line(number, line.text) for line in (side.get(name) for side in whole))
    if ours and theirs:
        return _settled(ours, theirs, base)
    return next((line for line in (ours, theirs) if line and line != base), None)


def _settled(ours: Line, theirs: Line, base: Line | None) -> Line | Conflict:
    """Return the line that both sides have, or the one that one side has changed; a conflict if both have."""
    if ours.text == theirs.text or (base and base.text == theirs.text):
        return ours
    return theirs if base and base.text == ours.text else Conflict(ours, theirs, base)


def _parted(text: str) -> tuple[_Sides, Labels, bool]:
    sides, is_marked = _Sides(), False
    labels = dict(zip((_OURS, _BASE, _END), UNNAMED, strict=True))
    of_side = {_OURS: sides.ours, _BASE: sides.base, _THEIRS: sides.theirs}
    side = ""
    for number, whole in enumerate(text.split("\n"), 1):
        line = whole.removesuffix("\r")
        mark = line[:_MARK] if line[_MARK : _MARK + 1] in {"", " "} else ""
        if mark in {_OURS, _END} or (side and mark in {_BASE, _THEIRS}):
            is_marked = True
            side = "" if mark == _END else mark
            labels[mark] = line[_MARK + 1 :] or labels.get(mark, "")
        elif side == _BASE and line.startswith(_NESTED):
            sides.base.clear()
            of_side[_BASE] = {}  # nobody can say what they had in common
        elif line and not line.startswith("#"):
            name, found = line.partition("\t")[0], Line(number, line)
            if side:
                of_side[side][name] = found
            else:
                sides.firsts.setdefault(name, found)
                sides.lasts[name] = found
    return sides, Labels(labels[_OURS], labels[_BASE], labels[_END]), is_marked
