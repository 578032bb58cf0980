from __future__ import annotations

import uuid

import pytest

from pytest_interactions.redaction.randomness import is_no_word, is_password, is_random


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5f4dcc3b5aa765d61d8327deb882cf99", True),
        (str(uuid.UUID(int=0x5F4DCC3B5AA765D61D8327DEB882CF99)), True),
        ("Ab8RN6KxQz1vT", True),
        ("Tr0ub4dor", True),
        ("JBSWY3DPEHPK3PXP", True),
        ("gemini-3.5-flash", False),
        ("gpt-4o-mini-2024-07-18", False),
        ("claude-3-5-sonnet-20241022", False),
        ("127.0.0.1:8080", False),
        ("test-token", False),
        ("ConfigurationManagerFactoryBean", False),
        ("some_module_path", False),
        ("a1b2c3d", False),
        ("postgres", False),
        ("", False),
    ],
)
def test_what_a_machine_has_drawn_is_told_from_words(text: str, expected: bool) -> None:
    """By how short its words and numbers are; less than eight letters and digits in a row say nothing."""
    assert is_random(text) is expected


@pytest.mark.parametrize(("text", "expected"), [("P@ssw0rd!", True), ("Gemini-2.5", False), ("P@ss1", False)])
def test_a_password_has_four_kinds_of_characters(text: str, expected: bool) -> None:
    """Those that names are made of count for nothing."""
    assert is_password(text) is expected


def test_twenty_letters_in_a_row_are_no_word() -> None:
    """Whatever they are."""
    assert is_no_word("correcthorsebatterys")
    assert not is_no_word("correcthorsebattery")
    assert not is_no_word("correct-horse-battery-staple")
