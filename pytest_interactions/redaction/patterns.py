"""The shapes of any provider's keys."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyPattern:
    """The shape of one kind of credential.

    Attributes:
        kind: Its name in a finding.
        marker: A text without which the pattern can't match; looked for first, as that is much cheaper.
        pattern: The text to replace.
    """

    kind: str
    marker: str
    pattern: re.Pattern[str]


# A match with a letter, digit or base64 character beside it is a piece of media and no key.
_ALONE = r"(?<![A-Za-z0-9+/_-]){}(?![A-Za-z0-9+/_-])"
# Letters and digits mixed: "Bearer YOUR_ACCESS_TOKEN_HERE" and "bearer authentication" are text.
_BEARER = (
    r"(?<=\b[Bb]earer )(?=[A-Za-z._~+/-]*\d)(?=[\d._~+/-]*[A-Za-z])"
    r"[A-Za-z0-9._~+/-]{20,}={0,2}(?![A-Za-z0-9_])"
)
_PRIVATE_KEY = (
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(?:[A-Za-z0-9+/=\s]|\\+[nr]){40,}"
    r"(?:-----END (?:[A-Z]+ )*PRIVATE KEY-----)?"
)
KEY_PATTERNS = (
    KeyPattern("a Google API key", "AIza", re.compile(_ALONE.format(r"AIza[A-Za-z0-9_-]{35}"))),
    KeyPattern("a Google API key", "AQ.", re.compile(_ALONE.format(r"AQ\.[A-Za-z0-9_-]{20,}"))),
    KeyPattern("a Google access token", "ya29.", re.compile(_ALONE.format(r"ya29\.[A-Za-z0-9_.-]{20,}"))),
    KeyPattern("a bearer token", "earer ", re.compile(_BEARER)),
    KeyPattern("a private key", "PRIVATE KEY-----", re.compile(_PRIVATE_KEY)),
)
