"""The side of a live response of httpx or httpx2 on which it is recorded, as it passes to the app."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_interactions.api import arrivals, sse
from pytest_interactions.api.encodings import stored
from pytest_interactions.api.exchange import Cut, Headers, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pytest_interactions.cassette.recording import Recording
    from pytest_interactions.clients.beneath import Asked
    from pytest_interactions.clients.httpx import Client


@contextmanager
def unanswered(client: Client, asked: Asked) -> Iterator[None]:
    """Record a request that gets no answer: a response with status 0, which HTTP has not, and what kept it away.

    Raises:
        StreamEndedError: The answer has come when the cassette had closed.
    """
    __tracebackhide__ = True
    try:
        yield
    except client.http.TransportError as error:
        if asked.recording is not None:
            asked.recording.finish(Response(status=0), _broken(error))
        raise
    except Exception:  # another tool's, say
        if asked.recording is not None:
            asked.recording.drop()
        raise
    except BaseException:  # the app's task was cancelled, or it was interrupted
        if asked.recording is not None:
            asked.recording.give_up()
        raise
    if asked.recording is not None:
        asked.recording.check()


def _broken(error: Exception, by: str = "connection") -> Cut:
    return Cut(by=by, error=type(error).__name__, message=str(error))


def headers_of(message: Any) -> Headers:
    """The headers of a request or response, in lower case, with all their values."""
    found: Headers = {}
    for name, value in message.headers.multi_items():
        found.setdefault(name.lower(), []).append(value)
    return found


class Side:
    """The side of a live stream on which it is recorded."""

    def __init__(self, client: Client, recording: Recording, response: Any) -> None:
        self._client = client
        self._recording = recording
        self._response = response
        self._stream = response.stream
        self._chunks: list[bytes] = []
        self._is_closed = False
        recording.is_awaited = False
        recording.leave = self._left
        recording.came(0)  # the head alone

    def _finish(self, cut: Cut | None = None) -> None:
        with self._recording.turn:
            if self._recording.is_over:
                return
            headers, body = self._stored(whole=cut is None)
            response = Response(
                status=self._response.status_code,
                reason=self._response.reason_phrase,
                headers=headers,
                body=body,
            )
            self._recording.finish(response, cut, self._marks(response))

    def _marks(self, response: Response) -> list[arrivals.Mark]:
        """When the body of a stream came."""
        if not response.is_stream:
            return []
        headers, encoded = headers_of(self._response), b"".join(self._chunks)
        return arrivals.decoded(headers, encoded, response.body, self._recording.marks)

    def _broke(self, error: Exception) -> None:
        self._finish(_broken(error, by="app" if self._is_closed else "connection"))

    def _closed(self) -> None:
        """Take note that the app has closed the response; who reads it meanwhile is told, and takes note of that."""
        if not self._recording.is_awaited:
            self._left()

    def _left(self) -> None:
        """The app reads no further; what it wants may be complete all the same."""
        if not self._recording.is_over:
            self._finish(None if self._is_whole() else Cut(by="app"))

    def _is_whole(self) -> bool:
        expected = self._response.headers.get("content-length")
        if expected is not None:
            return sum(map(len, self._chunks)) >= int(expected)
        return sse.closes(self._stored(whole=False)[1])

    def _stored(self, *, whole: bool) -> tuple[Headers, bytes]:
        return stored(headers_of(self._response), b"".join(self._chunks), whole=whole, members=False)


class Recorded(Side):
    """A response's stream that is recorded as the app reads it."""

    def __iter__(self) -> Iterator[bytes]:
        chunks = iter(self._stream)
        try:
            while True:
                with self._recording.awaited():
                    chunk = next(chunks, None)
                if chunk is None:
                    break
                self._recording.came(len(chunk))
                self._chunks.append(chunk)
                yield chunk
        except self._client.http.TransportError as error:
            self._broke(error)
            raise
        self._finish()

    def close(self) -> None:
        """Take note that the app reads no further."""
        self._is_closed = True
        try:
            self._stream.close()
        finally:
            self._closed()


class AsyncRecorded(Side):
    """The same for an app that awaits it."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = aiter(self._stream)
        try:
            while True:
                with self._recording.awaited():
                    chunk = await anext(chunks, None)
                if chunk is None:
                    break
                self._recording.came(len(chunk))
                self._chunks.append(chunk)
                yield chunk
        except self._client.http.TransportError as error:
            self._broke(error)
            raise
        self._finish()

    async def aclose(self) -> None:
        """Take note that the app reads no further."""
        self._is_closed = True
        try:
            await self._stream.aclose()
        finally:
            self._closed()
