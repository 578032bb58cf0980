"""Answers on their way to the client: late, held, broken, and stopped when the client goes away."""

from __future__ import annotations

import asyncio
import threading
import zlib
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.json_values import NOT_JSON, parse
from pytest_interactions.server.connections import broken, disconnected
from pytest_interactions.server.emulator.spoilt import sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, MutableSequence, Sequence

    from starlette.types import Receive, Scope, Send

    from pytest_interactions.api.exchange import Cut
    from pytest_interactions.api.websocket import Frame
    from pytest_interactions.faults import Effects


class Hold:
    """A barrier: the server sends event number `before`, of which the first is 0, only after `release()`."""

    def __init__(self, before: int = 0) -> None:
        self.before = before
        self._reached = threading.Event()
        self._released: Future[None] = Future()

    def wait_reached(self, timeout: float = 5.0) -> None:
        """Wait until the server stands at the barrier.

        Raises:
            TimeoutError: It did not get there within `timeout` seconds.
        """
        if not self._reached.wait(timeout):
            raise TimeoutError(f"the emulator did not reach event {self.before} within {timeout} s")

    def release(self) -> None:
        """Let the server go on."""
        if not self._released.done():
            self._released.set_result(None)

    async def passed(self, gone: asyncio.Future[None]) -> None:
        """Stand at the barrier until it is released, or the client goes away."""
        self._reached.set()
        released = asyncio.shield(asyncio.wrap_future(self._released))
        await asyncio.wait([gone, released], return_when=asyncio.FIRST_COMPLETED)


@dataclass(kw_only=True)
class Received:
    """A request to the emulator, and the progress of its answer.

    Attributes:
        method: The HTTP method.
        path: The path of the URL.
        query: The parameters in the URL.
        headers: The headers, with lower-case names.
        body: The body.
        events_sent: The number of events that were sent; for an answer that is no stream, of bodies.
        disconnected: Set when the client goes away before the end of the answer.
        ended: Set when the answer is over.
        messages: Of a WebSocket, what was said on it by both sides, in order; `events_sent` counts the server's events.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    events_sent: int = 0
    disconnected: threading.Event = field(default_factory=threading.Event, repr=False)
    ended: threading.Event = field(default_factory=threading.Event, repr=False)
    messages: MutableSequence[Frame] = field(default_factory=list, repr=False)

    @property
    def json(self) -> Any:
        """Return the body parsed as JSON; `None` if it is not JSON."""
        value = parse(self.body)
        return None if value is NOT_JSON else value

    @property
    def events(self) -> list[Any]:
        """Return the events that the app has sent on a WebSocket, each as JSON, in order; those of a batch singly."""
        said = (message.json() for message in list(self.messages) if message.sent)
        return [event for value in said if value is not NOT_JSON for event in events_in(value)]


def events_in(value: Any) -> list[Any]:
    """Return the events in the JSON of a message: the one that it is, or those of a batch."""
    batch = value.get("events") if isinstance(value, dict) else None
    return batch if isinstance(batch, list) else [value]


class Answer:
    """An HTTP response as an ASGI app; flushes each chunk by itself, and gzips it if the client accepts that.

    `then` is called when the answer is over.
    """

    then: Callable[[], None] | None = None

    def __init__(
        self,
        status: int,
        headers: Iterable[tuple[str, str]],
        chunks: Sequence[bytes],
        effects: Effects,
        hold: Hold | None = None,
    ) -> None:
        """Answer with `chunks`, each an event of a stream, or a body; `effects` say what goes wrong with them.

        `hold` is a barrier before one of the chunks.
        """
        self._headers = [(name.encode(), value.encode()) for name, value in headers]
        self._sent = sent(status, dict(headers), chunks, effects)
        self._hold = hold

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer; return early, without an error, if the client goes away."""
        received: Received = scope["state"]["received"]
        gone = asyncio.ensure_future(disconnected(receive))
        try:
            await self._send(scope, received, gone, send)
        finally:
            gone.cancel()
            received.ended.set()
            if self.then is not None:
                self.then()

    async def _send(self, scope: Scope, received: Received, gone: asyncio.Future[None], send: Send) -> None:
        encode, finish, encoding = self._coding(received)
        kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
        head = {
            "type": f"{kind}.start",
            "status": self._sent.status,
            "headers": [*self._headers, *encoding],
        }
        for index, chunk in enumerate(self._sent.chunks):
            await pause(self._sent.wait(chunk), gone)
            await self._pass_barrier(index, gone)
            if gone.done():
                received.disconnected.set()
                return
            if index == 0:
                await send(head)
            await send({"type": f"{kind}.body", "body": encode(chunk), "more_body": True})
            received.events_sent += bool(chunk)
        if self._sent.cut is None:
            await send({"type": f"{kind}.body", "body": finish()})
        else:
            await self._break(self._sent.cut, scope, received, gone)

    def _coding(self, received: Received) -> tuple[Any, Any, list[tuple[bytes, bytes]]]:
        """Return how chunks are encoded, and how the last one ends, with the headers that say so."""
        promised = self._sent.promised
        if promised is not None:  # a length of which less comes can be told of what is not compressed
            return *_plain()[:2], [(b"content-length", str(promised).encode())]
        return _gzip() if "gzip" in received.headers.get("accept-encoding", "") else _plain()

    async def _pass_barrier(self, index: int, gone: asyncio.Future[None]) -> None:
        """Wait at the barrier, if it is before this chunk, for its release or for the client to go away."""
        if self._hold and self._hold.before == index:
            await self._hold.passed(gone)

    async def _break(self, ending: Cut, scope: Scope, received: Received, gone: asyncio.Future[None]) -> None:
        """Break the connection in its time, or wait for the client to go away, if that never comes."""
        await (gone if self._sent.hangs else pause(self._sent.wait_at_end(), gone))
        await self._pass_barrier(len(self._sent.chunks), gone)
        if gone.done():
            received.disconnected.set()
        else:
            await broken(scope, gone, ending)


async def pause(seconds: float, gone: asyncio.Future[None]) -> None:
    """Wait so long, or for the client to go away; the least wait has what was written sent."""
    if seconds:
        await asyncio.wait([gone], timeout=seconds)
    else:
        await asyncio.sleep(0)


def _plain() -> tuple[Any, Any, list[tuple[bytes, bytes]]]:
    return (lambda chunk: chunk), (lambda: b""), []


def _gzip() -> tuple[Any, Any, list[tuple[bytes, bytes]]]:
    """Return the functions of a gzip stream that can be read up to the end of each chunk."""
    stream = zlib.compressobj(wbits=31)  # 31 means with gzip's header
    return (
        (lambda chunk: stream.compress(chunk) + stream.flush(zlib.Z_SYNC_FLUSH)),
        stream.flush,
        [(b"content-encoding", b"gzip")],
    )
