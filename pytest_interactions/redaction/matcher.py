"""The search for secret values, patterns, keys and URLs in a text, and their replacement."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from pytest_interactions.redaction import google, urls
from pytest_interactions.redaction.finding import KNOWN, Finder, replacements, ruled
from pytest_interactions.redaction.placeholders import PLACEHOLDER_KEY, REDACTED
from pytest_interactions.redaction.shapes import SHAPES
from pytest_interactions.redaction.urls import secrets_in_form, secrets_in_urls

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from pytest_interactions.redaction.finding import Hit
    from pytest_interactions.redaction.rules import Rule
    from pytest_interactions.redaction.shapes import Shape

# The bytes of UTF-8 with which no character begins.
_WITHIN: Final = bytes(range(0x80, 0xC0))

_LONGEST_KEPT: Final = 200
_MOST_KEPT: Final = 1000

#: A secret's start and end in a text, and its replacement.
Span = tuple[int, int, str]


class Matcher:
    """An immutable search for secrets in texts.

    Args:
        values: Values to look for, in any spelling; see `Finder` for their order.
        patterns: Patterns to look for, in no other spelling.
        shapes: The shapes of keys to look for, in any spelling.
        rules: Rules of others, which only find keys.
        handed_out: What stands for those values that a response has handed out.
        found: Takes each known value that was replaced.
    """

    def __init__(  # noqa: PLR0913 - a search is made of all that is looked for
        self,
        values: Collection[str] = (),
        patterns: Collection[re.Pattern[str]] = (),
        shapes: Sequence[Shape] = SHAPES,
        rules: Collection[Rule] = (),
        *,
        handed_out: Mapping[str, str] = MappingProxyType({}),
        found: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.values, self.patterns = values, patterns
        self.shapes, self.rules, self.handed_out = shapes, rules, handed_out
        self._found = found
        self._clean: set[str] = set()  # short texts without a secret, such as headers, which come again and again
        #: What stands for this search where it was used, without all that it looks for; no other search has it.
        self.token: Final = object()
        # On replay, the placeholder stands wherever the app showed its key while it was recorded.
        self._finder = Finder([PLACEHOLDER_KEY, *values], shapes)

    def without(self, other: Matcher) -> Matcher:
        """Return a matcher of what this one looks for and the other does not."""
        patterns = [pattern for pattern in self.patterns if pattern not in other.patterns]
        values = [value for value in self.values if value not in frozenset(other.values)]
        return Matcher(values, patterns, self.shapes, self.rules)

    def may_be_in(self, body: bytes) -> bool:
        """Return quickly whether `redact` may find anything in `body`; `False` is certain."""
        if self.patterns or urls.may_be_in(body) or google.may_be_in(body):
            return True
        return self._finder.may_be_in(body)

    def redact(self, text: str) -> str:
        """Return `text` without any secret, in any spelling."""
        if text in self._clean:
            return text
        redacted = self.redact_pieces([text])[0]
        if redacted == text and len(text) <= _LONGEST_KEPT and len(self._clean) < _MOST_KEPT:
            self._clean.add(text)
        return redacted

    def redact_bytes(self, body: bytes) -> bytes:
        """Return `body` without any secret; all its other bytes, text or not, stay."""
        if not self.may_be_in(body):
            return body
        body = self._without(body, self._finder.hits(body))
        text = body.decode("utf-8", "surrogateescape")
        return self._redact_strings([text])[0].encode("utf-8", "surrogateescape")

    def redact_values(self, body: bytes) -> bytes:
        """Return `body` without the known values: for text whose syntax must stay, such as JSON's."""
        return self._without(body, (hit for hit in self._finder.hits(body) if hit.kind == KNOWN))

    def redact_form(self, body: str) -> str:
        """Return a form, written as the query of a URL is, without any secret."""
        return self.redact(_replace([body], body, list(secrets_in_form(body)))[0])

    def redact_pieces(self, pieces: list[str]) -> list[str]:
        """Return `pieces` of one text without any secret, even one that is spread over several pieces."""
        # URLs first: a ticket that is a known value too must stay different from other tickets.
        return self._redact_hits(self._redact_strings(pieces))

    def redact_known_in_pieces(self, pieces: list[str]) -> list[str]:
        """Return `pieces` of one text without the known values."""
        return self._redact_hits(pieces, only=KNOWN) if self.values else pieces

    def _redact_hits(self, pieces: list[str], only: str = "") -> list[str]:
        text = "".join(pieces)
        spans = list(self._spans(text, only))
        return _replace(pieces, text, spans) if spans else pieces

    def find(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yield the start, the end and the kind of each known value and each key in `text`."""
        data = text.encode("utf-8", "surrogatepass")
        hits = [hit for hit in self._finder.hits(data) if hit.value != PLACEHOLDER_KEY]
        hits = sorted([*hits, *ruled(data, self.rules)])
        places = _Places(text, data)
        yield from ((places.of(hit.start), places.end_of(hit), hit.kind) for hit in hits)

    def find_patterns(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yield the start, the end and the kind of each match of one of the patterns in `text`."""
        for pattern in self.patterns:
            yield from ((*match.span(), "a match of the redact option") for match in _matches(pattern, text))

    def _redact_strings(self, pieces: list[str]) -> list[str]:
        """Replace what is looked for in texts alone: the secret parts of URLs, names of Google Cloud, the patterns."""
        for spans in (secrets_in_urls, google.names, *map(_finding, self.patterns)):
            text = "".join(pieces)
            if found := list(spans(text)):
                pieces = _replace(pieces, text, found)
        return pieces

    def _without(self, body: bytes, hits: Iterable[Hit]) -> bytes:
        new, copied = [], 0
        for start, end, replacement in replacements(body, self._told(hits), self.handed_out):
            new += [body[copied:start], replacement]
            copied = end
        return b"".join([*new, body[copied:]]) if new else body

    def _spans(self, text: str, only: str) -> Iterator[Span]:
        data = text.encode("utf-8", "surrogatepass")
        places = _Places(text, data)
        hits = (hit for hit in self._finder.hits(data) if only in {"", hit.kind})
        for start, end, replacement in replacements(data, self._told(hits), self.handed_out):
            yield places.of(start), places.of(end), replacement.decode()

    def _told(self, hits: Iterable[Hit]) -> Iterator[Hit]:
        for hit in hits:
            if hit.value:
                self._found(hit.value)
            yield hit


class _Places:
    """The places of bytes in the text that they encode, which are asked for from left to right."""

    def __init__(self, text: str, data: bytes) -> None:
        self._data = data
        self._is_ascii = len(text) == len(data)
        self._known = (0, 0)

    def of(self, place: int) -> int:
        """Return the character at a byte, which is not before the last one that was asked for."""
        if self._is_ascii:
            return place
        before, characters = self._known
        self._known = place, characters + _characters(self._data[before:place])
        return self._known[1]

    def end_of(self, hit: Hit) -> int:
        """Return the character at the end of a hit whose start was asked for last; hits may overlap."""
        return self.of(hit.start) + _characters(self._data[hit.start : hit.end])


def _characters(data: bytes) -> int:
    """Return how many characters begin in a part of UTF-8, which may begin or end within one."""
    return len(data.translate(None, _WITHIN))


def _finding(pattern: re.Pattern[str]) -> Callable[[str], Iterator[Span]]:
    return lambda text: ((*match.span(), REDACTED) for match in _matches(pattern, text))


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Yield the matches between placeholders, as redacted text must not change again."""
    start = 0
    while start <= len(text):
        end = text.find(REDACTED, start)
        end = len(text) if end < 0 else end
        yield from (match for match in pattern.finditer(text, start, end) if match[0])
        start = end + len(REDACTED)


def _replace(pieces: list[str], text: str, spans: list[Span]) -> list[str]:
    """Replace `spans` of `text`, which is the joined `pieces`, in the piece where each span begins."""
    ends = list(accumulate(map(len, pieces)))
    new: list[list[str]] = [[] for _ in pieces]

    def copy(start: int, end: int) -> None:
        place = bisect_right(ends, start)
        while start < end:
            upto = min(ends[place], end)
            new[place].append(text[start:upto])
            start, place = upto, place + 1

    copied = 0
    for start, end, replacement in spans:
        copy(copied, start)
        new[bisect_right(ends, start)].append(replacement)
        copied = end
    copy(copied, len(text))
    return ["".join(parts) for parts in new]
