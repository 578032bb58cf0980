"""The secret values that are known in this run."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain
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
# From this length on, even a text of small letters only is no word.
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
    """The secret values known so far, and patterns of others; it only grows.

    Args:
        values: Values to look for, whatever they look like.
        patterns: Patterns to look for; not in base64 or in any other encoding.
        base: Other secrets to look for too, even those it learns later; it learns nothing from here.
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
        """Return the values of `*_API_KEY`, `*_TOKEN` and `*_SECRET` that look like a secret."""
        secrets = cls()
        secrets.learn_environ(environ)
        return secrets

    def learn_environ(self, environ: Mapping[str, str]) -> None:
        """Add the values that `from_environ` takes, as a test may set more. Takes microseconds if there are none."""
        # `os.environ` decodes each value on its way out, so only the values of these names are looked up.
        values = {environ.get(name, "") for name in environ if name.upper().endswith(_SECRET_VARIABLES)}
        new = values - self._seen_in_environ
        self._seen_in_environ |= new
        self._add(filter(looks_secret, new))

    def learn(self, request: Request) -> None:
        """Add the credentials that a request carries. Takes next to no time if there are no new ones.

        Call it for requests that are replayed too: an app's requests must be redacted the same way in both.
        """
        sent = {("", request.uri)} if "?" in request.uri or "@" in request.uri else set()
        for name, values in request.headers.items():
            sent.update((name, value) for value in values)
        new = sent - self._seen
        self._seen |= new
        self._add(chain.from_iterable(_secrets_in(name, value) for name, value in new))

    @property
    def matcher(self) -> Matcher:
        """Return the matcher that finds all secrets known now."""
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
    """Return the secrets known in this process: the environment's, and the keys seen in requests."""
    return Secrets()


def looks_secret(value: str) -> bool:
    """Return whether `value` is long and mixed enough to be a secret, and is no stand-in for one."""
    kinds = (str.islower, str.isupper, str.isdigit)
    mixed = sum(any(map(kind, value)) for kind in kinds) + any(not char.isalnum() for char in value)
    return len(value) >= MIN_LENGTH and not is_stand_in(value) and (mixed > 1 or len(value) >= _LONG)


def is_stand_in(value: str) -> bool:
    """Return whether `value` obviously stands in for a secret: `REDACTED`, `<your key>`, `****`."""
    return value == PLACEHOLDER_KEY or _STAND_IN.fullmatch(value) is not None


def _secrets_in(name: str, value: str) -> Iterator[str]:
    """Yield the secrets in a request header's value or, if it has no name, in a URI.

    Only values that look like secrets count, as all later traffic is searched for them and `completed` or
    `your-api-key` are text there. Other values are still redacted in their own places.
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
    """Return the password, and the user's name if that is a token."""
    try:
        user, _, password = (decoded(basic, strict=False) or b"").decode().partition(":")
    except UnicodeDecodeError:
        return []
    return [user, password] if is_token(user) or (not password and looks_secret(user)) else [password]
