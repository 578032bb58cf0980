"""The replaying side of a stream through httpx: recorded chunks in their pace, and the end they were recorded with."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pytest_interactions.api.exchange import Cut, Exchange, Response
    from pytest_interactions.cassette.cassette import Cassette

# Seconds for which a stream that the app left waits to be left again: by a timeout, say, or another task.
_READS_ON: Final = 5.0


class Client(Protocol):
    """The client that gets the stream."""

    def broken(self, cut: Cut, request: Any) -> Exception:
        """The client's own exception for a connection that broke as `cut` says."""


class Tape:
    """A recorded response, handed out in chunks."""

    def __init__(self, cassette: Cassette, client: Client, exchange: Exchange, request: Any) -> None:
        self._cassette = cassette
        self._client = client
        self._exchange = exchange
        self._request = request
        self._pace = cassette.options.pace if exchange.response.is_stream else 0.0

    def _stop(self) -> None:
        """Raise what the recording ended with, if it wasn't its end."""
        cut = self._exchange.cut
        if cut is None:
            return
        if cut.by == "connection":
            raise self._client.broken(cut, self._request)
        raise self._cassette.read_too_far(self._exchange)


class Replayed(Tape):
    """A stream for a sync client."""

    def __iter__(self) -> Iterator[bytes]:
        for number, piece in enumerate(self._cassette.pieces(self._exchange)):
            if number and self._pace:
                time.sleep(self._pace)
            yield piece
        self.end()

    def end(self) -> None:
        """Raise what the recording ended with, if it wasn't its end."""
        self._stop()


class AsyncReplayed(Tape):
    """A stream for an async client, in asyncio or trio."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for number, piece in enumerate(self._cassette.pieces(self._exchange)):
            if number:  # without a pace too, so that another task can stop this one where it did before
                await _sleep(self._pace)
            yield piece
        await self.end()

    async def end(self) -> None:
        """Raise what the recording ended with, if it wasn't its end; the app may stop this one first, as it did."""
        if self._exchange.cut is not None and self._exchange.cut.by == "app":
            await _until_cancelled(_READS_ON)
        self._stop()


async def _sleep(seconds: float) -> None:
    if _in_asyncio():
        await asyncio.sleep(seconds)
    else:
        import anyio

        await anyio.sleep(seconds)


async def _until_cancelled(limit: float) -> None:
    """Wait to be cancelled, for `limit` seconds of real time, whatever is done to sleeps."""
    if _in_asyncio():
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=limit)
    else:
        import anyio

        with anyio.move_on_after(limit):
            await anyio.sleep_forever()


def _in_asyncio() -> bool:
    """Whether the event loop is asyncio's, and not trio's."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def headers_to_play(response: Response) -> list[tuple[str, str]]:
    """The headers of a recorded response's replay, one pair a value."""
    headers = [(name, value) for name, values in response.headers.items() for value in values]
    if "content-type" not in response.headers and response.body:  # some recorders strip all headers
        if response.is_stream:
            headers.append(("content-type", "text/event-stream"))
        elif response.body[:1] in b"{[":
            headers.append(("content-type", "application/json"))
    return headers
