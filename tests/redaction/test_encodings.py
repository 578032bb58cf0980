from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from pytest_interactions.redaction.encodings import base64_needles
from pytest_interactions.redaction.matcher import Matcher

SHORT, LONG = "sk-live-0123", "sk-live-0123-and-more"


@pytest.mark.parametrize("values", [[SHORT, LONG], [LONG, SHORT]])
def test_a_value_that_begins_with_another_is_replaced_whole(values: list[str]) -> None:
    """The longest value that stands in a text is the one that is found, in base64 too."""
    redact = Matcher(values).redact
    assert redact(f"{LONG} {SHORT} {LONG}") == "REDACTED REDACTED REDACTED"
    encoded = base64.b64encode(LONG.encode()).decode()
    assert redact(encoded) == ("REDACTED" * 4)[: len(encoded)]


@pytest.mark.parametrize("value", ["passwords", "key?>~key?>~", "né>?é>?é>?"])
def test_all_that_base64_of_a_value_always_holds_is_looked_for(value: str) -> None:
    """At each alignment those characters that no neighbour has a say in, in both alphabets."""
    expected = set()
    for before in range(3):
        contexts = [
            base64.b64encode(fill * before + value.encode() + fill * 3).decode().rstrip("=")
            for fill in (b"\0", b"\xff")
        ]
        always = "".join(one for one, other in zip(*contexts, strict=True) if one == other).encode()
        expected |= {always, always.replace(b"+", b"-").replace(b"/", b"_")}
    assert set(base64_needles(value.encode())) == expected


@pytest.mark.parametrize(("value", "found"), [("passwor", False), ("password", True)])
def test_from_eight_bytes_on_a_value_is_looked_for_in_base64(value: str, found: bool) -> None:
    """What is shorter stands in media by chance."""
    text = base64.b64encode(value.encode()).decode()
    assert (Matcher([value]).redact(text) != text) is found


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("s3cret\udcff123", "REDACTED"),
        (json.dumps("s3cret\udcff123"), '"REDACTED"'),
        (quote("s3cret\udcff123", errors="surrogatepass"), "REDACTED"),
        (base64.b64encode("s3cret\udcff123".encode("utf-8", "surrogatepass")).decode(), "REDACTEDREDACTED"),
    ],
    ids=["raw", "JSON", "percent", "base64"],
)
def test_a_value_that_is_no_text_is_found_too(written: str, clean: str) -> None:
    """A variable of the environment that is not in UTF-8 has surrogates in it that no text has."""
    assert Matcher(["s3cret\udcff123"]).redact(written) == clean


@pytest.mark.parametrize("value", ["pass/word1", "pass word\n1\\\\", '\b\f\n\r\t "pass"\\'])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_no_escape_is_left_of_a_value_that_ends_with_one(value: str, times: int) -> None:
    """A value is found with all the backslashes that were put before its characters."""
    written = value
    for _ in range(times):
        written = json.dumps(written).replace("/", "\\/")[1:-1]
    assert Matcher([value]).redact(f"<{written}>") == "<REDACTED>"


def test_a_space_may_be_written_as_a_plus() -> None:
    """As forms do it; no other character may."""
    redact = Matcher(["pass word 1"]).redact
    assert redact("pass+word+1") == "REDACTED"
    assert redact("pass%2Bword%2B1") == "REDACTED"
    assert redact("pass word 1+ passxword 1 +ass word 1") == "REDACTED+ passxword 1 +ass word 1"
