"""The spellings of a known value, and the search for them all."""

from __future__ import annotations

import base64
import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: The text that replaces a secret.
REDACTED = "REDACTED"

# An escape of a printable ASCII character that no encoder needs to escape, but any may.
_NEEDLESS = r"\\u00[2-7]|%(?:25)*(?:2[DEde]|3\d|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee])"
_NEEDLESS_ESCAPE = re.compile(_NEEDLESS)
_NEEDLESS_ESCAPE_IN_BYTES = re.compile(_NEEDLESS.encode())
_PLAIN = re.compile(r"[A-Za-z0-9._~-]*")
# Base64 of fewer bytes is so short that media hold it by chance.
_MIN_ENCODED = 8
_SIMPLE_ESCAPES = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", '"': '"', "\\": "\\", "/": "/"}


def has_needless_escape(text: str) -> bool:
    """Return whether `text` holds an escape of a character that no encoder needs to escape."""
    return ("\\u00" in text or "%" in text) and _NEEDLESS_ESCAPE.search(text) is not None


def has_needless_escape_in_bytes(body: bytes) -> bool:
    """Return the same as `has_needless_escape` for a text that was not decoded."""
    return (b"\\u00" in body or b"%" in body) and _NEEDLESS_ESCAPE_IN_BYTES.search(body) is not None


def is_plain(value: str) -> bool:
    """Return whether every encoder leaves `value` as it is."""
    return _PLAIN.fullmatch(value) is not None


def needles(value: str) -> set[str]:
    """Return search texts: a text with `value` holds one, unless it has escapes (needless ones if `value` is plain)."""
    encoded = base64_needles(value)
    return {value, *encoded, *map(quote_plus, encoded)}


def base64_needles(value: str) -> list[str]:
    """Return search texts for base64 of data that contains `value`: for each alignment, standard and URL-safe."""
    raw = value.encode("utf-8", "surrogatepass")
    if len(raw) < _MIN_ENCODED:
        return []
    fragments: list[str] = []
    for skipped in range(3):
        # Characters with bits of a neighbouring byte differ from context to context.
        encoded = base64.b64encode(b"\0" * skipped + raw)
        start, end = -(-skipped * 8 // 6), (skipped + len(raw)) * 8 // 6
        text = encoded[start:end].decode()
        fragments += [text, text.replace("+", "-").replace("/", "_")]
    return list(dict.fromkeys(fragments))


class Spellings:
    """A search for values in all their spellings: as they are, escaped as in JSON or a URL (also twice), in base64.

    Each value has a pattern of its own: one pattern of all would be compiled anew whenever a value is learnt.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._values = sorted(values, key=lambda value: (-len(value), value))

    def finditer(self, text: str, start: int = 0, end: int = sys.maxsize) -> Iterator[re.Match[str]]:
        """Yield the matches from left to right, none within another; of two that begin together that of the longer."""
        found = {pattern: pattern.search(text, start, end) for pattern in map(_pattern, self._values)}
        while matches := [match for match in found.values() if match]:
            first = min(matches, key=lambda match: match.start())
            yield first
            start = max(first.end(), first.start() + 1)
            for pattern, match in found.items():
                if match and match.start() < start:
                    found[pattern] = pattern.search(text, start, end)


@lru_cache(maxsize=1024)
def _pattern(value: str) -> re.Pattern[str]:
    spelt = "".join(map(_any_spelling, value))
    fragments = sorted(base64_needles(value), key=len, reverse=True)
    encoded = (re.sub(r"[^A-Za-z0-9]", lambda char: _any_spelling(char[0]), text) for text in fragments)
    return re.compile(f"{spelt}|(?P<base64>{'|'.join(encoded) or '(?!)'})")


def replacement(match: re.Match[str]) -> str:
    """Return the text to write for a match of `Spellings`; in base64 it is as long as the match, so that it decodes."""
    encoded = match["base64"]
    return REDACTED if encoded is None else (REDACTED * len(encoded))[: len(encoded)]


def _any_spelling(char: str) -> str:
    percent = "".join(f"%(?:25)*{_any_case(byte)}" for byte in char.encode("utf-8", "surrogatepass"))
    units = char.encode("utf-16-be", "surrogatepass")
    escaped = "".join(rf"\\+u{_any_case(*units[place : place + 2])}" for place in range(0, len(units), 2))
    ways = [re.escape(char), percent, escaped]
    if char in _SIMPLE_ESCAPES:
        ways.insert(0, r"\\+" + re.escape(_SIMPLE_ESCAPES[char]))
    if char == " ":
        ways.append(r"\+")
    return f"(?:{'|'.join(ways)})"


def _any_case(*octets: int) -> str:
    digits = "".join(f"{octet:02x}" for octet in octets)
    return "".join(digit if digit.isdecimal() else f"[{digit}{digit.upper()}]" for digit in digits)
