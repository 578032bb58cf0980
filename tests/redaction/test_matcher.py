from __future__ import annotations

import base64
import re
from time import process_time

import pytest

from pytest_interactions.api.exchange import Request
from pytest_interactions.redaction.matcher import Matcher
from pytest_interactions.redaction.placeholders import PLACEHOLDER_KEY
from pytest_interactions.redaction.secrets import Secrets

PLAIN, SPECIAL = "plain-value-1", "pass word/1"


@pytest.mark.parametrize(
    ("values", "body", "expected"),
    [
        ([], "some text", False),
        ([], "a=b, someone@example.com", False),
        ([], "see https://example.com/x", False),
        ([], "see https://example.com/?a=b", False),
        ([], "see https://example.com/?token=b", True),
        ([], "see https://someone@example.com/", True),
        ([], r"see https:\/\/example.com\/?a=1\u0026token=b", True),
        ([], f"my {PLACEHOLDER_KEY}", True),
        ([], "ya29.", False),
        ([], "%41", False),
        ([], r"\u0041", False),
        ([PLAIN], f"my {PLAIN}", True),
        ([PLAIN], base64.b64encode(PLAIN.encode()).decode(), True),
        ([PLAIN], r"C:\x 50 % a+b", False),
        ([SPECIAL], "some text", False),
        ([SPECIAL], f"my {SPECIAL}", True),
        ([SPECIAL], r"C:\x", False),
        ([SPECIAL], "50 %", False),
        ([SPECIAL], "pass+word%2F1", True),
    ],
)
def test_a_body_is_searched_only_if_there_may_be_something_in_it(values: list[str], body: str, expected: bool) -> None:
    """What is said quickly is certain if it is no, and no for nearly every body."""
    assert Matcher(values).may_be_in(body.encode()) is expected
    assert Matcher(values, [re.compile("x")]).may_be_in(body.encode())


def test_what_was_redacted_once_is_not_searched_again() -> None:
    """Patterns are looked for before, between and after the placeholders, up to the last character."""
    redact = Matcher(patterns=[re.compile("[A-Z]|$|^")]).redact
    assert redact("A REDACTED bB REDACTEDC") == "REDACTED REDACTED bREDACTED REDACTEDREDACTED"
    assert redact("REDACTED") == "REDACTED"
    assert redact("") == ""


def test_what_is_found_is_told_with_its_place() -> None:
    """Known values and keys by their kind, and the matches of the patterns apart from them."""
    matcher = Matcher([PLAIN], [re.compile("[0-9]{4}"), re.compile("q")])
    text = f"q {PLAIN} ya29.{'a1' * 10} 2024"
    token = (16, 41, "a Google access token (google-access-token)")
    assert list(matcher.find(text)) == [(2, 15, "a known secret"), token]
    assert list(matcher.find_patterns(text)) == [
        (42, 46, "a match of the redact option"),
        (0, 1, "a match of the redact option"),
    ]
    assert list(Matcher().find(text)) == [token]


@pytest.mark.parametrize(
    ("pieces", "clean"),
    [
        (["", "plain-", "", "value-1", ""], ["", "REDACTED", "", "", ""]),
        (["a plain", "-value", "-1 b", "c"], ["a REDACTED", "", " b", "c"]),
        (["plain-value-1plain-", "value-1"], ["REDACTEDREDACTED", ""]),
        (["a", "plain-value-1", "b"], ["a", "REDACTED", "b"]),
        (["a", "b"], ["a", "b"]),
        ([], []),
    ],
)
def test_what_is_written_stands_in_the_piece_where_the_secret_began(pieces: list[str], clean: list[str]) -> None:
    """All other pieces keep what is theirs."""
    assert Matcher([PLAIN]).redact_pieces(pieces) == clean


def test_a_new_value_costs_no_more_where_many_are_known() -> None:
    """A run may sign each of its requests anew; what was built for the values before is used again."""

    def learn(number: int) -> float:
        secrets, begun = Secrets(), process_time()
        for each in range(number):
            secrets.learn(
                Request(method="GET", uri="https://h/", headers={"authorization": [f"Bearer tok-{each:020}"]})
            )
            assert secrets.matcher.redact(f"my tok-{each:020}") == "my REDACTED"
        assert secrets.matcher.redact(f"tok-{0:020} tok-{number - 1:020}") == "REDACTED REDACTED"
        return process_time() - begun

    few, many = learn(100), learn(1100)
    assert many < 11 * max(few, 0.05) * 3
