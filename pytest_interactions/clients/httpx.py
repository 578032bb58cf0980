"""Streams through httpx and httpx2, sync and async: passed on as they come while recording, paced on replay.

vcrpy's own patches for these two read a whole response before the app sees a byte of it; these take their place.
"""

from __future__ import annotations

import asyncio
import importlib
from contextlib import suppress
from functools import lru_cache, partial, wraps
from threading import Event
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.exchange import Cut, Request
from pytest_interactions.api.hosts import DEFAULT_PORTS
from pytest_interactions.cassette.tape import Ending
from pytest_interactions.clients import beneath, httpcore, pauses, upgrades
from pytest_interactions.clients.beneath import Asked, AsyncAsked
from pytest_interactions.clients.failures import is_early
from pytest_interactions.clients.httpx_recorded import AsyncRecorded, Recorded, headers_of, unanswered
from pytest_interactions.clients.replacing import OnceImported, Replaced

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractContextManager

    from pytest_interactions.cassette.guard import Answering
    from pytest_interactions.cassette.pacing import Pause
    from pytest_interactions.cassette.tape import Tape
    from pytest_interactions.clients.in_force import InForce
    from pytest_interactions.clients.replacing import Replacements

_LIBRARIES: Final = ("httpx", "httpx2")
#: What is raised where a response is read on that the app has closed.
_CLOSED: Final = Cut(by="app", error="ReadError")


def patches(cassettes: InForce[Answering]) -> Iterator[AbstractContextManager[object]]:
    """Yield the patches that bring traffic to the cassette in force.

    Only transports that open sockets are replaced: an app that a test calls in its own process, through an ASGI or
    WSGI transport, is what the test is about.
    """

    def replace(http: Any, patches: Replacements) -> None:
        client = client_of(http)
        patches.enter_context(Replaced(http.HTTPTransport, "handle_request", partial(_handler, cassettes, client)))
        handler = partial(_async_handler, cassettes, client)
        patches.enter_context(Replaced(http.AsyncHTTPTransport, "handle_async_request", handler))
        patches.enter_context(httpcore.patch(cassettes, http))

    for name in _LIBRARIES:
        yield OnceImported(name, replace, classes=("HTTPTransport", "AsyncHTTPTransport"))


class Client:
    """httpx or httpx2 (`http`), with our stream classes bound to its base classes."""

    def __init__(self, http: Any) -> None:
        self.http = http
        self.Recorded = type("Recorded", (Recorded, http.SyncByteStream), {})
        self.AsyncRecorded = type("AsyncRecorded", (AsyncRecorded, http.AsyncByteStream), {})
        self.Replayed = type("Replayed", (_Replayed, http.SyncByteStream), {})
        self.AsyncReplayed = type("AsyncReplayed", (_AsyncReplayed, http.AsyncByteStream), {})

    def broken(self, cut: Cut, request: Any) -> Exception:
        """The client's own exception for a connection that broke as `cut` says."""
        kind = getattr(self.http, cut.error, None)
        if not (isinstance(kind, type) and issubclass(kind, self.http.TransportError)):
            kind = self.http.ReadError
        return kind(cut.message, request=request)  # type: ignore[no-any-return]

    def response(self, tape: Tape, stream: Any) -> Any:
        """The client's response for a recorded one, which is the app's from here on."""
        tape.use.is_awaited = False
        recorded = tape.response
        headers = [(name.encode(), value.encode()) for name, value in tape.headers()]
        reason = recorded.reason.encode("ascii", "ignore")
        extensions = {"http_version": b"HTTP/1.1"} | ({"reason_phrase": reason} if reason else {})
        return self.http.Response(recorded.status, headers=headers, stream=stream, extensions=extensions)


@lru_cache(maxsize=len(_LIBRARIES))
def client_of(http: Any) -> Client:
    """The client that the module `http` is."""
    return Client(http)


def own_client() -> Client:
    """The client that this package itself sends with: httpx, on which it depends."""
    return client_of(importlib.import_module("httpx"))


def _handler(cassettes: InForce[Answering], client: Client, real: Callable[..., Any]) -> Callable[..., Any]:
    send = beneath.sender(real)

    @wraps(send)
    def handle_request(transport: Any, request: Any) -> Any:
        __tracebackhide__ = True  # a miss points at the app's call
        cassette = cassettes.innermost
        if cassette is None or beneath.is_sent(request) or cassette.passes(request.url.host, _port(request.url)):
            return send(transport, request)
        request.read()
        asked = Asked(lambda: upgrades.answer(cassette, _request(request), client.http.__name__))
        if not beneath.is_shared(transport, send):
            asked.now()
        if asked.tape is None:
            with asked.sending(request), unanswered(client, asked):
                response = send(transport, request)
        if asked.tape is not None:
            stream = client.Replayed(asked.tape, client, request)
            if not asked.tape.response.status:
                stream.end()
            stream.until_due()
            return client.response(asked.tape, stream)
        if asked.recording is not None:
            response.stream = client.Recorded(client, asked.recording, response)
        return response

    return handle_request


def _async_handler(cassettes: InForce[Answering], client: Client, real: Callable[..., Any]) -> Callable[..., Any]:
    send = beneath.sender(real)

    @wraps(send)
    async def handle_async_request(transport: Any, request: Any) -> Any:
        __tracebackhide__ = True  # a miss points at the app's call
        cassette = cassettes.innermost
        if cassette is None or beneath.is_sent(request) or cassette.passes(request.url.host, _port(request.url)):
            return await send(transport, request)
        await request.aread()
        asked = AsyncAsked(lambda: upgrades.answer(cassette, _request(request), client.http.__name__))
        if not beneath.is_shared(transport, send):
            asked.now()
        if asked.tape is None:
            with asked.sending(request), unanswered(client, asked):
                response = await send(transport, request)
        if asked.tape is not None:
            stream = client.AsyncReplayed(asked.tape, client, request)
            if not asked.tape.response.status:
                await stream.end()
            await stream.until_due()
            return client.response(asked.tape, stream)
        if asked.recording is not None:
            response.stream = client.AsyncRecorded(client, asked.recording, response)
        return response

    return handle_async_request


def _port(url: Any) -> int | None:
    """The port of httpx's URL, which names none where it is the scheme's own."""
    return url.port or DEFAULT_PORTS.get(url.scheme)


def _request(request: Any) -> Request:
    return Request(
        method=request.method.upper(),
        uri=str(request.url),
        headers=headers_of(request),
        body=request.content,
    )


class _Played:
    """A tape on its way into the client that gets it."""

    def __init__(self, tape: Tape, client: Client, request: Any) -> None:
        self._tape = tape
        self._client = client
        self._request = request
        self._is_closed = False

    def _check(self) -> None:
        """Raise what the app gets where it has closed the response, and reads on."""
        if self._is_closed:
            raise self._broken(self._tape.closed_by or _CLOSED)

    def _stop(self) -> None:
        self._check()
        if self._tape.ending is not Ending.COMPLETE:
            raise self._tape.error(self._broken)

    def _broken(self, cut: Cut) -> Exception:
        return self._client.broken(cut, self._request)

    @property
    def _patience(self) -> float | None:
        """The seconds for which the client waits; `None` if it waits for ever."""
        cut, timeouts = self._tape.exchange.cut, self._request.extensions.get("timeout", {})
        is_connecting = cut is not None and not self._tape.response.status and is_early(cut)
        seconds: float | None = timeouts.get("connect" if is_connecting else "read")
        return seconds


class _Replayed(_Played):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._closing = Event() if self._tape.closed_by else None  # made for the few that need it

    def until_due(self) -> None:
        """Wait for what comes next: the head of the response, or a chunk."""
        if self._tape.pacing is not None:
            pauses.wait(self._tape, self._tape.pause(self._patience), self._broken)

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._tape.chunks():
            self.until_due()
            self._check()
            yield chunk
        self.end()

    def end(self) -> None:
        """Raise what the recording ended with, if it wasn't its end; another thread may close it first, as it did."""
        if self._tape.pacing is not None:
            pauses.wait(self._tape, self._tape.pause_at_end(self._patience), self._broken)
        if self._closing is not None and self._tape.lingers:
            with self._tape.use.awaited():
                self._closing.wait(self._tape.lingers)
        self._stop()

    def close(self) -> None:
        """Take note that the app reads no further."""
        self._is_closed = True
        self._tape.left()
        if self._closing is not None:
            self._closing.set()


class _AsyncReplayed(_Played):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._stop_waiting: Callable[[], object] = bool

    async def until_due(self) -> None:
        """Wait for what comes next: the head of the response, or a chunk."""
        if self._tape.pacing is not None:
            await self._pause(self._tape.pause(self._patience))

    async def _pause(self, pause: Pause | None) -> None:
        await pauses.wait_async(self._tape, pause, self._broken)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for number, chunk in enumerate(self._tape.chunks()):
            if number or self._tape.pacing is not None:  # without a pace another task can stop it where it did before
                await self._pause(self._tape.pause(self._patience))
            self._check()
            yield chunk
        await self.end()

    async def end(self) -> None:
        """Raise what the recording ended with, if it wasn't its end; the app may stop this one first, as it did."""
        if self._tape.pacing is not None:
            await self._pause(self._tape.pause_at_end(self._patience))
        if self._tape.lingers and not self._is_closed:
            closing = _event()
            self._stop_waiting = closing.set
            try:
                with self._tape.use.awaited():
                    await _waited(closing, self._tape.lingers)
            finally:
                self._tape.left()
        self._stop()

    async def aclose(self) -> None:
        """Take note that the app reads no further."""
        self._is_closed = True
        self._tape.left()
        self._stop_waiting()


def _event() -> Any:
    """An event of the event loop's own kind."""
    if pauses.in_asyncio():
        return asyncio.Event()
    import anyio

    return anyio.Event()


async def _waited(event: Any, limit: float) -> None:
    """Wait for an event, or to be cancelled, for `limit` seconds."""
    if pauses.in_asyncio():
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), limit)
    else:
        import anyio

        with anyio.move_on_after(limit):
            await event.wait()
