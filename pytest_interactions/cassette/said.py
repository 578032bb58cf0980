"""What an app says on a WebSocket: when a message says the same as a recorded one, and which of them keep their order.

Messages are compared as the bodies of requests are, after redaction. They come in the order in which they were
recorded, but for what is a matter of time alone: audio and video that an app streams beside all else, and the results
of calls that it makes at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.exchange import Request
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.api.websocket import BYTES, ESCAPED
from pytest_interactions.cassette.matching import key_of
from pytest_interactions.redaction.placeholders import REDACTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.api.sse import ServerSentEvent
    from pytest_interactions.cassette.matching import Key

#: The lane of what streams by itself, and the beginning of that of a call's result.
_MEDIA, _RESULT = "media", "result "
_STREAMED: Final = ("audio/", "video/", "image/")
_MIME: Final = ("mime_type", "mimeType")
_OF_CALL: Final = ("call_id", "callId")

# What stands for a secret; in base64 it is repeated to the length that the secret had.
_SECRET: Final = re.compile(f"(?:{REDACTED})+(?:REDACTE|REDACT|REDAC|REDA|RED|RE|R)?")


@dataclass(eq=False)
class Said:
    """A message of an app, redacted.

    Attributes:
        event: The event that stands for it.
        uri: The address of the WebSocket.
    """

    event: ServerSentEvent
    uri: str

    @property
    def form(self) -> str:
        """Return its form if it is neither a text nor JSON in bytes, of which all say the same in the same words."""
        form = self.event.event.partition(" ")[2]
        return form if form in (BYTES, ESCAPED) else ""

    @cached_property
    def request(self) -> Request:
        """Return it as the body of a request, to which all holds that does of one."""
        return Request(method="SEND", uri=self.uri, body=(self.event.data or "").encode("utf-8", "surrogatepass"))

    @cached_property
    def key(self) -> Key:
        """Return what all messages share that say the same."""
        return self.form, *key_of(self.request, ("body",))

    @cached_property
    def lane(self) -> str:
        """Return what it is one of that keep their order among themselves."""
        value = self.request.json_unkept()
        if self.form == BYTES:
            return _MEDIA
        facts = list(_facts(value)) if value is not NOT_JSON else []
        results = sorted(fact for fact in facts if fact.startswith(_RESULT))
        return " ".join(results) or (_MEDIA if _MEDIA in facts else "")

    @property
    def has_placeholder(self) -> bool:
        """Return whether a secret was in it, or began there."""
        return REDACTED.encode() in self.request.body

    def may_be(self, other: Said, *, goes_on: bool = False) -> bool:
        """Return whether it was recorded of another one: secrets stand in that where it has placeholders.

        Of a secret that is spread over several messages, nobody knows before the last one has come. Its placeholder
        stands in the first one; of the others nothing is left but an empty text.

        Args:
            other: The message that the app says.
            goes_on: Whether a secret may have begun in a message before it.
        """
        if self.form != other.form or not (goes_on or self.has_placeholder):
            return False
        ours, theirs = self.request.json_unkept(), other.request.json_unkept()
        if NOT_JSON in (ours, theirs):
            ours, theirs = self.event.data, other.event.data
        return _may_be(ours, theirs)

    def may_overtake(self, other: Said) -> bool:
        """Return whether it may come before a message that was recorded before it."""
        lanes = {self.lane, other.lane}
        return len(lanes) > 1 and (_MEDIA in lanes or "" not in lanes)


def _may_be(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, str) and isinstance(theirs, str):
        known = map(re.escape, _SECRET.split(ours))
        return not ours or re.fullmatch(".*".join(known), theirs, re.DOTALL) is not None
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(_may_be(ours[name], theirs[name]) for name in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(_may_be, ours, theirs))
    return bool(ours == theirs)


def _facts(value: Any) -> Iterator[str]:
    """Yield what a message brings that need not keep its place among others: media, and results of calls."""
    if isinstance(value, list):
        for item in value:
            yield from _facts(item)
    elif isinstance(value, dict):
        if "data" in value and any(str(value.get(name, "")).startswith(_STREAMED) for name in _MIME):
            yield _MEDIA
        for name in _OF_CALL:
            if isinstance(value.get(name), str):
                yield f"{_RESULT}{value[name]}"
        for name, item in value.items():
            if name in ("functionResponses", "function_responses") and isinstance(item, list):
                yield from (f"{_RESULT}{each.get('id')}" for each in item if isinstance(each, dict))
            elif isinstance(item, (dict, list)):
                yield from _facts(item)
