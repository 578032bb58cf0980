"""The content-encodings of bodies."""

from __future__ import annotations

import gzip
import sys

import pytest

from pytest_interactions.api.bounds import Room
from pytest_interactions.api.encodings import decode, stored
from pytest_interactions.errors import TooLargeError
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
    assert decode(headers, ENCODERS[coding](TEXT), whole=True) == ({"content-type": ["application/json"]}, TEXT)


@pytest.mark.parametrize("whole", [True, False])
def test_several_encodings_are_decoded(*, whole: bool) -> None:
    """As the header names them, in one value or in two."""
    body = ENCODERS["br"](gzip.compress(TEXT))
    assert decode({"content-encoding": ["gzip, br"]}, body, whole=whole) == ({}, TEXT)
    assert decode({"content-encoding": ["gzip", "br"]}, body, whole=whole) == ({}, TEXT)


@pytest.mark.parametrize("rest", [b"", b"other bytes"])
def test_gzip_in_parts_is_what_the_client_reads_of_it(rest: bytes) -> None:
    """All clients but httpx read on where a part ends, and pass over what is no part."""
    body = gzip.compress(TEXT) + gzip.compress(b"more") + rest
    headers = {"content-encoding": ["GZIP"]}
    assert decode(headers, body, whole=True) == ({}, TEXT + b"more")
    assert decode(headers, body, whole=True, members=False) == ({}, TEXT)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("compress", b"\x1f\x9d"),
        ("x-gzip", gzip.compress(TEXT, mtime=0)),
        ("gzip", TEXT),
        ("gzip", b""),
        ("gzip", gzip.compress(TEXT, mtime=0)[:-12]),
        ("deflate", b"\xff" + ENCODERS["deflate"](TEXT)),
        ("identity", TEXT),
    ],
)
def test_what_can_t_be_decoded_stays_as_it_came(coding: str, body: bytes) -> None:
    """The header stays too, so that a client meets on replay what it met."""
    headers = {"content-encoding": [coding]}
    assert decode(headers, body, whole=True) == (headers, body)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_of_a_body_that_is_cut_short_stays_what_can_be_decoded(coding: str) -> None:
    _, decoded = decode({"content-encoding": [coding]}, ENCODERS[coding](TEXT)[:-12], whole=False)
    assert decoded
    assert TEXT.startswith(decoded)


def test_where_httpx2_is_missing_its_encoding_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not required; zstd is then httpx's matter alone."""
    monkeypatch.setitem(sys.modules, "httpx2", None)
    headers = {"content-encoding": ["x-unknown"]}
    assert decode(headers, TEXT, whole=True) == (headers, TEXT)


def test_an_encoding_that_no_library_could_name_stays() -> None:
    headers = {"content-encoding": ["gz\xefp"]}
    assert decode(headers, gzip.compress(TEXT), whole=True) == (headers, gzip.compress(TEXT))


def test_a_library_that_does_not_know_an_encoding_takes_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one has all of it."""
    monkeypatch.setattr("httpx._models.SUPPORTED_DECODERS", {})
    body = ENCODERS["br"](TEXT)
    assert decode({"content-encoding": ["br"]}, body, whole=True, room=Room(len(TEXT))) == ({}, TEXT)


@pytest.mark.parametrize("coding", ENCODERS)
def test_a_body_is_decoded_as_far_as_there_is_room(coding: str) -> None:
    """A bomb, which is small until it is decoded, is an error, and is not decoded to its end."""
    headers, body = {"content-encoding": [coding]}, ENCODERS[coding](TEXT)
    assert decode(headers, body, whole=True, room=Room(len(TEXT))) == ({}, TEXT)
    with pytest.raises(TooLargeError, match="when it is unpacked"):
        decode(headers, body, whole=True, room=Room(99))


def test_parts_of_gzip_are_counted_together() -> None:
    headers, body = {"content-encoding": ["gzip"]}, gzip.compress(TEXT) * 3
    assert stored(headers, body, whole=True, room=Room(3 * len(TEXT))) == ({}, TEXT * 3)
    with pytest.raises(TooLargeError):
        stored(headers, body, whole=True, room=Room(3 * len(TEXT) - 1))
