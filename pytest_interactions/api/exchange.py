"""One HTTP exchange, as every room of this package passes it on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

from pytest_interactions.api.json_text import is_told
from pytest_interactions.api.json_values import compact, parse

#: Header names in lower case, each with all its values in the order they came.
Headers = dict[str, list[str]]

_UNPARSED: Any = object()


@dataclass(slots=True, kw_only=True)
class Message:
    """What a request and a response share: headers and a decoded body (no content-encoding)."""

    # Not in the repr: pytest prints the arguments of a failing function, and a live request holds the key.
    headers: Headers = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    _json: Any = field(default=_UNPARSED, repr=False, compare=False)
    _told: bool | None = field(default=None, repr=False, compare=False)

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case; `""` where none is given."""
        values = self.headers.get("content-type")
        return values[0].partition(";")[0].strip().lower() if values else ""

    def json(self) -> Any:
        """The body parsed as JSON, once, whatever the content type says; `NOT_JSON` if it is not JSON.

        The value is shared: do not change it, but `with_json` a changed copy.
        """
        if self._json is _UNPARSED:
            self._json = parse(self.body)
        return self._json

    def is_told(self, laid_out: bytes = b"") -> bool:
        """Whether `json()`, which is not `NOT_JSON`, tells all of the body; found out once."""
        if self._told is None:
            self._told = is_told(self.body, self.json(), laid_out)
        return self._told

    def with_json(self, value: Any, text: bytes | None = None) -> Self:
        """The same message with `value` as its body, written as `text` if that is given."""
        body = compact(value).encode("utf-8", "surrogatepass") if text is None else text
        return replace(self, body=body, _json=value, _told=None)

    def unparsed(self) -> Self:
        """The same message without the parsed value of its body, which may be many times as large."""
        return replace(self, _json=_UNPARSED)

    def with_body(self, body: bytes) -> Self:
        """The same message with another body."""
        return replace(self, body=body, _json=_UNPARSED, _told=None)


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
    def is_stream(self) -> bool:
        """Whether the body is server-sent events; judged by the body where there is no content type."""
        return self.content_type == "text/event-stream" or (
            not self.content_type and self.body.startswith((b"event:", b"data:"))
        )


@dataclass(slots=True, kw_only=True)
class Cut:
    """Why a response's body is recorded only up to a point.

    `by` is `"app"` (the app stopped reading) or `"connection"` (it broke: `error` is the client library's name
    of the exception, `message` its text).
    """

    by: str
    error: str = ""
    message: str = ""


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request with its response; `cut` is set where the response was not read to its end."""

    request: Request
    response: Response
    cut: Cut | None = None

    def unparsed(self) -> Exchange:
        """The same exchange without the parsed values of its bodies."""
        return replace(self, request=self.request.unparsed(), response=self.response.unparsed())
