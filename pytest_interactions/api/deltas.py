"""Steps and contents that grow, delta by delta."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.base64_text import decoded
from pytest_interactions.api.json_values import NOT_JSON, Json, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class Node:
    """A step or a content that grows: texts and lists are collected, and joined once at the end."""

    def __init__(self, fields: Mapping[str, Any], *, flat: bool = False) -> None:
        self.fields = dict(fields)
        self.texts: dict[str, list[str]] = {}
        self.lists: dict[str, list[Any]] = {}
        #: Whether the node holds content itself, as it did before there were steps.
        self.flat = flat

    def add_text(self, key: str, text: str) -> None:
        """Add to the text of the field `key`."""
        known = self.fields.get(key)
        self.texts.setdefault(key, [known] if isinstance(known, str) else []).append(text)

    def add_items(self, key: str, items: Iterable[Any]) -> None:
        """Add to the list of the field `key`."""
        if key not in self.lists:
            known = self.fields.get(key)
            self.lists[key] = list(known) if isinstance(known, list) else []
        self.lists[key].extend(items)

    def child(self, key: str, fields: Json) -> Node:
        """Return the last content of the list `key`, or a new one if `fields` don't continue it."""
        self.add_items(key, ())
        items = self.lists[key]
        if items and isinstance(items[-1], dict):
            items[-1] = Node(items[-1])
        if not items or not _goes_on(items[-1], fields):
            items.append(Node({name: value for name, value in fields.items() if name == "type"}))
        node: Node = items[-1]
        return node

    def result(self) -> Json:
        """Return the grown node as JSON."""
        built = dict(self.fields)
        for key, items in self.lists.items():
            built[key] = [item.result() if isinstance(item, Node) else item for item in items]
        for key, texts in self.texts.items():
            built[key] = _JOINED[key](texts)
        if built.get("signature") == "":  # says in a stream that there is none
            del built["signature"]
        return built


#: The fields of a content that come in pieces.
_GROWING = ("text", "data")


def _goes_on(node: Any, delta: Json) -> bool:
    """Return whether a delta is more of the content `node`: deltas do not name the content they belong to.

    Each chunk of audio or video names its format. A chunk of an image or document that names anything begins a new one.
    """
    kind = delta.get("type")
    if not isinstance(node, Node) or node.fields.get("type") != kind:
        return False
    if kind == "text":
        return True
    named = {key: value for key, value in delta.items() if key not in ("type", *_GROWING)}
    same = named.items() <= node.fields.items() if kind in ("audio", "video") else not named
    return same and "data" in delta


def _grow(node: Node, delta: Json) -> None:
    for key, value in delta.items():
        if key in _GROWING and isinstance(value, str):
            node.add_text(key, value)
        elif isinstance(value, list):
            node.add_items(key, value)
        else:
            node.fields[key] = value


def _content(node: Node, delta: Json) -> None:
    _grow(node if node.flat else node.child("content", delta), delta)


def _summary(node: Node, delta: Json) -> None:
    part = delta.get("content")
    if not isinstance(part, dict):
        part = {"type": "text"}
    _grow(node.child("summary", part), part)


def _annotations(node: Node, delta: Json) -> None:
    target = node if node.flat else node.child("content", {"type": "text"})
    annotations = delta.get("annotations")
    target.add_items("annotations", annotations if isinstance(annotations, list) else ())


def _merge(node: Node, delta: Json) -> None:
    """Merge a delta into the fields of its step: add texts and lists, update objects, replace the rest."""
    for key, value in delta.items():
        known = node.fields.get(key)
        if key == "type" or (key in ("arguments", "signature") and not value and key in node.fields):
            continue
        if key in ("arguments", "result") and isinstance(value, str):
            node.add_text(key, value)
        elif isinstance(value, list):
            node.add_items(key, value)
        elif isinstance(value, dict) and isinstance(known, dict):
            node.fields[key] = {**known, **value}
        else:
            node.fields[key] = value


def _merge_or_keep(node: Node, delta: Json) -> None:
    """Merge a delta that has its step's type; keep any other as content of its step."""
    if delta.get("type") == node.fields.setdefault("type", delta.get("type")):
        _merge(node, delta)
    else:
        node.add_items("content", [delta])


def _parsed(texts: list[str]) -> Any:
    text = "".join(texts)
    value = parse(text)
    return text if value is NOT_JSON else value  # the stream stopped in the middle


def _joined_base64(texts: list[str]) -> str:
    """Join chunks that were each encoded for themselves, or one encoding that was cut up."""
    if not any(text.endswith("=") for text in texts[:-1]):
        return "".join(texts)
    chunks = [decoded(text, strict=False) for text in texts]
    return "".join(texts) if None in chunks else base64.b64encode(b"".join(filter(None, chunks))).decode()


_JOINED: dict[str, Callable[[list[str]], Any]] = {
    "text": "".join,
    "data": _joined_base64,
    "arguments": _parsed,
    "result": "".join,
}

_DELTAS: dict[str, Callable[[Node, Json], None]] = {
    **dict.fromkeys(("text", "image", "audio", "video", "document"), _content),
    "text_annotation_delta": _annotations,
    "thought_summary": _summary,
    "thought_signature": _merge,
    "arguments_delta": _merge,
}

#: The type of step for a delta whose `step.start` was not seen. A call's or result's delta has its step's type.
STEP_OF = {
    **dict.fromkeys(("text", "image", "audio", "video", "document", "text_annotation_delta"), "model_output"),
    "thought_summary": "thought",
    "thought_signature": "thought",
    "arguments_delta": "function_call",
}


def apply(node: Node, delta: Json) -> None:
    """Add `delta`, whatever its type, to `node`."""
    _DELTAS.get(str(delta.get("type")), _merge_or_keep)(node, delta)
