"""The headers that enter a cassette, and what stands in them for what logs in."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pytest_interactions.api.digests import IN_HEADER, hex_digest
from pytest_interactions.redaction.placeholders import HANDED_OUT, REDACTED
from pytest_interactions.redaction.secrets import MIN_LENGTH, looks_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_interactions.api.exchange import Headers

# A resumable upload's of Google's, both ways.
_UPLOAD: Final = "x-goog-upload-"
# What the answer depends on.
_REQUEST: Final = {"accept", "api-revision", "content-type", "range"}
_RESPONSE: Final = re.compile(
    # what the body is, and which part of it
    r"accept-(?:patch|post|ranges)|allow|content-(?:disposition|encoding|language|length|location|range|type)|range"
    # where to go on, and when
    r"|link|location|operation-location|refresh|openai-poll-after-ms|retry-after(?:-ms)?|x-should-retry"
    r"|(?:.+-)?rate-?limit(?:-.+)?"
    # pages
    r"|(?:x-)?(?:\w+-)?(?:(?:current|first|last|next|per|prev|previous|total)(?:-?(?:count|cursor|items|pages?))?"
    r"|count|continuation|cursor|limit|offset|pages?(?:-\w+)?|pagination(?:-\w+)*)"
    # uploads, and what was stored
    rf"|{_UPLOAD}.+|tus-.+|upload-.+|x-goog-(?:generation|hash|metageneration|stored-.+)|x-amz-(?:checksum-.+|version-id)"
    # what may be kept, and for how long
    r"|etag|expires|last-modified"
    # what both sides of a WebSocket are to speak
    r"|sec-websocket-protocol"
    # which request it was, and what became of it
    r"|(?:x-)?request-id|grpc-(?:message|status)|mcp-protocol-version|x-amzn-errortype|x-ms-error-code"
    r"|deprecation|idempotent-replayed|preference-applied|sunset|warning"
)
# These count only where a cache may keep the response; the API sends some of them with any other.
_OF_CACHES: Final = {"age", "cache-control", "date", "vary"}
_KEPT_BY_CACHES: Final = {"etag", "expires", "last-modified"}

# What a response says to browsers, or of the servers that it came through: nobody misses it.
_UNMISSED: Final = re.compile(
    r"accept-ch|access-control-.+|age|alt-svc|cache-control|cf-.+|connection|content-security-policy.*|cross-origin-.+"
    r"|date|expect-ct|keep-alive|nel|openai-(?:organization|processing-ms|project|version)|origin-agent-cluster|p3p"
    r"|permissions-policy|pragma|referrer-policy|report-to|reporting-endpoints|server(?:-timing)?|speculation-rules"
    r"|sec-websocket-(?:accept|extensions|version)|strict-transport-security|timing-allow-origin|trace(?:parent|state)|trailer|transfer-encoding|upgrade|vary|via"
    r"|x-(?:accel-.+|amz-cf-.+|amz-id-2|amzn-trace-id|aspnet.*|cache.*|cloud-trace-context|content-type-options"
    r"|dns-prefetch-control|download-options|envoy-.+|frame-options|generator|guploader-.+|permitted-.+|powered-by"
    r"|interactions-lint|process-time|response-time|robots-tag|runtime|served-by|timer|ua-compatible|xss-protection)"
)

# What a response hands out for the next request to show.
_LOGIN: Final = re.compile(r"(?:.+-)?(?:authorization|jwt|session(?:-?id)?|token)")
_SCHEME: Final = re.compile(r"(?:(?:basic|bearer|digest|dpop|token)\s+)?", re.IGNORECASE)
_SET_COOKIE: Final = re.compile(r"set-cookie2?")
_COOKIE: Final = re.compile(r"(?:[^=;]*=)?\s*\"?([^;]*?)\"?\s*(?:;|$)")
_ATTRIBUTE: Final = re.compile(
    r"\s*(?:(?:domain|max-age|path|priority|samesite)=[^,;]*|expires=(?:\w+,)?[^,;]*|httponly|partitioned|secure)?\s*",
    re.IGNORECASE,
)
# The cookie would be gone when it is played. One of before 2000 is to be.
_EXPIRES: Final = re.compile(r";\s*expires=[^;]*\b2\d{3}\b[^;]*", re.IGNORECASE)

# What a request must answer, in a header that is not recorded.
_CHALLENGE: Final = re.compile(r"(?:proxy|www)-authenticate|(?:.+-)?nonce")
_DRAWN: Final = re.compile(
    r"\b(?:nonce|opaque)\s*=\s*(?:\"([^\"]+)\"|([^\s,\"]+))|^\s*[a-z]+\s+([\w+/.~-]{16,}=*)\s*$", re.IGNORECASE
)

_IS_PLACEHOLDER: Final = re.compile(rf"{REDACTED}|{HANDED_OUT}[0-9a-f]{{{IN_HEADER}}}")


def is_of_request(name: str) -> bool:
    """Return whether a request's header is recorded."""
    return name in _REQUEST or name.startswith(_UPLOAD)


def of_response(headers: Headers) -> set[str]:
    """Return the names of those headers of a response that are recorded: a client may act on them."""
    is_cached = is_for_caches(headers)
    return {name for name in headers if _is_acted_on(name) or (is_cached and name in _OF_CACHES)}


def left_out(came: Headers, kept: Headers) -> set[str]:
    """Return the names of those headers of a response that were not kept, and that an app may miss on replay."""
    return {name for name in came.keys() - kept.keys() if not _UNMISSED.fullmatch(name)}


def is_for_caches(headers: Headers) -> bool:
    """Return whether the headers of a response say that a cache may keep it, and answer by it."""
    return not _KEPT_BY_CACHES.isdisjoint(headers) or "max-age" in "".join(headers.get("cache-control", []))


def redacted(name: str, value: str, redact: Callable[[str], str]) -> str:
    """Return the value of a response's header, with a placeholder for each value that is handed out in it.

    Args:
        name: The header's name.
        value: Its value.
        redact: Takes other secrets out of the rest.
    """
    if _SET_COOKIE.fullmatch(name):
        value = _EXPIRES.sub("", value)
    pieces, place = [], 0
    for start, end in _spans(name, value):
        pieces += [redact(value[place:start]), placeholder(value[start:end])]
        place = end
    return "".join([*pieces, redact(value[place:])])


def placeholder(value: str) -> str:
    """Return the placeholder of a value that is handed out: equal ones have the same. Placeholders stay."""
    return value if _IS_PLACEHOLDER.fullmatch(value) else HANDED_OUT + hex_digest(value, IN_HEADER)


@lru_cache(maxsize=1024)
def hands_out(name: str) -> bool:
    """Return whether a response's header of this name hands out a value for later requests to show."""
    return _LOGIN.fullmatch(name) is not None or _SET_COOKIE.fullmatch(name) is not None


def values(name: str, value: str) -> list[str]:
    """Return the values that such a header hands out."""
    return [value[start:end] for start, end in _spans(name, value)]


def handed_out(headers: Headers) -> dict[str, str]:
    """Return the secrets that a response hands out in its headers, each with its placeholder."""
    shown = ((name, value) for name in filter(hands_out, headers) for value in headers[name])
    return {each: placeholder(each) for name, value in shown for each in values(name, value) if looks_secret(each)}


@lru_cache(maxsize=1024)
def _is_acted_on(name: str) -> bool:
    return hands_out(name) or any(names.fullmatch(name) for names in (_RESPONSE, _CHALLENGE))


def _spans(name: str, value: str) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of each value that a response's header hands out, or wants an answer to."""
    if _SET_COOKIE.fullmatch(name):
        yield from _in_cookie(value)
    elif name.endswith("-authenticate"):
        yield from (drawn.span(drawn.lastindex or 0) for drawn in _DRAWN.finditer(value))
    elif value and (_LOGIN.fullmatch(name) or _CHALLENGE.fullmatch(name)):
        scheme = _SCHEME.match(value)
        yield (scheme.end() if scheme else 0), len(value)


def _in_cookie(value: str) -> Iterator[tuple[int, int]]:
    """Yield the cookie's value, unless it is short, and what is no attribute: some recorders join several cookies."""
    cookie = _COOKIE.match(value)
    place = cookie.end() if cookie else 0
    if cookie and len(cookie[1]) >= MIN_LENGTH:
        yield cookie.span(1)
    for part in re.finditer(r"[^;]+", value[place:]):
        if not _ATTRIBUTE.fullmatch(part[0]):
            yield place + part.start(), place + part.end()
