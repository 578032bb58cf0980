"""The secret values of this run, and a text without any secret."""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from pytest_interactions.redaction import encodings
from pytest_interactions.redaction.encodings import REDACTED
from pytest_interactions.redaction.patterns import KEY_PATTERNS
from pytest_interactions.redaction.urls import secrets_in_form, secrets_in_query, secrets_in_urls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pytest_interactions.api.http import Request

#: The API key that replay sets when there is none. It is no secret, but what holds it is only good for replay.
PLACEHOLDER_KEY = "pytest-interactions-placeholder-key"

#: Shorter values than this turn up in ordinary text, so they are not looked for.
MIN_LENGTH = 8
# From this length on even a text of nothing but small letters is no word.
_LONG = 20

#: The names of headers that carry a credential.
AUTH_HEADER = re.compile(
    r"(?:.*-)?(?:authorization|(?:set-)?cookie2?|api[-_]?key|token|secret|password|credentials?)",
    re.IGNORECASE,
)
_COOKIE = re.compile(r"(?:set-)?cookie2?", re.IGNORECASE)
_SECRET_VARIABLE = re.compile(r".*_(?:API_KEY|TOKEN|SECRET)", re.IGNORECASE)
_STAND_IN = re.compile(
    r".*(?:place[-_ ]?holder|change[-_ ]?me|redacted|example|your[-_ ]).*|<.*>|\$\{?\w+\}?|(.)\1*",
    re.IGNORECASE | re.DOTALL,
)


#: Where a secret begins and ends in a text, and what to write instead.
Span = tuple[int, int, str]


class _Rule(NamedTuple):
    """Finds one kind of secret in a text; `applies` says quickly whether it may be there."""

    applies: Callable[[str], bool]
    spans: Callable[[str], Iterator[Span]]


class Secrets:
    """The secret values that are known in this run, and what else is one by its looks. It only ever grows.

    Args:
        values: Values to look for, whatever they look like.
        patterns: What else to look for; not in base64 or any other encoding.
    """

    def __init__(self, values: Iterable[str] = (), patterns: Iterable[re.Pattern[str]] = ()) -> None:
        self._values: set[str] = set()
        self._patterns: list[re.Pattern[str]] = []
        self._seen: set[tuple[str, str]] = set()
        self.add(values, patterns)
        self._compile()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Secrets:
        """The values of `*_API_KEY`, `*_TOKEN` and `*_SECRET` that look like a secret."""
        return cls(value for name, value in environ.items() if _SECRET_VARIABLE.fullmatch(name) and looks_secret(value))

    def learn_environ(self, environ: Mapping[str, str]) -> None:
        """Take in what `from_environ` would: tests may have set more since."""
        self.add_exactly(
            value for name, value in environ.items() if _SECRET_VARIABLE.fullmatch(name) and looks_secret(value)
        )

    def learn(self, request: Request) -> None:
        """Take in the credentials that a request carries; does next to nothing if it carries no new ones.

        Call it for requests that are replayed too: what an app sends must be redacted the same way in both.
        """
        sent = [(name, value) for name, values in request.headers.items() for value in values]
        if "?" in request.uri:
            sent.append(("", request.uri))
        if self._seen.issuperset(sent):
            return
        new = [pair for pair in sent if pair not in self._seen]
        self._seen.update(new)
        self.add(secret for name, value in new for secret in _secrets_in(name, value))

    def add(self, values: Iterable[str] = (), patterns: Iterable[re.Pattern[str]] = ()) -> None:
        """Take in more values and patterns, whatever they look like."""
        new = {value for value in values if value and value not in (REDACTED, PLACEHOLDER_KEY)} - self._values
        more = [pattern for pattern in patterns if pattern not in self._patterns]
        if new or more:
            self._values |= new
            self._patterns += more
            self._compile()

    def may_be_in(self, body: bytes) -> bool:
        """Whether there is anything for `redact` to do in `body`: if not, it says so quickly and for certain."""
        return (
            bool(self._patterns)
            or any(needle in body for needle in self._needles_in_bytes)
            or (b"=" in body and (b"://" in body or b":\\" in body))
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

    def redact_form(self, body: str) -> str:
        """A form, written as the query of a URL is, without any secret."""
        return self.redact(_replace([body], body, list(secrets_in_form(body)))[0])

    def redact_pieces(self, pieces: list[str]) -> list[str]:
        """`pieces` of one text without any secret, also where a secret is spread over several of them."""
        for rule in self._rules:
            text = pieces[0] if len(pieces) == 1 else "".join(pieces)
            if rule.applies(text) and (spans := list(rule.spans(text))):
                pieces = _replace(pieces, text, spans)
        return pieces

    def find(self, text: str) -> Iterator[tuple[int, str]]:
        """Where in `text` a secret begins and what kind it is: known values, keys, the patterns given."""
        if self._value_may_be_in(text):
            yield from ((match.start(), "a known secret") for match in self._known.finditer(text))
        for key in KEY_PATTERNS:
            if key.gate in text:
                yield from ((match.start(), key.kind) for match in key.pattern.finditer(text))
        for pattern in self._patterns:
            yield from ((match.start(), "a match of the redact option") for match in _matches(pattern, text))

    def __repr__(self) -> str:
        return f"<Secrets: {len(self._values)} values, {len(self._patterns)} patterns>"

    def _compile(self) -> None:
        self._needles = sorted({needle for value in self._values for needle in encodings.needles(value)})
        gates = [*self._needles, PLACEHOLDER_KEY, *(key.gate for key in KEY_PATTERNS)]
        self._needles_in_bytes = [gate.encode("utf-8", "surrogatepass") for gate in gates]
        self._known = encodings.pattern(self._values)
        self._rules = [
            # URLs first: a ticket that is a known value too must stay different from other tickets.
            _Rule(_may_hold_url, secrets_in_urls),
            _Rule(self._value_may_be_in, lambda text: _spans(self._known, text, encodings.replacement)),
            # What an app does with its key shows the stand-in on replay where it showed the key before.
            _rule(PLACEHOLDER_KEY, re.compile(re.escape(PLACEHOLDER_KEY))),
            *(_rule("", pattern) for pattern in self._patterns),
            *(_rule(key.gate, key.pattern) for key in KEY_PATTERNS),
        ]

    def _value_may_be_in(self, text: str) -> bool:
        if not self._values:
            return False
        return any(needle in text for needle in self._needles) or encodings.has_needless_escape(text)


def looks_secret(value: str) -> bool:
    """Whether `value` is long and mixed enough to be a secret, and does not say that it is none."""
    kinds = (str.islower, str.isupper, str.isdigit)
    mixed = sum(any(map(kind, value)) for kind in kinds) + any(not char.isalnum() for char in value)
    return _is_usable(value) and (mixed > 1 or len(value) >= _LONG)


def is_stand_in(value: str) -> bool:
    """Whether `value` says that it only stands in for a secret: `REDACTED`, `<your key>`, `****`."""
    return value == PLACEHOLDER_KEY or _STAND_IN.fullmatch(value) is not None


def _is_usable(value: str) -> bool:
    return len(value) >= MIN_LENGTH and not is_stand_in(value)


def _secrets_in(name: str, value: str) -> Iterator[str]:
    """The secrets in a request header's value or, if it has no name, in a URI."""
    if not name:
        yield from filter(looks_secret, secrets_in_query(value))
    elif _COOKIE.fullmatch(name):
        cookies = (cookie.partition("=")[2].strip() for cookie in value.split(";"))
        yield from filter(looks_secret, cookies)
    elif AUTH_HEADER.fullmatch(name):
        scheme, _, credentials = value.strip().partition(" ")
        sent = [credentials.strip() or scheme]
        if scheme.lower() == "basic":
            sent.append(_password(credentials))
        yield from filter(_is_usable, sent)


def _password(basic: str) -> str:
    try:
        return base64.b64decode(basic).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


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
