"""URLs that work for whoever holds them: their secret parts, and the replacements of these."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, unquote_plus

from pytest_interactions.api.digests import IN_TICKET, hex_digest
from pytest_interactions.redaction.placeholders import REDACTED
from pytest_interactions.redaction.randomness import is_no_word, is_random

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The beginning of a ticket's redacted value. A ticket is a parameter that is good for one thing, such as one upload.
TICKET = "redacted-"

# Parameters whose value is good for one thing only. Redacted values must stay different from each other.
_TICKETS = (
    r"upload_?id|uploadtoken|x-goog-signature|x-amz-signature|oauth_signature|signature|sig|sas|code|code_verifier|otp"
    r"|samlresponse|magic|policy"
)
# Parameters whose value opens all of an account.
_KEYS = (
    r"key|token|pass|passwd|password|pwd|secret|auth|authorization|credentials?|jwt|client_secret"
    r"|(?:client_)?assertion|x-(?:goog|amz)-(?:security-token|credential)|session|sid|sessionid|hapikey|app_?id|tk"
    r"|(?:access|auth|bearer|id|login|oauth|private|refresh|session|subject)[_-]?token|id_token_hint"
    r"|(?:access|app|auth|consumer|private|secret|subscription|user)[_-]?key|(?:x-)?(?:[a-z]+[_-]?)?api[_-]?key"
)
# Names that mean harmless things too, in the URLs of others; what they hold is secret only if it looks random.
_AMBIGUOUS = re.compile(
    r"key|token|sig|signature|sas|code|otp|magic|policy|pass|secret|auth|authorization|credentials?|session|sid"
    r"|sessionid|app_?id|tk|(?:app|user)[_-]?key|x-(?:goog|amz)-credential|code_verifier|samlresponse|oauth_signature",
    re.IGNORECASE,
)

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
# The API's stand-in may be served there, below the API's paths; and so may anything else.
_LOOPBACK = re.compile(r"localhost|127\.[\d.]+|\[::1\]", re.IGNORECASE)
_API_PATH = re.compile(r"[^:]+:[\\/]+[^/?#\\]*\\*/(?:(?:upload|download)\\*/)?v\d")
# A parameter of any URL, also of one that is relative. Its signs may be escaped: in JSON within JSON, in HTML, and in
# the URL that is another one's parameter. It begins with a class in one case only, as that is searched for fast.
_PARAMETER_PATTERN = (
    r"[?&;#uU%](?i:(?:(?<=[?&;#])|(?<=u)00(?:26|3f)|(?<=%)(?:25)*(?:3f|26|23))"
    rf"(?P<name>{_TICKETS}|{_KEYS})(?:=|\\+u003d|%(?:25)*3d)"
    r"(?P<value>(?:(?!%(?:25)*(?:26|23))[^&#\s\"'<>\\;])+))"
)
_PARAMETER = re.compile(_PARAMETER_PATTERN)
_PARAMETER_IN_BYTES = re.compile(_PARAMETER_PATTERN.encode())
# One of these stands in each, between its name and its value.
_EQUALS_IN_BYTES = (b"=", b"u003", b"U003", b"%")
_LOGIN_IN_BYTES = re.compile(rb":(?://|(?:\\+/){2})[^\s/\"'<>@]*@")
_SIGNS = ("=", "u003", "%3")
_IS_TICKET = re.compile(_TICKETS, re.IGNORECASE)
_IS_KEY = re.compile(_KEYS, re.IGNORECASE)
_IS_SECRET = re.compile(f"{_TICKETS}|{_KEYS}", re.IGNORECASE)


def may_be_in(body: bytes) -> bool:
    """Return quickly whether `secrets_in_urls` may find anything in a body; `False` is certain."""
    if b"@" in body and _LOGIN_IN_BYTES.search(body) is not None:
        return True
    return any(sign in body for sign in _EQUALS_IN_BYTES) and _PARAMETER_IN_BYTES.search(body) is not None


def secrets_in_urls(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the start, the end and the replacement of each secret part of a URL in `text`, in order."""
    urls = list(_urls(text)) if "://" in text or ":\\" in text else []
    spans = [span for start, end in urls if "@" in text for span in _login(text, start, end)]
    if any(sign in text for sign in _SIGNS):
        spans += _secret_parameters(text, urls)
    yield from sorted(spans)


def _login(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    login = _LOGIN.match(text, start, end)
    if login and is_token(login["user"]):
        yield *login.span("user"), REDACTED
    if login and login["password"] not in {None, "", REDACTED}:
        yield *login.span("password"), REDACTED


def _urls(text: str) -> Iterator[tuple[int, int]]:
    place = 0
    while slashes := _SLASHES.search(text, place):
        before = max(place, slashes.start() - _LONGEST_SCHEME)
        scheme = _SCHEME.search(text, before, slashes.start())
        # The rest of what is no URL is not gone through: in "://a://a" that is a rest for each.
        rest = scheme and _REST.match(text, slashes.end())
        if scheme and rest:
            yield scheme.start(), rest.end()
        place = rest.end() if rest else slashes.end()


def secrets_in_form(body: str) -> Iterator[tuple[int, int, str]]:
    """Yield the start, the end and the replacement of each secret field of a form, written as a URL's query is."""
    separated = f"&{body}"
    return ((start - 1, end - 1, new) for start, end, new in _secret_parameters(separated, [], in_form=True))


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
    for name, value in parse_qsl(uri.partition("#")[0].partition("?")[2]):
        if _IS_SECRET.fullmatch(name) and _is_secret(name, value, googles=googles):
            yield value


def _secret_parameters(
    text: str, urls: list[tuple[int, int]], *, in_form: bool = False
) -> Iterator[tuple[int, int, str]]:
    place = 0
    for parameter in _PARAMETER.finditer(text):
        while place < len(urls) and urls[place][1] < parameter.end():
            place += 1
        around = text[slice(*urls[place])] if place < len(urls) and urls[place][0] < parameter.start() else ""
        name, value = parameter["name"], parameter["value"]
        if _is_secret(name, value, googles=in_form or is_googles(around)):
            yield *parameter.span("value"), _ticket(value) if _IS_TICKET.fullmatch(name) else REDACTED


def is_googles(url: str) -> bool:
    """Return whether a URL is one of Google's, or of what may stand for its API on this machine."""
    return _is_at(url, _GOOGLE) or (_is_at(url, _LOOPBACK) and _API_PATH.match(url) is not None)


def _ticket(value: str) -> str:
    # A client may escape other characters of a URL than the server that it got the URL from.
    return TICKET + hex_digest(unquote_plus(value), IN_TICKET)


def _is_at(url: str, *hosts: re.Pattern[str]) -> bool:
    match = _HOST.match(url)
    return match is not None and any(host.fullmatch(match["host"]) for host in hosts)


def _is_secret(name: str, value: str, *, googles: bool) -> bool:
    if value == REDACTED or value.startswith(TICKET):
        return False
    return googles or not _AMBIGUOUS.fullmatch(name) or _is_drawn(unquote(value))


def _is_drawn(value: str) -> bool:
    return _LOOKS_RANDOM.fullmatch(value) is not None or is_random(value) or is_no_word(value)
