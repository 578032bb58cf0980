"""A WebSocket server of the tests' own that gives each message back, and knows who has come."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.live.talk import PATH, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


class Echo:
    """A running server.

    Attributes:
        port: Where it listens, on this machine.
        asked: The paths of the handshakes that have come.
    """

    def __init__(self, port: int, asked: list[str]) -> None:
        self.port = port
        self.asked = asked

    def url(self, path: str = PATH) -> str:
        """Return the address of a path, which is one of the API's if none is given."""
        return f"ws://127.0.0.1:{self.port}{path}"


@contextmanager
def echoing() -> Iterator[Echo]:
    """Run a server inside the block."""
    asked: list[str] = []

    def note(_: Any, request: Any) -> None:
        asked.append(request.path)

    with serving(process_request=note) as running:
        yield Echo(running.port, asked)
