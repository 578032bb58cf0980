"""Base64: the one place where it is decoded, in the standard alphabet and in that for URLs."""

from __future__ import annotations

import binascii

_URLSAFE = bytes.maketrans(b"-_", b"+/")


def decoded(text: str | bytes, *, strict: bool = True) -> bytes | None:
    """Return what `text` is the base64 of; `None` where it is none.

    Args:
        text: Base64 in one of the two alphabets, with its padding.
        strict: Whether other characters and wrong padding make it none. Otherwise white space and the like is left out.
    """
    data = text.encode("ascii", "replace") if isinstance(text, str) else text
    try:
        return binascii.a2b_base64(data.translate(_URLSAFE), strict_mode=strict)
    except binascii.Error:
        return None
