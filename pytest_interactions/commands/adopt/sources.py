"""A Python file that is edited by the positions of its syntax tree, so that all else in it stays to the letter."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

_BOM: Final = "\ufeff"
_REST_OF_LINE: Final = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n|\Z)")
_SPACE: Final = re.compile(r"[ \t]*")
_BLANK: Final = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))*")


@dataclass(frozen=True, slots=True, order=True)
class Left:
    """Something that is left to the user: where it stands, and what to do."""

    path: Path
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """An item between brackets: its start, its end, and the end of the comma after it, if there is one."""

    start: int
    end: int
    comma: int | None


#: The start and the end of a text that is replaced, and the new text.
Edit = tuple[int, int, str]


class Source:
    """The text of a file, its syntax tree, and the edits to come.

    Raises:
        OSError: The file can't be read.
        SyntaxError: It is no Python of this interpreter's.
        UnicodeDecodeError: It is not in UTF-8.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.mode = path.stat().st_mode & 0o777
        decoded = path.read_bytes().decode()
        self._mark = _BOM if decoded.startswith(_BOM) else ""
        self.text = decoded.removeprefix(_BOM)
        self.tree = ast.parse(self.text)
        self.edits: list[Edit] = []
        self._lines = io.StringIO(self.text, newline="").readlines()
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    @classmethod
    def read(cls, path: Path) -> Self | Left:
        """Read a file, or say why it can't be read."""
        try:
            return cls(path)
        except SyntaxError as error:
            return Left(path, error.lineno or 1, f"this is not Python ({error.msg}), so it was not looked at")
        except ValueError:  # other bytes than UTF-8, or a null
            return Left(path, 1, "this is not UTF-8, so it was not looked at")

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """Return the parent of each node of the tree."""
        return {child: parent for parent in ast.walk(self.tree) for child in ast.iter_child_nodes(parent)}

    @cached_property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Return all functions of the file."""
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    @cached_property
    def _tokens(self) -> list[tuple[int, int, tokenize.TokenInfo]]:
        skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
        tokens = tokenize.generate_tokens(iter(self._lines).__next__)
        return [
            (self._starts[token.start[0] - 1] + token.start[1], self._starts[token.end[0] - 1] + token.end[1], token)
            for token in tokens
            if token.type not in skipped and token.start[0] <= len(self._lines)
        ]

    # --- places ---

    def span(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword | ast.alias) -> tuple[int, int]:
        """Return the start and the end of a node in the text."""
        assert node.end_lineno is not None  # noqa: S101 - the parser sets them
        assert node.end_col_offset is not None  # noqa: S101
        return self._offset(node.lineno, node.col_offset), self._offset(node.end_lineno, node.end_col_offset)

    def segment(self, node: ast.expr) -> str:
        """Return the text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def whole(self, node: Definition) -> tuple[int, int]:
        """Return the start and the end of a decorated definition with its decorators."""
        return self.text.rindex("@", 0, self.span(node.decorator_list[0])[0]), self.span(node)[1]

    def opening(self, after: int) -> int:
        """Return the place of the first bracket at or after a place."""
        return next(start for start, _, token in self._tokens if start >= after and token.string in "([{")

    def items(self, opening: int, closing: int) -> list[Item]:
        """Return the items between two brackets."""
        found: list[Item] = []
        depth, begun, ended = 0, -1, -1
        for start, end, token in self._tokens:
            if not opening < start < closing:
                continue
            if token.string == "," and depth == 0:
                found.append(Item(begun, ended, end))
                begun = -1
                continue
            if token.type == tokenize.OP:
                depth += (token.string in "([{") - (token.string in ")]}")
            begun, ended = (start if begun < 0 else begun), end
        return found if begun < 0 else [*found, Item(begun, ended, None)]

    # --- edits ---

    def edited(self) -> bytes:
        """Return the file with all edits."""
        return (self._mark + self.edited_text()).encode()

    def edited_text(self) -> str:
        """Return the text with all edits."""
        return applied(self.text, self.edits)

    def name(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[int, int]:
        """Return the start and the end of a function's name."""
        start = next(
            start for start, _, token in self._tokens if start > self.span(node)[0] and token.string == node.name
        )
        return start, start + len(node.name)

    def rewritten(
        self, opening: int, closing: int, new: Sequence[Sequence[str] | None], more: Sequence[str] = ()
    ) -> list[Edit]:
        """Return the edits that change the items between two brackets.

        Args:
            opening: The place of the opening bracket.
            closing: The place of the closing one.
            new: For each item what replaces it: nothing, one item or several; `None` keeps it.
            more: What is added at the end.
        """
        items = self.items(opening, closing)
        edits: list[Edit] = []
        last = opening + 1
        for number, (item, texts) in enumerate(zip(items, new, strict=True)):
            if texts is not None and not texts:
                edits.append(self._deletion(items, new, number))
                continue
            last = item.end
            if texts is not None:
                edits.append((item.start, item.end, self._separator(item).join(texts)))
        if more:
            texts = ", ".join(more)
            edits.append((last, last, f", {texts}" if last > opening + 1 else texts))
        is_empty = not applied(self.text, edits, opening + 1, closing).strip()
        return [(opening + 1, closing, "")] if is_empty else edits

    def without_lines(self, start: int, end: int, *, blank: bool = False) -> Edit:
        """Return the edit that deletes all lines of a text, and the blank lines after it if these are to go too."""
        start = self._line_start(start)
        end = _matched(_REST_OF_LINE, self.text, end)
        if blank:
            end = _matched(_BLANK, self.text, end)
            if end == len(self.text):
                start = len(self.text[:start].rstrip()) + len(self._newline()) if self.text[:start].strip() else 0
        return start, end, ""

    def _newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def _deletion(self, items: Sequence[Item], new: Sequence[Sequence[str] | None], number: int) -> Edit:
        item = items[number]
        start, end = item.start, item.comma or item.end
        alone = not self.text[self._line_start(start) : start].strip() and _REST_OF_LINE.match(self.text, end)
        if alone:
            return self._line_start(start), alone.end(), ""
        if item.comma:
            end = _matched(_SPACE, self.text, end)
            if self.text[end] in "\r\n":  # the last on its line, where no space is to stay
                start = len(self.text[:start].rstrip(" \t"))
        elif number and new[number - 1] != []:
            start = items[number - 1].end
        return start, end, ""

    def _separator(self, item: Item) -> str:
        before = self.text[self._line_start(item.start) : item.start]
        return ", " if before.strip() else f",{self._newline()}{before}"

    def _line_start(self, place: int) -> int:
        return max(self.text.rfind("\n", 0, place), self.text.rfind("\r", 0, place)) + 1

    def _offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())


def applied(text: str, edits: Iterable[Edit], start: int = 0, end: int | None = None) -> str:
    """Return a text, or a part of it, with edits that don't overlap."""
    pieces: list[str] = []
    for begun, ended, new in sorted(set(edits)):
        pieces += text[start:begun], new
        start = ended
    return "".join([*pieces, text[start:end]])


def _matched(pattern: re.Pattern[str], text: str, place: int) -> int:
    """Return where a match at `place` ends; there is none if it stays there."""
    match = pattern.match(text, place)
    return match.end() if match else place
