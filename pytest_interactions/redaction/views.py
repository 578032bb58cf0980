"""What a text says once its escapes are read: views of it, each with the way back to the text.

A view is made of bytes, as what is encoded in a text may be no text. What is not text in them is left as it is.
"""

from __future__ import annotations

import binascii
import re
import sys
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

#: White space, which mails and files break long values with, and the zeros of UTF-16 and UTF-32.
THIN: Final = b" \t\r\n\0"

# By its first byte: a surrogate pair, and another escape of JSON or of Python's `repr`, with backslashes from any depth
# of nesting; an escape of a URL, also of one in another's parameter; one of HTML.
_ESCAPES: Final = {
    b"\\": rb"\\*(?:u([dD][89abAB][0-9a-fA-F]{2})\\+u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})"
    rb"|(x[0-9a-fA-F]{2}(?:\\+x[0-9a-fA-F]{2})*)|([bfnrt])|([\"'/]?))",
    b"%": rb"(?:25)*([0-9A-Fa-f]{2})",
    b"&": rb"(?:amp;)*(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(quot|apos|lt|gt|amp));",
}
_OCTET: Final = re.compile(rb"x([0-9a-fA-F]{2})")
_BREAKS: Final = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_ENTITIES: Final = {b"quot": b'"', b"apos": b"'", b"lt": b"<", b"gt": b">", b"amp": b"&"}
_DEEPEST: Final = 6  # JSON in a URL in JSON takes three

# Quoted-printable: a line that goes on, and an escape.
_QUOTED: Final = re.compile(rb"=[ \t]*\r?\n|=([0-9A-F]{2})")

# A form, or a URL with a query: pluses are spaces there.
_FORM: Final = re.compile(rb"(?:[^\s?#]*\?)?[\w.%\[\]-]+=")

_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_AS_RUN: Final = bytes(ord("x") if octet in _BASE64 else ord(" ") for octet in range(256))
_SHORTEST_RUN: Final = 24  # base64 of fewer bytes holds no secret with what is around it
_LONGEST_WITH_MORE: Final = 4096
_LINE_BREAK: Final = re.compile(rb"[ \t]*\r?\n[ \t]*(?=[A-Za-z0-9+/_-])")
# Text in UTF-16 or UTF-32.
_WIDE: Final = re.compile(rb"(?:[!-~]\0{1,3}){4}")
# Of random bytes one in nine is one of these, of text none.
_CONTROLS: Final = bytes({*range(1, 32), 127} - {*b"\t\n\r\f\x1b"})
_SAMPLE: Final = 1024
_MOST_CONTROLS: Final = 0.04
_MOST_OTHERS: Final = 0.1  # of bytes that are no UTF-8; a text in Latin-1 has fewer
_ZEROS: Final = re.compile(rb"\0+")
_THIN: Final = re.compile(rb"[ \t\r\n\0]+")
_URLSAFE: Final = bytes.maketrans(b"-_", b"+/")
#: What a sign of some kind stands for, by its bytes.
_Meaning = Callable[[bytes], bytes]


class Reading(Protocol):
    """Bytes, and the places in the text that they stand for."""

    data: bytes

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Return the start and the end, in the bytes of the text, of what `data[start:end]` stands for."""
        ...


class Whole:
    """A text as it is."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Return the places unchanged."""
        return start, end


class _Read:
    """Bytes in which what stands for something is what it stands for, or is left out.

    Most texts hold no secret, so the way back to the text is gone through only when a place is asked for.
    """

    def __init__(self, outer: Reading, data: bytes, sign: re.Pattern[bytes], meant_by: _Meaning) -> None:
        """Hold the `data` of an outer reading once each match of `sign` is what it is `meant_by`."""
        self.data = data
        self._outer, self._sign, self._meant_by = outer, sign, meant_by
        self._at: list[int] = []  # the start of each piece, here and in the outer one, and whether it is an escape
        self._from: list[int] = []
        self._escaped: list[bool] = []

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Return the start and the end, in the bytes of the text, of a part of this."""
        if not self._at:
            self._find_pieces()
        first, last = bisect_right(self._at, start) - 1, bisect_right(self._at, end - 1) - 1
        begin = self._from[first] + (0 if self._escaped[first] else start - self._at[first])
        finish = self._from[last + 1] if self._escaped[last] else self._from[last] + end - self._at[last]
        return self._outer.source(begin, finish)

    def _find_pieces(self) -> None:
        size = place = 0
        for found in self._sign.finditer(self._outer.data):
            meant = self._meant_by(found[0])
            if meant == found[0]:
                continue
            if place < found.start():
                self._add(size, place)
                size += found.start() - place
            if meant:
                self._add(size, found.start(), escaped=True)
                size += len(meant)
            place = found.end()
        self._add(size, place)
        self._from.append(len(self._outer.data))

    def _add(self, at: int, start: int, *, escaped: bool = False) -> None:
        """Note a piece, which begins in the outer reading at `start`."""
        self._at.append(at)
        self._from.append(start)
        self._escaped.append(escaped)


class _Decoded:
    """The bytes that a run of base64 stands for."""

    def __init__(self, outer: Reading, start: int, end: int) -> None:
        run = without(Whole(outer.data[start:end]), _THIN)
        text = run.data.translate(_URLSAFE)
        text = text[:-1] if len(text) % 4 == 1 else text
        self.data = binascii.a2b_base64(text + b"=" * (-len(text) % 4))
        self._outer, self._start, self._run = outer, start, run

    def source(self, start: int, end: int) -> tuple[int, int]:
        first, last = self._run.source(start * 8 // 6, min(-(-end * 8 // 6), len(self._run.data)))
        return self._outer.source(self._start + first, self._start + last)


def readings(data: bytes) -> Iterator[Reading]:
    """Yield a text as it is, then without what is read away: zeros between letters, escapes, the breaks of mails."""
    whole: Reading = Whole(data)
    yield whole
    texts = [whole]
    if b"\0" in data and _WIDE.search(data):
        texts = [without(whole, _ZEROS)]
        yield texts[0]
    if is_binary(data):
        return
    if b"+" in data and _FORM.match(data):
        texts.append(Whole(data.replace(b"+", b" ")))
    for text in texts:
        plain = unescaped(text)
        if plain not in texts[:1]:
            yield plain
        if b"=" in plain.data and _QUOTED.search(plain.data):
            yield _unquoted(plain)


def is_binary(data: bytes) -> bool:
    """Return whether data is no text, as three parts of it show: what stands in it has no escapes, and is no base64."""
    middle, last = (len(data) - _SAMPLE) // 2, len(data) - _SAMPLE
    return all(_is_noise(data[max(start, 0) : max(start, 0) + _SAMPLE]) for start in (0, middle, last))


def _is_noise(sample: bytes) -> bool:
    if len(sample) - len(sample.translate(None, _CONTROLS)) > len(sample) * _MOST_CONTROLS:
        return True
    return not sample.isascii() and sample.decode("utf-8", "replace").count("\ufffd") > len(sample) * _MOST_OTHERS


def unescaped(reading: Reading) -> Reading:
    """Return a reading of `reading` with all escapes read, those in escapes too; itself if it has none."""
    for _ in range(_DEEPEST):
        signs = tuple(sign for sign in _ESCAPES if sign in reading.data)
        inner = _read(reading, _escape(signs), _meant_by) if signs else reading
        if inner is reading:
            break
        reading = inner
    return reading


@lru_cache(maxsize=8)
def _escape(signs: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """Return what escapes with one of these first bytes look like; a single one is searched for ten times as fast."""
    rest = b"|".join(b"(?<=%b)%b" % (re.escape(sign), _ESCAPES[sign]) for sign in signs)
    return re.compile(b"[%b](?:%b)" % (re.escape(b"".join(signs)), rest))


def _read(reading: Reading, sign: re.Pattern[bytes], meant_by: _Meaning) -> Reading:
    """Return a reading in which each match of `sign` is what it means; `reading` if each means itself."""
    data = sign.sub(lambda found: meant_by(found[0]), reading.data)
    return reading if data == reading.data else _Read(reading, data, sign, meant_by)


def canonical(value: bytes) -> bytes:
    """Return `value` as it is in the reading of any text that has it: without escapes and white space."""
    return unescaped(Whole(value)).data.translate(None, THIN)


def without(reading: Reading, gaps: re.Pattern[bytes] = _THIN) -> Reading:
    """Return a reading of `reading` without what `gaps` matches."""
    return _read(reading, gaps, lambda _: b"")


def decoded(reading: Reading) -> Iterator[Reading]:
    """Yield what the runs of base64 in `reading` stand for, be they in one line or broken over several."""
    runs, needle, place = reading.data.translate(_AS_RUN), b"x" * _SHORTEST_RUN, 0
    while (start := runs.find(needle, place)) >= 0:
        ends = [_end(runs, start)]
        while more := _LINE_BREAK.match(reading.data, ends[-1]):
            ends.append(_end(runs, more.end()))
        place = ends[-1]
        # What stands before it, such as a URL's path, may look like a part of it; and so may the line after it.
        for end in sorted({ends[0], *ends[-2:]}):
            for skipped in range(4 if end - start <= _LONGEST_WITH_MORE else 1):
                yield _Decoded(reading, start + skipped, end)


def _end(runs: bytes, start: int) -> int:
    end = runs.find(b" ", start)
    return len(runs) if end < 0 else end


def _unquoted(reading: Reading) -> Reading:
    return _read(reading, _QUOTED, _meant_by_quoted)


def _meant_by_quoted(escape: bytes) -> bytes:
    return b"" if escape.endswith(b"\n") else bytes.fromhex(escape[1:].decode())


def _in_utf8(octets: bytes) -> bytes:
    """Return what Python's `repr` has so escaped, of bytes or of characters."""
    try:
        octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1").encode()
    return octets


@lru_cache(maxsize=4096)  # a text has few escapes, and these often
def _meant_by(escape: bytes) -> bytes:
    """Return what an escape stands for: nothing, for backslashes alone; itself if it is no escape."""
    found = _escape(tuple(_ESCAPES)).match(escape)
    assert found is not None  # noqa: S101 - it is a match
    high, low, unit, units, octets, line, sign, percent, number, hexadecimal, entity = found.groups()
    if octets:
        return _in_utf8(bytes(int(octet, 16) for octet in _OCTET.findall(octets)))
    if percent:
        return bytes.fromhex(percent.decode())
    if line or entity:
        return _BREAKS.get(line) or _ENTITIES[entity]
    if high:
        return bytes.fromhex((high + low).decode()).decode("utf-16-be").encode()
    if unit or units or number or hexadecimal:
        point = int(number) if number else int(unit or units or hexadecimal, 16)
        return chr(point).encode("utf-8", "surrogatepass") if point <= sys.maxunicode else escape
    return bytes(sign)
