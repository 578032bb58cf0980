"""Takes every secret out of a request or a response."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_interactions.api import sse
from pytest_interactions.api.http import NOT_JSON, Headers, Message, Request, Response
from pytest_interactions.errors import OptionError
from pytest_interactions.redaction import places
from pytest_interactions.redaction.encodings import REDACTED
from pytest_interactions.redaction.places import SIGNATURE
from pytest_interactions.redaction.secrets import PLACEHOLDER_KEY, Secrets, redact_keys
from pytest_interactions.redaction.urls import TICKET, redact_urls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_M = TypeVar("_M", bound=Message)

#: The request headers that say what was asked; all others never enter a cassette.
REQUEST_HEADERS = frozenset({"accept", "api-revision", "content-type", "range"})
#: The response headers that a client acts on; all others never enter a cassette.
RESPONSE_HEADERS = frozenset(
    {
        "content-disposition",
        "content-range",
        "content-type",
        "etag",
        "link",
        "location",
        "retry-after",
        "retry-after-ms",
    }
)
#: Both ways: the resumable upload's protocol.
UPLOAD_HEADERS = "x-goog-upload-"


class Redactor:
    """The pure, idempotent function over requests and responses: what it returns holds no secret.

    Args:
        secrets: The values known so far; may grow while this is in use.
        keep_headers: More header names to keep, in any case.
        redact: What else to take out: a text as it is; a compiled pattern, or `re:` and a pattern, over any
            text; a JSON path such as `$.tools[*].url` of a body or of an event's data.

    Raises:
        OptionError: Something in `redact` can't be used.
    """

    def __init__(
        self,
        *,
        secrets: Secrets,
        keep_headers: Iterable[str] = (),
        redact: Iterable[str | re.Pattern[str]] = (),
    ) -> None:
        self._secrets = secrets
        kept = frozenset(name.lower() for name in keep_headers)
        self._request_headers = REQUEST_HEADERS | kept
        self._response_headers = RESPONSE_HEADERS | kept
        patterns, paths, values = sort_options(redact)
        self._patterns = patterns
        self._tree = places.tree(extra_paths=paths)
        secrets.add_exactly(values)

    def request(self, request: Request) -> Request:
        """`request` without its secrets; the same object if there are none."""
        uri = self._text(request.uri)
        request = request if uri == request.uri else replace(request, uri=uri)
        return self._body(self._headers(request, self._request_headers))

    def response(self, response: Response) -> Response:
        """`response` without its secrets; the same object if there are none."""
        response = self._headers(response, self._response_headers)
        return self._stream(response) if response.is_stream else self._body(response)

    def _headers(self, message: _M, allowed: frozenset[str]) -> _M:
        kept: Headers = {}
        for name, values in message.headers.items():
            if name in allowed or name.startswith(UPLOAD_HEADERS):
                clean = [self._text(value) for value in values]
                kept[name] = values if clean == values else clean
        return message if kept == message.headers else replace(message, headers=kept)

    def _body(self, message: _M) -> _M:
        if not message.body:
            return message
        document = message.json()
        if document is NOT_JSON:
            body = self._bytes(message.body)
            return message if body == message.body else replace(message, body=body)
        clean = self._tree.rewrite(document)
        if self._may_hold_secret(message.body):
            clean = map_strings(clean, self._text)
        return message if clean is document else message.with_json(clean)

    def _stream(self, response: Response) -> Response:
        body = b"".join(self._event(event).raw for event in sse.decode(response.body))
        return response if body == response.body else replace(response, body=body)

    def _event(self, event: sse.ServerSentEvent) -> sse.ServerSentEvent:
        document = event.json()
        if document is NOT_JSON:
            return event
        clean = map_strings(self._tree.rewrite(document), self._text)
        if clean is document:
            return event
        return event.with_data(Message().with_json(clean).body.decode("utf-8", "surrogatepass"))

    def _may_hold_secret(self, body: bytes) -> bool:
        return True

    def _text(self, text: str) -> str:
        text = redact_keys(redact_urls(self._secrets.redact(text)))
        for pattern in self._patterns:
            text = pattern.sub(REDACTED, text)
        return text

    def _bytes(self, body: bytes) -> bytes:
        text = body.decode("utf-8", "surrogateescape")
        return self._text(text).encode("utf-8", "surrogateescape")


def sort_options(
    redact: Iterable[str | re.Pattern[str]],
) -> tuple[list[re.Pattern[str]], list[str], list[str]]:
    """The `redact` option's patterns, JSON paths and values.

    Raises:
        OptionError: One of them can't be used.
    """
    patterns: list[re.Pattern[str]] = []
    paths: list[str] = []
    values: list[str] = []
    for entry in redact:
        if isinstance(entry, re.Pattern):
            patterns.append(entry)
        elif not isinstance(entry, str) or len(entry) < 3:
            raise OptionError(f"redact: {type(entry).__name__}")
        elif entry.startswith("re:"):
            patterns.append(re.compile(entry.removeprefix("re:")))
        elif entry.startswith(("$.", "$[")):
            paths.append(entry)
        else:
            values.append(entry)
    return patterns, paths, values


def map_strings(value: Any, change: Callable[[str], str]) -> Any:
    """`value` with `change` applied to every text in it, names of fields too; the same object if none changes."""
    if isinstance(value, str):
        new = change(value)
        return value if new == value else new
    if isinstance(value, list):
        items = [map_strings(item, change) for item in value]
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    if isinstance(value, dict):
        fields = {map_strings(name, change): map_strings(item, change) for name, item in value.items()}
        same = all(a is b and fields[a] is value[b] for a, b in zip(fields, value, strict=False)) and len(
            fields
        ) == len(value)
        return value if same else fields
    return value


def placeholder_in(request: Request) -> str | None:
    """Where `request` carries a redaction placeholder, as a header's name or a JSON path; `None` if nowhere."""
    for name, values in request.headers.items():
        if any(PLACEHOLDER_KEY in value for value in values):
            return f"header {name}"
    if PLACEHOLDER_KEY in request.uri or f"={TICKET}" in request.uri:
        return "query"
    if SIGNATURE.encode() not in request.body:
        return None
    return _find_signature(request.json(), "$")


def _find_signature(value: Any, path: str) -> str | None:
    if isinstance(value, str):
        return path if places.is_signature_placeholder(value) else None
    children: Iterable[tuple[str, Any]] = ()
    if isinstance(value, dict):
        children = ((f"{path}.{name}", item) for name, item in value.items())
    elif isinstance(value, list):
        children = ((f"{path}[{place}]", item) for place, item in enumerate(value))
    return next(filter(None, (_find_signature(item, where) for where, item in children)), None)
