"""The texts by which a known value is found: itself without escapes and white space, and base64 of it."""

from __future__ import annotations

import base64
from typing import Final

from pytest_interactions.redaction.views import THIN, Whole, canonical, unescaped

# In these a letter of ASCII is itself among zeros, which no reading has.
_WIDE: Final = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
# Base64 of fewer bytes is so short that media hold it by chance.
_MIN_ENCODED: Final = 8


def needles(value: str) -> dict[bytes, bool]:
    """Return what to look for in a reading without white space, each with whether it is base64."""
    raw = value.encode("utf-8", "surrogatepass")
    # A form has pluses for spaces, which only who reads the form knows.
    plain = {raw.translate(None, THIN), canonical(raw), canonical(raw.replace(b" ", b"+"))}
    if not value.isascii():
        plain |= {value.encode(name, "surrogatepass").translate(None, THIN) for name in _WIDE}
    return dict.fromkeys(base64_needles(raw), True) | dict.fromkeys(filter(None, plain), False)


def spellings(value: str) -> set[bytes]:
    """Return what `value` may be in a reading, with its white space."""
    raw = value.encode("utf-8", "surrogatepass")
    return {raw, unescaped(Whole(raw)).data, raw.replace(b" ", b"+")}


def base64_needles(raw: bytes) -> list[bytes]:
    """Return search texts for base64 of data that contains `raw`: for each alignment, standard and URL-safe."""
    if len(raw) < _MIN_ENCODED:
        return []
    fragments: list[bytes] = []
    for skipped in range(3):
        # Characters with bits of a neighbouring byte differ from context to context.
        encoded = base64.b64encode(b"\0" * skipped + raw)
        start, end = -(-skipped * 8 // 6), (skipped + len(raw)) * 8 // 6
        text = encoded[start:end]
        fragments += [text, text.replace(b"+", b"-").replace(b"/", b"_")]
    return list(dict.fromkeys(fragments))
