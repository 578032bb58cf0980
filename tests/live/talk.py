"""A WebSocket server of the tests' own, on a real socket, and the two clients that talk to it in the same way."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.client import connect as connect_in_loop
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The path at which the API has live interactions.
PATH = "/v1beta/interactions/live"


def echo(connection: Any) -> None:
    """Answer each message by itself, but for a few that ask for something else."""
    for message in connection:
        if message == "break":
            connection.socket.shutdown(socket.SHUT_RDWR)
            return
        if message == "close":
            connection.close(4001, "enough")
            return
        if message == "pieces":
            connection.send(["a", "b", "c"])
        elif message == "large":
            connection.send("x" * 2_000_000)
        elif message == "nothing":
            continue
        else:
            connection.send(message)


class Server:
    """A running server."""

    def __init__(self, running: Any) -> None:
        self._running = running
        self.port = running.socket.getsockname()[1]
        self.received: list[str | bytes] = []

    @property
    def url(self) -> str:
        """The address of its live interactions."""
        return f"ws://127.0.0.1:{self.port}{PATH}"

    @property
    def base(self) -> str:
        """Its address for HTTP."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Stop, and break what is open."""
        self._running.shutdown()


@contextmanager
def serving(handler: Callable[[Any], None] = echo, **options: Any) -> Iterator[Server]:
    """Run a server; what a client does to it is no error."""

    def handle(connection: Any) -> None:
        with suppress(ConnectionClosed, OSError):
            handler(connection)

    running = serve(handle, "127.0.0.1", 0, max_size=None, **options)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield Server(running)
    finally:
        running.shutdown()
        thread.join()


# --- clients ---


def live_sdk() -> Any:
    """The module of google-genai that opens live interactions; skips the tests where it has none."""
    name = "google.genai._interactions_websocket"
    return pytest.importorskip(name, reason="google-genai has live interactions since version 3.6")


class Said(list[Any]):
    """What came of a talk: messages, then how it ended."""


def talk_in_thread(url: str, *messages: Any, answers: int = 1, **options: Any) -> Said:
    """Send messages, and wait for so many answers to each; a function among them is called with the connection."""
    said = Said()
    try:
        with connect(url, **options) as connection:
            for message in messages:
                if callable(message):
                    said.append(message(connection))
                    continue
                connection.send(message)
                said += [connection.recv() for _ in range(answers)]
    except ConnectionClosed as error:
        said.append((type(error).__name__, str(error)))
    return said


async def _talk(url: str, *messages: Any, answers: int = 1, **options: Any) -> Said:
    said = Said()
    try:
        async with connect_in_loop(url, **options) as connection:
            for message in messages:
                if callable(message):
                    said.append(await message(connection))
                    continue
                await connection.send(message)
                for _ in range(answers):
                    said.append(await connection.recv())
    except ConnectionClosed as error:
        said.append((type(error).__name__, str(error)))
    return said


def talk_in_loop(url: str, *messages: Any, **options: Any) -> Said:
    """Do the same in an event loop."""
    return asyncio.run(_talk(url, *messages, **options))


TALKS: dict[str, Any] = {"threads": talk_in_thread, "asyncio": talk_in_loop}


@pytest.fixture(params=TALKS)
def talk(request: pytest.FixtureRequest) -> Any:
    """One client's way of talking."""
    return TALKS[request.param]


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that answers each message by itself."""
    with serving() as running:
        yield running


def event(kind: str, **fields: Any) -> str:
    """A message of the API, as JSON on one line."""
    return json.dumps({"event_type": kind, **fields}, separators=(",", ":"), ensure_ascii=False)


def text(words: str) -> str:
    """An input of the app's."""
    return event("input", content=[{"type": "text", "text": words}])
