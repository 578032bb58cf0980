"""A text without the values, patterns, keys and URLs that are secret."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from pytest_interactions.redaction import encodings
from pytest_interactions.redaction.encodings import REDACTED
from pytest_interactions.redaction.patterns import KEY_PATTERNS
from pytest_interactions.redaction.urls import secrets_in_form, secrets_in_urls

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

#: The API key that replay sets when there is none. What holds it is only good for replay, but no secret.
PLACEHOLDER_KEY = "pytest-interactions-placeholder-key"

#: Where a secret begins and ends in a text, and what to write instead.
Span = tuple[int, int, str]


class _Rule(NamedTuple):
    """Finds one kind of secret in a text; `applies` says quickly whether it may be there."""

    applies: Callable[[str], bool]
    spans: Callable[[str], Iterator[Span]]


class Matcher:
    """Finds what is secret in a text; it never changes.

    Args:
        values: Values to look for, however they are written.
        patterns: What else to look for, as it is.
    """

    def __init__(self, values: Collection[str] = (), patterns: Collection[re.Pattern[str]] = ()) -> None:
        self.values, self.patterns = values, patterns
        self._needles = sorted({needle for value in values for needle in encodings.needles(value)})
        gates = [*self._needles, PLACEHOLDER_KEY, *(key.gate for key in KEY_PATTERNS)]
        self._needles_in_bytes = [gate.encode("utf-8", "surrogatepass") for gate in gates]
        self._known = encodings.pattern(values)
        self._plain = all(map(encodings.is_plain, values))
        self._rules = [
            # URLs first: a ticket that is a known value too must stay different from other tickets.
            _Rule(_may_hold_url, secrets_in_urls),
            _Rule(self._value_may_be_in, lambda text: _spans(self._known, text, encodings.replacement)),
            # What an app does with its key shows the stand-in on replay where it showed the key before.
            _rule(PLACEHOLDER_KEY, re.compile(re.escape(PLACEHOLDER_KEY))),
            *(_rule("", pattern) for pattern in patterns),
            *(_rule(key.gate, key.pattern) for key in KEY_PATTERNS),
        ]

    def may_be_in(self, body: bytes) -> bool:
        """Whether `redact` may find anything in `body`: if not, it says so quickly and for certain."""
        return (
            bool(self.patterns)
            or any(needle in body for needle in self._needles_in_bytes)
            or ((b"=" in body or b"@" in body) and (b"://" in body or b":\\" in body))
            or (not self._plain and (b"\\" in body or b"%" in body or b"+" in body))
            or encodings.has_needless_escape_in_bytes(body)
        )

    def redact(self, text: str) -> str:
        """`text` without any secret, however it is written."""
        return self.redact_pieces([text])[0]

    def redact_bytes(self, body: bytes) -> bytes:
        """`body` without any secret; all its other bytes, text or not, stay."""
        if not self.may_be_in(body):
            return body
        return self.redact(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def redact_values(self, body: bytes) -> bytes:
        """`body` without the known values: for text whose marks must stay, such as JSON's."""
        text = body.decode("utf-8", "surrogateescape")
        if not self._value_may_be_in(text):
            return body
        spans = list(_spans(self._known, text, encodings.replacement))
        return _replace([text], text, spans)[0].encode("utf-8", "surrogateescape")

    def redact_form(self, body: str) -> str:
        """A form, written as the query of a URL is, without any secret."""
        return self.redact(_replace([body], body, list(secrets_in_form(body)))[0])

    def redact_pieces(self, pieces: list[str]) -> list[str]:
        """`pieces` of one text without any secret, also where a secret is spread over several of them."""
        for rule in self._rules:
            text = "".join(pieces)
            if rule.applies(text) and (spans := list(rule.spans(text))):
                pieces = _replace(pieces, text, spans)
        return pieces

    def find(self, text: str) -> Iterator[tuple[int, str]]:
        """Where in `text` a known value or a key begins, and which of these it is."""
        if self._value_may_be_in(text):
            yield from ((match.start(), "a known secret") for match in self._known.finditer(text))
        for key in KEY_PATTERNS:
            if key.gate in text:
                yield from ((match.start(), key.kind) for match in key.pattern.finditer(text))

    def find_patterns(self, text: str) -> Iterator[tuple[int, str]]:
        """Where in `text` a match of one of the patterns begins, and that it is one."""
        matches = (match for pattern in self.patterns for match in _matches(pattern, text))
        return ((match.start(), "a match of the redact option") for match in matches)

    def _value_may_be_in(self, text: str) -> bool:
        if not self.values:
            return False
        return (
            any(needle in text for needle in self._needles)
            or (not self._plain and ("\\" in text or "%" in text or "+" in text))
            or encodings.has_needless_escape(text)
        )


def _may_hold_url(text: str) -> bool:
    return "://" in text or ":\\" in text


def _rule(gate: str, pattern: re.Pattern[str]) -> _Rule:
    return _Rule(lambda text: gate in text, lambda text: _spans(pattern, text, lambda _: REDACTED))


def _spans(pattern: re.Pattern[str], text: str, write: Callable[[re.Match[str]], str]) -> Iterator[Span]:
    return ((*match.span(), write(match)) for match in _matches(pattern, text))


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """The matches between placeholders: what was redacted once stays as it is."""
    start = 0
    while start <= len(text):
        end = text.find(REDACTED, start)
        end = len(text) if end < 0 else end
        yield from (match for match in pattern.finditer(text, start, end) if match[0])
        start = end + len(REDACTED)


def _replace(pieces: list[str], text: str, spans: list[Span]) -> list[str]:
    """Replace `spans` of `text`, which is the joined `pieces`; what is written goes where a span begins."""
    ends = list(accumulate(map(len, pieces)))
    new: list[list[str]] = [[] for _ in pieces]

    def copy(start: int, end: int) -> None:
        place = bisect_right(ends, start)
        while start < end:
            upto = min(ends[place], end)
            new[place].append(text[start:upto])
            start, place = upto, place + 1

    done = 0
    for start, end, written in spans:
        copy(done, start)
        new[bisect_right(ends, start)].append(written)
        done = end
    copy(done, len(text))
    return ["".join(parts) for parts in new]
