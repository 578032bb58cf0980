"""The secret values that are known in this run."""

from __future__ import annotations

import json
import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.base64_text import decoded
from pytest_interactions.redaction.matcher import Matcher
from pytest_interactions.redaction.names import (
    COOKIE,
    is_connection_variable,
    is_credential_header,
    is_harmless_header,
    is_secret_variable,
)
from pytest_interactions.redaction.placeholders import PLACEHOLDER_KEY, REDACTED
from pytest_interactions.redaction.randomness import is_no_word, is_password, is_random
from pytest_interactions.redaction.shapes import SHAPES
from pytest_interactions.redaction.texts import texts
from pytest_interactions.redaction.urls import is_token, secrets_in_uri

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from pytest_interactions.api.exchange import Request
    from pytest_interactions.redaction.rules import Rule
    from pytest_interactions.redaction.shapes import Shape

__all__ = ["MIN_LENGTH", "Secrets", "is_stand_in", "looks_secret"]

#: Shorter values than this turn up in ordinary text, so they are not looked for.
MIN_LENGTH: Final = 8
# From this length on, even a text of small letters only is no word.
_LONG: Final = 20

# The names of models, and paths.
_EVERYDAY: Final = re.compile(
    r"(?:\w+/)*(?:gemini|gemma|imagen|veo|lyria|gpt|claude|llama|mistral|qwen|deep-research|text-embedding)[-\d]|[./~]"
)
# A date has eight digits at most.
_LONG_NUMBER: Final = re.compile(r"\d{9}")
_REPEATED: Final = re.compile(r"(.)\1*", re.DOTALL)
_STAND_IN: Final = re.compile(
    r"your[-_ ].*|(?:.*[-_ ])?(?:place[-_ ]?holder|change[-_ ]?me)(?:[-_ ].*)?|[<\[{$].*", re.IGNORECASE | re.DOTALL
)
# Several keys in one variable; and the brackets and quotes that files of variables leave around one.
_BETWEEN: Final = re.compile(r"[\s,;|]+")
_AROUND: Final = "\"'`<>[](){}"


class Secrets:
    """The secret values known so far, and patterns of others; it only grows.

    Args:
        values: Values to look for, whatever they look like.
        patterns: Patterns to look for; not in base64 or in any other encoding.
        base: Other secrets to look for too, even those it learns later; it learns nothing from here.
        shapes: The shapes of keys to look for besides.
        rules: Rules of others by which keys are found, and not replaced.
    """

    def __init__(
        self,
        values: Iterable[str] = (),
        patterns: Iterable[re.Pattern[str]] = (),
        *,
        base: Secrets | None = None,
        shapes: Sequence[Shape] = SHAPES,
        rules: Collection[Rule] = (),
    ) -> None:
        self._values = dict.fromkeys(value for value in values if value)  # in the order in which they were learnt
        self._patterns = tuple(patterns)
        self._base = base
        self._shapes, self._rules = shapes, rules
        self._base_matcher: Matcher | None = None
        self._matcher: Matcher | None = None
        self._seen: set[tuple[str, str]] = set()
        self._environ: dict[Any, Any] = {}
        self._seen_in_environ: set[tuple[str, str]] = set()
        self._variables: dict[str, str] = {}
        self._handed_out: dict[str, str] = {}
        #: The names of environment variables whose values were found in traffic, and replaced.
        self.found_variables: set[str] = set()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Secrets:
        """Return the secrets among the values of variables that are named for one: keys, tokens, passwords, URLs."""
        secrets = cls()
        secrets.learn_environ(environ)
        return secrets

    def learn_environ(self, environ: Mapping[str, str]) -> None:
        """Add the values that `from_environ` takes, as a test may set more. Takes microseconds if there are none.

        Everyday values (a model's name, an address, `test-token`) are not looked for: that would change ordinary text.
        """
        # `os.environ` decodes each name and value on its way out, so only those that are new are asked for. pytest sets
        # a variable for each phase of a test.
        undecoded: Mapping[Any, Any] = getattr(environ, "_data", environ)
        known, self._environ = self._environ, dict(undecoded)
        changed = [os.fsdecode(name) for name, value in undecoded.items() if known.get(name) != value]
        named = {name for name in changed if is_secret_variable(name) or is_connection_variable(name)}
        values = {(name, environ.get(name, "")) for name in named}
        new = values - self._seen_in_environ
        self._seen_in_environ |= new
        for name, value in sorted(new):
            found = list(_secrets_in_variable(name, value))
            self._variables.update(dict.fromkeys(found, name))
            self._add(found)

    def learn(self, request: Request) -> None:
        """Add the credentials that a request carries. Takes next to no time if there are no new ones.

        Call it for requests that are replayed too: an app's requests must be redacted the same way in both.
        """
        seen, new = self._seen, []
        if ("?" in request.uri or "@" in request.uri) and ("", request.uri) not in seen:
            new.append(("", request.uri))
        for name, values in request.headers.items():
            for value in values:
                if (name, value) not in seen:
                    new.append((name, value))  # noqa: PERF401 - most of the time there are none
        for name, value in sorted(new):
            seen.add((name, value))
            self._add(_secrets_in(name, value))

    def learn_handed_out(self, placeholders: Mapping[str, str]) -> None:
        """Add secrets that a response hands out, each with its placeholder, which stands for it in all later traffic.

        A replay hands out the placeholder, so that what an app makes of it is the same as in the recording.
        """
        new = {value: text for value, text in placeholders.items() if value not in self._variables}
        if not new.keys() <= self._handed_out.keys():
            self._handed_out.update(new)
            self._values.update(dict.fromkeys(new))
            self._matcher = None

    @property
    def matcher(self) -> Matcher:
        """Return the matcher that finds all secrets known now."""
        base = self._base.matcher if self._base else None
        if self._matcher is None or base is not self._base_matcher:
            known = dict.fromkeys([*self._values, *(base.values if base else ())])
            patterns = (*base.patterns, *self._patterns) if base else self._patterns
            handed_out = {**(base.handed_out if base else {}), **self._handed_out}
            self._base_matcher = base
            self._matcher = Matcher(
                list(known), patterns, self._shapes, self._rules, handed_out=handed_out, found=self._note_found
            )
        return self._matcher

    def __repr__(self) -> str:
        return f"<Secrets: {len(self.matcher.values)} values, {len(self.matcher.patterns)} patterns>"

    def _note_found(self, value: str) -> None:
        if self._base:
            self._base._note_found(value)  # noqa: SLF001 - the same class
        if value in self._variables:
            self.found_variables.add(self._variables[value])

    def _add(self, values: Iterable[str]) -> None:
        new = [value for value in values if value not in self._values]
        if new:
            self._values.update(dict.fromkeys(new))
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
    if value == PLACEHOLDER_KEY or REDACTED in value.upper() or _REPEATED.fullmatch(value):
        return True
    return _STAND_IN.fullmatch(value) is not None and not _is_drawn(value)


def _is_drawn(value: str) -> bool:
    """Return whether a machine has drawn `value`, or a person one that is as good."""
    is_drawn = is_random(value) or is_password(value) or is_no_word(value) or _LONG_NUMBER.search(value) is not None
    return len(value) >= MIN_LENGTH and is_drawn


def _secrets_in_variable(name: str, value: str) -> Iterator[str]:
    """Yield the secrets in an environment variable's value, as people set it.

    It may have quotes, a scheme such as `Bearer` or line breaks around it, or hold several, JSON, or a URL.
    """
    text = value.strip()
    if "://" in text:
        yield from filter(_is_hunted, secrets_in_uri(text.strip(_AROUND)))
    if not is_secret_variable(name):
        return
    if text.startswith(("{", "[")) and (inner := _json_texts(text)):
        # Beside a key, a file of credentials has addresses and names, which are long too.
        parts = [part for each in inner for part in _parts(each)]
        yield from (part for part in parts if _is_drawn(part) and not is_stand_in(part))
        return
    hunted = list(filter(_is_hunted, _parts(text)))
    yield from hunted
    if not hunted and is_password(text) and not is_stand_in(text):
        yield text


def _parts(text: str) -> list[str]:
    parts = (part.strip(_AROUND) for part in _BETWEEN.split(text))
    return [part for part in parts if "://" not in part]


def _is_hunted(value: str) -> bool:
    """Return whether a value is looked for wherever it turns up: words are only if they are long."""
    is_long = len(value) >= _LONG and not _EVERYDAY.match(value)
    return (_is_drawn(value) or is_long) and not is_stand_in(value)


def _json_texts(text: str) -> list[str]:
    try:
        return [text for _, text in texts(json.loads(text))]
    except (ValueError, RecursionError):
        return []


def _secrets_in(name: str, value: str) -> Iterator[str]:
    """Yield the secrets in a request header's value or, if it has no name, in a URI.

    Only values that look like secrets count, as all later traffic is searched for them and `completed` or
    `your-api-key` are text there. Other values are still redacted in their own places.
    """
    if not name:
        yield from filter(looks_secret, secrets_in_uri(value))
    elif COOKIE.fullmatch(name):
        cookies = (cookie.partition("=")[2].strip() for cookie in value.split(";"))
        yield from filter(looks_secret, cookies)
    elif is_credential_header(name):
        scheme, _, credentials = value.strip().partition(" ")
        sent = [credentials.strip() or scheme]
        if scheme.lower() == "basic":
            sent += _login(credentials)
        yield from filter(looks_secret, sent)
    elif not is_harmless_header(name):
        yield from filter(_is_hunted, _BETWEEN.split(value.strip()))


def _login(basic: str) -> list[str]:
    """Return the password, and the user's name if that is a token."""
    try:
        user, _, password = (decoded(basic, strict=False) or b"").decode().partition(":")
    except UnicodeDecodeError:
        return []
    return [user, password] if is_token(user) or (not password and looks_secret(user)) else [password]
