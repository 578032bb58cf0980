"""Fields that hold a secret at any depth of a document: their names, or the objects around them, are like no other."""

from __future__ import annotations

import re
from operator import is_
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.json_text import rewritten
from pytest_interactions.api.json_values import NOT_JSON, parse
from pytest_interactions.redaction.finding import Words
from pytest_interactions.redaction.places import in_camel_case, redact_string
from pytest_interactions.redaction.randomness import is_no_word, is_random
from pytest_interactions.redaction.signatures import redact_signature

if TYPE_CHECKING:
    from collections.abc import Callable


#: What only whoever made it can read, so that equal ones must stay equal: thoughts, and how to go on with something.
OPAQUE: Final = (
    *("thought_signature", "encrypted_content", "continuation_token", "new_handle"),
    *("widget_context_token", "google_maps_widget_context_token"),
)
#: What lets anyone act for this account.
SECRET: Final = ("environment_key", "api_key_string", "signing_secret", "authorization_token")

_NAMED: Final[dict[str, Callable[[Any], Any]]] = {
    spelling: redact
    for names, redact in ((OPAQUE, redact_signature), (SECRET, redact_string))
    for name in names
    for spelling in (name, in_camel_case(name))
}
_SHORTEST: Final = 16  # a shorter value is an example

# In an object of one of these types, `signature` is that of a thought. One of less than this is somebody else's.
_STEP: Final = re.compile(r"thought\w*|thinking|\w+_(?:call|result|output|input|delta)")
_SHORTEST_IN_STEP: Final = 64
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_VOICE: Final = ("voice", "voice_name", "voiceName")
_CONSENT: Final = ("voice_consent_signature", "voiceConsentSignature")

# Fields of anyone's, in which what looks random is a key.
_KEY: Final = re.compile(r"\w*api_?key|(?:aws_)?secret_?access_?key", re.IGNORECASE)

# A text without any of these is known fast.
_SIGNS: Final = re.compile(
    "|".join([*_NAMED, *_VOICE, "signature", "replicated", "api_?key", "access_?key"]), re.IGNORECASE
)
# The same in a body, in small letters; and two characters beyond ASCII which mean a K and an S to `_KEY`. Any of a name
# may be escaped, also in JSON within JSON.
_FIELDS: Final = (*_NAMED, *_VOICE, "signature", "replicated", "api_key", "apikey", "access_key", "accesskey")
_WORDS: Final = Words([*(name.lower().encode() for name in _FIELDS), "\u212a".encode(), "\u017f".encode()])
_ESCAPED: Final = re.compile(rb"\\u(?:00[0-7]|212[aA]|017[fF])")


def may_be_in(body: bytes) -> bool:
    """Return quickly whether `redact_anywhere` may change what is written in a body; `False` is certain."""
    # With zeros it is not in UTF-8.
    return b"\0" in body or _WORDS.is_one_in(body.lower()) or _ESCAPED.search(body) is not None


def redact_anywhere(value: Any) -> Any:
    """Return a document without such fields, also in JSON that is a text in it; the same object if it has none."""
    if isinstance(value, str):
        return _redact_text(value)
    if isinstance(value, list):
        items = list(map(redact_anywhere, value))
        return value if all(map(is_, items, value)) else items
    if isinstance(value, dict):
        changed = {name: new for name, item in value.items() if (new := _redact_field(name, item, value)) is not item}
        return {**value, **changed} if changed else value
    return value


def _redact_field(name: str, item: Any, around: dict[str, Any]) -> Any:
    redact = _redaction_of(name, item, around.get("type")) if isinstance(item, str) else None
    if redact is not None:
        new = redact(item)
        return item if new == item else new
    if name in _CONSENT and isinstance(item, dict) and isinstance(item.get("signature"), str):
        redacted = redact_signature(item["signature"])
        return item if redacted == item["signature"] else {**item, "signature": redacted}
    return redact_anywhere(item)


def _redaction_of(name: str, text: str, kind: Any) -> Callable[[Any], Any] | None:
    """Return what redacts a text in a field of an object whose `type` is `kind`; `None` if it is no secret."""
    if name in _NAMED and len(text) >= _SHORTEST and not re.search(r"\s", text):
        return _NAMED[name]
    if name == "signature" and _is_of_step(text, kind):
        return redact_signature
    is_key = _KEY.fullmatch(name) is not None and (is_random(text) or is_no_word(text))
    is_voice = name in _VOICE and is_random(text)  # else it is the name of one
    is_voices = name == "key" and kind == "replicated"
    return redact_string if is_key or is_voice or is_voices else None


def _is_of_step(signature: str, kind: Any) -> bool:
    return (
        len(signature) >= _SHORTEST_IN_STEP
        and isinstance(kind, str)
        and _STEP.fullmatch(kind) is not None
        and _BASE64.fullmatch(signature) is not None
    )


def _redact_text(text: str) -> str:
    """Redact a document that is written as JSON within JSON, such as a history in a tool's result."""
    if not text.lstrip().startswith(("{", "[")) or not _SIGNS.search(text):
        return text
    document = parse(text)
    clean = redact_anywhere(document)
    if document is NOT_JSON or clean is document:
        return text
    raw = text.encode("utf-8", "surrogatepass")
    return rewritten(raw, document, clean).decode("utf-8", "surrogatepass")
