from __future__ import annotations

import re
from itertools import product

import pytest

from pytest_interactions.redaction.matcher import Matcher
from pytest_interactions.redaction.urls import secrets_in_uri

redact = Matcher().redact

AMBIGUOUS_KEYS, AMBIGUOUS_TICKETS = ["key", "token"], ["sig", "signature"]
KEYS = [
    "password",
    "client_secret",
    "assertion",
    "client_assertion",
    "x-goog-security-token",
    "X-Amz-Security-Token",
    "access_token",
    "auth_token",
    "bearer_token",
    "id_token",
    "refresh-token",
    "session_token",
    "subject_token",
    "accesstoken",
    "apikey",
    "API-Key",
    "exaApiKey",
    "other_api_key",
]
TICKETS = ["upload_id", "X-Goog-Signature", "X-Amz-Signature"]


@pytest.mark.parametrize("name", [*AMBIGUOUS_KEYS, *KEYS])
def test_a_key_among_the_parameters_is_replaced(name: str) -> None:
    """Whatever it is called, in Google's URLs; in those of others unless its name means harmless things too."""
    assert redact(f"https://x.googleapis.com/p?a=1&{name}=abc&b=2") == (
        f"https://x.googleapis.com/p?a=1&{name}=REDACTED&b=2"
    )
    other = f"https://example.com/p?{name}="
    assert redact(f"{other}abc") == (f"{other}abc" if name in AMBIGUOUS_KEYS else f"{other}REDACTED")
    assert redact(f"{other}0123456789abcdef") == f"{other}REDACTED"


@pytest.mark.parametrize("name", [*AMBIGUOUS_TICKETS, *TICKETS])
def test_a_ticket_among_the_parameters_stays_different_from_others(name: str) -> None:
    """It becomes a digest, wherever a key would be replaced."""
    tickets = {redact(f"https://x.googleapis.com/p?{name}={value}") for value in ("abc", "abd")}
    assert len(tickets) == 2
    assert all(re.fullmatch(rf"https://x.googleapis.com/p\?{name}=redacted-[0-9a-f]{{16}}", url) for url in tickets)
    other = f"https://example.com/p?{name}="
    assert (redact(f"{other}abc") == f"{other}abc") is (name in AMBIGUOUS_TICKETS)
    assert redact(f"{other}0123456789abcdef").startswith(f"{other}redacted-")


@pytest.mark.parametrize(
    ("value", "is_secret"),
    [
        ("0123456789abcdef", True),
        ("ABCDEF-987654321", True),
        ("0123456789abcde", False),
        ("0123456789012345", False),
        ("price-descending", False),
    ],
)
def test_an_ambiguous_name_is_that_of_a_secret_if_the_value_looks_random(value: str, is_secret: bool) -> None:
    """Sixteen characters or more, digits and letters among them."""
    assert (redact(f"https://example.com/?key={value}") == "https://example.com/?key=REDACTED") is is_secret
    assert list(secrets_in_uri(f"https://example.com/?key={value}")) == [value] * is_secret


def test_a_value_over_two_lines_looks_random_too() -> None:
    """A URI has it escaped."""
    assert list(secrets_in_uri("https://example.com/?key=0123456789%0Aabcdef")) == ["0123456789\nabcdef"]


@pytest.mark.parametrize(
    ("host", "is_known"),
    [
        ("google.com", True),
        ("x.Google.com", True),
        ("x.googleapis.com:443", True),
        ("lh3.googleusercontent.com", True),
        ("someone@google.com", True),
        ("localhost:8080", True),
        ("127.0.0.1:8080", True),
        ("[::1]:8080", True),
        ("[::2]:8080", False),
        ("localhost.example", False),
        ("google.com.example", False),
        ("notgoogle.com", False),
        ("example.com/google.com", False),
        ("google.com@example.com", False),
    ],
)
def test_hosts_that_take_keys_are_known(host: str, is_known: bool) -> None:
    """Google's, and this machine, where the API's stand-in may be served."""
    assert (redact(f"https://{host}/v1beta/p?key=abc") == f"https://{host}/v1beta/p?key=REDACTED") is is_known


def test_a_url_may_be_escaped() -> None:
    """As in JSON, in JSON within JSON and in HTML; a secret ends where the parameter or the URL does."""
    separators = ["?", "&", "#", ";", r"\u0026", r"\\u0026", r"\u003f", r"\u003F", "&amp;"]
    for slashes, separator, equals, end in product(
        ["//", r"\/\/", r"\\/\\/"], separators, ["=", r"\u003d", r"\\u003D"], "&#; \n\"'<>\\"
    ):
        url = f"https:{slashes}x.google.com/{separator}key{equals}"
        assert redact(f"{url}abc{end}d") == f"{url}REDACTED{end}d"


@pytest.mark.parametrize(
    "uri", ["https://git@git.example/", "https://git:@git.example/", "https://git:REDACTED@a/?key=REDACTED"]
)
def test_a_url_without_a_secret_has_none(uri: str) -> None:
    """A user's name is none, nor what redaction put there."""
    assert redact(uri) == uri
    assert list(secrets_in_uri(uri)) == []
