"""Streams through httpx and httpx2, sync and async: passed on as they come while recording, paced on replay.

vcrpy's own patches for these two read a whole response before the app sees a byte of it; these take their place.
"""

from __future__ import annotations

import importlib
import inspect
from contextlib import contextmanager, suppress
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api import sse
from pytest_interactions.api.exchange import Cut, Exchange, Headers, Request, Response
from pytest_interactions.api.paths import DEFAULT_PORTS
from pytest_interactions.cassette import tape
from pytest_interactions.files.convert import TRANSFER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.cassette.recorder import Recording

#: The patchers of vcrpy that these patches replace.
SKIPPED: Final = ("httpx", "httpx2")


def patches(cassette: Cassette) -> Iterator[tuple[Any, str, Any]]:
    """The methods to replace while `cassette` is in force: each with its place, its name and what replaces it.

    Only transports that open sockets are replaced: an app that a test calls in its own process, through an ASGI or
    WSGI transport, is what the test is about.
    """
    for client in clients():
        # Unwrapped, so that inside another tool's cassette (vcrpy's) ours reaches the network and not that one.
        send = inspect.unwrap(client.http.HTTPTransport.handle_request)
        yield client.http.HTTPTransport, "handle_request", _handler(cassette, client, send)
        send = inspect.unwrap(client.http.AsyncHTTPTransport.handle_async_request)
        yield client.http.AsyncHTTPTransport, "handle_async_request", _async_handler(cassette, client, send)


class _Client:
    """httpx or httpx2 (`http`), with our stream classes bound to its base classes."""

    def __init__(self, http: Any) -> None:
        self.http = http
        self.Recorded = type("Recorded", (_Recorded, http.SyncByteStream), {})
        self.AsyncRecorded = type("AsyncRecorded", (_AsyncRecorded, http.AsyncByteStream), {})
        self.Replayed = type("Replayed", (tape.Replayed, http.SyncByteStream), {})
        self.AsyncReplayed = type("AsyncReplayed", (tape.AsyncReplayed, http.AsyncByteStream), {})

    def broken(self, cut: Cut, request: Any) -> Exception:
        """The client's own exception for a connection that broke as `cut` says."""
        kind = getattr(self.http, cut.error, None)
        if not (isinstance(kind, type) and issubclass(kind, self.http.TransportError)):
            kind = self.http.ReadError
        return kind(cut.message, request=request)  # type: ignore[no-any-return]

    def response(self, exchange: Exchange, stream: Any) -> Any:
        """The client's response for a recorded one."""
        recorded = exchange.response
        headers = [(name.encode(), value.encode()) for name, value in tape.headers_to_play(recorded)]
        reason = recorded.reason.encode("ascii", "ignore")
        extensions = {"http_version": b"HTTP/1.1"} | ({"reason_phrase": reason} if reason else {})
        return self.http.Response(recorded.status, headers=headers, stream=stream, extensions=extensions)


@lru_cache(maxsize=1)
def clients() -> tuple[_Client, ...]:
    """What is installed of httpx and httpx2; httpx, which this package needs, comes first."""
    found = []
    for name in SKIPPED:
        with suppress(ImportError):
            found.append(_Client(importlib.import_module(name)))
    return tuple(found)


def _handler(cassette: Cassette, client: _Client, send: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(send)
    def handle_request(transport: Any, request: Any) -> Any:
        __tracebackhide__ = True  # a miss points at the app's call
        if cassette.passes(request.url.host, _port(request.url)):
            return send(transport, request)
        request.read()
        answer = cassette.answer(_request(request))
        if isinstance(answer, Exchange):
            stream = client.Replayed(cassette, client, answer, request)
            return client.response(answer, stream) if answer.response.status else stream.end()
        with _unanswered(client, answer):
            response = send(transport, request)
        if answer is not None:
            response.stream = client.Recorded(client, answer, response)
        return response

    return handle_request


def _async_handler(cassette: Cassette, client: _Client, send: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(send)
    async def handle_async_request(transport: Any, request: Any) -> Any:
        __tracebackhide__ = True  # a miss points at the app's call
        if cassette.passes(request.url.host, _port(request.url)):
            return await send(transport, request)
        await request.aread()
        answer = cassette.answer(_request(request))
        if isinstance(answer, Exchange):
            stream = client.AsyncReplayed(cassette, client, answer, request)
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
        events = sse.decode(self._decoded()[-200:])
        return any(event.done for event in events)

    def _decoded(self) -> bytes:
        """What was read, without its content-encoding; as far as it can be decoded where it is cut short."""
        encoding = [("content-encoding", v) for v in self._response.headers.get_list("content-encoding")]
        if not encoding:
            return b"".join(self._chunks)
        encoded = self._client.http.Response(
            200, headers=encoding, stream=self._client.http.ByteStream(b"".join(self._chunks))
        )
        decoded: list[bytes] = []
        with suppress(self._client.http.DecodingError):
            decoded.extend(encoded.iter_bytes())
        return b"".join(decoded)


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
