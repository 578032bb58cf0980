"""Streams through httpx and httpx2, sync and async: passed on as they come while recording, paced on replay.

vcrpy's own patches for these two read a whole response before the app sees a byte of it; these take their place.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import time
from contextlib import contextmanager, suppress
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from pytest_interactions.api import sse
from pytest_interactions.api.exchange import Cut, Headers, Request, Response
from pytest_interactions.api.hosts import DEFAULT_PORTS
from pytest_interactions.cassette.tape import Ending, Tape
from pytest_interactions.files.convert import TRANSFER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractContextManager

    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.cassette.recorder import Recording
    from pytest_interactions.clients.in_force import InForce

_LIBRARIES: Final = ("httpx", "httpx2")


def patches(cassettes: InForce[Cassette]) -> Iterator[AbstractContextManager[object]]:
    """Yield the patches that bring traffic to the cassette in force.

    Only transports that open sockets are replaced: an app that a test calls in its own process, through an ASGI or
    WSGI transport, is what the test is about.
    """
    for client in clients():
        # Unwrapped, so that inside another tool's cassette (vcrpy's) ours reaches the network and not that one.
        sync, asynchronous = client.http.HTTPTransport, client.http.AsyncHTTPTransport
        handler = _handler(cassettes, client, inspect.unwrap(sync.handle_request))
        yield mock.patch.object(sync, "handle_request", handler)
        async_handler = _async_handler(cassettes, client, inspect.unwrap(asynchronous.handle_async_request))
        yield mock.patch.object(asynchronous, "handle_async_request", async_handler)


class _Client:
    """httpx or httpx2 (`http`), with our stream classes bound to its base classes."""

    def __init__(self, http: Any) -> None:
        self.http = http
        self.Recorded = type("Recorded", (_Recorded, http.SyncByteStream), {})
        self.AsyncRecorded = type("AsyncRecorded", (_AsyncRecorded, http.AsyncByteStream), {})
        self.Replayed = type("Replayed", (_Replayed, http.SyncByteStream), {})
        self.AsyncReplayed = type("AsyncReplayed", (_AsyncReplayed, http.AsyncByteStream), {})

    def broken(self, cut: Cut, request: Any) -> Exception:
        """The client's own exception for a connection that broke as `cut` says."""
        kind = getattr(self.http, cut.error, None)
        if not (isinstance(kind, type) and issubclass(kind, self.http.TransportError)):
            kind = self.http.ReadError
        return kind(cut.message, request=request)  # type: ignore[no-any-return]

    def response(self, tape: Tape, stream: Any) -> Any:
        """The client's response for a recorded one."""
        recorded = tape.response
        headers = [(name.encode(), value.encode()) for name, value in tape.headers()]
        reason = recorded.reason.encode("ascii", "ignore")
        extensions = {"http_version": b"HTTP/1.1"} | ({"reason_phrase": reason} if reason else {})
        return self.http.Response(recorded.status, headers=headers, stream=stream, extensions=extensions)


@lru_cache(maxsize=1)
def clients() -> tuple[_Client, ...]:
    """What is installed of httpx and httpx2; httpx, which this package needs, comes first."""
    found = []
    for name in _LIBRARIES:
        with suppress(ImportError):
            found.append(_Client(importlib.import_module(name)))
    return tuple(found)


def _handler(cassettes: InForce[Cassette], client: _Client, send: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(send)
    def handle_request(transport: Any, request: Any) -> Any:
        __tracebackhide__ = True  # a miss points at the app's call
        cassette = cassettes.innermost
        if cassette is None or cassette.passes(request.url.host, _port(request.url)):
            return send(transport, request)
        request.read()
        answer = cassette.answer(_request(request))
        if isinstance(answer, Tape):
            stream = client.Replayed(answer, client, request)
            return client.response(answer, stream) if answer.response.status else stream.end()
        with _unanswered(client, answer):
            response = send(transport, request)
        if answer is not None:
            response.stream = client.Recorded(client, answer, response)
        return response

    return handle_request


def _async_handler(cassettes: InForce[Cassette], client: _Client, send: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(send)
    async def handle_async_request(transport: Any, request: Any) -> Any:
        __tracebackhide__ = True  # a miss points at the app's call
        cassette = cassettes.innermost
        if cassette is None or cassette.passes(request.url.host, _port(request.url)):
            return await send(transport, request)
        await request.aread()
        answer = cassette.answer(_request(request))
        if isinstance(answer, Tape):
            stream = client.AsyncReplayed(answer, client, request)
            return client.response(answer, stream) if answer.response.status else await stream.end()
        with _unanswered(client, answer):
            response = await send(transport, request)
        if answer is not None:
            response.stream = client.AsyncRecorded(client, answer, response)
        return response

    return handle_async_request


@contextmanager
def _unanswered(client: _Client, recording: Recording | None) -> Iterator[None]:
    """Record a request that gets no answer: a response with status 0, which HTTP has not, and what kept it away."""
    try:
        yield
    except client.http.TransportError as error:
        if recording is not None:
            recording.finish(Response(status=0), _broken(error))
        raise


def _broken(error: Exception) -> Cut:
    return Cut(by="connection", error=type(error).__name__, message=str(error))


def _port(url: Any) -> int | None:
    """The port of httpx's URL, which names none where it is the scheme's own."""
    return url.port or DEFAULT_PORTS.get(url.scheme)


def _request(request: Any) -> Request:
    return Request(
        method=request.method.upper(),
        uri=str(request.url),
        headers=_headers(request.headers),
        body=request.content,
    )


def _headers(headers: Any) -> Headers:
    found: Headers = {}
    for name, value in headers.multi_items():
        found.setdefault(name.lower(), []).append(value)
    return found


class _Played:
    """A tape on its way into the client that gets it."""

    def __init__(self, tape: Tape, client: _Client, request: Any) -> None:
        self._tape = tape
        self._client = client
        self._request = request

    def _stop(self) -> None:
        if self._tape.ending is not Ending.COMPLETE:
            raise self._tape.error(lambda cut: self._client.broken(cut, self._request))


class _Replayed(_Played):
    def __iter__(self) -> Iterator[bytes]:
        pace = self._tape.pace
        for number, chunk in enumerate(self._tape.chunks()):
            if number and pace:
                time.sleep(pace)
            yield chunk
        self.end()

    def end(self) -> None:
        """Raise what the recording ended with, if it wasn't its end."""
        self._stop()


class _AsyncReplayed(_Played):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        for number, chunk in enumerate(self._tape.chunks()):
            if number:  # without a pace too, so that another task can stop this one where it did before
                await _sleep(self._tape.pace)
            yield chunk
        await self.end()

    async def end(self) -> None:
        """Raise what the recording ended with, if it wasn't its end; the app may stop this one first, as it did."""
        if self._tape.lingers:
            await _until_cancelled(self._tape.lingers)
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


def decoded(body: bytes, encodings: list[str], client: _Client | None = None) -> bytes:
    """Return what was read without its content-encodings; as far as it can be decoded where it is cut short."""
    if not encodings:
        return body
    http = (client or clients()[0]).http
    headers = [("content-encoding", value) for value in encodings]
    pieces: list[bytes] = []
    with suppress(http.DecodingError):
        pieces.extend(http.Response(200, headers=headers, stream=http.ByteStream(body)).iter_bytes())
    return b"".join(pieces)


def is_closed(body: bytes) -> bool:
    """Whether the last event of a stream that was read so far is the sentinel that closes it."""
    return any(event.done for event in sse.decode(body[-200:]))


class _Side:
    """The side of a live stream on which it is recorded."""

    def __init__(self, client: _Client, recording: Recording, response: Any) -> None:
        self._client = client
        self._recording = recording
        self._response = response
        self._stream = response.stream
        self._chunks: list[bytes] = []
        recording.leave = self._left

    def _finish(self, cut: Cut | None = None) -> None:
        self._recording.leave = None
        self._recording.finish(
            Response(
                status=self._response.status_code,
                reason=self._response.reason_phrase,
                headers={k: v for k, v in _headers(self._response.headers).items() if k not in TRANSFER},
                body=self._decoded(),
            ),
            cut,
        )

    def _broke(self, error: Exception) -> None:
        self._finish(_broken(error))

    def _left(self) -> None:
        """The app reads no further; what it wants may be complete all the same."""
        self._finish(None if self._is_whole() else Cut(by="app"))

    def _is_whole(self) -> bool:
        expected = self._response.headers.get("content-length")
        if expected is not None:
            return sum(map(len, self._chunks)) >= int(expected)
        return is_closed(self._decoded())

    def _decoded(self) -> bytes:
        encodings = self._response.headers.get_list("content-encoding")
        return decoded(b"".join(self._chunks), encodings, self._client)


class _Recorded(_Side):
    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._stream:
                self._chunks.append(chunk)
                yield chunk
        except self._client.http.TransportError as error:
            self._broke(error)
            raise
        self._finish()

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            self._left()


class _AsyncRecorded(_Side):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream:
                self._chunks.append(chunk)
                yield chunk
        except self._client.http.TransportError as error:
            self._broke(error)
            raise
        self._finish()

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            self._left()
