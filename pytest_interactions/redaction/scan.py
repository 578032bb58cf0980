"""The search for everything that redaction would still take out of a text, whoever wrote it."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_interactions.api.bounds import LARGEST_BODY
from pytest_interactions.api.json_values import NOT_JSON
from pytest_interactions.redaction import google, headers, signatures, structure
from pytest_interactions.redaction import tree as places_tree
from pytest_interactions.redaction.names import is_credential_header
from pytest_interactions.redaction.placeholders import REDACTED
from pytest_interactions.redaction.secrets import MIN_LENGTH, is_stand_in
from pytest_interactions.redaction.stream import redact_document, redact_events
from pytest_interactions.redaction.texts import texts
from pytest_interactions.redaction.urls import secrets_in_urls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.api.exchange import Exchange, Message
    from pytest_interactions.redaction.matcher import Matcher
    from pytest_interactions.redaction.secrets import Secrets
    from pytest_interactions.redaction.tree import Node, Trees

# Enough of a value to find its line; no more, as a writer may have folded the rest.
_PROBE = 24
# A shorter text at a signature's place is an example in a document.
_MIN_SIGNATURE = 40

# For text that no parser can read, such as half an event.
_LOOSE_SIGNATURE = re.compile(r"[sS]ignature\\*\"\s*:\s*\\*\"(?P<value>(?!redacted)[A-Za-z0-9+/_=-]{64,})")

_SIGNATURE = "a thought signature"
_PLACE = "a secret at its place in the API"
_URL = "a URL with a secret in it"
_HEADER = "a header that carries a credential"
_TOO_LARGE = "compressed data that is too large to be looked through"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A secret in a text.

    Attributes:
        line: The line on which it begins, from 1.
        kind: A description such as "a Google API key".
        where: Its place in the text's structure; `""` if the text has none.
    """

    line: int
    kind: str
    where: str = ""


def scan(text: str, secrets: Secrets, trees: Trees | None = None, limit: int = LARGEST_BODY) -> list[Finding]:
    """Return all secrets in `text`, in order; none if the redactor wrote it.

    Args:
        text: A cassette of any recorder (YAML or JSON), a stream, lines of JSON, or any other text.
        secrets: The values known in this run, besides everything that is a secret by its looks or place.
        trees: The places of secrets; by default those that the API has.
        limit: The bytes that all compressed data in it may have when it is unpacked; what has more is a finding.
    """
    lines, matcher = _Lines(text), secrets.matcher
    findings: set[Finding] = set()
    found: set[tuple[str, int, int]] = set()
    for leaf, tree in _placed(text, trees or _TREES, limit):
        for hit in _in_leaf(leaf, matcher, tree):
            found.add((hit.kind, leaf.start, leaf.end))
            findings.add(Finding(lines.of(hit.text, leaf), hit.kind, f"{leaf.path} {hit.where}".strip()))
    # Comments, and text that no parser can read.
    for start, _, kind in matcher.find(text):
        if not any(kind == other and begin <= start < end for other, begin, end in found):
            findings.add(Finding(lines.at(start), kind))
    return sorted(findings)


def clean(text: str, secrets: Secrets, trees: Trees | None = None, limit: int = LARGEST_BODY) -> str:
    """Return `text` with each secret replaced in place, and nothing else changed.

    Secrets in base64 or in compressed data stay: `scan` the result.
    """
    text = secrets.matcher.redact(text)
    spans: dict[int, tuple[int, str]] = {}
    for leaf, tree in _placed(text, trees or _TREES, limit):
        for hit in _in_leaf(leaf, secrets.matcher, tree):
            for spelling in filter(None, _spellings(hit.text)):
                start = text.find(spelling, leaf.start, leaf.end)
                while start >= 0:
                    spans[start] = (start + len(spelling), hit.replacement)
                    start = text.find(spelling, start + len(spelling), leaf.end)
    pieces: list[str] = []
    copied = 0
    for start, (end, replacement) in sorted(spans.items()):
        if start >= copied:
            pieces += [text[copied:start], replacement]
            copied = end
    return "".join([*pieces, text[copied:]])


def _placed(text: str, trees: Trees, limit: int) -> Iterator[tuple[structure.Leaf, Node]]:
    """Yield all leaves, each with the places of secrets in what goes where its exchange does."""
    leaves = list(structure.leaves(text, limit))
    placed = {
        leaf.path.partition(".")[0]: trees.at(leaf.text) for leaf in leaves if leaf.path.endswith("].request.uri")
    }
    yield from ((leaf, placed.get(leaf.path.partition(".")[0], trees.of_api)) for leaf in leaves)


def is_suspicious(exchange: Exchange, secrets: Secrets) -> bool:
    """Return whether a redacted exchange holds a secret that redaction can't replace.

    It may be in a header that was to be kept, or in a body that is compressed, or that is no JSON and no stream.
    """
    messages: tuple[Message, ...] = (exchange.request, exchange.response)
    return any(_has_credential(message) or hides(message, secrets.matcher) for message in messages)


def _has_credential(message: Message) -> bool:
    return any(_is_credential(name, value) for name, values in message.headers.items() for value in values)


def hides(message: Message, matcher: Matcher) -> bool:
    """Return whether a body that is no JSON and no stream holds what `matcher` finds, or more than can be searched."""
    if not message.body or getattr(message, "comes_in_events", False) or message.json() is not NOT_JSON:
        return False
    return next(_in_leaf(structure.leaf_of(message.body), matcher, _TREES.of_api), None) is not None


class _Hit(NamedTuple):
    """A secret in a leaf: its kind, its place in there, its text, and its replacement."""

    kind: str
    where: str
    text: str
    replacement: str


class _Lines:
    """The numbers of the lines of a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends = [line_break.start() for line_break in re.finditer("\n", text)]

    def at(self, place: int) -> int:
        return bisect_left(self._ends, place) + 1

    def of(self, value: str, leaf: structure.Leaf) -> int:
        """Return the line where `value` begins within `leaf`; the line of `leaf` if `value` has another spelling."""
        for probe in (json.dumps(value, ensure_ascii=False)[1:-1], value):
            place = self._text.find(probe[:_PROBE].partition("\n")[0], leaf.start, leaf.end)
            if place >= 0:
                return self.at(place)
        return self.at(leaf.start)


def _in_leaf(leaf: structure.Leaf, matcher: Matcher, tree: Node) -> Iterator[_Hit]:
    if leaf.is_too_large:
        yield _Hit(_TOO_LARGE, "", "", "")
        return
    if leaf.header and _is_credential(leaf.header, leaf.text):
        yield _Hit(_HEADER, "", leaf.text, REDACTED)
    yield from _in_documents(leaf, matcher, tree)
    if not leaf.documents:
        yield from (_Hit(kind, "", text, REDACTED) for kind, text in _in_text(leaf.text, matcher))
        for match in _LOOSE_SIGNATURE.finditer(leaf.text):
            yield _Hit(_SIGNATURE, "", match["value"], signatures.redact_signature(match["value"]))


def _in_documents(leaf: structure.Leaf, matcher: Matcher, tree: Node) -> Iterator[_Hit]:
    search = not leaf.text or matcher.may_be_in(leaf.text.encode("utf-8", "surrogatepass"))
    clean = (
        [redact_document(leaf.documents[0], tree, matcher, search=search)]
        if len(leaf.documents) == 1
        else redact_events(leaf.documents, tree, matcher, search=search)
    )
    for number, (document, redacted) in enumerate(zip(leaf.documents, clean, strict=True)):
        event = f"event {number} " if len(clean) > 1 else ""
        for where, text in texts(document) if matcher.rules else ():  # which redaction changes nothing by
            yield from (_Hit(kind, event + where, text[start:end], REDACTED) for start, end, kind in matcher.find(text))
        for where, old, new in _changes(document, redacted):
            for kind, text in _kinds(old, new, matcher):
                before, _, after = old.partition(text)
                yield _Hit(kind, event + where, text, new.removeprefix(before).removesuffix(after))


def _kinds(old: str, new: str, matcher: Matcher) -> Iterator[tuple[str, str]]:
    """Yield the kind and the text of each secret in a text that redaction changed."""
    if signatures.is_placeholder(new):
        if len(old) >= _MIN_SIGNATURE:
            yield _SIGNATURE, old
        return
    secrets = list(_in_text(old, matcher))
    # Only here: elsewhere in a file, a pattern of the user would find statuses and dates too.
    secrets += [(kind, old[start:end]) for start, end, kind in matcher.find_patterns(old)]
    yield from secrets
    # A name of Google Cloud is redacted, and no secret.
    if not secrets and len(old) >= MIN_LENGTH and not is_stand_in(old) and new != google.without_names(old):
        yield _PLACE, old


def _in_text(text: str, matcher: Matcher) -> Iterator[tuple[str, str]]:
    yield from ((kind, text[start:end]) for start, end, kind in matcher.find(text))
    for start, end, _ in secrets_in_urls(text):
        if end - start >= MIN_LENGTH and not is_stand_in(text[start:end]):
            yield _URL, text[start:end]


def _is_credential(name: str, value: str) -> bool:
    shown = headers.values(name, value) if headers.hands_out(name) else [value] if is_credential_header(name) else []
    return any(len(each) >= MIN_LENGTH and not is_stand_in(each) for each in shown)


def _changes(old: Any, new: Any) -> Iterator[tuple[str, str, str]]:
    """Yield the path of each text that differs between two documents of one shape, with both texts."""
    if old is not new:
        for (path, before), (_, after) in zip(texts(old), texts(new), strict=True):
            if before != after:
                yield path, before, after


def _spellings(text: str) -> list[str]:
    """Return the spellings that a secret may have in JSON or YAML, or in JSON in those."""
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    careful = plain.replace("=", "\\u003d").replace("+", "\\u002b").replace("/", "\\/")
    return list(dict.fromkeys([plain, plain.replace("=", "\\u003d"), plain.replace("/", "\\/"), careful, text]))


_TREES = places_tree.trees()
