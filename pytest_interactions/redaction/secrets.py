"""The secret values that are known in this run."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from pytest_interactions.api.base64_text import decoded
from pytest_interactions.redaction.encodings import REDACTED
from pytest_interactions.redaction.matcher import PLACEHOLDER_KEY, Matcher
from pytest_interactions.redaction.urls import is_token, secrets_in_uri

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_interactions.api.exchange import Request

__all__ = ["AUTH_HEADER", "MIN_LENGTH", "PLACEHOLDER_KEY", "Secrets", "is_stand_in", "looks_secret"]

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
_SECRET_VARIABLES = ("_API_KEY", "_TOKEN", "_SECRET")
_STAND_IN = re.compile(
    rf".*{REDACTED}.*|your[-_ ].*|(?:.*[-_ ])?(?:place[-_ ]?holder|change[-_ ]?me)(?:[-_ ].*)?|[<\[{{$].*|(.)\1*",
    re.IGNORECASE | re.DOTALL,
)


class Secrets:
    """The secret values known so far, and patterns of others; it only ever grows.

    Args:
        values: Values to look for, whatever they look like.
        patterns: What else to look for; not in base64 or in any other encoding.
        base: What is known elsewhere is known here too, also when it grows; not the other way round.
    """

    def __init__(
        self,
        values: Iterable[str] = (),
        patterns: Iterable[re.Pattern[str]] = (),
        *,
        base: Secrets | None = None,
    ) -> None:
        self._values = {value for value in values if value}
        self._patterns = tuple(patterns)
        self._base = base
        self._base_matcher: Matcher | None = None
        self._matcher: Matcher | None = None
        self._seen: set[tuple[str, str]] = set()
        self._seen_in_environ: set[str] = set()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Secrets:
        """The values of `*_API_KEY`, `*_TOKEN` and `*_SECRET` that look like a secret."""
        secrets = cls()
        secrets.learn_environ(environ)
        return secrets

    def learn_environ(self, environ: Mapping[str, str]) -> None:
        """Take in what `from_environ` would: tests may have set more since. Takes microseconds if they have not."""
        # Only the values that matter are looked up: `os.environ` decodes each that it hands out.
        set_now = {environ.get(name, "") for name in environ if name.upper().endswith(_SECRET_VARIABLES)}
        new = set_now - self._seen_in_environ
        if new:
            self._seen_in_environ |= new
            self._add(filter(looks_secret, new))

    def learn(self, request: Request) -> None:
        """Take in the credentials that a request carries; does next to nothing if it carries no new ones.

        Call it for requests that are replayed too: what an app sends must be redacted the same way in both.
        """
        sent = [(name, value) for name, values in request.headers.items() for value in values]
        if "?" in request.uri or "@" in request.uri:
            sent.append(("", request.uri))
        if self._seen.issuperset(sent):
            return
        new = [pair for pair in sent if pair not in self._seen]
        self._seen.update(new)
        self._add(secret for name, value in new for secret in _secrets_in(name, value))

    @property
    def matcher(self) -> Matcher:
        """What finds all that is known now."""
        base = self._base.matcher if self._base else None
        if self._matcher is None or base is not self._base_matcher:
            known = self._values.union(base.values) if base else self._values
            patterns = (*base.patterns, *self._patterns) if base else self._patterns
            self._base_matcher, self._matcher = base, Matcher(frozenset(known), patterns)
        return self._matcher

    def __repr__(self) -> str:
        return f"<Secrets: {len(self.matcher.values)} values, {len(self.matcher.patterns)} patterns>"

    def _add(self, values: Iterable[str]) -> None:
        new = set(values) - self._values
        if new:
            self._values |= new
            self._matcher = None


@lru_cache(maxsize=1)
def of_this_run() -> Secrets:
    """The secrets known in this process: the environment's, and the keys seen in requests."""
    return Secrets()


def looks_secret(value: str) -> bool:
    """Whether `value` is long and mixed enough to be a secret, and does not say that it is none."""
    kinds = (str.islower, str.isupper, str.isdigit)
    mixed = sum(any(map(kind, value)) for kind in kinds) + any(not char.isalnum() for char in value)
    return len(value) >= MIN_LENGTH and not is_stand_in(value) and (mixed > 1 or len(value) >= _LONG)


def is_stand_in(value: str) -> bool:
    """Whether `value` says that it only stands in for a secret: `REDACTED`, `<your key>`, `****`."""
    return value == PLACEHOLDER_KEY or _STAND_IN.fullmatch(value) is not None


def _secrets_in(name: str, value: str) -> Iterator[str]:
    """The secrets in a request header's value or, if it has no name, in a URI.

    Only what looks like one: it is looked for in all that follows, where `completed` and `your-api-key` are text. What
    does not is kept out of its own place all the same.
    """
    if not name:
        yield from filter(looks_secret, secrets_in_uri(value))
    elif _COOKIE.fullmatch(name):
        cookies = (cookie.partition("=")[2].strip() for cookie in value.split(";"))
        yield from filter(looks_secret, cookies)
    elif AUTH_HEADER.fullmatch(name):
        scheme, _, credentials = value.strip().partition(" ")
        sent = [credentials.strip() or scheme]
        if scheme.lower() == "basic":
            sent += _login(credentials)
        yield from filter(looks_secret, sent)


def _login(basic: str) -> list[str]:
    """The password, and the user's name where that is a token."""
    try:
        user, _, password = (decoded(basic, strict=False) or b"").decode().partition(":")
    except UnicodeDecodeError:
        return []
    return [user, password] if is_token(user) or (not password and looks_secret(user)) else [password]
