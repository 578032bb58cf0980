"""Answers on their way to the client: delayed, held, cut, and stopped when the client goes away."""

from __future__ import annotations

import asyncio
import threading
import zlib
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.json_values import NOT_JSON, parse
from pytest_interactions.server.connections import cut, disconnected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from starlette.types import Receive, Scope, Send


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

    def _arrive(self) -> asyncio.Future[None]:
        self._reached.set()
        return asyncio.shield(asyncio.wrap_future(self._released))


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
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    events_sent: int = 0
    disconnected: threading.Event = field(default_factory=threading.Event, repr=False)
    ended: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def json(self) -> Any:
        """Return the body parsed as JSON; `None` if it is not JSON."""
        value = parse(self.body)
        return None if value is NOT_JSON else value


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """The manner of sending an answer.

    Attributes:
        delay: Seconds before the answer.
        events_delay: Seconds before each event but the first.
        cut_after: The number of events after which the connection breaks.
        hold: A barrier before one of the events.
    """

    delay: float = 0.0
    events_delay: float = 0.0
    cut_after: int | None = None
    hold: Hold | None = None


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
        delivery: Delivery,
    ) -> None:
        self._status = status
        self._headers = [(name.encode(), value.encode()) for name, value in headers]
        self._chunks = chunks
        self._delivery = delivery

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
        delivery = self._delivery
        compress = _gzip if "gzip" in received.headers.get("accept-encoding", "") else _plain
        encode, finish, encoding = compress()
        start = {
            "type": "http.response.start",
            "status": self._status,
            "headers": [*self._headers, *encoding],
        }
        for index, chunk in enumerate(self._chunks):
            await _pause(delivery.events_delay if index else delivery.delay, gone)
            if delivery.hold and delivery.hold.before == index:
                arrived = delivery.hold._arrive()  # noqa: SLF001 - the barrier's server side
                await asyncio.wait([gone, arrived], return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                received.disconnected.set()
                return
            if delivery.cut_after == index:
                await cut(scope, gone)
                return
            if index == 0:
                await send(start)
            await send({"type": "http.response.body", "body": encode(chunk), "more_body": True})
            received.events_sent += 1
        await send({"type": "http.response.body", "body": finish()})


async def _pause(seconds: float, gone: asyncio.Future[None]) -> None:
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
