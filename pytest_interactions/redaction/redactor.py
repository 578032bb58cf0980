"""The removal of every secret from a request or a response."""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_interactions.api.encodings import decode
from pytest_interactions.api.exchange import Exchange, Headers, Message, Request, Response
from pytest_interactions.api.json_text import exact, rewritten
from pytest_interactions.api.json_values import NOT_JSON, parse
from pytest_interactions.redaction import anywhere, google, headers, signatures
from pytest_interactions.redaction.placeholders import HANDED_OUT, PLACEHOLDER_KEY, PROJECT
from pytest_interactions.redaction.readings import readings
from pytest_interactions.redaction.redact_option import sorted_out
from pytest_interactions.redaction.secrets import Secrets
from pytest_interactions.redaction.shapes import SHAPES
from pytest_interactions.redaction.stream import (
    hides_fields,
    redact_document,
    redact_events,
    redact_messages,
    redact_stream,
)
from pytest_interactions.redaction.texts import texts
from pytest_interactions.redaction.tree import NOWHERE, Node, trees
from pytest_interactions.redaction.urls import TICKET

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from pytest_interactions.options import Options
    from pytest_interactions.redaction.rules import Rule
    from pytest_interactions.redaction.shapes import Shape

_M = TypeVar("_M", bound=Message)

_LINES = re.compile(rb"\s*[\[{].*\S\n", re.DOTALL)
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)
_FORM = "application/x-www-form-urlencoded"
_SIGNATURE = signatures.SIGNATURE.encode()
_PROJECT = PROJECT.encode()


class Redactor:
    """A pure, idempotent function over requests and responses: its results hold no secret.

    Args:
        secrets: The values known so far; it may grow while this is in use.
        keep_headers: The names of more headers to keep, in upper or lower case.
        redact: More secrets: a text; a compiled pattern, or `re:` and a pattern, for any text; a JSON path such as
            `$.tools[*].url`, for a body or an event's data.
        rules: More rules for the gate: files in gitleaks's format, or `detect-secrets`.
        skip_rules: The ids of rules that are not to be used, and of shapes of keys that are to stay.

    Raises:
        OptionError: Something in `redact` can't be used.
    """

    def __init__(
        self,
        *,
        secrets: Secrets,
        keep_headers: Iterable[str] = (),
        redact: Iterable[str | re.Pattern[str]] = (),
        rules: Collection[str] = (),
        skip_rules: Collection[str] = (),
    ) -> None:
        values, patterns, paths = sorted_out(redact)
        shapes: Sequence[Shape] = SHAPES
        found: Collection[Rule] = ()
        if rules or skip_rules:
            from pytest_interactions.redaction.rules import chosen

            shapes, found = chosen(rules, skip_rules)
        #: The secrets to look for everywhere: those known so far, and the texts and patterns of `redact`.
        self.secrets = Secrets(values, patterns, base=secrets, shapes=shapes, rules=found)
        #: The places of secrets, with the JSON paths of `redact`.
        self.trees = trees(tuple(paths))
        self._kept = frozenset(name.lower() for name in keep_headers)

    def request(self, request: Request) -> Request:
        """Return `request` without its secrets; the same object if there is nothing to change.

        A compressed body is decompressed, if a library for that is installed.
        """
        request = google.without_payer(request)
        uri = self.secrets.matcher.redact(request.uri)
        if uri != request.uri:
            request = replace(request, uri=uri)
        if "content-encoding" in request.headers:
            decoded, body = decode(request.headers, request.body, whole=True)
            request = replace(request, headers=decoded).with_body(body)
        kept = {
            name: list(map(self.text, values))
            for name, values in request.headers.items()
            if name in self._kept or headers.is_of_request(name)
        }
        return self._once(_with_headers(request, kept), self.trees.at(uri), self._body)

    def response(self, response: Response, uri: str = "") -> Response:
        """Return `response` without its secrets; the same object if there is nothing to change.

        Args:
            response: The response.
            uri: The URL that it answers; without it, the response counts as one of the API.
        """
        response = google.without_told(response, uri)
        names = self._kept | headers.of_response(response.headers)
        kept = {
            name: [headers.redacted(name, value, self.text) for value in values]
            for name, values in response.headers.items()
            if name in names
        }
        response = _with_headers(response, kept)
        if (reason := self.text(response.reason)) != response.reason:
            response = replace(response, reason=reason)
        if "content-encoding" in response.headers:
            return self._encoded(response, uri)
        tree = self.trees.at(uri)
        if response.has_messages:
            # A search of the body does not tell which fields are in a message that it has escaped.
            all_of = tree if hides_fields(response.body) else None
            return self._once(response, tree, lambda each, likely: self._messages(each, all_of or likely))
        return self._once(response, tree, self._stream if response.is_stream else self._body)

    def _encoded(self, response: Response, uri: str) -> Response:
        """Return a response whose body could not be decoded as it is, or without its encoding if a secret is in it."""
        decoded, body = decode(response.headers, response.body, whole=False)
        opened = replace(response, headers=decoded).with_body(body)
        if "content-encoding" in decoded:
            return self._body(response, self.trees.at(uri))
        clean = self.response(opened, uri)
        return response if clean is opened else clean

    def exchange(self, exchange: Exchange) -> Exchange:
        """Return `exchange` without its secrets; the same object if there is nothing to change."""
        cut = exchange.cut
        redacted = replace(
            exchange,
            request=self.request(exchange.request),
            response=self.response(exchange.response, exchange.request.uri),
            cut=cut and replace(cut, message=self.text(cut.message)),
        )
        return exchange if redacted == exchange else redacted

    def text(self, text: str) -> str:
        """Return `text`, such as an error's, without its secrets."""
        return self.secrets.matcher.redact(text)

    def _once(self, message: _M, tree: Node, redact: Callable[[_M, Node], _M]) -> _M:
        """Redact a body, but not one that has come out of this as it is, since when nothing new is known."""
        is_of_api, kind = tree is self.trees.of_api, tuple(message.headers.get("content-type", ()))
        by = (self.secrets.matcher.token, is_of_api, kind, message.body)
        if message.clean_by == by:
            return message
        clean = redact(message, tree if tree.may_be_in(message.body) else NOWHERE)
        if clean is message:
            message.clean_by = by
        return clean

    def _stream(self, response: Response, tree: Node) -> Response:
        return response.with_body(redact_stream(response.body, tree, self.secrets.matcher))

    def _messages(self, response: Response, tree: Node) -> Response:
        return response.with_body(redact_messages(response.body, tree, self.secrets.matcher))

    def _body(self, message: _M, tree: Node) -> _M:
        if not message.body:
            return message
        search = self.secrets.matcher.may_be_in(message.body)
        document = message.json()
        if not isinstance(document, dict | list):
            return self._no_document(message, tree, search=search)
        fields = anywhere.may_be_in(message.body)
        clean = redact_document(document, tree, self.secrets.matcher, search=search, fields=fields)
        if clean is not document:
            text = _in_encoding_of(message.body, rewritten(message.body, document, clean))
            message = message.with_json(clean, text)
        if search:
            message = self._without_values(message)
        return message if clean is not document else self._without_hidden(message, tree, search=search)

    def _no_document(self, message: _M, tree: Node, *, search: bool) -> _M:
        """Redact what is no JSON: lines of it, a form, a text in any encoding, or no text."""
        if _LINES.match(message.body) and (lines := _json_lines(message.body)):
            documents = [document for _, document in lines]
            clean = redact_events(documents, tree, self.secrets.matcher, search=search)
            pairs = zip(lines, clean, strict=True)
            new = (
                line if old is document else rewritten(line, old, document) + line[len(line.rstrip(b"\r\n")) :]
                for (line, old), document in pairs
            )
            message = message.with_body(b"".join(new))
        if message.content_type == _FORM:
            text = message.body.decode("utf-8", "surrogateescape")
            return message.with_body(self.secrets.matcher.redact_form(text).encode("utf-8", "surrogateescape"))
        if message.body.lstrip()[:1] in {b"{", b"["}:
            message = message.with_body(signatures.redact_broken(message.body))
        if charset := _own_charset(message):
            message = message.with_body(self.text(message.body.decode(charset)).encode(charset))
        return message.with_body(self.secrets.matcher.redact_bytes(message.body)) if search else message

    def _without_values(self, message: _M) -> _M:
        """Take out known values wherever they are, as of a field that is given twice the walk sees only the last."""
        changed = message.with_body(self.secrets.matcher.redact_values(message.body))
        # A number that is a known value is for the gate: redacted, it would be no JSON.
        return message if changed.json() is NOT_JSON else changed

    def _without_hidden(self, message: _M, tree: Node, *, search: bool) -> _M:
        """Take out the entries that a later one of the same key hides from a parser, if there is a secret in any."""
        document = message.json()
        if message.is_told() or exact(message.body) is not NOT_JSON:
            return message
        found = readings(message.body)
        is_clean = found is not None and all(
            redact_document(each, tree, self.secrets.matcher, search=search) is each for each in found
        )
        return message if is_clean else message.with_json(document)


def redaction(options: Options) -> dict[str, Any]:
    """Return the arguments of a `Redactor` that are options of a cassette."""
    return {name: getattr(options, name) for name in ("keep_headers", "redact", "rules", "skip_rules")}


def _with_headers(message: _M, kept: Headers) -> _M:
    return message if kept == message.headers else replace(message, headers=kept)


def _json_lines(body: bytes) -> list[tuple[bytes, Any]]:
    """Return the lines of a body with their ends, each with its JSON value; none if a line is something else."""
    lines = [(line, parse(line) if line.strip() else None) for line in body.splitlines(keepends=True)]
    return [] if any(document is NOT_JSON for _, document in lines) else lines


def _own_charset(message: Message) -> str:
    """Return the character set that a body says it is in, if it is not UTF-8 and all of the body is text in it."""
    declared = _CHARSET.search(next(iter(message.headers.get("content-type", [])), ""))
    try:
        charset = codecs.lookup(declared[1]).name if declared else "utf-8"
        is_text = charset != "utf-8" and message.body.decode(charset).encode(charset) == message.body
    except (LookupError, UnicodeError):
        return ""
    return charset if is_text else ""


def _in_encoding_of(body: bytes, text: bytes) -> bytes:
    encoding = json.detect_encoding(body)
    return text if encoding == "utf-8" else text.decode("utf-8", "surrogatepass").encode(encoding, "surrogatepass")


def placeholder_in(request: Request) -> str | None:
    """Return the place of a placeholder, which only replay can answer: a header, a part of the URL or a JSON path.

    A request without a placeholder gives `None`.
    """
    for name, values in request.headers.items():
        # A cookie goes along by itself, and whoever gets one that it does not know gives another.
        if any(PLACEHOLDER_KEY in value or (HANDED_OUT in value and name != "cookie") for value in values):
            return f"header {name}"
    if PLACEHOLDER_KEY in request.uri or f"={TICKET}" in request.uri:
        return "the URL's query"
    if google.is_placeholder(request.uri):
        return "the URL's path"
    if _SIGNATURE not in request.body and _PROJECT not in request.body:
        return None
    texts_in_body = texts(request.json())
    return next((path for path, text in texts_in_body if PROJECT in text or signatures.is_placeholder(text)), None)
