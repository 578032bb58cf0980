"""URLs that work for whoever holds them, and what they are without their secret part."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import unquote_plus

from pytest_interactions.redaction.encodings import REDACTED

#: What begins a redacted value that stays different from others: which of several uploads a URL is of.
TICKET = "redacted-"

# Parameter names whose value is good for one thing only, and must stay different from another's.
_TICKETS = r"upload_id|x-goog-signature|x-amz-signature|signature|sig"
# Parameter names whose value is the same in every URL of an account.
_KEYS = (
    r"key|access_token|x-amz-security-token|x-goog-security-token|password|client_secret"
    r"|(?:[a-z]+[_-]?)?api[_-]?key|(?:auth|id|refresh|session|bearer)[_-]?token|token"
)
_PARAMETER = re.compile(
    rf"(?P<lead>(?:[?&;]|\\u0026|\\u003[fF]|&amp;)(?P<name>{_TICKETS}|{_KEYS})=)(?P<value>[^&#\s\"'<>\\;]+)",
    re.IGNORECASE,
)
_IS_TICKET = re.compile(_TICKETS, re.IGNORECASE)
_IS_KEY = re.compile(_KEYS, re.IGNORECASE)
# Names that stand for harmless things too; their value is a secret if it is too long for those.
_AMBIGUOUS = re.compile(r"key|token|sig|signature|password", re.IGNORECASE)
_USER_INFO = re.compile(
    r"(?P<lead>[a-z][a-z0-9+.-]*://[^/?#\s\"'@:]*:)(?P<value>[^/?#\s\"'@]+)(?=@)", re.IGNORECASE
)
_MIN_LENGTH = 8


def is_secret_parameter(name: str, value: str) -> bool:
    """Whether a query parameter of this name holds a secret."""
    if _AMBIGUOUS.fullmatch(name):
        return len(value) >= _MIN_LENGTH
    return bool(value) and bool(_IS_TICKET.fullmatch(name) or _IS_KEY.fullmatch(name))


def redact_urls(text: str) -> str:
    """`text` with the secret part of every URL in it replaced; a URL is enough of a text."""
    if "://" not in text:
        return text
    if "@" in text:
        text = _USER_INFO.sub(rf"\g<lead>{REDACTED}", text)
    return _PARAMETER.sub(_replace, text) if "=" in text else text


def _replace(match: re.Match[str]) -> str:
    name, value = match["name"], match["value"]
    if not is_secret_parameter(name, value) or value == REDACTED or value.startswith(TICKET):
        return match[0]
    if not _IS_TICKET.fullmatch(name):
        return match["lead"] + REDACTED
    # The client may write the same value with other escapes than the server did.
    digest = hashlib.sha256(unquote_plus(value).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{match['lead']}{TICKET}{digest[:16]}"
