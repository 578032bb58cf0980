"""The search for secret values, patterns, keys and URLs in a text, and their replacement."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate, chain
from typing import TYPE_CHECKING, NamedTuple

from pytest_interactions.redaction import encodings
from pytest_interactions.redaction.encodings import REDACTED
from pytest_interactions.redaction.patterns import KEY_PATTERNS
from pytest_interactions.redaction.urls import secrets_in_form, secrets_in_urls

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

#: The API key that replay sets when there is none. A message that holds it is only good for replay, but no secret.
PLACEHOLDER_KEY = "pytest-interactions-placeholder-key"

#: A secret's start and end in a text, and its replacement.
Span = tuple[int, int, str]


class _Rule(NamedTuple):
    """A search for one kind of secret in a text; `applies` says quickly whether there may be one."""

    applies: Callable[[str], bool]
    spans: Callable[[str], Iterator[Span]]


class Matcher:
    """An immutable search for secrets in texts.

    Args:
        values: Values to look for, in any spelling.
        patterns: Patterns to look for, in no other spelling.
    """

    def __init__(self, values: Collection[str] = (), patterns: Collection[re.Pattern[str]] = ()) -> None:
        self.values, self.patterns = values, patterns
        self._needles = sorted(set(chain.from_iterable(map(encodings.needles, values))))
        markers = [*self._needles, PLACEHOLDER_KEY, *(key.marker for key in KEY_PATTERNS)]
        self._markers_in_bytes = [marker.encode("utf-8", "surrogatepass") for marker in markers]
        self._known = encodings.Spellings(values)
        self._plain = all(map(encodings.is_plain, values))
        self._rules = [
            # URLs first: a ticket that is a known value too must stay different from other tickets.
            _Rule(lambda text: "://" in text or ":\\" in text, secrets_in_urls),
            _Rule(self._value_may_be_in, lambda text: _spans(self._known, text, encodings.replacement)),
            # On replay, the placeholder stands wherever the app showed its key while it was recorded.
            _rule(PLACEHOLDER_KEY, re.compile(re.escape(PLACEHOLDER_KEY))),
            *(_rule("", pattern) for pattern in patterns),
            *(_rule(key.marker, key.pattern) for key in KEY_PATTERNS),
        ]

    def without(self, other: Matcher) -> Matcher:
        """Return a matcher of what this one looks for and the other does not."""
        patterns = [pattern for pattern in self.patterns if pattern not in other.patterns]
        return Matcher(frozenset(self.values).difference(other.values), patterns)

    def may_be_in(self, body: bytes) -> bool:
        """Return quickly whether `redact` may find anything in `body`; `False` is certain."""
        return (
            bool(self.patterns)
            or any(marker in body for marker in self._markers_in_bytes)
            or ((b"=" in body or b"@" in body) and (b"://" in body or b":\\" in body))
            or (not self._plain and (b"\\" in body or b"%" in body or b"+" in body))
            or encodings.has_needless_escape_in_bytes(body)
        )

    def redact(self, text: str) -> str:
        """Return `text` without any secret, in any spelling."""
        return self.redact_pieces([text])[0]

    def redact_bytes(self, body: bytes) -> bytes:
        """Return `body` without any secret; all its other bytes, text or not, stay."""
        if not self.may_be_in(body):
            return body
        return self.redact(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def redact_values(self, body: bytes) -> bytes:
        """Return `body` without the known values: for text whose syntax must stay, such as JSON's."""
        text = body.decode("utf-8", "surrogateescape")
        if not self._value_may_be_in(text):
            return body
        spans = list(_spans(self._known, text, encodings.replacement))
        return _replace([text], text, spans)[0].encode("utf-8", "surrogateescape")

    def redact_form(self, body: str) -> str:
        """Return a form, written as the query of a URL is, without any secret."""
        return self.redact(_replace([body], body, list(secrets_in_form(body)))[0])

    def redact_pieces(self, pieces: list[str]) -> list[str]:
        """Return `pieces` of one text without any secret, even one that is spread over several pieces."""
        for rule in self._rules:
            text = "".join(pieces)
            if rule.applies(text) and (spans := list(rule.spans(text))):
                pieces = _replace(pieces, text, spans)
        return pieces

    def find(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield the start and the kind of each known value and each key in `text`."""
        if self._value_may_be_in(text):
            yield from ((match.start(), "a known secret") for match in self._known.finditer(text))
        for key in KEY_PATTERNS:
            if key.marker in text:
                yield from ((match.start(), key.kind) for match in key.pattern.finditer(text))

    def find_patterns(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield the start and the kind of each match of one of the patterns in `text`."""
        for pattern in self.patterns:
            yield from ((match.start(), "a match of the redact option") for match in _matches(pattern, text))

    def _value_may_be_in(self, text: str) -> bool:
        return bool(self.values) and (
            any(needle in text for needle in self._needles)
            or (not self._plain and ("\\" in text or "%" in text or "+" in text))
            or encodings.has_needless_escape(text)
        )


def _rule(marker: str, pattern: re.Pattern[str]) -> _Rule:
    return _Rule(lambda text: marker in text, lambda text: _spans(pattern, text, lambda _: REDACTED))


def _spans(
    pattern: re.Pattern[str] | encodings.Spellings, text: str, write: Callable[[re.Match[str]], str]
) -> Iterator[Span]:
    return ((*match.span(), write(match)) for match in _matches(pattern, text))


def _matches(pattern: re.Pattern[str] | encodings.Spellings, text: str) -> Iterator[re.Match[str]]:
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
