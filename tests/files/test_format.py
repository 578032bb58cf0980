"""The cassette as text: readable, lossless, and an error that names the place where it can't be read."""

from __future__ import annotations

import gzip
import io
import json
import textwrap
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from vcr.serializers import yamlserializer

from pytest_interactions import CassetteFormatError, CassetteNotFoundError
from pytest_interactions.api.exchange import Cut, Exchange, Message, Request, Response
from pytest_interactions.files import convert, layout, reading, storage
from pytest_interactions.files.layout import dumps

JSON = {"content-type": ["application/json; charset=UTF-8"]}
SSE = {"content-type": ["text/event-stream"]}


def _exchange(body: bytes = b"", response: bytes = b"", **headers: Any) -> Exchange:
    return Exchange(
        request=Request(method="POST", uri="https://h/v1/interactions", headers=headers.get("sent", JSON), body=body),
        response=Response(status=200, reason="OK", headers=headers.get("got", JSON), body=response),
    )


def _round_trip(exchange: Exchange, tmp_path: Path) -> Exchange:
    return storage.loads(dumps([exchange]).encode(), tmp_path / "c.yaml").exchanges[0]


def test_json_is_laid_out_for_review() -> None:
    """A JSON body is a literal block, pretty-printed, with its characters as they are."""
    text = dumps([_exchange('{"input":"Grüße \\ud83e\\udd84"}'.encode(), b'{"a":[1]}')])
    assert '    body: |-\n      {\n        "input": "Grüße \U0001f984"\n      }\n' in text
    assert '      string: |-\n        {\n          "a": [\n            1\n          ]\n        }\n' in text


@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/stream+json", "application/jsonl"])
def test_one_line_of_json_lines_stays_one(kind: str, tmp_path: Path) -> None:
    """A body of JSON lines is kept as it is, for whoever reads it line by line."""
    exchange = _exchange(b"{}", b'{"a":[1]}\n', got={"content-type": [kind]})
    assert _round_trip(exchange, tmp_path).response.body == b'{"a":[1]}\n'


def test_a_stream_is_kept_verbatim(tmp_path: Path) -> None:
    """An SSE body is a literal block with all its bytes, blank lines at its end too."""
    body = b'event: x\ndata: {"t":"\xf0\x9f\xa6\x84"}\n\nevent: done\ndata: [DONE]\n\n'
    exchange = _exchange(b"{}", body, got=SSE)
    assert "      string: |+\n        event: x\n" in dumps([exchange])
    assert _round_trip(exchange, tmp_path).response.body == body


@pytest.mark.parametrize(
    "body",
    [
        b"data: 1\r\n\r\n",
        b"data: 1\n",
        b"data: 1",
        b"\n\ndata: 1\n\n",
        b"  data: indented first\n\n",
        b"\tdata: tab first\n\n",
        b"\n\tdata: tab second\n\n",
        b"\xef\xbb\xbfdata: bom\n\n",
        "data: \x85 \u2028 \ufffe\n\n".encode(),
        b"data: \xff not utf-8\n\n",
        b"\n\n\n",
        b"",
        b"data: tail   \n\n   \n\t\n\n\n",
    ],
)
def test_any_stream_survives(body: bytes, tmp_path: Path) -> None:
    """Line ends, leading blanks, trailing blanks, odd characters and no UTF-8 at all come back byte for byte."""
    assert _round_trip(_exchange(b"{}", body, got=SSE), tmp_path).response.body == body


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_survive_as_a_stream(body: bytes) -> None:
    """Whatever bytes a server calls a stream come back."""
    text = dumps([_exchange(b"{}", body, got=SSE)])
    assert storage.loads(text.encode(), Path("c.yaml")).exchanges[0].response.body == body


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_VALUES)
def test_any_json_survives(value: Any) -> None:
    """Whatever JSON is recorded, with lone surrogates or infinite numbers in it, comes back as the same value."""
    exchange = _exchange(
        json.dumps(value).encode(), json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    )
    found = storage.loads(dumps([exchange]).encode(), Path("c.yaml")).exchanges[0]
    assert found.request.json() == value
    assert found.response.json() == value


def _by_yaml(text: str) -> list[Exchange]:
    return [convert.from_vcr_item(item) for item in yamlserializer.deserialize(text)["interactions"]]


_BODIES = st.sampled_from(
    [b"", b"{}", b'{"input": "a\\n\\n b"}', b"data: 1\n\n", b"data: 2", b"\n x\n", b"plain", b"\xff", b"true", b" \n"]
)
_TYPES = st.sampled_from([JSON, SSE, {}, {"content-type": ["text/plain; a='b'", "yes"], "retry-after": ["1"]}])


@st.composite
def _exchanges(draw: st.DrawFn) -> Exchange:
    exchange = _exchange(draw(_BODIES), draw(_BODIES), sent=draw(_TYPES), got=draw(_TYPES))
    exchange.response.reason = draw(st.sampled_from(["OK", "Not Found", "no", "it's", "", "a: b", "null"]))
    exchange.cut = draw(st.sampled_from([None, Cut(by="app"), Cut(by="connection", error="E", message="a: 'b'")]))
    return exchange


@given(st.lists(_exchanges(), min_size=1, max_size=3), st.booleans())
def test_what_was_laid_out_is_read_as_pyyaml_would(exchanges: list[Exchange], incomplete: bool) -> None:
    """The quick reader and PyYAML find the same in what was written here."""
    text = layout.dumps(exchanges, incomplete=incomplete)
    assert storage.loads(text.encode(), Path("c.yaml")) == storage.Contents(_by_yaml(text), incomplete=incomplete)


@given(
    st.lists(_exchanges(), min_size=1, max_size=2),
    st.integers(0, 2000),
    st.sampled_from(["", " ", "\n", "-", ":", "'", "#", "|", "\n- request:\n", "\n  cut:\n", "x", "\t", "\x00"]),
    st.integers(0, 3),
)
def test_what_was_changed_by_hand_is_never_misread(
    exchanges: list[Exchange], place: int, inserted: str, removed: int
) -> None:
    """Wherever a file is edited, the quick reader finds what PyYAML finds, or leaves the file to it."""
    text = layout.dumps(exchanges)
    place %= len(text)
    text = text[:place] + inserted + text[place + removed :]
    found = reading.read(text.encode())
    if found is not None:
        assert found.exchanges == _by_yaml(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("method: POST", "method: 'POST'"),
        ("message: OK", "message: yes"),
        ("message: OK", "message: OK # comment"),
        ("- application/json; charset=UTF-8", "- 7"),
        ("- application/json; charset=UTF-8", "- no"),
        ("    body: |-\n", "    body: |\n\n"),
        ("    body: |-\n      {", "    body: |-\n        {"),
        ('        "a": 1', '  "a": 1'),
        ("  cut:\n    by: app", "  cut:\n    by: [app]"),
        ("  cut:\n    by: app", "  cut:\n    by: app\n    message: yes"),
    ],
)
def test_what_is_not_as_it_is_laid_out_is_left_to_pyyaml(old: str, new: str) -> None:
    """A value that could be read as something else, a comment or another margin is none of the quick reader's."""
    exchange = _exchange(b'{"a": 1}', b'{"b": 2}')
    exchange.cut = Cut(by="app")
    text = layout.dumps([exchange])
    assert reading.read(text.encode()) is not None
    assert old in text
    assert reading.read(text.replace(old, new, 1).encode()) is None


def test_the_usual_cassette_is_read_quickly() -> None:
    """JSON and streams of the API need no PyYAML."""
    exchanges = [_exchange(b'{"a": 1}', b"data: {}\n\n", got=SSE), _exchange(b"", b'{"b": "\xc3\xa9"}')]
    assert reading.read(layout.dumps(exchanges).encode()) is not None


@pytest.mark.parametrize(
    "body", [b'{"a": "\\ud800"}', b'{"a": "NaN"}', b"[" * 300 + b"]" * 300, b'{"a": 1e999}', b"[" * 10**5]
)
def test_odd_json_survives(body: bytes, tmp_path: Path) -> None:
    """Lone surrogates, words that are no numbers, deep nesting and what is too much for a parser come back."""
    found = _round_trip(_exchange(body, body), tmp_path)
    assert found.request.json() == Message(body=body).json()
    assert found.response.json() == Message(body=body).json()


def test_other_bodies_are_as_vcrpy_has_them(tmp_path: Path) -> None:
    """Text stays text and bytes stay bytes, as vcrpy writes them."""
    text = {"content-type": ["text/plain"]}
    exchange = _exchange(b"\x89PNG\x00\xff", b"plain\ntext: #1\n", sent={}, got=text)
    data = yaml.safe_load(dumps([exchange]))["interactions"][0]
    assert data["request"]["body"] == b"\x89PNG\x00\xff"
    assert data["response"]["body"]["string"] == "plain\ntext: #1\n"
    assert _round_trip(exchange, tmp_path) == exchange


def test_a_cut_and_headers_survive(tmp_path: Path) -> None:
    """How a response was cut short, and headers with several values, come back."""
    exchange = _exchange(b"{}", b"data: 1\n\n", got=SSE | {"vary": ["Origin", "Referer: odd 'one'"]})
    exchange.cut = Cut(by="connection", error="ReadError", message="it's gone: \n[Errno 104]")
    found = _round_trip(exchange, tmp_path)
    assert found.cut == exchange.cut
    assert found.response.headers == exchange.response.headers


def test_an_empty_cassette_is_a_cassette(tmp_path: Path) -> None:
    """No exchange at all can be written and read."""
    assert storage.loads(dumps([], incomplete=True).encode(), tmp_path) == storage.Contents([], incomplete=True)


def test_other_recorders_shapes_are_read(tmp_path: Path) -> None:
    """Vcrpy's older forms of a body, a header and a response are read, and compressed bodies decoded."""
    path = tmp_path / "c.yaml"
    compressed = gzip.compress(b'{"ok": true}')
    path.write_text(
        yaml.safe_dump(
            {
                "interactions": [
                    {
                        "request": {"method": "get", "uri": "https://h/", "body": None, "headers": {"Accept": "a"}},
                        "response": {
                            "status": {"code": 200, "message": None},
                            "headers": {"Content-Encoding": ["gzip"], "Content-Length": ["99"]},
                            "body": {"string": compressed},
                        },
                    },
                    {
                        "request": {"method": "POST", "uri": "https://h/", "body": {"a": 1}, "headers": None},
                        "response": {"status_code": 201, "headers": {}, "content": "text"},
                    },
                ]
            }
        )
    )
    first, second = storage.load(path).exchanges
    assert (first.request.method, first.request.headers) == ("GET", {"accept": ["a"]})
    assert (first.response.body, first.response.headers) == (b'{"ok": true}', {})
    assert (second.request.body, second.response.status, second.response.body) == (b'{"a": 1}', 201, b"text")


def test_vcrpys_json_cassettes_are_read(tmp_path: Path) -> None:
    """Its JSON serializer escapes an emoji as two surrogates, which YAML does not know."""
    path = tmp_path / "c.json"
    item = {
        "request": {"method": "GET", "uri": "https://h/", "body": "", "headers": {}},
        "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "\U0001f984"}},
    }
    path.write_text(json.dumps({"version": 1, "interactions": [item]}))
    assert storage.load(path).exchanges[0].response.body == "\U0001f984".encode()
    path.write_text('{"interactions": [')
    with pytest.raises(CassetteFormatError, match="this is not YAML"):
        storage.load(path)


def test_bodies_of_vcrpys_own_types_are_read() -> None:
    """Files, iterators of chunks and objects of a client's own become bytes."""
    from pytest_interactions.files.convert import bytes_of

    assert bytes_of(io.BytesIO(b"file")) == b"file"
    assert bytes_of(iter([b"two ", "chunks"])) == b"two chunks"
    assert bytes_of(7) == b"7"


VALID = dumps([_exchange(b'{"a":1}', b'{"b":2}'), _exchange(b'{"c":3}', b'{"d":4}')])


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"", 1, "the file is empty"),
        (b" \n\n", 1, "the file is empty"),
        (VALID[: VALID.index("response")].encode() + b"respon", 16, "this is not YAML"),
        (b"interactions: [}\n", 1, "this is not YAML"),
        (b"version: 1\n\xff\xfe\n", 2, "this is not UTF-8"),
        (b"version: 1\n\x00\n", 2, "this is not YAML"),
        (
            VALID.replace("  response:", "<<<<<<< HEAD\n  response:", 1).encode(),
            15,
            "a merge conflict is left in the file",
        ),
        (b"- just\n- a list\n", 1, "this is not a cassette"),
        (b"interactions: 3\n", 1, "this is not a cassette"),
        (VALID.replace("  response:", "  answer:").encode(), 5, r"interactions\[0\] is not a recorded exchange"),
        (b"!!python/object:os.system {}\n", 1, "this is not YAML"),
        (b"interactions: [2001-99-99]\n", 1, "this is not YAML"),
        (VALID.replace('"a": 1', '"a": "\u00e9"').encode("latin-1"), 13, "this is not UTF-8"),
    ],
)
def test_an_unusable_file_is_named_with_its_line(content: bytes, line: int, words: str, tmp_path: Path) -> None:
    """Each way in which a file can be no cassette is an error with file, line, cause and what to do."""
    path = tmp_path / "c.yaml"
    path.write_bytes(content)
    with pytest.raises(CassetteFormatError, match=rf"c\.yaml:{line}: {words}.*left as it is.*'rewrite'"):
        storage.load(path)
    assert path.read_bytes() == content


def test_a_missing_file_and_a_directory_are_told_apart(tmp_path: Path) -> None:
    """No file is not found; a directory of that name can't be read."""
    with pytest.raises(CassetteNotFoundError, match=r"no\.yaml: no such cassette"):
        storage.load(tmp_path / "no.yaml")
    with pytest.raises(CassetteFormatError, match="can't be read"):
        storage.load(tmp_path)


@pytest.mark.parametrize("margin", ["  ", "      "])
def test_empty_lines_stay_empty(margin: str) -> None:
    """However many there are in a row, at the beginning, at the end, or beside lines of spaces."""
    for length in range(7):
        for pieces in product(("a", "\n", " "), repeat=length):
            text = "".join(pieces)
            assert layout._indented(text, margin) == textwrap.indent(text, margin, lambda line: line != "\n")
