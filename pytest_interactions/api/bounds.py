"""Bounds on what a text or a body may grow to when it is read: a small file can unpack to more than there is memory."""

from __future__ import annotations

import math
import re
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

import yaml

from pytest_interactions.errors import TooLargeError
from pytest_interactions.options import Options

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The bytes that a body may have once it is decompressed, where no option says otherwise.
LARGEST_BODY: Final = Options().max_size
#: How many times as large a whole file may be, with its aliases written out.
BODIES_IN_A_FILE: Final = 8
_NODE: Final = 64  # bytes that a value takes beside its text, at the least
#: PyYAML's reader of plain data, in C where it was built with it.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


#: The levels to which YAML may be nested: PyYAML's reader in C goes down by one frame for each, and crashes in the end.
DEEPEST_YAML: Final = 500
_BRACKET: Final = re.compile(r"[\[\]{}]")
_DASHES: Final = re.compile(rf"(?:[-?:] ){{{DEEPEST_YAML // 2}}}")


def check_depth(text: str) -> None:
    """Check how deep a YAML text is nested, if it has so many brackets or dashes that it may be too deep.

    Raises:
        yaml.YAMLError: The text is not YAML.
        RecursionError: It is nested too deep.
    """
    if not (_DASHES.search(text) or _open_brackets(text) > DEEPEST_YAML):
        return
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):  # one after the other, which no depth harms
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST_YAML:
            raise RecursionError


def _open_brackets(text: str) -> int:
    """Return the most brackets that are open at once, as if all were of the YAML, and none of a text in it."""
    steps = (1 if bracket in "[{" else -1 for bracket in _BRACKET.findall(text))
    return max(accumulate(steps, lambda depth, step: max(depth + step, 0)), default=0)


def check_aliases(text: str, limit: int) -> None:
    """Check what the aliases of a YAML text stand for.

    Raises:
        yaml.YAMLError: The text is not YAML.
        RecursionError: It is nested too deep.
        TooLargeError: Its aliases stand for more than `limit` bytes.
    """
    root = yaml.compose(text, Loader=LOADER)
    if root is not None and size(root, {}) > limit + len(text) * _NODE:
        raise TooLargeError(f"its aliases stand for more than {mebibytes(limit)}")


def size(node: yaml.Node, known: dict[int, float]) -> float:
    """Return the size of a node in bytes with its aliases written out; each node is looked at once.

    Args:
        node: The node; one within itself has no end.
        known: The sizes of nodes that are known, to which those of this one are added.
    """
    if id(node) not in known:
        known[id(node)] = math.inf  # for a node within itself, which has no end
        inner = [len(node.value)] if isinstance(node, yaml.ScalarNode) else [size(each, known) for each in _inner(node)]
        known[id(node)] = _NODE + sum(inner)
    return known[id(node)]


def _inner(node: yaml.Node) -> Iterator[yaml.Node]:
    for item in node.value:
        yield from item if isinstance(item, tuple) else (item,)


class Room:
    """The room for what is compressed in one text: `limit` bytes in all, once it is unpacked."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.left = limit

    def has_taken(self, size: int) -> bool:
        """Take so much of it; return whether there was enough."""
        taken = min(size, self.left)
        self.left -= taken
        return taken == size

    def take(self, size: int) -> None:
        """Take so much of it; raise `TooLargeError` if there is not enough."""
        if not self.has_taken(size):
            raise TooLargeError(f"what is compressed in it is more than {mebibytes(self._limit)} when it is unpacked")


def mebibytes(size: int) -> str:
    """Return a number of bytes in MiB, or a small one as it is, as a message has it."""
    return f"{size / 2**20:,.4g} MiB" if size >= 2**17 else f"{size:,} bytes"


def larger(size: int) -> str:
    """Return how the bound is made larger, with a number of bytes that would do."""
    return f"give a larger max_size, in bytes, as in @pytest.mark.interactions(max_size={size})."
