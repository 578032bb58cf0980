"""Bodies that an app could tell from what they would be when laid out come back to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vcr.serializers import yamlserializer

from pytest_interactions.api.exchange import Exchange, Request, Response
from pytest_interactions.files import convert, reading, storage
from pytest_interactions.files.layout import dumps

_NUMBERS = st.from_regex(r"\A-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?\Z")


def _exchange(body: bytes, content_type: str) -> Exchange:
    headers = {"content-type": [content_type]} if content_type else {}
    return Exchange(
        request=Request(method="POST", uri="https://h/v1/interactions", headers=headers, body=body),
        response=Response(status=200, reason="OK", headers=headers, body=body),
    )


def _came_back(body: bytes, content_type: str) -> bytes:
    """Return the body that our reader and PyYAML both read, of a request and of a response."""
    text = dumps([_exchange(body, content_type)])
    found = storage.loads(text.encode(), Path("c.yaml")).exchanges[0]
    by_yaml = convert.from_vcr_item(yamlserializer.deserialize(text)["interactions"][0])
    assert found.request.body == found.response.body == by_yaml.request.body == by_yaml.response.body
    return found.request.body


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/jsonlines",
        "application/json-seq",
        "application/geo+json-seq",
        "application/stream+json; charset=utf-8",
        "application/vnd.api.ndjson+json",
    ],
)
@pytest.mark.parametrize("body", [b'{"a":1,"b":[1,2]}\n', b'{"a":1}', b'{"a":1}\n{"b":2}\n\n', b'\x1e{"a":1}\n', b"\n"])
def test_lines_of_json_stay_lines(content_type: str, body: bytes) -> None:
    """Where each line is a record, one record is one line too."""
    assert _came_back(body, content_type) == body


@pytest.mark.parametrize("content_type", ["application/json", "application/problem+json", "text/json", ""])
def test_one_json_text_is_laid_out(content_type: str) -> None:
    """Whatever type it has, or none, a JSON text is laid out for review."""
    assert _came_back(b'{"a":1.5}', content_type) == b'{\n  "a": 1.5\n}'


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":12345678901234567.89}',
        b'{"a":1e400}',
        b'{"a":-0, "b":"\\u00e9"}',
        b'{"a":0.10}',
        b'{"a":1E5}',
        b'{"a":1,"a":2}',
        b' {"a":1,"a":2}\n',
        b'{"a":1,"a":2, "b": "\xe2\x80\xa8"}',
        b'{"a":1e-5,"b":"\\ud800"}',
        b'{"a":1e-05}',
        b'{"cut',
    ],
)
def test_what_would_be_written_otherwise_is_verbatim(body: bytes) -> None:
    """Numbers keep their text, and keys that are there twice are."""
    assert _came_back(body, "application/json") == body
    assert _came_back(body.lstrip(), "") == body.lstrip()


@given(st.lists(_NUMBERS))
def test_any_number_keeps_its_text(numbers: list[str]) -> None:
    """White space is all that changes, whatever the numbers."""
    body = f"[{','.join(numbers)}]".encode()
    assert b"".join(_came_back(body, "application/json").split()) == body


def test_a_verbatim_body_is_read_quickly() -> None:
    """It needs no PyYAML."""
    assert reading.read(dumps([_exchange(b'{"a":1e400}', "application/json")]).encode()) is not None


@pytest.mark.parametrize(
    ("encoding", "charset"),
    [
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16"),
        ("utf-16-be", ""),
        ("utf-32", "utf-32"),
        ("utf-8-sig", "utf-8"),
        ("utf-8-sig", ""),
        ("latin-1", "ISO-8859-1"),
        ("ascii", '"latin1"'),
    ],
)
@pytest.mark.parametrize("text", ['{"a":"\\u00e9"}', '{"a":"é"}'])
def test_another_encoding_stays(encoding: str, charset: str, text: str) -> None:
    """The bytes are those that the header speaks of."""
    body = text.encode(encoding, "backslashreplace")
    assert _came_back(body, f"application/json; charset={charset}" if charset else "application/json") == body


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_block_without_an_end_is_left_to_pyyaml(end: str) -> None:
    """Lines that are empty but for their margin, and a file that ends within a line, are not written here."""
    text, _, _ = dumps([_exchange(b"\n x\n", "text/event-stream")]).partition("  digest:")
    assert text.endswith("         x\n")
    assert reading.read(f"{text[:-3]}{end}".encode()) is None
