"""Base64, decoded in one place."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_interactions.api.base64_text import decoded


@given(st.binary())
def test_both_alphabets_decode_as_text_and_as_bytes(data: bytes) -> None:
    for encoded in (base64.b64encode(data), base64.urlsafe_b64encode(data)):
        assert decoded(encoded) == data
        assert decoded(encoded.decode()) == data


@pytest.mark.parametrize("text", ["YQ", "YQ=", "Y", "YW I=", "YWI=\n", "é", "YQ==YQ=="])
def test_what_is_not_base64_to_the_letter_is_none(text: str) -> None:
    assert decoded(text) is None


def test_other_characters_are_left_out_where_that_is_asked_for() -> None:
    assert decoded("YW\n  JjZA==\n", strict=False) == b"abcd"
    assert decoded("YQ", strict=False) is None
