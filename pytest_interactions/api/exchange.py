"""One HTTP exchange, as every room of this package passes it on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from pytest_interactions.api.json_text import is_told
from pytest_interactions.api.json_values import compact, parse

#: The status of an answer that opens a WebSocket: Switching Protocols (RFC 9110, section 15.2.2).
SWITCHED: Final = 101

#: Header names in lower case, each with all its values in the order they came.
Headers = dict[str, list[str]]

_UNPARSED: Any = object()
# As httpx says it, and as http.client does.
_EXPECTED: Final = re.compile(r"received \d+ bytes, expected (\d+)|(\d+) more expected")


@dataclass(slots=True, kw_only=True)
class Message:
    """The common part of a request and a response: headers and a decoded body (no content-encoding)."""

    # Not in the repr: pytest prints the arguments of a failing function, and a live request holds the key.
    headers: Headers = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    _json: Any = field(default=_UNPARSED, repr=False, compare=False)
    _told: bool | None = field(default=None, repr=False, compare=False)
    #: By what the body was found to hold no secret; with the body, as whoever has a message may give it another.
    clean_by: tuple[Any, ...] = field(default=(), repr=False, compare=False)

    @property
    def content_type(self) -> str:
        """Return the media type without its parameters, in lower case; `""` if there is none."""
        values = self.headers.get("content-type")
        return values[0].partition(";")[0].strip().lower() if values else ""

    def json(self) -> Any:
        """Return the body parsed as JSON, whatever the content type says; `NOT_JSON` if it is not JSON.

        The value is parsed once and shared: do not change it, but pass a changed copy to `with_json`.
        """
        if self._json is _UNPARSED:
            self._json = parse(self.body)
        return self._json

    def json_unkept(self) -> Any:
        """Return what `json` does, but keep no value that is not kept already."""
        return parse(self.body) if self._json is _UNPARSED else self._json

    def is_told(self, laid_out: bytes = b"") -> bool:
        """Return whether `json()`, which is not `NOT_JSON`, tells all of the body; found out once."""
        if self._told is None:
            self._told = is_told(self.body, self.json(), laid_out)
        return self._told

    def with_json(self, value: Any, text: bytes | None = None) -> Self:
        """Return the same message with `value` as its body, written as `text` if that is given."""
        body = compact(value).encode("utf-8", "surrogatepass") if text is None else text
        return replace(self, body=body, _json=value, _told=None, clean_by=())

    def unparsed(self) -> Self:
        """Return the same message without the parsed value of its body, which may be many times as large."""
        return replace(self, _json=_UNPARSED)

    def with_body(self, body: bytes) -> Self:
        """Return the same message with another body; the same object if the body is equal."""
        return self if body == self.body else replace(self, body=body, _json=_UNPARSED, _told=None, clean_by=())


@dataclass(slots=True, kw_only=True)
class Request(Message):
    """An HTTP request: `method` in upper case, `uri` absolute."""

    method: str
    uri: str = field(repr=False)


@dataclass(slots=True, kw_only=True)
class Response(Message):
    """An HTTP response: status code and reason phrase."""

    status: int
    reason: str = ""

    @property
    def has_messages(self) -> bool:
        """Return whether it has opened a WebSocket, so that the body is the text that `websocket` makes of messages."""
        return self.status == SWITCHED

    @property
    def is_stream(self) -> bool:
        """Return whether the body is server-sent events; without a content type, its first bytes decide."""
        if self.has_messages:
            return False
        return self.content_type == "text/event-stream" or (
            not self.content_type and self.body.startswith((b"event:", b"data:"))
        )

    @property
    def comes_in_events(self) -> bool:
        """Return whether the body is a text of events: those of a stream, or a WebSocket's messages."""
        return self.has_messages or self.is_stream


@dataclass(slots=True, kw_only=True)
class Cut:
    """The reason why a response's body is recorded only up to a point.

    `by` is `"app"` if the app stopped reading. It is `"connection"` if the connection broke: then `error` is the
    client library's name of the exception, and `message` its text.
    """

    by: str
    error: str = ""
    message: str = ""

    def expected(self, size: int) -> int | None:
        """Return the length that was promised of a body of which `size` bytes came; `None` if nothing tells."""
        found = _EXPECTED.search(self.message)
        if found is None:
            return None
        return int(found[1]) if found[1] else size + int(found[2])


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request with its response; `cut` is set where the response was not read to its end.

    `seconds` is how long it took while it was recorded, from the request to the last byte; `None` if nobody knows.
    `times` are those of a stream, in seconds from the request on: of its head, then of the end of each piece that
    `sse.split` makes of its body, as far as it was read; `None` if nobody knows.
    `models` are the names of models and agents in it; `None` until somebody has looked.
    """

    request: Request
    response: Response
    cut: Cut | None = None
    seconds: float | None = field(default=None, compare=False)
    times: tuple[float, ...] | None = field(default=None, compare=False, repr=False)
    models: frozenset[str] | None = field(default=None, compare=False, repr=False)

    def copied(self) -> Exchange:
        """Return a copy that can be changed without a change of this one."""
        request, response = self.request, self.response
        return replace(
            self,
            request=replace(request.unparsed(), headers=_copied(request.headers)),
            response=replace(response.unparsed(), headers=_copied(response.headers)),
        )

    def unparsed(self) -> Exchange:
        """Return the same exchange without the parsed values of its bodies."""
        return replace(self, request=self.request.unparsed(), response=self.response.unparsed())


def _copied(headers: Headers) -> Headers:
    return {name: list(values) for name, values in headers.items()}
