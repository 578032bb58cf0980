"""Reads a text as far as it can be read: YAML, JSON, streams, lines of JSON, and these within each other."""

from __future__ import annotations

import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from pytest_interactions.api import sse
from pytest_interactions.api.base64_text import decoded
from pytest_interactions.api.json_values import NOT_JSON, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# An object with one of these fields is a body of the API, or an event's data.
_BODY_FIELDS = frozenset(
    {
        "agent_config",
        "candidates",
        "contents",
        "delta",
        "environment",
        "event_type",
        "input",
        "interaction",
        "new_signing_secret",
        "outputs",
        "signing_secrets",
        "steps",
        "tools",
    }
)
_EVENT_FIELDS = ("event:", "data:")
_GZIP = b"\x1f\x8b"
_GZIP_IN_BASE64 = "H4sI"


@dataclass(slots=True)
class Leaf:
    """A text within a text, or a body that was written as part of the structure around it.

    Attributes:
        path: Its place in that structure, `""` if there is none.
        start: Where it begins in the whole text, in characters.
        end: Where it ends.
        text: What it says once unquoted and decoded.
        header: If it is a header's value, that header's name.
        documents: The JSON documents it consists of: one for a body, one for each event of a stream.
    """

    path: str
    start: int
    end: int
    text: str = ""
    header: str = ""
    documents: list[Any] = field(default_factory=list)


def leaves(text: str) -> Iterator[Leaf]:
    """All leaves of `text`, in order."""
    root, found = None, []
    if not text.startswith(_EVENT_FIELDS):  # A stream can be read as YAML, and should not be.
        with suppress(yaml.YAMLError, UnicodeError, RecursionError):  # bytes that are no text are no YAML
            root = yaml.compose(text, Loader=_Loader)
    with suppress(RecursionError):  # what is too deep to walk is text
        found = list(_walk(root, "", "")) if isinstance(root, yaml.CollectionNode) else []
    yield from found or _plain(text)


def leaf_of(body: bytes) -> Leaf:
    """Return the body of a message as a leaf, decompressed where it is gzip, or gzip in base64."""
    text = body.decode("utf-8", "surrogateescape")
    raw = body if body.startswith(_GZIP) else decoded(text, strict=False) if _is_gzip_in_base64(text) else None
    text = text if raw is None else _decompressed(raw).decode("utf-8", "surrogateescape")
    return Leaf("", 0, len(text), text, documents=_documents(text))


def _plain(text: str) -> Iterator[Leaf]:
    """A stream, a document, or lines of which some may be documents."""
    whole = Leaf("", 0, len(text), text, documents=_documents(text))
    if whole.documents:
        yield whole
        return
    start = 0
    for line in text.splitlines(keepends=True):
        yield Leaf("", start, start + len(line), line, documents=_documents(line))
        start += len(line)


def _walk(node: yaml.Node, path: str, header: str) -> Iterator[Leaf]:
    start, end = node.start_mark.index, node.end_mark.index
    if isinstance(node, yaml.ScalarNode):
        text = _decoded(node)
        yield Leaf(path, start, end, text, header, _documents(text))
    elif isinstance(node, yaml.SequenceNode):
        if chunks := _chunks(node):
            yield Leaf(path, start, end, chunks, documents=_documents(chunks))
            return
        for place, item in enumerate(node.value):
            yield from _walk(item, f"{path}[{place}]", header)
    else:
        fields = {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}
        if _BODY_FIELDS & fields.keys():
            yield Leaf(path, start, end, documents=[_value(node)])
            return
        for key, value in node.value:
            yield from _walk(key, path, "")
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            inside = name if path.rpartition(".")[2] == "headers" else ""
            yield from _walk(value, f"{path}.{name}" if path else name, inside)


def _chunks(node: yaml.SequenceNode) -> str:
    """The stream that a list of its chunks, or of its events, makes; `""` if it is no such list."""
    found = [item.value for item in node.value if isinstance(item, yaml.ScalarNode)]
    if len(found) < len(node.value) or not found or not found[0].startswith(_EVENT_FIELDS):
        return ""
    are_events = all(text.startswith(_EVENT_FIELDS) and not text.endswith("\n") for text in found)
    return ("\n\n" if are_events else "").join(found)


def _value(node: yaml.Node) -> Any:
    """The node as JSON would have it; a number is a text here, since nothing looks at it."""
    if isinstance(node, yaml.MappingNode):
        return {str(_value(key)): _value(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    return node.value


def _decoded(node: yaml.ScalarNode) -> str:
    text: str = node.value
    is_binary = node.tag == "tag:yaml.org,2002:binary"
    raw = decoded(text, strict=False) if is_binary or _is_gzip_in_base64(text) else None
    return text if raw is None else _decompressed(raw).decode("utf-8", "surrogateescape")


def _is_gzip_in_base64(text: str) -> bool:
    return text.lstrip()[: len(_GZIP_IN_BASE64)] == _GZIP_IN_BASE64


def _decompressed(raw: bytes) -> bytes:
    """Return what is compressed in `raw`, or `raw` itself; where the end is missing, as much as there is."""
    if not raw.startswith(_GZIP):
        return raw
    try:
        return zlib.decompressobj(wbits=31).decompress(raw)
    except zlib.error:
        return raw


def _documents(text: str) -> list[Any]:
    begin = text.lstrip()[:8]
    if begin.startswith(("{", "[")):
        document = parse(text)
        return [] if document is NOT_JSON else [document]
    if not begin.startswith((*_EVENT_FIELDS, ":")):
        return []
    found = [event.json() for event in sse.decode(text.encode("utf-8", "surrogateescape"))]
    return [document for document in found if document is not NOT_JSON]
