"""What the search for secrets takes a text apart into."""

from __future__ import annotations

import base64
import gc
import gzip
import json
from typing import Any

import pytest
import yaml

from pytest_interactions.api import bounds
from pytest_interactions.redaction.structure import Leaf, leaf_of, leaves

EVENT = 'event: a\ndata: {"n": "é"}\n\n'


def _leaf(whole: str, source: str, path: str = "", **attributes: Any) -> Leaf:
    """The leaf that is written as `source`, which `whole` holds once."""
    assert whole.count(source) == 1
    start = whole.index(source)
    return Leaf(path, start, start + len(source), **attributes)


def _packed(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


def test_every_name_and_value_of_yaml_is_a_leaf_with_its_place() -> None:
    """A header's name goes with its values alone, and places are counted in characters."""
    text = "é: 'it''s'\nheaders:\n  Cookie: [B, {x: z}]\n"
    assert list(leaves(text)) == [
        _leaf(text, "é", text="é"),
        _leaf(text, "'it''s'", "é", text="it's"),
        _leaf(text, "headers", text="headers"),
        _leaf(text, "Cookie", "headers", text="Cookie"),
        _leaf(text, "B", "headers.Cookie[0]", text="B", header="Cookie"),
        _leaf(text, "x", "headers.Cookie[1]", text="x"),
        _leaf(text, "z", "headers.Cookie[1].x", text="z"),
    ]


def test_a_list_at_the_top_holds_no_headers() -> None:
    text = "- a\n- [b]\n"
    assert list(leaves(text)) == [_leaf(text, "a", "[0]", text="a"), _leaf(text, "b", "[1][0]", text="b")]


def test_a_name_that_is_a_list_has_leaves_of_its_own() -> None:
    text = "k:\n  ? [a, b]\n  : c\n"
    assert list(leaves(text)) == [
        _leaf(text, "k", text="k"),
        _leaf(text, "a", "k[0]", text="a"),
        _leaf(text, "b", "k[1]", text="b"),
        _leaf(text, "c", "k.?", text="c"),
    ]


def test_a_body_that_is_written_as_structure_is_one_leaf() -> None:
    """Its numbers are texts, as are its names."""
    text = "r: {steps: [{a: 1.50, 2: [b]}], ? [c] : d}\n"
    body = {"steps": [{"a": "1.50", "2": ["b"]}], "['c']": "d"}
    assert list(leaves(text)) == [
        _leaf(text, "r", text="r"),
        _leaf(text, "{steps: [{a: 1.50, 2: [b]}], ? [c] : d}", "r", documents=[body]),
    ]


def test_a_text_in_yaml_may_be_a_document_or_a_stream() -> None:
    text = yaml.safe_dump({"a": ' \n[{"b": 1}]', "c": ": hi\n\n" + EVENT, "d": "{no", "e": "b"})
    assert [(leaf.path, leaf.documents) for leaf in leaves(text) if leaf.path] == [
        ("a", [[{"b": 1}]]),
        ("c", [{"n": "é"}]),
        ("d", []),
        ("e", []),
    ]


@pytest.mark.parametrize(
    ("chunks", "joined"),
    [
        ([EVENT[:12], EVENT[12:], EVENT], EVENT + EVENT),
        ([EVENT, EVENT], EVENT + EVENT),
        (["data: {", "data: }\n"], "data: {data: }\n"),
        (['data: {"n": 1}', 'event: b\ndata: {"n": 2}'], 'data: {"n": 1}\n\nevent: b\ndata: {"n": 2}'),
    ],
)
def test_a_list_of_chunks_or_of_events_is_one_stream(chunks: list[str], joined: str) -> None:
    """Events that were split from each other have lost the blank line between them."""
    text = json.dumps({"c": chunks}, ensure_ascii=False)
    documents = [json.loads(line[6:]) for line in joined.splitlines() if line.startswith('data: {"')]
    assert list(leaves(text))[1:] == [
        _leaf(text, json.dumps(chunks, ensure_ascii=False), "c", text=joined, documents=documents)
    ]


@pytest.mark.parametrize(
    ("items", "texts"),
    [([{"a": "b"}, "data: {}"], ["a", "b", "data: {}"]), (["a", "data: {}"], ["a", "data: {}"]), ([], [])],
)
def test_any_other_list_is_walked(items: list[Any], texts: list[str]) -> None:
    """Nothing in it is left out."""
    assert [leaf.text for leaf in leaves(json.dumps({"c": items}))] == ["c", *texts]


def test_a_stream_or_a_document_that_is_no_yaml_is_one_leaf() -> None:
    """YAML knows no pairs of escapes for one character."""
    document = ' {"a": "\\ud83d\\ude00"}'
    assert list(leaves(EVENT)) == [Leaf("", 0, len(EVENT), EVENT, documents=[{"n": "é"}])]
    assert list(leaves(document)) == [Leaf("", 0, len(document), document, documents=[{"a": "\U0001f600"}])]


def test_any_other_text_is_a_leaf_for_each_line() -> None:
    """Each may be a document."""
    text = '{"a": 1}\n[2]\nplain\n'
    assert list(leaves(text)) == [
        _leaf(text, '{"a": 1}\n', text='{"a": 1}\n', documents=[{"a": 1}]),
        _leaf(text, "[2]\n", text="[2]\n", documents=[[2]]),
        _leaf(text, "plain\n", text="plain\n"),
    ]


@pytest.mark.parametrize("loader", [bounds.LOADER, yaml.SafeLoader])
@pytest.mark.parametrize("text", ["[" * 3000, "[" * 900 + "]" * 900, "\udcff", "a: b: c"])
def test_what_yaml_cannot_read_is_text(text: str, loader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether PyYAML was built with the loader in C or without it."""
    monkeypatch.setattr(bounds, "LOADER", loader)
    gc.collect()  # else what other tests have left is collected where no frame is left for it
    assert [leaf.text for leaf in leaves(text)] == [text]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"a\xff", "a\udcff"),
        (_packed("unpacked"), "unpacked"),
        (gzip.compress(b"a\xff", 0, mtime=0)[:-9], "a"),
        (_packed("one, ") + _packed("two, ") + b"three", "one, two, three"),
        (_packed("one, ") + b"\x1f\x8b is no gzip", "one, \x1f\udc8b is no gzip"),
        (b"\x1f\x8b is no gzip", "\x1f\udc8b is no gzip"),
        (base64.b64encode(_packed("unpacked")), "unpacked"),
        (b" \n" + base64.encodebytes(_packed("unpacked" + "".join(map(chr, range(300))))), None),
        (b"H4sI, not base64", "H4sI, not base64"),
    ],
)
def test_a_body_is_unpacked_as_far_as_it_goes(body: bytes, text: str | None) -> None:
    """Also from base64, in one line or in several."""
    expected = "unpacked" + "".join(map(chr, range(300))) if text is None else text
    assert leaf_of(body) == Leaf("", 0, len(expected), expected)


def test_a_body_has_the_documents_of_its_text() -> None:
    assert leaf_of(_packed('{"a": 1}')) == Leaf("", 0, 8, '{"a": 1}', documents=[{"a": 1}])
    assert leaf_of(b'data: {"a": 1}\n\ndata: "\xff"\n\n').documents == [{"a": 1}, "�"]


def test_binary_in_yaml_is_decoded_and_unpacked() -> None:
    """A text that only looks like base64 stays."""
    text = yaml.safe_dump({"a": b"\xffplain", "b": _packed('{"c": 1}'), "d": "YWJj"})
    assert [(leaf.text, leaf.documents) for leaf in leaves(text) if leaf.path] == [
        ("\udcffplain", []),
        ('{"c": 1}', [{"c": 1}]),
        ("YWJj", []),
    ]


def test_a_collection_is_met_once_however_many_aliases_lead_to_it() -> None:
    """A few lines of aliases may stand for more than a machine can hold."""
    aliases = "a0: &a0 [x, y]\n" + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))
    assert [leaf.text for leaf in leaves(f"{aliases}b: [z, *a0]\n") if len(leaf.text) == 1] == ["x", "y", "b", "z"]
    bodies = f"{aliases}b: {{steps: *a39, input: q}}\nc: {{steps: *a1}}\n"
    assert [leaf.text for leaf in leaves(bodies) if leaf.path.startswith("b")] == ["steps", "input", "q"]
    assert [leaf.documents for leaf in leaves(bodies) if leaf.documents] == [[{"steps": [["x", "y"]] * 9}]]


def test_an_alias_below_headers_is_a_header_all_the_same() -> None:
    text = "a: &a [secret]\nheaders: {cookie: *a, x: *a}\n"
    assert [leaf.header for leaf in leaves(text) if leaf.text == "secret"] == ["", "cookie", "x"]


@pytest.mark.parametrize("body", ["&a [b, *a]", "&a {c: b, d: *a}", "&a {steps: *a, b: b}"])
def test_what_holds_itself_is_no_trouble(body: str) -> None:
    assert any("b" in leaf.text for leaf in leaves(f"a: {body}\n"))


def test_gzip_is_decompressed_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few kilobytes may be a gigabyte."""
    monkeypatch.setattr("pytest_interactions.redaction.structure.LARGEST_BODY", 8)
    assert leaf_of(_packed("12345678")) == Leaf("", 0, 8, "12345678")
    assert leaf_of(_packed("123456789")) == Leaf("", 0, 8, "12345678", is_too_large=True)
    assert leaf_of(_packed("1234567") + _packed("89")) == Leaf("", 0, 8, "12345678", is_too_large=True)
