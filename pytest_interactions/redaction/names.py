"""The names by which a secret is known: those of environment variables and of headers."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

# A number may follow, of several of a kind.
_VARIABLE: Final = re.compile(
    r"(?:.*_)?(?:\w*API_?KEYS?|(?:\w*_)?KEYS?(?:_ID)?|TOKENS?|SECRETS?|PASSWORDS?|PASSWD|PASSPHRASE|PASS|PWD|PATS?"
    r"|CREDENTIALS?|AUTH|BEARER|JWT|COOKIES?)(?:_?\d+)?",
    re.IGNORECASE,
)
# What a shell calls the directory that it is in; elsewhere these letters are short for a password.
_DIRECTORIES: Final = frozenset({"PWD", "OLDPWD"})
_CONNECTION: Final = re.compile(
    r"(?:.*_)?(?:URLS?|URIS?|DSN|CONN(?:ECTION)?(?:_STRING)?|PROXY)(?:_?\d+)?", re.IGNORECASE
)

_AUTH_HEADER: Final = re.compile(
    r"(?:.*-)?(?:authorization|authentication|(?:set-)?cookie2?|(?:api|access|auth|app|application|server|license|"
    r"subscription|functions|rapidapi|client|private|secret)?[-_]?key|token|secret|password|passwd|credentials?|jwt)",
    re.IGNORECASE,
)
COOKIE: Final = re.compile(r"(?:set-)?cookie2?", re.IGNORECASE)
# What clients and gateways send with any request. All else that looks random is a secret, whatever its name is.
_HARMLESS: Final = re.compile(
    r".*-(?:request|trace|span|correlation)-id|.*-(?:date|version)|amz-sdk-.*|x-amz-(?:content-sha256|target|user-agent)"
    r"|accept(?:-.*)?|age|allow|api-revision|alt-used|anthropic-beta|b3|baggage|cache-control|connection"
    r"|content-.*|correlation-id|date|dnt|early-data|etag|expect|forwarded|from|host|http2-settings|idempotency-key"
    r"|if-.*|keep-alive|last-modified|max-forwards|openai-(?:beta|organization|project)|origin"
    r"|pragma|prefer|priority|proxy-connection|range|referer|request-id|save-data|sec-(?:ch-|fetch-|gpc).*"
    r"|sec-websocket-(?:accept|extensions|key)|sentry-trace|te|trace(?:parent|state)|trailer|transfer-encoding"
    r"|upgrade(?:-.*)?|user-agent|via|warning|x-b3-.*"
    r"|x-cloud-trace-context|x-datadog-.*|x-forwarded-.*|x-goog-(?:api-client|fieldmask|"
    r"request-params|user-project|upload-.*)|x-requested-with|x-server-timeout|x-stainless-.*"
    r"|x-vertex-.*|x-http-method-override",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def is_secret_variable(name: str) -> bool:
    """Return whether an environment variable of this name holds a secret: `API_KEY`, `DB_PASSWORD`, `GH_TOKEN_2`."""
    return _VARIABLE.fullmatch(name) is not None and name not in _DIRECTORIES


@lru_cache(maxsize=4096)
def is_connection_variable(name: str) -> bool:
    """Return whether an environment variable of this name holds a URL, which may have a password in it."""
    return _CONNECTION.fullmatch(name) is not None


@lru_cache(maxsize=1024)
def is_credential_header(name: str) -> bool:
    """Return whether a header of this name carries a credential: `authorization`, `x-goog-api-key`, `cookie`."""
    return _AUTH_HEADER.fullmatch(name) is not None and not is_harmless_header(name)


@lru_cache(maxsize=1024)
def is_harmless_header(name: str) -> bool:
    """Return whether a request's header of this name says nothing that is secret."""
    return _HARMLESS.fullmatch(name) is not None
