"""The HTTP application of a cassette, which plays recorded responses and forwards requests to be recorded."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from starlette.requests import HTTPConnection
from starlette.requests import Request as Incoming
from starlette.responses import JSONResponse, PlainTextResponse

from pytest_interactions.api import sse
from pytest_interactions.api.exchange import Headers, Request
from pytest_interactions.cassette.tape import Ending, Tape
from pytest_interactions.errors import InteractionsError
from pytest_interactions.server.connections import (
    abort,
    address,
    body_of,
    broken,
    cut,
    disconnected,
    failure,
    failure_of,
)
from pytest_interactions.server.control import PATH, Control
from pytest_interactions.server.upstream import HOP_BY_HOP

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from starlette.types import Message, Receive, Scope, Send

    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.cassette.pacing import Pause
    from pytest_interactions.cassette.recording import Recording
    from pytest_interactions.server.cassettes import OnItsWay, Route
    from pytest_interactions.server.upstream import Answer, Upstream

# The seconds to wait for the end of a response before its last chunk is forwarded.
_ENDS: Final = 0.1
#: The status for an API that gives no answer.
BAD_GATEWAY: Final = 502
# Headers by which a browser says which page asks this server; it is not a page that asks the API.
_OF_PAGES: Final = ("origin", "sec-fetch-")


class Proxy:
    """The ASGI application.

    `find` returns the cassette for a path as it was sent, or raises an `InteractionsError`. `control` answers the calls
    that begin and finish cassettes, if any may.
    """

    def __init__(
        self, find: Callable[[str], Awaitable[Route]], upstream: Upstream, control: Control | None = None
    ) -> None:
        self._find = find
        self._upstream = upstream
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, until the client goes away."""
        if scope["type"] == "websocket":
            await self._open(scope, receive, send)
            return
        incoming = Incoming(scope, receive)
        if scope["raw_path"] == b"/healthz":
            await PlainTextResponse("ok\n")(scope, receive, send)
            return
        body = await body_of(incoming)
        if scope["raw_path"].startswith(PATH):
            # To its end, even if the client goes away: a cassette is not left half saved.
            await (await self._called(incoming, body))(scope, receive, send)
            return
        gone = asyncio.ensure_future(disconnected(receive))
        answering = asyncio.ensure_future(Call(self._upstream, scope, gone, send, body).answer(self._find))
        await asyncio.wait([gone, answering], return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        await end(answering)

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        from pytest_interactions.server.sockets import open_socket

        if scope["raw_path"].startswith(PATH):
            await failure(404, "not_found", "A call is sent as a POST, not on a WebSocket.")(scope, receive, send)
        else:
            await open_socket(scope, receive, send, self._upstream, self._find)

    async def _called(self, incoming: Incoming, body: bytes) -> JSONResponse:
        if self._control is None:
            return failure(404, "not_found", "The cassette of this server begins and finishes with its test.")
        return await self._control.answer(incoming, body)


@dataclass(eq=False)
class Call:
    """One request on its way to its answer."""

    upstream: Upstream
    scope: Scope
    gone: asyncio.Future[None]
    send: Send
    body: bytes = b""
    prefix: str = ""
    started: bool = False

    async def answer(self, find: Callable[[str], Awaitable[Route]]) -> None:
        """Replay the answer, or forward the request; send an error of ours in the API's own shape."""
        try:
            route = await find(self.scope["raw_path"].decode("latin-1"))
            with route.opened.answering(lambda: abort(self.scope)) as on_its_way:
                self.prefix = route.prefix
                await self._answer_from(route.opened.cassette, self._request(route.path), on_its_way)
        except InteractionsError as error:
            if self.started:
                await self._break()
            else:
                await self._respond(failure_of(error))

    async def _answer_from(self, cassette: Cassette, request: Request, on_its_way: OnItsWay) -> None:
        answer = cassette.answer(request, is_to_api=True)
        if isinstance(answer, Tape):
            await self._play(answer, on_its_way)
        else:
            await self._forward(request, answer)

    def _request(self, path: str) -> Request:
        """Return the request with the API's address, for the API and for the recording."""
        query = self.scope["query_string"].decode("latin-1")
        headers: Headers = {}
        for name, value in HTTPConnection(self.scope).headers.items():
            if name not in HOP_BY_HOP and not name.startswith(_OF_PAGES):
                headers.setdefault(name, []).append(value)
        # The end of an encoded body can't be seen, and it is recorded decoded anyway.
        headers["accept-encoding"] = ["identity"]
        return Request(
            method=self.scope.get("method", "GET").upper(),
            uri=self.upstream.url + path + (f"?{query}" if query else ""),
            headers=headers,
            body=self.body,
        )

    # --- replay ---

    async def _play(self, tape: Tape, on_its_way: OnItsWay) -> None:
        try:
            await self._play_to_end(tape.on_one_line(), on_its_way)
        finally:
            tape.left()  # at the latest now, as the client has gone
            tape.use.is_awaited = False

    async def _play_to_end(self, tape: Tape, on_its_way: OnItsWay) -> None:
        if tape.response.status:
            await self._play_response(tape)
        if tape.hangs:
            on_its_way.hangs = True
            await self.gone
        elif tape.ending is Ending.COMPLETE:
            await self._chunk(b"", more=False)
        else:
            await self._end_as(tape)

    async def _end_as(self, tape: Tape) -> None:
        await self._until_due(tape, tape.pause_at_end(None))
        if tape.lingers:
            # A client that left here when this was recorded leaves again now.
            await asyncio.wait([self.gone], timeout=tape.lingers)
        tape.error(lambda cut: ConnectionError(cut.message))  # the cassette remembers the error, if it is ours
        if tape.exchange.cut is not None and not self.started:
            await broken(self.scope, self.gone, tape.exchange.cut)
        else:
            await self._break()

    async def _play_response(self, tape: Tape) -> None:
        chunks = tape.chunks()
        await self._until_due(tape, tape.pause(None))
        first = next(chunks, b"")  # before the start, as a body that can't be played is an error response
        promised = [] if tape.promised is None else [("content-length", str(tape.promised))]
        await self._start(tape.response.status, [*tape.headers(), *promised], uri=tape.exchange.request.uri)
        for chunk in chain([first], chunks):
            await self._until_due(tape, tape.pause(None))
            await self._chunk(chunk)

    async def _until_due(self, tape: Tape, pause: Pause | None) -> None:
        """Wait, as time passes for the client; there is none that must pass if its test skips waiting."""
        if pause is None or tape.options.fast_forward:
            return
        try:
            await asyncio.sleep(pause.seconds)
        except asyncio.CancelledError:  # as the client has gone
            tape.lost_patience()
            raise

    # --- recording ---

    async def _forward(self, request: Request, recording: Recording | None) -> None:
        try:
            async with self.upstream.send(request, recording) as answer:
                await self._relay(answer, uri=request.uri)
        except ConnectionError as error:
            message = f"{self.upstream.url} gave no answer that could be recorded: {error}"
            await self._respond(failure(BAD_GATEWAY, "unavailable", message))

    async def _relay(self, answer: Answer, *, uri: str) -> None:
        await self._start(answer.status, [h for h in answer.headers if h[0] not in HOP_BY_HOP], uri=uri)
        is_stream = any(name == "content-type" and "event-stream" in value for name, value in answer.headers)
        decoder = sse.Decoder()
        upcoming = _next(answer.chunks)
        try:
            while (chunk := await upcoming) is not None:
                upcoming = _next(answer.chunks)
                # A client that has the end of a response may end this process, so it must be recorded by then.
                if not is_stream or any(event.done for event in decoder.feed(chunk)):
                    await asyncio.wait([upcoming], timeout=_ENDS)
                await self._chunk(chunk)
            await self._chunk(b"", more=False)
        except ConnectionError:
            await self._break()
        finally:
            await end(upcoming)

    # --- the response to the client ---

    async def _start(self, status: int, headers: Iterable[tuple[str, str]], *, uri: str) -> None:
        raw = [
            (name.encode(), (self._link(value, uri) if _is_link(name) else value).encode()) for name, value in headers
        ]
        self.started = True
        await self.send({"type": "http.response.start", "status": status, "headers": raw})

    async def _chunk(self, data: bytes, *, more: bool = True) -> None:
        await self.send({"type": "http.response.body", "body": data, "more_body": more})

    async def _break(self) -> None:
        """Break the connection, as the API's was broken."""
        await cut(self.scope, self.gone)

    async def _respond(self, response: JSONResponse) -> None:
        await response(self.scope, _receive_nothing, self.send)

    @property
    def _here(self) -> str:
        """Return the address that a caller has for the API's."""
        return address(self.scope) + self.prefix

    def _link(self, value: str, uri: str) -> str:
        """Return the link `value`, of the answer to a request to `uri`, through this server if it leads to the API."""
        target, origin = urlsplit(urljoin(uri, value)), urlsplit(uri)
        if (target.scheme, target.netloc) != (origin.scheme, origin.netloc):
            return value
        path = target.path.removeprefix(urlsplit(self.upstream.url).path)
        return self._here + target._replace(scheme="", netloc="", path=path).geturl()


async def _receive_nothing() -> Message:  # pragma: no cover - an answer that is there does not ask
    return {}


def _is_link(name: str) -> bool:
    return name == "location" or (name.startswith("x-goog-upload-") and name.endswith("url"))


def _next(chunks: AsyncIterator[bytes]) -> asyncio.Task[bytes | None]:
    async def pull() -> bytes | None:
        return await anext(chunks, None)

    return asyncio.create_task(pull())


async def end(task: asyncio.Task[Any] | asyncio.Future[Any]) -> None:
    """Cancel a task, wait for its end, and raise its error unless that is a broken connection."""
    task.cancel()
    await asyncio.wait([task])  # who awaits the task itself cancels it again, in the middle of what it has to close
    with suppress(asyncio.CancelledError, ConnectionError):
        task.result()
