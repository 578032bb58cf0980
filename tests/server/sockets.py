"""WebSockets through the replay server: what a test needs to open them, and an API that does as it is told."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_interactions.api import websocket
from pytest_interactions.files import storage
from pytest_interactions.server import ReplayServer
from tests.live.talk import PATH
from tests.support import use_cassette

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_interactions.api.exchange import Exchange


@contextmanager
def served(path: Path, upstream: str | None = None, **options: Any) -> Iterator[ReplayServer]:
    """Serve a cassette: recorded from the API at `upstream`, or replayed if there is none."""
    mode = {} if upstream is None else {"record_mode": "once"}
    with use_cassette(path, **(mode | options)) as cassette, ReplayServer(cassette, upstream=upstream) as server:
        yield server


def live(base: str, path: str = PATH) -> str:
    """The address of a WebSocket below the address of a server."""
    return f"ws{base.removeprefix('http')}{path}"


def recorded(path: Path) -> Exchange:
    """The one exchange that a cassette holds."""
    [exchange] = storage.load(path).exchanges
    return exchange


def items(path: Path) -> list[websocket.Item]:
    """What was said on the one WebSocket that a cassette holds."""
    return websocket.read(recorded(path).response.body)
