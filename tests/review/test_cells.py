"""The cells that a text takes on a terminal."""

from __future__ import annotations

import pytest

from pytest_interactions.review.cells import cells, cut, padded, wrapped

_ACUTE = "\N{COMBINING ACUTE ACCENT}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc", 3),
        ("三", 2),
        ("e\N{COMBINING ACUTE ACCENT}", 1),
        ("👍", 2),
        ("❤\ufe0f", 2),
        ("🇫🇷", 2),
        ("ｱ", 1),
        ("", 0),
    ],
)
def test_a_text_takes_the_cells_that_terminals_give_it(text: str, expected: int) -> None:
    assert cells(text) == expected
    assert cells(padded(text, 5)) == 5


@pytest.mark.parametrize("width", [2, 3, 7, 20, 80])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "  turn of many words, which goes on and on",
        "三番目の答え" * 9,
        "x" * 100,
        "e\N{COMBINING ACUTE ACCENT}" * 30,
        "\ttab\tb",
    ],
)
def test_a_line_is_wrapped_without_loss(text: str, width: int) -> None:
    """No piece is too wide, nothing is lost but blanks, and nothing is parted that is one character."""
    pieces = list(wrapped(text, width))
    assert all(cells(piece) <= width for piece in pieces)
    assert "".join(pieces).replace(" ", "") == text.replace("\t", "").replace(" ", "")
    assert not any(piece.strip().startswith(_ACUTE) for piece in pieces)


def test_a_long_line_is_wrapped_in_time_that_grows_with_it() -> None:
    """A piece looks at what fits, and not at all that is left: a document may be one line."""
    pieces = list(wrapped("é" * 400_000, 80))
    assert "".join(piece.strip() for piece in pieces) == "é" * 400_000


def test_what_goes_on_is_indented_as_its_line_is() -> None:
    assert list(wrapped("  one two three", 11)) == ["  one two ", "    three"]


def test_a_text_is_cut_with_an_ellipsis() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "ab…"
    assert cut("三番目", 4) == "三…"
