"""The one place where base64 is decoded, in the standard alphabet and in the one for URLs."""

from __future__ import annotations

import binascii

_URLSAFE = bytes.maketrans(b"-_", b"+/")


def decoded(text: str | bytes, *, strict: bool = True) -> bytes | None:
    """Return the bytes that `text` encodes, or `None` if it is not base64.

    Args:
        text: Base64 in one of the two alphabets, with its padding.
        strict: Refuse other characters and wrong padding. Otherwise skip white space and the like.
    """
    data = text.encode("ascii", "replace") if isinstance(text, str) else text
    try:
        return binascii.a2b_base64(data.translate(_URLSAFE), strict_mode=strict)
    except binascii.Error:
        return None
