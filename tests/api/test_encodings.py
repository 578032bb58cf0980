"""The content-encodings of bodies."""

from __future__ import annotations

import gzip
import sys

import pytest

from pytest_interactions.api.encodings import decode
from tests.matrix.server import ENCODERS

TEXT = b'{"hello": "world"}' * 20


@pytest.mark.parametrize("coding", ENCODERS)
@pytest.mark.parametrize("imported", ["httpx", "httpx2"])
def test_each_encoding_is_decoded_whatever_is_imported(
    coding: str, imported: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Httpx and httpx2 know zstd by two libraries, and the one that is imported is asked first."""
    monkeypatch.delitem(sys.modules, {"httpx": "httpx2", "httpx2": "httpx"}[imported])
    headers = {"content-type": ["application/json"], "content-encoding": [coding]}
    assert decode(headers, ENCODERS[coding](TEXT)) == ({"content-type": ["application/json"]}, TEXT)


def test_several_encodings_are_decoded() -> None:
    """As the header names them, in one value or in two."""
    body = ENCODERS["br"](gzip.compress(TEXT))
    assert decode({"content-encoding": ["gzip, br"]}, body) == decode({"content-encoding": ["gzip", "br"]}, body)
    assert decode({"content-encoding": ["gzip, br"]}, body) == ({}, TEXT)


@pytest.mark.parametrize(
    ("coding", "body"), [("compress", b"\x1f\x9d"), ("gzip", TEXT), ("gzip", b""), ("identity", TEXT)]
)
def test_what_can_t_be_decoded_stays_as_it_came(coding: str, body: bytes) -> None:
    """The header stays too, so that a client meets on replay what it met."""
    headers = {"content-encoding": [coding]}
    assert decode(headers, body) == (headers, body)


def test_of_a_damaged_body_stays_what_can_be_decoded() -> None:
    """A secret in it is found, as it is no longer packed."""
    _, decoded = decode({"content-encoding": ["gzip"]}, gzip.compress(TEXT)[:-12])
    assert decoded
    assert TEXT.startswith(decoded)


def test_where_httpx2_is_missing_its_encoding_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not required; zstd is then httpx's matter alone."""
    monkeypatch.setitem(sys.modules, "httpx2", None)
    headers = {"content-encoding": ["x-unknown"]}
    assert decode(headers, TEXT) == (headers, TEXT)
