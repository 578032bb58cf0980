"""What redaction leaves of a JSON text: its numbers to the letter, its encoding, and keys that are there twice."""

from __future__ import annotations

import json

import pytest

from pytest_interactions.api.exchange import Response
from pytest_interactions.redaction.readings import readings
from tests.redaction.support import KEY, SIGNATURE, redactor

NUMBERS = b"[12345678901234567.89,1e400,-0,0.10,1.0,5e-7,7]"


def _redacted(body: bytes, kind: str = "application/json") -> bytes:
    redact = redactor(KEY)
    response = redact.response(Response(status=200, headers={"content-type": [kind]}, body=body))
    assert redact.response(response) is response
    return response.body


def test_numbers_beside_a_secret_keep_their_text() -> None:
    """In a document and in an event, where a text or a field's name is replaced."""
    for body in (b'{"n":%b,"t":"%b"}', b'{"%b":%b}', b'{"n":%b,"steps":[{"signature":"%b"}]}'):
        parts = (KEY.encode(), NUMBERS) if body.startswith(b'{"%b"') else (NUMBERS, KEY.encode())
        found = _redacted(body % parts)
        assert NUMBERS in found
        assert KEY.encode() not in found
        assert _redacted(b"data: " + body % parts + b"\n\n", "text/event-stream") == b"data: " + found + b"\n\n"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32-be", "utf-8-sig"])
def test_the_encoding_stays(encoding: str) -> None:
    """What is redacted is still in the encoding that its header speaks of."""
    found = _redacted(f'{{"n": 1e400, "é": "{KEY}"}}'.encode(encoding))
    assert found == '{"n":1e400,"é":"REDACTED"}'.encode(encoding)


def test_what_was_escaped_is_escaped() -> None:
    """A body in ASCII stays so, as its header may speak of another encoding than UTF-8."""
    found = _redacted(b'{"a":"\\u00e9\\ud83d\\ude00","t":"%b"}' % KEY.encode(), "application/json; charset=latin-1")
    assert found == b'{"a":"\\u00e9\\ud83d\\ude00","t":"REDACTED"}'


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "a": 2}',
        b'{"a": "x", "a": [{"b": 1, "b": {"c": 1}}], "a": null}',
        b'{"a": "' + b"x" * 50 + b'", "a": 1e400}',
    ],
)
def test_an_entry_that_another_hides_stays_where_it_holds_no_secret(body: bytes) -> None:
    """The body is passed on as it is."""
    assert _redacted(body) == body


@pytest.mark.parametrize(
    "body",
    [
        '{"steps": [{"signature": "SIGN"}], "steps": [1]}',
        '{"steps": 1, "steps": [{"signature": "SIGN", "signature": ""}], "steps": [1]}',
        '{"steps": [{"signature": "SIGN"}], "steps": [{"a": 1}], "steps": [1]}',
        '{"steps": [{"a": 1, "a": 2, "signature": "SIGN", "signature": ""}, {"b": 1, "b": 2}]}',
        '{"type": "oauth2", "client_secret": "SIGN", "type": "x", "client_secret": ""}',
        "{" + '"refresh_token": "",' * 150 + '"refresh_token": "SIGN", "refresh_token": ""}',
    ],
)
def test_an_entry_that_hides_a_secret_goes(body: str) -> None:
    """What parsers read stays."""
    found = _redacted(body.replace("SIGN", SIGNATURE).encode())
    assert SIGNATURE.encode() not in found
    assert json.loads(found) == json.loads(body)


def test_each_entry_is_read_once() -> None:
    """The usual reading comes first."""
    text = b'{"a": 1, "b": [{"c": 2, "c": 3}, 4], "a": {"d": 5, "d": 6}}'
    usual = {"a": {"d": 6}, "b": [{"c": 3}, 4]}
    assert readings(text) == [
        usual,
        usual | {"a": 1},
        usual | {"b": [{"c": 2}, 4]},
        usual | {"a": {"d": 5}},
    ]
