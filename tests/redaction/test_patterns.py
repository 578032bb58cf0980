from __future__ import annotations

import pytest

from pytest_interactions.redaction.matcher import Matcher

redact = Matcher().redact

BODY = "Sy0_" * 8 + "abc"  # 35 characters
TOKEN = "abcdefghij0123456789"
BEGIN, END = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"


@pytest.mark.parametrize("key", [f"AIza{BODY}", f"AQ.{TOKEN}", "ya29.abcdefghi.0123456789"])
def test_a_key_stands_alone_and_has_its_length(key: str) -> None:
    """Beside a letter, a digit or a character of base64, or if it is shorter, it is none."""
    for around in ' .,:;"=()':
        assert redact(f"{around}{key}{around if around != '.' else ''}").strip(around) == "REDACTED"
    for beside in "aZ0+/_-":
        assert redact(f"{beside}{key}") == f"{beside}{key}"
    for beside in "+/":
        assert redact(f"{key}{beside}") == f"{key}{beside}"
    assert redact(key[:-1]) == key[:-1]


def test_a_google_api_key_is_no_longer_than_it_is() -> None:
    """A longer run of its characters is something else; other keys have no such limit."""
    assert redact(f"AIza{BODY}x") == f"AIza{BODY}x"
    assert redact(f"AQ.{TOKEN * 2} ya29.{TOKEN * 2}") == "REDACTED REDACTED"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"Bearer {TOKEN}", "Bearer REDACTED"),
        (f"a bearer {TOKEN}== and", "a bearer REDACTED and"),
        (f"Bearer {TOKEN[::-1]}.", "Bearer REDACTED"),
        (f"Bearer .-~+/{TOKEN}", "Bearer REDACTED"),
        (f"Bearer {TOKEN}=x", "Bearer REDACTED=x"),
        (f"forbearer {TOKEN}", None),
        (f"Bearer {TOKEN[1:]}", None),
        ("Bearer YOUR_ACCESS_TOKEN_GOES_HERE", None),
        ("Bearer 01234567890123456789", None),
    ],
)
def test_a_bearer_token_is_long_and_mixed(text: str, clean: str | None) -> None:
    """Twenty characters or more, digits and letters among them, after that word alone."""
    assert redact(text) == (clean or text)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"{BEGIN}\n{'x' * 39}{END}", "REDACTED"),
        (f"{BEGIN}{'x' * 40}, and", "REDACTED, and"),
        (f"{BEGIN}{'x' * 39}!", None),
        (f"{BEGIN}\\n{'x' * 40}\\r\\n{END}", "REDACTED"),
        (f"{BEGIN}\\\\n{'x' * 40}\\\\n{END}", "REDACTED"),
        (f"{BEGIN}{'x' * 40}{END}".replace("PRIVATE", "EC PRIVATE"), "REDACTED"),
    ],
)
def test_a_private_key_may_be_cut_and_its_lines_escaped(text: str, clean: str | None) -> None:
    """Forty characters of one are enough, without the line that ends it."""
    assert redact(text) == (clean or text)
