"""URLs that work for whoever holds them: their secret parts, and the replacements of these."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

from pytest_interactions.api.digests import IN_TICKET, hex_digest
from pytest_interactions.redaction.encodings import REDACTED

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The beginning of a ticket's redacted value. A ticket is a parameter that is good for one thing, such as one upload.
TICKET = "redacted-"

# Parameters whose value is good for one thing only. Redacted values must stay different from each other.
_TICKETS = r"upload_id|x-goog-signature|x-amz-signature|signature|sig"
# Parameters whose value opens all of an account.
_KEYS = (
    r"key|token|password|client_secret|(?:client_)?assertion|x-(?:goog|amz)-security-token"
    r"|(?:access|auth|bearer|id|refresh|session|subject)[_-]?token|(?:[a-z]+[_-]?)?api[_-]?key"
)
# Names that mean harmless things too, in the URLs of others.
_AMBIGUOUS = re.compile(r"key|token|sig|signature", re.IGNORECASE)
_LOOKS_RANDOM = re.compile(r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z]).{16,}", re.DOTALL)

# The parts of a URL in a text, its slashes escaped or not. A scheme is looked for backwards from the slashes: from its
# own beginning, a long word would be gone through once for each of its letters.
_SLASHES = re.compile(r":(?://|(?:\\+/){2})")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*\Z", re.IGNORECASE)
_LONGEST_SCHEME = 40
_REST = re.compile(r"[^\s\"'<>]+")
_LOGIN = re.compile(r"[^:]+:[\\/]+(?P<user>[^/?#@:\\]*)(?::(?P<password>[^/?#@\\]*))?@")
# A longer user's name is a token.
_LONG_USER = 20
_HOST = re.compile(r"[^:]+:[\\/]+(?:[^/?#\\]*@)?(?P<host>\[[^]]*\]|[^/?#:\\]*)")
_GOOGLE = re.compile(r"(?:.*\.)?google(?:apis|usercontent)?\.com", re.IGNORECASE)
# The API's stand-in may be served there, and so may anything else.
_LOOPBACK = re.compile(r"localhost|127\.[\d.]+|\[::1\]", re.IGNORECASE)
_PARAMETER = re.compile(
    # A separator may be escaped, as it is in JSON within JSON and in HTML.
    rf"(?:(?<![^?&;#])|(?<=u0026)|(?<=u003[fF]))(?P<name>{_TICKETS}|{_KEYS})(?:=|\\+u003[dD])"
    r"(?P<value>[^&#\s\"'<>\\;]+)",
    re.IGNORECASE,
)
_IS_TICKET = re.compile(_TICKETS, re.IGNORECASE)
_IS_KEY = re.compile(_KEYS, re.IGNORECASE)
_IS_SECRET = re.compile(f"{_TICKETS}|{_KEYS}", re.IGNORECASE)


def secrets_in_urls(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the start, the end and the replacement of each secret part of a URL in `text`."""
    for start, end in _urls(text):
        login = _LOGIN.match(text, start, end)
        if login and is_token(login["user"]):
            yield *login.span("user"), REDACTED
        if login and login["password"] not in {None, "", REDACTED}:
            yield *login.span("password"), REDACTED
        yield from _secret_parameters(text, start, end, googles=_is_at(text[start:end], _GOOGLE, _LOOPBACK))


def _urls(text: str) -> Iterator[tuple[int, int]]:
    place = 0
    while slashes := _SLASHES.search(text, place):
        before = max(place, slashes.start() - _LONGEST_SCHEME)
        scheme = _SCHEME.search(text, before, slashes.start())
        rest = _REST.match(text, slashes.end())
        if scheme and rest:
            yield scheme.start(), rest.end()
        place = rest.end() if scheme and rest else slashes.end()


def secrets_in_form(body: str) -> Iterator[tuple[int, int, str]]:
    """Yield the start, the end and the replacement of each secret field of a form, written as a URL's query is."""
    return _secret_parameters(body, 0, len(body), googles=True)


def is_token(user: str) -> bool:
    """Return whether a user's name is a token: some services take one there, with any password or none."""
    return len(user) >= _LONG_USER or _LOOKS_RANDOM.fullmatch(user) is not None


def is_key(name: str) -> bool:
    """Return whether a parameter of this name opens all of an account."""
    return _IS_KEY.fullmatch(name) is not None


def secrets_in_uri(uri: str) -> Iterator[str]:
    """Yield the decoded secret parts of a URI, but not redacted ones, which replay hands out."""
    if login := _LOGIN.match(uri):
        user, password = unquote(login["user"]), unquote(login["password"] or "")
        yield from (part for part in (user if is_token(user) else "", password) if part not in {"", REDACTED})
    googles = _is_at(uri, _GOOGLE)
    for name, value in parse_qsl(urlsplit(uri).query):
        if _IS_SECRET.fullmatch(name) and _is_secret(name, value, googles=googles):
            yield value


def _secret_parameters(text: str, start: int, end: int, *, googles: bool) -> Iterator[tuple[int, int, str]]:
    for parameter in _PARAMETER.finditer(text, start, end):
        name, value = parameter["name"], parameter["value"]
        if _is_secret(name, value, googles=googles):
            yield *parameter.span("value"), _ticket(value) if _IS_TICKET.fullmatch(name) else REDACTED


def _ticket(value: str) -> str:
    # A client may escape other characters of a URL than the server that it got the URL from.
    return TICKET + hex_digest(unquote_plus(value), IN_TICKET)


def _is_at(url: str, *hosts: re.Pattern[str]) -> bool:
    match = _HOST.match(url)
    return match is not None and any(host.fullmatch(match["host"]) for host in hosts)


def _is_secret(name: str, value: str, *, googles: bool) -> bool:
    if value == REDACTED or value.startswith(TICKET):
        return False
    return googles or not _AMBIGUOUS.fullmatch(name) or _LOOKS_RANDOM.fullmatch(value) is not None
