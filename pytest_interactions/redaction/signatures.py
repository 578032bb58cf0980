"""The placeholders of thought signatures."""

from __future__ import annotations

import re
from typing import Any, Final

from pytest_interactions.api.digests import IN_SIGNATURE, hex_digest

#: The beginning of every signature's placeholder: letters and digits only, so that any base64 decoder takes it.
SIGNATURE: Final = "redactedSignature"
_IS_PLACEHOLDER: Final = re.compile(rf"(?:{SIGNATURE}[0-9a-f]{{{IN_SIGNATURE}}})+")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_IN_BROKEN: Final = re.compile(
    rb"(?P<before>(?:[sS]ignature|encrypted_content|encryptedContent)\\*\"\s*:\s*\\*\")"
    rb"(?P<value>(?!redacted)[A-Za-z0-9+/_=-]{16,})"
)
_URLSAFE: Final = str.maketrans("-_", "+/")


def redact_signature(value: Any) -> Any:
    """Return the placeholder of a signature: 48 characters of base64. `""`, placeholders and other values stay.

    A signature has one placeholder in both alphabets of base64, with its padding or without: clients write it anew.
    """
    if not isinstance(value, str) or not value or is_placeholder(value):
        return value
    same = value
    if _BASE64.fullmatch(value):
        same = value.translate(_URLSAFE).rstrip("=")
        same += "=" * (-len(same) % 4)
    return SIGNATURE + hex_digest(same, IN_SIGNATURE)


def is_placeholder(text: str) -> bool:
    """Return whether `text` is one or several results of `redact_signature` in a row."""
    return text.startswith(SIGNATURE) and _IS_PLACEHOLDER.fullmatch(text) is not None


def redact_broken(text: bytes) -> bytes:
    """Return a JSON text that broke off without the signatures in it, of which the last may be a part."""
    return _IN_BROKEN.sub(lambda match: match["before"] + redact_signature(match["value"].decode()).encode(), text)
