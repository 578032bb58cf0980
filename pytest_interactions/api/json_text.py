"""JSON as it is written: what its parsed value does not tell of numbers, and of keys that an object has twice."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.json_values import NOT_JSON, compact

if TYPE_CHECKING:
    from collections.abc import Callable

_WHITE: Final = b" \t\r\n"
_LAID_OUT: Final = (b"{\n", b"[\n")
_APART: Final = re.compile(rb'[^ \t\r\n{}\[\],:"][ \t\r\n]+[^ \t\r\n{}\[\],:"]')
_BUT_WHITE: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[^" \t\r\n]+|"')
_BEYOND_ASCII: Final = re.compile(r"[^\x00-\x7f]+")
_PARTS: Final = re.compile(r"(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,9}))?")
_INT_DIGITS: Final = 4300  # more of them Python reads as no number


class Number:
    """A number by its text, where no int and no float says the same."""

    def __init__(self, text: str) -> None:
        self.text = text


def is_told(text: bytes, value: Any, laid_out: bytes = b"") -> bool:
    """Return whether the parsed `value` tells all of a JSON text: no number is rounded, no key is there twice.

    It is not where a number is not written as `encoded` does, either.

    Args:
        text: The JSON text.
        value: Its parsed value.
        laid_out: The text of that value, with any white space, if there is one already.
    """
    if laid_out:
        return _says_the_same(text, laid_out)
    if text.startswith(_LAID_OUT) and text == encoded(value, indent=2):  # the quick way, for most of cassettes
        return True
    return _says_the_same(text, encoded(value))


def _says_the_same(text: bytes, other: bytes) -> bool:
    """Return whether `other`, made of the value of `text`, has all its numbers to the letter and all its keys."""
    if text == other or text.translate(None, _WHITE) == other.translate(None, _WHITE):
        return True
    return b"\\" in text and _between_texts(text) == _between_texts(other)  # it may have escaped other characters


def spelt(text: bytes, value: Any) -> bytes:
    """Return a JSON text, whose value is `value`, in the one spelling of all that differ in white space and escapes."""
    if b"\0" in text:  # it is not in UTF-8
        return text
    if b"\\" not in text:
        return _without_white(text.split(b'"'))
    return encoded(value) if is_told(text, value) else minified(text)


def quickly_spelt(text: bytes) -> bytes | None:
    """Return a JSON text without the white space between its marks, unparsed, its escapes as they are.

    What is returned is JSON if and only if `text` is. Return `None` if only a parser can tell where texts end, or if
    there is white space within something, such as a number, which is no JSON.
    """
    if b"\0" in text or (b"\\" in text and b'\\"' in text):  # one character is found 20 times as fast as two
        return None
    pieces = text.split(b'"')
    return None if _APART.search(b'"'.join(pieces[::2])) else _without_white(pieces)


def _without_white(pieces: list[bytes]) -> bytes:
    """Join what was split at quotes, every other piece without its white space."""
    pieces[::2] = b'"'.join(pieces[::2]).translate(None, _WHITE).split(b'"')
    return b'"'.join(pieces)


def minified(text: bytes) -> bytes:
    """Return a JSON text in UTF-8 without the white space between its marks; all else stays to the letter."""
    return b"".join(_BUT_WHITE.findall(text))


def exact(text: bytes, number: Callable[[str], Any] | None = None) -> Any:
    """Return the value of a JSON text, none of whose numbers is rounded; `NOT_JSON` where a key is there twice.

    Args:
        text: It can be parsed, and is not nested too deep.
        number: Makes a number of its text; left out, `exact_number`.
    """
    make = number or exact_number
    try:
        return json.loads(text, parse_float=make, parse_int=make, object_pairs_hook=_object)
    except ValueError:
        return NOT_JSON


def exact_number(text: str) -> int | float | Number:
    """Return the same for all texts that say the same number, and an int or a float where one of these says it."""
    parts = _PARTS.fullmatch(text)
    if parts is None:  # its exponent has ten digits, or it is no number
        return Number(text)
    sign, whole, fraction, power = parts.groups("")
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    exponent = int(power or 0) - len(fraction) + len(digits) - len(significant)
    if not significant:
        return 0
    if 0 <= exponent <= _INT_DIGITS - len(significant):
        return int(sign + significant + "0" * exponent)
    number, nearest = Decimal(f"{sign}{significant}e{exponent}"), float(text)
    return nearest if Decimal(repr(nearest)) == number else Number(str(number))


def encoded(value: Any, indent: int | None = None) -> bytes:
    """Return the JSON text of a value, which may hold numbers by their text; the shortest where that is so."""
    from pydantic_core import to_json

    try:
        return to_json(value, indent=indent)  # 4 times as fast as `json.dumps`
    except ValueError:  # such a number, or a lone surrogate
        return _with_texts(value).encode("utf-8", "surrogatepass")


def rewritten(text: bytes, value: Any, changed: Any) -> bytes:
    """Return the JSON text of `changed`, in which each number that stayed is written as it was; in ASCII if `text` is.

    Args:
        text: The JSON text before.
        value: Its parsed value.
        changed: The same with other texts, or with a text in the place of anything.
    """
    before = NOT_JSON if is_told(text, value) else exact(text, Number)
    written = encoded(changed if before is NOT_JSON else _with_numbers(changed, before))
    if written.isascii() or not text.isascii():
        return written
    return _BEYOND_ASCII.sub(_escaped, written.decode("utf-8", "surrogatepass")).encode()


def _escaped(characters: re.Match[str]) -> str:
    return json.dumps(characters[0])[1:-1]


def _between_texts(text: bytes) -> bytes:
    """Return a JSON text's marks, words and numbers, without white space."""
    if b'\\"' in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(text.split(b'"')[::2]).translate(None, _WHITE)


def _object(entries: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(entries)
    if len(made) < len(entries):
        raise ValueError("a key is there twice")
    return made


def _with_texts(value: Any) -> str:
    if isinstance(value, Number):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{compact(name)}:{_with_texts(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_with_texts, value)) + "]"
    return compact(value)


def _with_numbers(value: Any, numbers: Any) -> Any:
    """Return `value` with the numbers that are at the same places of `numbers`."""
    if isinstance(numbers, Number):
        return value if isinstance(value, str) else numbers
    if isinstance(value, dict) and isinstance(numbers, dict):
        pairs = zip(value.items(), numbers.values(), strict=True)  # a name may have changed, the order has not
        return {name: _with_numbers(item, below) for (name, item), below in pairs}
    if isinstance(value, list) and isinstance(numbers, list):
        return [_with_numbers(item, below) for item, below in zip(value, numbers, strict=True)]
    return value
