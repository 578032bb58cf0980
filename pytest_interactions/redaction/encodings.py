"""How a known value may be written, and one pattern that finds it however it is."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import quote, quote_plus

#: What stands where a secret stood. Base64 of it or of a part of it is not a thing a decoder chokes on.
REDACTED = "REDACTED"

#: The name under which a match of `pattern` says that it was found inside base64.
_BASE64 = "base64"
# An escape of a printable ASCII character, which no encoder needs to write but any may.
_NEEDLESS_ESCAPE = re.compile(rb"\\u00[2-7]|%(?:25)*(?:2[DEde]|3\d|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee])")
_SIMPLE_ESCAPES = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", '"': '"', "\\": "\\", "/": "/"}


def has_needless_escape(body: bytes) -> bool:
    """Whether something in `body` may be written in a way that `needles` does not list."""
    return (b"\\u00" in body or b"%" in body) and _NEEDLESS_ESCAPE.search(body) is not None


def needles(value: str) -> set[str]:
    """The ways in which `value` is usually written, for a quick test by substring: one of these, or an escape."""
    spelt = {value, quote(value, safe=""), quote_plus(value), quote(value)}
    spelt |= {json.dumps(text)[1:-1] for text in spelt} | {json.dumps(value, ensure_ascii=False)[1:-1]}
    return spelt | set(base64_needles(value))


def base64_needles(value: str) -> list[str]:
    """What base64 of anything that contains `value` contains: for each alignment, standard and URL-safe."""
    raw = value.encode("utf-8", "surrogatepass")
    found: list[str] = []
    for skipped in range(3):
        # Only the characters that no neighbouring byte has a bit in are the same in every context.
        encoded = base64.b64encode(b"\0" * skipped + raw)
        start = -(-skipped * 8 // 6)
        end = (skipped + len(raw)) * 8 // 6
        text = encoded[start:end].decode()
        found += [text, text.replace("+", "-").replace("/", "_")]
    return list(dict.fromkeys(found))


def pattern(values: list[str]) -> re.Pattern[str]:
    """One pattern for all `values`, as they are, escaped as in JSON or in a URL (also twice), or in base64."""
    longest_first = sorted(values, key=len, reverse=True)
    spelt = "|".join("".join(map(_any_spelling, value)) for value in longest_first)
    encoded = sorted({text for value in values for text in base64_needles(value)}, key=len, reverse=True)
    return re.compile(f"(?P<{_BASE64}>{'|'.join(map(re.escape, encoded))})|{spelt}")


def replacement(match: re.Match[str]) -> str:
    """What to write for a match of `pattern`; within base64 as long as what it replaces, so that it decodes."""
    encoded = match[_BASE64]
    if encoded is None:
        return REDACTED
    return (REDACTED * (len(encoded) // len(REDACTED) + 1))[: len(encoded)]


def _any_spelling(char: str) -> str:
    encoded = char.encode("utf-8", "surrogatepass")
    percent = "".join(f"%(?:25)*{_any_case(byte)}" for byte in encoded)
    units = char.encode("utf-16-be", "surrogatepass")
    escaped = "".join(rf"\\+u{_any_case(*units[place : place + 2])}" for place in range(0, len(units), 2))
    ways = [re.escape(char), percent, escaped]
    if char in _SIMPLE_ESCAPES:
        ways.insert(0, r"\\+" + re.escape(_SIMPLE_ESCAPES[char]))
    if char == " ":
        ways.append(r"\+")
    return f"(?:{'|'.join(ways)})"


def _any_case(*octets: int) -> str:
    return "".join(
        digit if digit.isdigit() else f"[{digit}{digit.upper()}]"
        for octet in octets
        for digit in f"{octet:02x}"
    )
