"""The search of a text for known values and keys, in all its readings at once."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

from pytest_interactions.redaction.encodings import needles, spellings
from pytest_interactions.redaction.placeholders import REDACTED
from pytest_interactions.redaction.shapes import SHAPES
from pytest_interactions.redaction.views import THIN, Whole, decoded, is_binary, readings, without

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from pytest_interactions.redaction.rules import Rule
    from pytest_interactions.redaction.shapes import Shape
    from pytest_interactions.redaction.views import Reading

#: What a finding of a known value says.
KNOWN = "a known secret"
_DEEPEST = 3  # base64 of base64 of base64
_CHUNKS = (1024, 32, 1)
_SHORTEST_BROKEN = 16  # a shorter value is not looked for where it is broken over lines


class Hit(NamedTuple):
    """A secret in a text.

    Attributes:
        start: Its start, in the bytes of the text.
        end: Its end.
        kind: `KNOWN`, or what a shape says.
        value: The known value.
        is_encoded: Whether it stands in base64, and its replacement must too.
    """

    start: int
    end: int
    kind: str
    value: str = ""
    is_encoded: bool = False


class Finder:
    """An immutable search for values and for shapes; all values are looked for at once.

    Args:
        values: The known values, each new one last: what was built for those before is used again.
        shapes: The shapes of keys.
    """

    def __init__(self, values: Sequence[str], shapes: Sequence[Shape] = SHAPES) -> None:
        self._values = [_search_of(chunk) for chunk in _chunks(tuple(values))]
        self._markers, self._shapes = _markers_of(tuple(shapes))

    def may_be_in(self, data: bytes) -> bool:
        """Return whether there is a hit in `data`."""
        return next(self.hits(data), None) is not None

    def hits(self, data: bytes) -> Iterator[Hit]:
        """Yield the hits in `data`, in no order; several may overlap."""
        return self._hits(data, _DEEPEST)

    def _hits(self, data: bytes, depth: int) -> Iterator[Hit]:
        seen: set[bytes] = set()  # base64 without escapes is the same in all readings
        for reading in readings(data):
            yield from self._in_reading(reading)
            for inner in decoded(reading) if depth and not is_binary(data) else ():
                if inner.data in seen:
                    continue
                seen.add(inner.data)
                for hit in self._hits(inner.data, depth - 1):
                    start, end = inner.source(hit.start, hit.end)
                    yield hit._replace(start=start, end=end, is_encoded=True)

    def _in_reading(self, reading: Reading) -> Iterator[Hit]:
        thin = reading.data.translate(None, THIN)
        places: Reading | None = None
        for search, meant in self._values:
            for number, start, end in search.find_matches_as_indexes(thin, overlapping=True):
                places = places or without(Whole(reading.data))
                value, is_encoded = meant[number]
                first, last = places.source(start, end)
                # Words beside each other have a short value in them by chance, as "best estate" has "test".
                if end - start >= _SHORTEST_BROKEN or is_encoded or reading.data[first:last] in spellings(value):
                    yield Hit(*reading.source(first, last), KNOWN, value, is_encoded)
        found = {number for number, _, _ in self._markers.find_matches_as_indexes(thin, overlapping=True)}
        for shape in {shape.id: shape for number in found for shape in self._shapes[number]}.values():
            for span in shape.spans(reading.data):
                yield Hit(*reading.source(*span), shape.kind)


class Words:
    """An immutable search for any of several words, to the letter."""

    def __init__(self, words: Collection[bytes]) -> None:
        # With few words, and as no matches within others are wanted, several bytes are looked at in one step.
        few = [word for word in words if not any(other in word for other in words if other != word)]
        self._search = BytesAhoCorasick(few, matchkind=MatchKind.LeftmostFirst)

    def is_one_in(self, data: bytes) -> bool:
        """Return whether one of the words is in `data`."""
        return bool(self._search.find_matches_as_indexes(data))


def _chunks(values: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the values in up to three chunks, of which a new value makes the last anew, and seldom another."""
    start = 0
    for size in _CHUNKS:
        end = len(values) // size * size
        if start < end:
            yield values[start:end]
        start = end


@lru_cache(maxsize=64)
def _search_of(values: tuple[str, ...]) -> tuple[BytesAhoCorasick, list[tuple[str, bool]]]:
    """Return a search for values, and what each of its needles means: a value, and whether it is base64 of it."""
    meant = {needle: (value, is_encoded) for value in values for needle, is_encoded in needles(value).items()}
    return BytesAhoCorasick(list(meant)), list(meant.values())


@lru_cache(maxsize=8)
def _markers_of(shapes: tuple[Shape, ...]) -> tuple[BytesAhoCorasick, list[list[Shape]]]:
    """Return a search for the markers of shapes, and the shapes that have each."""
    markers: dict[bytes, list[Shape]] = {}
    for shape in shapes:
        for marker in shape.markers:
            markers.setdefault(marker.translate(None, THIN), []).append(shape)
    # A table is three times as fast as what it chooses for so many.
    return BytesAhoCorasick(list(markers), implementation=Implementation.DFA), list(markers.values())


def ruled(data: bytes, rules: Iterable[Rule]) -> Iterator[Hit]:
    """Yield what the rules of others find in the readings of a text."""
    for reading in readings(data) if rules else ():
        text = reading.data.decode("latin-1")  # a character for each byte, so that places are those of the bytes
        for rule in rules:
            for span in rule.spans(text):
                yield Hit(*reading.source(*span), f"a key ({rule.id})")


def replacements(
    data: bytes, hits: Iterable[Hit], handed_out: Mapping[str, str] = MappingProxyType({})
) -> Iterator[tuple[int, int, bytes]]:
    """Yield the start, the end and the replacement of each secret, in order; hits that overlap are one secret.

    In base64 a replacement is as long as the secret, so that it decodes; among zeros, it has them where they were.
    Elsewhere `handed_out` may have another for a known value.
    """
    start = end = -1
    is_encoded, text = False, REDACTED
    for hit in sorted(hits):
        hit_end, hit_text = _end(data, hit), handed_out.get(hit.value, REDACTED)
        if start >= 0 and hit.start < end:
            if hit_end > end:
                text = hit_text if hit.start == start else REDACTED
            elif hit[:2] == (start, end) and text == REDACTED:
                text = hit_text
            end, is_encoded = max(end, hit_end), is_encoded or hit.is_encoded
            continue
        if start >= 0:
            yield start, end, _replacement(data[start:end], text, is_encoded=is_encoded)
        start, end, is_encoded, text = hit.start, hit_end, hit.is_encoded, hit_text
    if start >= 0:
        yield start, end, _replacement(data[start:end], text, is_encoded=is_encoded)


def _end(data: bytes, hit: Hit) -> int:
    """Return the end of a hit, with the backslashes that a value ends with: no reading has them."""
    end = hit.end
    while hit.value.endswith("\\") and not hit.is_encoded and data[end : end + 1] == b"\\":
        end += 1
    return end


def _replacement(secret: bytes, text: str, *, is_encoded: bool) -> bytes:
    if not is_encoded and b"\0" not in secret:
        return text.encode()
    letters = _letters(len(secret.translate(None, THIN)))
    if b"\0" in secret:
        left = iter(letters)
        return bytes(octet if octet in THIN else next(left) for octet in secret)
    return letters


@lru_cache(maxsize=64)
def _letters(length: int) -> bytes:
    return (REDACTED.encode() * (length // len(REDACTED) + 1))[:length]
