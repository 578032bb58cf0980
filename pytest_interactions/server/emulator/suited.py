"""Which keys of a scripted answer can be of which operation: a WebSocket has some of its own, and can't have others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_interactions.server.emulator.script import Reply

#: The operations of a script that are of a WebSocket: the answer to an input, and to the handshake.
LIVE, CONNECT = "live", "live.connect"
_OF_ANY: Final = ("times", "hold", "delay", "error", "message", "code")
_OF_SOCKETS: Final = ("close", "reconnect", "batch", "binary")
_OF: Final = {
    LIVE: (
        *("text", "steps", *_OF_ANY, "events_delay", "cut_after", "error_event_after"),
        *("repeat", "drop", "reorder", "malformed", *_OF_SOCKETS),
    ),
    CONNECT: (*_OF_ANY, "retry_after", "refused", "timeout"),
}


def unsuited(operation: str, reply: Reply) -> Iterator[tuple[str, str]]:
    """Yield each key of a reply that an operation can't have, with what to do instead."""
    for key in sorted(reply.model_fields_set):
        known = _OF.get(operation)
        if known is None and key in _OF_SOCKETS:
            yield key, f"is of a WebSocket: script it with operation {LIVE!r}"
        elif known is not None and key not in known:
            yield key, f"can't be of operation {operation!r}; known there are: {', '.join(known)}"
