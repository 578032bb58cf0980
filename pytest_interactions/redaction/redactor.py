"""The removal of every secret from a request or a response."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_interactions.api.encodings import decode
from pytest_interactions.api.exchange import Exchange, Headers, Message, Request, Response
from pytest_interactions.api.json_text import exact, rewritten
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.errors import OptionError
from pytest_interactions.redaction import places
from pytest_interactions.redaction.encodings import REDACTED
from pytest_interactions.redaction.matcher import PLACEHOLDER_KEY
from pytest_interactions.redaction.readings import readings
from pytest_interactions.redaction.secrets import Secrets
from pytest_interactions.redaction.stream import redact_stream
from pytest_interactions.redaction.texts import map_texts, texts
from pytest_interactions.redaction.urls import TICKET

if TYPE_CHECKING:
    from collections.abc import Iterable

_M = TypeVar("_M", bound=Message)

#: The request headers that the answer depends on; no other enters a cassette, besides `UPLOAD_HEADERS`.
REQUEST_HEADERS = frozenset({"accept", "api-revision", "content-type", "range"})
#: The response headers that a client acts on; no other enters a cassette, besides `UPLOAD_HEADERS`.
RESPONSE_HEADERS = frozenset(
    {
        *("content-disposition", "content-encoding", "content-length", "content-range", "content-type", "etag"),
        *("link", "location", "retry-after", "retry-after-ms"),
    }
)
#: The beginning of the headers of a resumable upload, both ways.
UPLOAD_HEADERS = "x-goog-upload-"

_FORM = "application/x-www-form-urlencoded"
_SIGNATURE = places.SIGNATURE.encode()
# A shorter text is in too many others by chance.
_MIN_LITERAL = 4


class Redactor:
    """A pure, idempotent function over requests and responses: its results hold no secret.

    Args:
        secrets: The values known so far; it may grow while this is in use.
        keep_headers: The names of more headers to keep, in upper or lower case.
        redact: More secrets: a text; a compiled pattern, or `re:` and a pattern, for any text; a JSON path such as
            `$.tools[*].url`, for a body or an event's data.

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
        values, patterns, paths = _sort_options(redact)
        #: The secrets to look for everywhere: those known so far, and the texts and patterns of `redact`.
        self.secrets = Secrets(values, patterns, base=secrets)
        self._tree = places.tree(tuple(paths))
        kept = frozenset(name.lower() for name in keep_headers)
        self._request_headers = REQUEST_HEADERS | kept
        self._response_headers = RESPONSE_HEADERS | kept

    def request(self, request: Request) -> Request:
        """Return `request` without its secrets; the same object if there is nothing to change."""
        uri = self.secrets.matcher.redact(request.uri)
        if uri != request.uri:
            request = replace(request, uri=uri)
        return self._body(self._headers(request, self._request_headers))

    def response(self, response: Response) -> Response:
        """Return `response` without its secrets; the same object if there is nothing to change."""
        response = self._headers(response, self._response_headers)
        if (reason := self.text(response.reason)) != response.reason:
            response = replace(response, reason=reason)
        if "content-encoding" in response.headers:
            return self._encoded(response)
        if not response.is_stream:
            return self._body(response)
        return response.with_body(redact_stream(response.body, self._tree, self.secrets.matcher))

    def _encoded(self, response: Response) -> Response:
        """Return a response whose body could not be decoded as it is, or without its encoding if a secret is in it."""
        headers, body = decode(response.headers, response.body, whole=False)
        opened = replace(response, headers=headers).with_body(body)
        if "content-encoding" in headers:
            return self._body(response)
        clean = self.response(opened)
        return response if clean is opened else clean

    def exchange(self, exchange: Exchange) -> Exchange:
        """Return `exchange` without its secrets; the same object if there is nothing to change."""
        cut = exchange.cut
        redacted = Exchange(
            request=self.request(exchange.request),
            response=self.response(exchange.response),
            cut=cut and replace(cut, message=self.text(cut.message)),
        )
        return exchange if redacted == exchange else redacted

    def text(self, text: str) -> str:
        """Return `text`, such as an error's, without its secrets."""
        return self.secrets.matcher.redact(text)

    def _headers(self, message: _M, allowed: frozenset[str]) -> _M:
        kept: Headers = {
            name: list(map(self._header, values))
            for name, values in message.headers.items()
            if name in allowed or name.startswith(UPLOAD_HEADERS)
        }
        return message if kept == message.headers else replace(message, headers=kept)

    def _header(self, value: str) -> str:
        # A URL that is relative to the request's has no scheme, so `redact` would not find it.
        return self.secrets.matcher.redact_form(value) if value.startswith("/") else self.secrets.matcher.redact(value)

    def _body(self, message: _M) -> _M:
        if not message.body:
            return message
        matcher = self.secrets.matcher
        # JSON may be in UTF-16 too, which `may_be_in` can't read.
        search = matcher.may_be_in(message.body) or b"\0" in message.body
        document = message.json()
        if not isinstance(document, dict | list):
            return self._text(message) if search or message.content_type == _FORM else message
        clean = self._clean(document, search=search)
        if clean is not document:
            text = _in_encoding_of(message.body, rewritten(message.body, document, clean))
            message = message.with_json(clean, text)
        if search:
            message = self._without_values(message)
        return message if clean is not document else self._without_hidden(message, search=search)

    def _clean(self, document: Any, *, search: bool) -> Any:
        clean = self._tree.rewrite(document)
        return map_texts(clean, self.secrets.matcher.redact) if search else clean

    def _without_values(self, message: _M) -> _M:
        """Take out known values wherever they are, as of a field that is given twice the walk sees only the last."""
        changed = message.with_body(self.secrets.matcher.redact_values(message.body))
        # A number that is a known value is for the gate: redacted, it would be no JSON.
        return message if changed.json() is NOT_JSON else changed

    def _without_hidden(self, message: _M, *, search: bool) -> _M:
        """Take out the entries that a later one of the same key hides from a parser, if there is a secret in any."""
        document = message.json()
        if message.is_told() or exact(message.body) is not NOT_JSON:
            return message
        found = readings(message.body)
        is_clean = found is not None and all(self._clean(each, search=search) is each for each in found)
        return message if is_clean else message.with_json(document)

    def _text(self, message: _M) -> _M:
        if message.content_type != _FORM:
            return message.with_body(self.secrets.matcher.redact_bytes(message.body))
        text = self.secrets.matcher.redact_form(message.body.decode("utf-8", "surrogateescape"))
        return message.with_body(text.encode("utf-8", "surrogateescape"))


def _in_encoding_of(body: bytes, text: bytes) -> bytes:
    encoding = json.detect_encoding(body)
    return text if encoding == "utf-8" else text.decode("utf-8", "surrogatepass").encode(encoding, "surrogatepass")


def placeholder_in(request: Request) -> str | None:
    """Return the place of a placeholder, which only replay can answer: `header NAME`, `the URL's query` or a JSON path.

    A request without a placeholder gives `None`.
    """
    for name, values in request.headers.items():
        if any(PLACEHOLDER_KEY in value for value in values):
            return f"header {name}"
    if PLACEHOLDER_KEY in request.uri or f"={TICKET}" in request.uri:
        return "the URL's query"
    if _SIGNATURE not in request.body:
        return None
    return next((path for path, text in texts(request.json()) if places.is_signature_placeholder(text)), None)


def _sort_options(redact: Iterable[Any]) -> tuple[list[str], list[re.Pattern[str]], list[str]]:
    """Return the texts, the patterns and the JSON paths among the entries of the `redact` option."""
    values: list[str] = []
    patterns: list[re.Pattern[str]] = []
    paths: list[str] = []
    for entry in redact:
        if isinstance(entry, re.Pattern):
            patterns.append(entry)
        elif not isinstance(entry, str):
            raise OptionError(f"redact: {entry!r} is not a text, a pattern or a JSON path")
        elif entry.startswith("re:"):
            patterns.append(_compiled(entry.removeprefix("re:")))
        elif entry.startswith(("$.", "$[")):
            paths.append(entry)
        elif len(entry) < _MIN_LITERAL or entry in REDACTED:
            raise OptionError(
                f"redact: a text of {len(entry)} characters would be found in too many others; "
                f"give one of {_MIN_LITERAL} or more, a pattern (re:...) or a JSON path ($...)"
            )
        else:
            values.append(entry)
    return values, patterns, paths


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise OptionError(
            f"redact: the pattern after re: can't be read, {error.msg} at character {error.pos}"
        ) from error
