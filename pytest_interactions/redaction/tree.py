"""The tree of the places where secrets are: a walk that visits these and no others."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from operator import is_
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.paths import is_resource
from pytest_interactions.errors import OptionError
from pytest_interactions.redaction.finding import Words
from pytest_interactions.redaction.placeholders import REDACTED
from pytest_interactions.redaction.places import (
    CONFIGS,
    CREDENTIALS,
    ENVIRONMENTS,
    PLACES,
    STEPS,
    TOOLS,
    in_camel_case,
    redact_string,
    redact_strings,
)
from pytest_interactions.redaction.signatures import redact_signature
from pytest_interactions.redaction.urls import is_googles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_interactions.redaction.places import Kind, Place


@dataclass(slots=True)
class Node:
    """A node of the tree of places; at a place, `replace` makes the new value from the old one."""

    fields: dict[str, Node] = field(default_factory=dict)
    any_field: Node | None = None
    items: dict[int, Node] = field(default_factory=dict)
    any_item: Node | None = None
    replace: Callable[[Any], Any] | None = None
    types: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    #: Of a root: finds the names of which one is in any document with a place; `None` where there is no telling.
    names: Words | None = None

    def may_be_in(self, body: bytes) -> bool:
        """Return quickly whether `rewrite` may change JSON that is written in a body; `False` is certain."""
        if self.names is None or b"\0" in body:  # with zeros it is not in UTF-8
            return True
        return self.names.is_one_in(body) or _ESCAPED.search(body) is not None

    def rewrite(self, value: Any) -> Any:
        """Return `value` with its places replaced: a copy along the changed paths, or the same object."""
        if self.replace is not None:
            value = self.replace(value)
        if isinstance(value, dict):
            return self._rewrite_object(value)
        if isinstance(value, list):
            return self._rewrite_list(value)
        return value

    def is_in(self, value: dict[str, Any]) -> bool:
        """Return whether an object that has a field of this name is one in which it is a secret."""
        has_type = not self.types or value.get("type", "") in self.types
        return has_type and not (self.beside and value.keys().isdisjoint(self.beside))

    def _rewrite_object(self, value: dict[str, Any]) -> dict[str, Any]:
        changed: dict[str, Any] = {}
        for name in self.fields.keys() & value.keys():
            node, old = self.fields[name], value[name]
            if node.is_in(value) and (new := node.rewrite(old)) is not old:
                changed[name] = new
        if self.any_field is not None:
            for name, old in value.items():
                new = self.any_field.rewrite(changed.get(name, old))
                if new is not old:
                    changed[name] = new
        return {**value, **changed} if changed else value

    def _rewrite_list(self, value: list[Any]) -> list[Any]:
        new = value if self.any_item is None else list(map(self.any_item.rewrite, value))
        for place, node in self.items.items():
            if place < len(value):
                new = [*new[:place], node.rewrite(new[place]), *new[place + 1 :]]
        return value if all(map(is_, new, value)) else new


@lru_cache(maxsize=16)
def tree(extra_paths: tuple[str, ...] = (), *, of_api: bool = True) -> Node:
    """Return places as a tree to walk, with more paths such as `$.a.b[*].c` where any value is a secret.

    Args:
        extra_paths: The paths.
        of_api: Whether it is for what goes to the API and comes from there; `PLACES` are its own, but for a few.

    Raises:
        OptionError: A path can't be read.
    """
    root, paths = Node(), list(extra_paths)
    for place in PLACES:
        # What the API sends needs nothing beside it.
        if of_api is not bool(place.beside):
            for path in _expand(place.path):
                _plant(root, path, _REDACTIONS[place.kind], place)
                paths.append(path)
    for path in extra_paths:
        if not _PATH.fullmatch(path):
            raise OptionError(f"redact: {path!r} is not a JSON path; write it like $.tools[*].headers or $['a b'][0].c")
        _plant(root, path.removeprefix("$"), _redact_any)
    if of_api:  # several events in one message of a WebSocket
        root.fields.setdefault("events", Node()).any_item = root
    names = set(map(_name_in, paths))
    root.names = None if "" in names else Words([f'"{name}"'.encode() for name in names])
    return root


def _name_in(path: str) -> str:
    """Return the name of a field that any document with this path has, the one that tells most; "" if it has none."""
    names = [segment[1:] for segment in _SEGMENTS.findall(path) if _PLAIN.fullmatch(segment)]
    return next((name for name in reversed(names) if name not in _EVERYDAY), names[-1] if names else "")


@dataclass(frozen=True, slots=True)
class Trees:
    """The places in what is sent to the API or comes from it, and in all else, each as a tree."""

    of_api: Node
    elsewhere: Node

    def at(self, uri: str) -> Node:
        """Return the places in what is sent to `uri` and comes from there; without a URL, those of the API."""
        is_api = not uri or is_googles(uri) or is_resource(uri.partition("?")[0])
        return self.of_api if is_api else self.elsewhere


def trees(extra_paths: tuple[str, ...] = ()) -> Trees:
    """Return both trees, each with `extra_paths` too; see `tree`."""
    return Trees(tree(extra_paths), tree(extra_paths, of_api=False))


def _redact_any(value: Any) -> Any:
    return value if value == REDACTED or value is None else REDACTED


_REDACTIONS: dict[Kind, Callable[[Any], Any]] = {
    "signature": redact_signature,
    "secret": redact_string,
    "secrets": redact_strings,
}
_STANDING_FOR = (
    *(("<environment>", ENVIRONMENTS), ("<credential>", CREDENTIALS), ("<tool>", TOOLS)),
    *(("<config>", CONFIGS), ("<steps>", STEPS)),
)
_SEGMENT = r"\.(?:[^.\[\]'\"\s*]+|\*)|\[(?:\d+|\*|'[^']*'|\"[^\"]*\")\]"
_PATH = re.compile(rf"\$(?:{_SEGMENT})+")
_SEGMENTS = re.compile(_SEGMENT)
_PLAIN = re.compile(r"\.[A-Za-z0-9_]+")
#: Names that most documents have.
_EVERYDAY = ("content", "value", "config")
# A letter or a digit.
_ESCAPED = re.compile(rb"\\u00[0-7]")
#: The places of nothing.
NOWHERE = Node()


def _expand(path: str) -> Iterator[str]:
    for name, prefixes in _STANDING_FOR:
        if path.startswith(name):
            for prefix in prefixes:
                yield from _expand(prefix + path.removeprefix(name))
            return
    yield f".{path}"
    yield f".{in_camel_case(path)}"


def _plant(root: Node, path: str, replace: Callable[[Any], Any], place: Place | None = None) -> None:
    node = root
    for segment in _SEGMENTS.findall(path):
        node = _child(node, segment)
    node.replace = replace
    node.types, node.beside = (place.types, place.beside) if place else ((), ())


def _child(node: Node, segment: str) -> Node:
    if segment == "[*]":
        node.any_item = node.any_item or Node()
        return node.any_item
    if segment == ".*":
        node.any_field = node.any_field or Node()
        return node.any_field
    name = segment[1:] if segment.startswith(".") else segment[1:-1]
    if segment.startswith("[") and name.isdecimal():
        return node.items.setdefault(int(name), Node())
    return node.fields.setdefault(name.strip("'\""), Node())
