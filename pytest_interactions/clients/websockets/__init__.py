"""The `websockets` library's clients for asyncio and for threads: their connections are played, or recorded.

The library itself does all that its users see: it connects, frames, compresses, pings, queues, closes and raises. While
a recording is played, the other end of its connection is in this process (see `peer`). What it sends and receives is
seen where it has become a frame, or was one (see `tap`).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_interactions.clients.replacing import OnceImported
from pytest_interactions.files.real import real_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from pytest_interactions.cassette.guard import Answering
    from pytest_interactions.clients.in_force import InForce
    from pytest_interactions.clients.replacing import Replacements


def patches(cassettes: InForce[Answering]) -> Iterator[AbstractContextManager[object]]:
    """Yield the patches that bring WebSockets to the cassette in force, once the library is imported."""
    yield OnceImported("websockets.asyncio.client", partial(_patch_asyncio, cassettes))
    yield OnceImported("websockets.sync.client", partial(_patch_sync, cassettes))


def _patch_asyncio(cassettes: InForce[Answering], module: Any, replacements: Replacements) -> None:
    with real_files():
        from pytest_interactions.clients.websockets import in_loops
    for patch in in_loops.patches(cassettes, module):
        replacements.enter_context(patch)


def _patch_sync(cassettes: InForce[Answering], module: Any, replacements: Replacements) -> None:
    with real_files():
        from pytest_interactions.clients.websockets import in_threads
    for patch in in_threads.patches(cassettes, module):
        replacements.enter_context(patch)
