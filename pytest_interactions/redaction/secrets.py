"""The secret values of this run, and the patterns that keys have in any run."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from pytest_interactions.redaction import encodings
from pytest_interactions.redaction.encodings import REDACTED
from pytest_interactions.redaction.urls import is_secret_parameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_interactions.api.http import Request

#: The API key that replay sets when there is none. It is no secret, but what holds it is only good for replay.
PLACEHOLDER_KEY = "pytest-interactions-placeholder-key"

#: Shorter values than this turn up in ordinary text, so they are not looked for.
MIN_LENGTH = 8

#: Request headers that carry a credential, by name.
AUTH_HEADER = re.compile(
    r"(?:proxy-)?authorization|(?:set-)?cookie2?|x-goog-iam-authorization-token|x-amz-security-token"
    r"|(?:.*[-_])?(?:api[-_]?key|(?:access|auth|id|csrf|session)[-_]?token|token|secret|password)",
    re.IGNORECASE,
)

_SECRET_VARIABLE = re.compile(r".*_(?:API_KEY|TOKEN|SECRET)", re.IGNORECASE)
_STAND_IN = re.compile(
    r"(?i)(?:.*(?:place-?_?holder|change-?_?me|redacted|example|your[-_ ]).*|(?:none|null|true|false|dummy|fake)"
    r"|<.*>|\$\{?.*\}?|(.)\1*)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class KeyPattern:
    """What a kind of credential looks like, wherever it stands.

    Attributes:
        kind: What a finding calls it.
        gate: A text without which the pattern can't match; looked for first, because that is much cheaper.
        pattern: What is replaced by the redaction placeholder.
    """

    kind: str
    gate: str
    pattern: re.Pattern[str]


# No letter, digit or base64 character beside it: a run of base64 is media, not a key.
_ALONE = r"(?<![A-Za-z0-9+/_=.-]){}(?![A-Za-z0-9+/_-])"
_TOKEN = r"(?=[A-Za-z._~+/-]*\d)(?=[\d._~+/-]*[A-Za-z])[A-Za-z0-9._~+/-]{20,}=*"  # noqa: S105 - a pattern
KEY_PATTERNS = (
    KeyPattern("Google API key", "AIza", re.compile(_ALONE.format(r"AIza[A-Za-z0-9_-]{35}"))),
    KeyPattern("Google API key", "AQ.", re.compile(_ALONE.format(r"AQ\.[A-Za-z0-9_-]{20,}"))),
    KeyPattern("Google access token", "ya29.", re.compile(_ALONE.format(r"ya29\.[A-Za-z0-9_.-]{20,}"))),
    KeyPattern("bearer token", "earer", re.compile(rf"(?<=\b[Bb]earer ){_TOKEN}")),
    KeyPattern(
        "private key",
        "PRIVATE KEY-----",
        re.compile(
            r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(?:[A-Za-z0-9+/=\s]|\\+[nr]){40,}"
            r"(?:-----END (?:[A-Z]+ )*PRIVATE KEY-----)?"
        ),
    ),
)


class Secrets:
    """The secret values that are known in this run; it only ever grows."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        """Start with `values`, whatever they look like; only empty ones are left out."""
        # A replay's own key is replaced as the real one was, so that an app which sends it on still matches.
        self._values = {PLACEHOLDER_KEY, *filter(None, values)}
        self._seen: set[str] = set()
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
        """Take in the credentials that `request` carries; does next to nothing if it carries no new ones."""
        sent = [value for name, values in request.headers.items() if _is_auth(name) for value in values]
        if "?" in request.uri:
            sent.append(request.uri)
        new = [text for text in sent if text not in self._seen]
        if not new:
            return
        self._seen.update(new)
        self.add(value for text in new for value in _credentials_in(text))

    def add(self, values: Iterable[str]) -> None:
        """Take in more values; those too short to be told from ordinary text are left out."""
        self.add_exactly(value for value in values if _usable(value))

    def add_exactly(self, values: Iterable[str]) -> None:
        """Take in more values, whatever they look like."""
        known = len(self._values)
        self._values.update(values)
        if len(self._values) > known:
            self._compile()

    def may_be_in(self, body: bytes) -> bool:
        """Whether a known value may be in `body`; says no for certain, and quickly."""
        return any(needle in body for needle in self._needles_raw) or encodings.has_needless_escape(body)

    def redact(self, text: str) -> str:
        """`text` without any known value, however written."""
        while (redacted := self._pattern.sub(encodings.replacement, text)) != text:
            # What is left may, with the placeholder beside it, read as another known value.
            text = redacted
        return text

    def redact_bytes(self, body: bytes) -> bytes:
        """`body` without any known value; all other bytes, text or not, stay."""
        if not self.may_be_in(body):
            return body
        return self.redact(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def find(self, text: str) -> Iterator[int]:
        """Where in `text` a known value begins, however written."""
        return (match.start() for match in self._real.finditer(text)) if self._real else iter(())

    def __repr__(self) -> str:
        return f"<Secrets: {len(self._values) - 1} known values>"

    def _compile(self) -> None:
        values = sorted(self._values)
        written = {needle for value in values for needle in encodings.needles(value)}
        self._needles_raw = [needle.encode("utf-8", "surrogatepass") for needle in sorted(written)]
        self._pattern = encodings.pattern(values)
        real = [value for value in values if value != PLACEHOLDER_KEY]
        self._real = encodings.pattern(real) if real else None


def looks_secret(value: str) -> bool:
    """Whether `value` is long and mixed enough to be a secret, and does not say that it is none."""
    kinds = (str.islower, str.isupper, str.isdigit)
    mixed = sum(any(map(kind, value)) for kind in kinds) + any(not char.isalnum() for char in value)
    return _usable(value) and (mixed > 1 or len(value) >= 20)  # noqa: PLR2004 - no word is that long


def redact_keys(text: str) -> str:
    """`text` without anything that has the pattern of a key."""
    for key in KEY_PATTERNS:
        if key.gate in text:
            text = key.pattern.sub(REDACTED, text)
    return text


def _usable(value: str) -> bool:
    return len(value) >= MIN_LENGTH and not _STAND_IN.fullmatch(value)


def _is_auth(name: str) -> bool:
    return AUTH_HEADER.fullmatch(name) is not None


def _credentials_in(text: str) -> Iterator[str]:
    """The credentials in a header's value or a URI: those that carry meaning alone, not what frames them."""
    if "://" in text:
        parts = urlsplit(text)
        yield from (value for name, value in parse_qsl(parts.query) if is_secret_parameter(name, value))
        return
    scheme, _, rest = text.strip().partition(" ")
    if not rest:
        yield scheme
    elif "=" in rest and ";" in text:
        yield from _cookies(text)
    else:
        yield rest.strip()
        if scheme.lower() == "basic":
            yield from _basic(rest)
    if "=" in scheme:
        yield from _cookies(text)


def _cookies(text: str) -> Iterator[str]:
    try:
        morsels = SimpleCookie(text).values()
    except CookieError:
        return
    yield from (morsel.value for morsel in morsels if looks_secret(morsel.value))


def _basic(encoded: str) -> Iterator[str]:
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return
    yield from (user, password) if not password else (password,)
