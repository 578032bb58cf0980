from __future__ import annotations

import base64
import html
import json
import quopri
import textwrap
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from pytest_interactions.redaction.matcher import Matcher
from pytest_interactions.redaction.views import Whole, canonical, decoded, is_binary, readings, unescaped, without

if TYPE_CHECKING:
    from collections.abc import Callable

#: A value with all that anything escapes, and one that nothing does.
ODD, PLAIN = 'p"a\\b/<c>&d%41 \u00e9\U0001f600z', "sk-proj-0a1b2c3d4e5f6g7h8i9j"

SPELLINGS: dict[str, Callable[[str], str]] = {
    "JSON": json.dumps,
    "JSON twice": lambda text: json.dumps(json.dumps(text)),
    "JSON three times": lambda text: json.dumps(json.dumps(json.dumps(text))),
    "URL": lambda text: quote(text, safe=""),
    "URL twice": lambda text: quote(quote(text, safe=""), safe=""),
    "HTML": html.escape,
    "HTML in numbers": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "HTML in hexadecimals": lambda text: "".join(f"&#x{ord(char):x};" for char in text),
    "repr": repr,
    "URL in JSON": lambda text: json.dumps(quote(text)),
    "HTML in JSON": lambda text: json.dumps(html.escape(text)),
    "JSON in a URL": lambda text: quote(json.dumps(text)),
    "folded": lambda text: "\r\n\t".join(textwrap.wrap(text, 7, drop_whitespace=False)),
    "quoted-printable": lambda text: quopri.encodestring(f"Subject: a=b {'x' * 60} {text}".encode()).decode(),
    "base64": lambda text: base64.b64encode(f"#{text}#".encode()).decode(),
    "base64 of base64": lambda text: base64.b64encode(base64.encodebytes(f"##{text}##".encode() * 3)).decode(),
    "MIME": lambda text: base64.encodebytes(f"{'x' * 50}{text}##".encode()).decode(),
}


@pytest.mark.parametrize("value", [ODD, PLAIN], ids=["odd", "plain"])
@pytest.mark.parametrize("name", SPELLINGS)
def test_a_value_is_found_in_any_spelling(name: str, value: str) -> None:
    """And nothing around it changes, nor does a second redaction change anything."""
    redact = Matcher([value]).redact
    clean = redact(f"before {SPELLINGS[name](value)} after")
    assert clean.startswith("before ")
    assert clean.endswith(" after")
    assert "REDACTED" in clean
    assert redact(clean) == clean
    data = clean.encode()
    inner = [data, *(each.data for reading in readings(data) for each in decoded(reading))]
    assert not any(canonical(value.encode()) in without(reading).data for each in inner for reading in readings(each))


@pytest.mark.parametrize("name", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_a_value_is_found_between_zeros(name: str) -> None:
    """In place, so that all else is read as before."""
    body = Matcher([PLAIN]).redact_bytes(f"key \u00e9: {PLAIN} and more".encode(name))
    assert body.decode(name) == f"key \u00e9: {('REDACTED' * 4)[: len(PLAIN)]} and more"


@pytest.mark.parametrize("columns", [60, 64, 76])
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_a_line_break_in_base64_hides_nothing(columns: int, line_break: str) -> None:
    """Wherever it falls, at any alignment; what is left decodes to what stood around the secret."""
    redact = Matcher([PLAIN]).redact
    for before in range(columns):
        encoded = base64.b64encode(f"{'#' * before}\nKEY={PLAIN}\nend and more of it".encode()).decode()
        text = line_break.join(textwrap.wrap(encoded, columns))
        left = base64.b64decode(redact(text))
        assert left.startswith(b"#" * before)
        assert left.endswith(b"end and more of it")
        assert PLAIN[4:-4].encode() not in left


def test_a_view_knows_the_way_back() -> None:
    """The places of what an escape stands for are those of the escape."""
    text = rb"a\\\\nb%2541c&amp;lt;d"
    reading = unescaped(Whole(text))
    assert reading.data == b"a\nbAc<d"
    assert [text[slice(*reading.source(place, place + 1))] for place in range(len(reading.data))] == [
        *(b"a", rb"\\\\n", b"b", b"%2541", b"c", b"&amp;lt;", b"d"),
    ]
    assert reading.source(0, len(reading.data)) == (0, len(text))


def test_what_is_no_escape_stays() -> None:
    """A number beyond all characters is none, and a text without escapes is its own reading."""
    whole = Whole(b"&#1114112; 100 & more")
    assert unescaped(whole) is whole
    assert [reading.data for reading in readings(b"a=b 100 and more")] == [b"a=b 100 and more"]
    assert unescaped(Whole(rb"a&#1114112;\n")).data == b"a&#1114112;\n"


def test_escapes_are_read_as_deep_as_anybody_nests_them() -> None:
    """Six deep, and no deeper, so that nobody's text takes for ever."""
    text = PLAIN
    for _ in range(4):
        text = html.escape(quote(text + "<", safe=""))
    assert PLAIN not in Matcher([PLAIN]).redact(text)
    deep = "&lt;"
    for _ in range(8):
        deep = ("%26" if deep.startswith("&") else "&#37;") + deep[1:]
    assert unescaped(Whole(deep.encode())).data == b"&#37;26lt;"


def test_a_run_of_base64_may_end_anywhere() -> None:
    """Its padding may be missing, or a letter too many be there."""
    for extra in ("", "=", "A", "AA"):
        encoded = base64.b64encode(base64.b64encode(f"#{PLAIN}####".encode())).decode().rstrip("=") + extra
        assert Matcher([PLAIN]).redact(encoded) != encoded


def test_a_short_value_is_not_put_together_of_words() -> None:
    """White space that is not its own keeps it apart, unless it is so long that no words have it by chance."""
    redact = Matcher(["test", "two words", "fifteen-letters", "sixteen-letters!"]).redact
    assert (
        redact("the best estate, two\nwords, te st, fifteen-\nletters")
        == "the best estate, two\nwords, te st, fifteen-\nletters"
    )
    assert redact("a test, two words") == "a REDACTED, REDACTED"
    assert redact("test".encode("utf-16-le").decode()) == "REDA".encode("utf-16-le").decode()
    assert redact("sixteen-\n  letters!") == "REDACTED"


def test_what_is_no_text_has_no_escapes() -> None:
    """A picture is searched as it is, so that it takes no longer than text; a value in it is found all the same."""
    noise = bytes(range(256)) * 4
    assert is_binary(noise)
    assert not is_binary("Ein Müller, 漢字\r\n\t".encode())
    assert not is_binary("in UTF-16".encode("utf-16"))
    assert not is_binary(b"")
    assert not is_binary(noise * 9 + b"a part of a form that is text" * 99)
    assert [reading.data for reading in readings(noise)] == [noise]
    assert Matcher([PLAIN]).redact_bytes(noise + PLAIN.encode() + noise) == noise + b"REDACTED" + noise
    encoded = base64.b64encode(noise + PLAIN.encode() + noise).decode()
    assert PLAIN.encode() not in base64.b64decode(Matcher([PLAIN]).redact(encoded))


def test_a_value_may_begin_within_a_character_of_others() -> None:
    """A sign of two bytes is one of its second in UTF-16, so that a value is found where only its rest is there."""
    matcher = Matcher(["\u00a3uper5ecret9x8y7z6w"])
    text = "\u00e3uper5ecret9x8y7z6w \u00e9 \u00a3uper5ecret9x8y7z6w."
    assert matcher.redact(text).endswith(" \u00e9 REDACTED.")
    assert [text[start:end] for start, end, _ in matcher.find(text)][-2:] == [text[-20:-1], text[-19:-1]]


def test_an_escape_of_no_character_stays_as_it_is() -> None:
    """And what stands after it is found in its place."""
    text = f"&#9999999; \\U00110000 {quote(ODD, safe='')} after"
    assert Matcher([ODD]).redact(text) == "&#9999999; \\U00110000 REDACTED after"
