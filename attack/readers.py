"""Reads encoded texts back, leniently, as one would who looks for secrets in a file; shares no code with redaction."""

from __future__ import annotations

import binascii
import html
import quopri
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

_BACKSLASHED: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_CONTROLS: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_RUN: Final = re.compile(r"[A-Za-z0-9+/]{8,}")
_QUANTUM: Final = 4


def plain(text: str) -> Iterator[str]:
    """Yield a text as it is."""
    yield text


def unescaped(text: str) -> str:
    """Read one level of the escapes of JSON, or of Python."""
    read = _BACKSLASHED.sub(_character, text) if "\\" in text else text
    # Surrogates that stand beside each other are one character.
    return read.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") if "\\u" in text else read


def escapes(text: str, *, deepest: int = 4) -> Iterator[str]:
    """Yield a text as it is, with one level of escapes read, and with more of them as long as there are any."""
    yield text
    for _ in range(deepest):
        read = unescaped(text)
        if read == text:
            break
        text = read
        yield text
        if re.search("[\x80-\xff]", text):  # a `repr` of bytes
            yield text.encode("latin-1", "replace").decode("utf-8", "replace")


def percents(text: str) -> Iterator[str]:
    """Yield a text as it is, and with its percent-encoding read up to three times, a plus as itself and as a space."""
    yield text
    for _ in range(3):
        read = unquote(text)
        yield read
        if "+" in text:
            yield unquote(text.replace("+", " "))
        if read == text:
            break
        text = read


def entities(text: str) -> Iterator[str]:
    """Yield a text with its HTML entities read once and twice."""
    once = html.unescape(text)
    yield once
    yield html.unescape(once)


def base64s(text: str) -> Iterator[str]:
    """Yield what the runs of base64 in a text stand for, whatever their alignment and wherever they are wrapped."""
    yield from (raw.decode("utf-8", "replace") for raw in _decoded(text))


def wide_base64s(text: str) -> Iterator[str]:
    """Yield what the runs of base64 in a text stand for, if that is in UTF-16."""
    for raw in _decoded(text):
        yield from (raw[skipped:].decode("utf-16-le", "replace") for skipped in (0, 1))


def _decoded(text: str) -> Iterator[bytes]:
    joined = re.sub(r"\s", "", text).translate(str.maketrans("-_", "+/"))
    for run in _RUN.findall(joined):
        for skipped in range(_QUANTUM):
            part = run[skipped:]
            part = part[:-1] if len(part) % _QUANTUM == 1 else part
            yield binascii.a2b_base64(part + "=" * (-len(part) % _QUANTUM))


def twice_base64s(text: str) -> Iterator[str]:
    """Yield what base64 of base64 stands for."""
    for once in base64s(text):
        if len(pieces := re.split("�+", once)) < len(once) // _QUANTUM:  # most of it is text
            yield from (read for piece in pieces for read in base64s(piece))


def quoted_printable(text: str) -> Iterator[str]:
    """Yield a text with its quoted-printable read."""
    yield quopri.decodestring(text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")


def holds(secret: str, text: str) -> bool:
    """Return whether a run of at least 60 % of a secret's characters is in a text, white space aside."""
    secret = "".join(secret.split())
    size = len(secret)
    least = -(-size * 3 // 5)
    middle = secret[size - least : least]  # which is in any such run
    if not middle:
        return False
    text = "".join(text.split())
    place = text.find(middle)
    while place >= 0:
        if _run(secret, text, place, size - least, least) >= least:
            return True
        place = text.find(middle, place + 1)
    return False


def _run(secret: str, text: str, place: int, start: int, end: int) -> int:
    """Return how many characters around a place in a text are those around `secret[start:end]`."""
    before = after = 0
    while before < min(start, place) and text[place - before - 1] == secret[start - before - 1]:
        before += 1
    stop = place + end - start
    while after < min(len(secret) - end, len(text) - stop) and text[stop + after] == secret[end + after]:
        after += 1
    return before + end - start + after


def runs(text: str, size: int) -> Iterator[str]:
    """Yield the pieces of a text between places that are `size` apart."""
    yield from (text[i:j] for i, j in pairwise([*range(0, len(text), size), len(text)]))


def _character(escape: re.Match[str]) -> str:
    unit, point, octet, other = escape.groups()
    if other:
        return _CONTROLS.get(other, other)
    number = int(unit or point or octet, 16)
    return chr(number) if number <= 0x10FFFF else "�"
