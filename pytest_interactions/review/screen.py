"""A screen of the review: the head, a page of rows and the menu, in a terminal's size; no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_interactions.api.transcript import Line
from pytest_interactions.escaping import on_one_line
from pytest_interactions.review.cells import cells, cut, wrapped
from pytest_interactions.review.rows import rows_of, title_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.review.proposal import Proposal
    from pytest_interactions.review.rows import Row
    from pytest_interactions.review.session import Session

_LEAST_WIDTH, _LEAST_PAGE = 20, 3


class Size(NamedTuple):
    """The size of a terminal in cells."""

    columns: int
    lines: int


class Screen(NamedTuple):
    """All rows of a screen, and how many of them are the page."""

    rows: list[Row]
    page: int


def screen(session: Session, proposal: Proposal, size: Size) -> Screen:
    """Return the screen of a session; it moves the session's first row to where the text has one.

    A terminal that is smaller than can be read gets a screen of the least size.
    """
    width = max(size.columns, _LEAST_WIDTH)
    place = f"{session.at + 1} of {session.count}"
    head = (Line("title", cut(title_of(proposal.told, place), width)),)
    body = _help(session, width) if session.helps else rows_of(proposal, session.view, width)
    menu = [(Line("note", text),) for text in _menu(session.menu(), width)]
    message = (
        [(Line("error", text),) for text in wrapped(on_one_line(session.message), width)] if session.message else []
    )
    page = max(_LEAST_PAGE, size.lines - len(menu) - len(message) - 2)  # the head, and where the page is
    session.fit(len(body), page)
    shown = body[session.top : session.top + page]
    return Screen(
        [head, *shown, (Line("note", cut(_position(session, len(body), page), width)),), *message, *menu], page
    )


def _help(session: Session, width: int) -> list[Row]:
    return [(Line("text", piece),) for line in session.help() for piece in wrapped(line, width)]


def _position(session: Session, rows: int, page: int) -> str:
    """Return where a page is in a text that is longer than it."""
    if rows <= page:
        return ""
    last = min(session.top + page, rows)
    go_on = "space: next page" if last < rows else "u: page before"
    return f"-- lines {session.top + 1} to {last} of {rows}; {go_on} --"


def _menu(words: list[str], width: int) -> Iterator[str]:
    """Yield the lines in which the words of a menu fit, none of them parted if that is possible."""
    line = ""
    for word in words:
        if line and cells(line) + 2 + cells(word) > width:
            yield from wrapped(line, width)
            line = ""
        line = f"{line}  {word}" if line else word
    yield from wrapped(line, width)
