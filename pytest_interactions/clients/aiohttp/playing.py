"""A tape, played to aiohttp as the bytes of a server that answers."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from aiohttp import ClientConnectorError, ConnectionTimeoutError
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.streams import StreamReader

from pytest_interactions.cassette.tape import Ending, Tape
from pytest_interactions.clients import pauses, played, wire
from pytest_interactions.clients.aiohttp import errors
from pytest_interactions.clients.chunks import CHUNKED, LAST, chunk

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import ClientRequest, ClientTimeout, TCPConnector

    from pytest_interactions.api.exchange import Cut
    from pytest_interactions.cassette.pacing import Pause

#: The seconds that a chunk waits until the app has taken the one before.
_PATIENCE: Final = 1.0


async def play(tape: Tape, connector: TCPConnector, request: ClientRequest, timeout: ClientTimeout) -> Connection:  # noqa: ASYNC109 - aiohttp's own
    """Make a connection to no server, on which `tape` is the answer to `request`.

    Args:
        tape: The answer.
        connector: The connector that is asked for the connection.
        request: The request.
        timeout: The request's time-outs.

    Raises:
        ClientConnectorError: There was no connection either when it was recorded. An error from a connection that
            there is would be one after which aiohttp before 3.12 sends some requests again.
    """
    if tape.ending is Ending.BROKEN and not tape.response.status:
        raised = partial(errors.raised, request=request, answered=False)
        error = tape.error(raised)
        if isinstance(error, (ClientConnectorError, ConnectionTimeoutError)):
            patience = min(filter(None, (timeout.connect, timeout.sock_connect, timeout.total)), default=None)
            await pauses.wait_async(tape, tape.pause_at_end(patience), raised)
            raise error
    loop = asyncio.get_running_loop()
    player = _Player(tape, request, loop, timeout.total)
    connector._acquired.add(player)  # noqa: SLF001 - so that a connector that is closed closes it
    return Connection(connector, request.connection_key, player, loop)


class Nowhere(asyncio.Transport):
    """A transport that leads to no server; what is written to it is gone."""

    def __init__(self, closed: Callable[[], object] = bool) -> None:
        super().__init__()
        self._is_closing = False
        self._closed = closed

    def write(self, data: Any) -> None:
        """Forget `data`."""

    def get_write_buffer_size(self) -> int:
        """Return how much is still to be sent: nothing."""
        return 0

    def is_closing(self) -> bool:
        """Return whether it was closed."""
        return self._is_closing

    def close(self) -> None:
        """Close it."""
        self._is_closing = True
        self._closed()

    abort = close  # nothing is waiting to be sent


class _Player(ResponseHandler):
    """aiohttp's own end of a connection, with a tape at the other one."""

    def __init__(
        self, tape: Tape, request: ClientRequest, loop: asyncio.AbstractEventLoop, total: float | None
    ) -> None:
        super().__init__(loop)
        self._tape = tape
        self._request = request
        self._content: StreamReader | None = None
        self._awaited = asyncio.Event()
        self._playing: asyncio.Task[None] | None = None
        self._total = total
        self._read: float | None = None
        tape.use.is_awaited = False
        tape.use.asks = lambda: is_awaited(self._content)
        tape.use.refuse = partial(refuse_later, loop, self._fail)
        self.connection_made(Nowhere(self._left))
        self.force_close()  # it answers once

    def _left(self) -> None:
        self._tape.left()
        if self._playing is not None:
            self._playing.cancel()
        self._loop.call_soon(self.connection_lost, None)

    # --- what the client does ---

    def set_response_params(self, **params: Any) -> None:
        """Take over how the client reads, but for its patience: a recorded time-out is on the tape."""
        super().set_response_params(**params | {"read_timeout": None})
        self._read = params.get("read_timeout")
        if self._request.headers.get("expect", "").lower() == "100-continue":
            self._loop.call_soon(self.data_received, wire.CONTINUE)

    def start_timeout(self) -> None:
        """Begin to play, as the request was sent."""
        self._playing = self._loop.create_task(self._play())

    def feed_data(self, data: Any, *size: Any) -> None:
        """Keep the response's content, which is what the client reads, and hear when it waits for more."""
        self._content = data[1]
        if type(self._content) is StreamReader:
            self._content.__class__ = _Heard
        super().feed_data(data, *size)

    # --- what the server does ---

    async def _play(self) -> None:
        try:
            if self._tape.response.status:
                await self._until_due(self._tape.pause(self._patience))
                await self._answer()
            if self._tape.ending is not Ending.COMPLETE:
                await self._end()
        except Exception as error:  # noqa: BLE001 - a media file is missing, say, and the app is to know
            self._fail(error)

    async def _answer(self) -> None:
        tape = self._tape
        if not wire.has_body(self._request.method, tape.response.status):
            self.data_received(played.head(tape))
        elif tape.ending is Ending.COMPLETE and not tape.response.is_stream:
            body = b"".join(tape.chunks())
            self.data_received(played.head(tape, f"content-length: {len(body)}") + body)
        else:
            await self._stream()

    async def _stream(self) -> None:
        tape = self._tape
        self.data_received(played.head(tape, CHUNKED))
        for number, data in enumerate(tape.chunks()):
            if number:
                await pauses.sleep(0)  # so that another task can stop the app
                await self._until_awaited(_PATIENCE)
            await self._until_due(tape.pause(self._patience))
            self.data_received(chunk(data))
        if tape.ending is Ending.COMPLETE:
            self.data_received(LAST)

    async def _end(self) -> None:
        """Raise what the recording ended with, to an app that reads on; where it left, it may do so first."""
        await self._until_due(self._tape.pause_at_end(self._patience))
        if self._tape.lingers:
            await _happened(asyncio.Event(), self._tape.lingers)
        await self._until_awaited()
        self._fail(self._tape.error(self._raised))

    async def _until_due(self, pause: Pause | None) -> None:
        if pause is not None:
            await pauses.wait_async(self._tape, pause, self._raised)

    @property
    def _patience(self) -> float | None:
        """The seconds for which the client waits for what it reads; `None` if it waits for ever."""
        return self._read or self._total

    def _raised(self, cut: Cut) -> Exception:
        if cut.error == "ReadTimeout" and self._total and not self._read:
            return TimeoutError()  # of the whole request, which aiohttp tells by no more
        return errors.raised(cut, self._request, answered=self._content is not None)

    def _fail(self, error: Exception) -> None:
        self.set_exception(error)
        if self._content is not None:
            self._content.set_exception(error)

    async def _until_awaited(self, patience: float | None = None) -> None:
        """Wait until the app waits for more than it was given, but not too long."""
        while not is_awaited(self._content):
            self._awaited.clear()
            if not await _happened(self._awaited, patience):
                return

    def now_awaited(self) -> None:
        """Take note that the app begins to wait for content."""
        self._awaited.set()


class _Heard(StreamReader):
    """Content of which its player hears when somebody waits for more."""

    __slots__ = ()

    async def _wait(self, func_name: str) -> None:
        _player_of(self).now_awaited()
        await super()._wait(func_name)

    async def wait_eof(self) -> None:
        """Wait for the end."""
        _player_of(self).now_awaited()
        await super().wait_eof()


def _player_of(content: StreamReader) -> _Player:
    return content._protocol  # type: ignore[return-value] # noqa: SLF001 - content of a player's has no other


def is_awaited(content: StreamReader | None) -> bool:
    """Whether somebody waits for content, or for its end; where there is none, somebody waits for the answer."""
    waiters = (getattr(content, name, None) for name in ("_waiter", "_eof_waiter"))
    return content is None or any(waiter is not None for waiter in waiters)


def refuse_later(loop: asyncio.AbstractEventLoop, refuse: Callable[[Exception], None], error: Exception) -> None:
    """Have `refuse` called with `error` in the loop, in whichever thread that runs."""
    with suppress(RuntimeError):  # it is closed, so nobody reads
        loop.call_soon_threadsafe(refuse, error)


async def _happened(event: asyncio.Event, limit: float | None) -> bool:
    """Wait for an event, by a timer of the loop: a skipped sleep would not wait for what is under way."""
    try:
        return await asyncio.wait_for(event.wait(), limit)
    except TimeoutError:
        return False
