"""The structure of any text, as far as it can be read: YAML, JSON, streams, lines of JSON, and these nested."""

from __future__ import annotations

import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from pytest_interactions.api import sse
from pytest_interactions.api.base64_text import decoded
from pytest_interactions.api.bounds import LARGEST_BODY, Room, compose
from pytest_interactions.api.json_values import NOT_JSON, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

# An object with one of these fields is a body of the API, or an event's data.
_BODY_FIELDS = frozenset(
    {
        *("agent_config", "environment", "input", "interaction", "outputs", "steps", "tools"),
        *("delta", "event_type"),
        *("candidates", "contents"),
        *("new_signing_secret", "signing_secrets"),
    }
)
_EVENT_FIELDS = ("event:", "data:")
_GZIP = b"\x1f\x8b"
_GZIP_IN_BASE64 = "H4sI"


@dataclass(slots=True)
class Leaf:
    """A text within a text, or a body that was written as part of the structure around it.

    Attributes:
        path: Its place in that structure; `""` if there is none.
        start: Its start in the whole text, in characters.
        end: Its end.
        text: Its text, unquoted and decoded.
        header: The header's name if it is a header's value.
        documents: The JSON documents in it: one for a body, one for each event of a stream.
    """

    path: str
    start: int
    end: int
    text: str = ""
    header: str = ""
    documents: list[Any] = field(default_factory=list)


def leaves(text: str, limit: int = LARGEST_BODY) -> Iterator[Leaf]:
    """Yield all leaves of `text`, in order, each once: an alias is no text of its own.

    Raises:
        TooLargeError: The text stands for more than there is room for: compressed data in it is larger than `limit`
            bytes, or its aliases are.
    """
    root, walked, room = None, [], Room(limit)
    if not text.startswith(_EVENT_FIELDS):  # A stream can be read as YAML, and should not be.
        with suppress(yaml.YAMLError, UnicodeError, RecursionError):  # bytes that are no text are no YAML
            root = compose(text, limit)
    with suppress(RecursionError):  # a structure too deep to walk is text
        walked = list(_walk(root, "", "", room)) if isinstance(root, yaml.CollectionNode) else []
    yield from walked or _plain(text)


def leaf_of(body: bytes) -> Leaf:
    """Return the body of a message as a leaf, decompressed if it is gzip, or gzip in base64; raise as `leaves` does."""
    text = _unpacked(
        body.decode("utf-8", "surrogateescape"), body if body.startswith(_GZIP) else None, Room(LARGEST_BODY)
    )
    return Leaf("", 0, len(text), text, documents=_documents(text))


def _plain(text: str) -> Iterator[Leaf]:
    """Yield one leaf for a stream or a document, or else one for each line, which may be a document."""
    whole = Leaf("", 0, len(text), text, documents=_documents(text))
    if whole.documents:
        yield whole
        return
    start = 0
    for line in text.splitlines(keepends=True):
        yield Leaf("", start, start + len(line), line, documents=_documents(line))
        start += len(line)


def _walk(node: yaml.Node, path: str, header: str, room: Room) -> Iterator[Leaf]:
    start, end = node.start_mark.index, node.end_mark.index
    if isinstance(node, yaml.ScalarNode):
        is_binary = node.tag == "tag:yaml.org,2002:binary"
        text = _unpacked(node.value, decoded(node.value, strict=False) if is_binary else None, room)
        yield Leaf(path, start, end, text, header, _documents(text))
    elif isinstance(node, yaml.SequenceNode):
        if chunks := _chunks(node):
            yield Leaf(path, start, end, chunks, documents=_documents(chunks))
            return
        for place, item in enumerate(node.value):
            yield from _walk(item, f"{path}[{place}]", header, room)
    else:
        fields = {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}
        if _BODY_FIELDS & fields.keys():
            yield Leaf(path, start, end, documents=[_value(node)])
            return
        for key, value in node.value:
            yield from _walk(key, path, "", room)
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            inside = name if path.rpartition(".")[2] == "headers" else ""
            yield from _walk(value, f"{path}.{name}" if path else name, inside, room)


def _chunks(node: yaml.SequenceNode) -> str:
    """Return the stream of a list of chunks or of events; `""` if the list is none of these."""
    chunks = [item.value for item in node.value if isinstance(item, yaml.ScalarNode)]
    if len(chunks) < len(node.value) or not chunks or not chunks[0].startswith(_EVENT_FIELDS):
        return ""
    are_events = all(text.startswith(_EVENT_FIELDS) and not text.endswith("\n") for text in chunks)
    return ("\n\n" if are_events else "").join(chunks)


def _value(node: yaml.Node) -> Any:
    """Return the node's JSON value; numbers are texts here, as nothing looks at them."""
    if isinstance(node, yaml.MappingNode):
        return {str(_value(key)): _value(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    return node.value


def _unpacked(text: str, raw: bytes | None, room: Room) -> str:
    """Return the text of `raw`, or `text` if there is none; gzip, also in base64, is decompressed."""
    if raw is None and text.lstrip().startswith(_GZIP_IN_BASE64):
        raw = decoded(text, strict=False)
    return text if raw is None else _decompressed(raw, room).decode("utf-8", "surrogateescape")


def _decompressed(raw: bytes, room: Room) -> bytes:
    """Return `raw` with its gzip decompressed, as far as it goes if its end is missing; what is no gzip stays."""
    unpacked = b""
    with suppress(zlib.error):
        while raw.startswith(_GZIP):  # gzip may follow on gzip
            unpacker = zlib.decompressobj(wbits=31)
            piece = unpacker.decompress(raw, room.left + 1)
            room.take(len(piece))
            unpacked += piece
            raw = unpacker.unused_data
    return unpacked + raw


def _documents(text: str) -> list[Any]:
    begin = text.lstrip()
    documents = []
    if begin.startswith(("{", "[")):
        documents = [parse(text)]
    elif begin.startswith((*_EVENT_FIELDS, ":")):
        documents = [event.json() for event in sse.decode(text.encode("utf-8", "surrogateescape"))]
    return [document for document in documents if document is not NOT_JSON]
