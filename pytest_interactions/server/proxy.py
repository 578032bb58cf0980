"""The HTTP surface of a cassette: plays what is recorded, sends on what is to be recorded."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from starlette.requests import ClientDisconnect
from starlette.requests import Request as Incoming
from starlette.responses import JSONResponse, PlainTextResponse

from pytest_interactions.api import sse
from pytest_interactions.api.exchange import Headers, Request
from pytest_interactions.cassette.tape import Ending, Tape
from pytest_interactions.errors import CassetteMissError, CassetteNotFoundError, InteractionsError
from pytest_interactions.server.serving import cut, disconnected
from pytest_interactions.server.upstream import HOP_BY_HOP

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from starlette.types import Receive, Scope, Send

    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.cassette.recorder import Recording
    from pytest_interactions.server.upstream import Answer, Upstream

# Seconds that the end of a response is waited for before its last chunk is passed on.
_ENDS: Final = 0.1
_BAD_GATEWAY: Final = 502
# An error's status and code; none that a client would retry by itself.
_ERRORS: Final[dict[type[InteractionsError], tuple[int, str]]] = {
    CassetteMissError: (404, "not_found"),
    CassetteNotFoundError: (404, "not_found"),
}
_OTHER_ERROR: Final = (400, "failed_precondition")


@dataclass(frozen=True, slots=True)
class Route:
    """The cassette that a path belongs to: the path is `prefix + path`, and the API's own is `path`."""

    cassette: Cassette
    prefix: str
    path: str


class Proxy:
    """The ASGI application.

    Args:
        find: Which cassette a path, as it was sent, belongs to; may raise an `InteractionsError`.
        upstream: Where requests are sent to be recorded.
    """

    def __init__(self, find: Callable[[str], Route], upstream: Upstream) -> None:
        self._find = find
        self._upstream = upstream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, for as long as the client is there."""
        incoming = Incoming(scope, receive)
        if incoming.url.path == "/healthz":
            await PlainTextResponse("ok\n")(scope, receive, send)
            return
        try:
            body = await incoming.body()
        except ClientDisconnect:
            return
        gone = asyncio.ensure_future(disconnected(receive))
        answering = asyncio.ensure_future(_Call(self._upstream, incoming, body, gone, send).answer(self._find))
        await asyncio.wait([gone, answering], return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        await _end(answering)


class _Call:
    """One request on its way to its answer."""

    def __init__(
        self, upstream: Upstream, incoming: Incoming, body: bytes, gone: asyncio.Future[None], send: Send
    ) -> None:
        self._upstream = upstream
        self._incoming = incoming
        self._body = body
        self._gone = gone
        self._send = send
        self._prefix = ""
        self._started = False

    async def answer(self, find: Callable[[str], Route]) -> None:
        """Replay it, or send it on; what keeps it from either is an error in the API's own shape."""
        try:
            found = find(self._incoming.scope["raw_path"].decode("latin-1"))
            self._prefix = found.prefix
            request = self._request(found.path)
            answer = found.cassette.answer(request)
            if isinstance(answer, Tape):
                await self._play(answer.on_one_line())
            else:
                await self._pass_on(request, answer)
        except InteractionsError as error:
            if self._started:
                await self._break()
            else:
                await self._fail(*_ERRORS.get(type(error), _OTHER_ERROR), str(error))

    def _request(self, path: str) -> Request:
        """The request as the API is to get it, and as it is recorded: with the API's address."""
        query = self._incoming.scope["query_string"].decode("latin-1")
        headers: Headers = {}
        for name, value in self._incoming.headers.items():
            if name not in HOP_BY_HOP:
                headers.setdefault(name, []).append(value)
        # What is encoded can't be seen to end, and is recorded decoded anyway.
        headers["accept-encoding"] = ["identity"]
        return Request(
            method=self._incoming.method.upper(),
            uri=self._upstream.url + path + (f"?{query}" if query else ""),
            headers=headers,
            body=self._body,
        )

    # --- replay ---

    async def _play(self, tape: Tape) -> None:
        if tape.response.status:
            await self._play_response(tape)
        if tape.ending is Ending.COMPLETE:
            await self._chunk(b"", more=False)
            return
        if tape.lingers:
            # A client that stops reading where it stopped before goes away now.
            await asyncio.wait([self._gone], timeout=tape.lingers)
        tape.error(lambda cut: ConnectionError(cut.message))  # which the cassette remembers, if it is ours
        await self._break()

    async def _play_response(self, tape: Tape) -> None:
        chunks = tape.chunks()
        first = next(chunks, b"")  # what can't be played is an error, as long as nothing was sent
        await self._start(tape.response.status, tape.headers(), asked=tape.exchange.request.uri)
        await self._chunk(first)
        for chunk in chunks:
            if tape.pace:
                await asyncio.sleep(tape.pace)
            await self._chunk(chunk)

    # --- recording ---

    async def _pass_on(self, request: Request, recording: Recording | None) -> None:
        try:
            async with self._upstream.send(request, recording) as answer:
                await self._relay(answer, asked=request.uri)
        except ConnectionError as error:
            message = f"{self._upstream.url} gave no answer that could be recorded: {error}"
            await self._fail(_BAD_GATEWAY, "unavailable", message)

    async def _relay(self, answer: Answer, *, asked: str) -> None:
        await self._start(answer.status, [h for h in answer.headers if h[0] not in HOP_BY_HOP], asked=asked)
        is_stream = any(name == "content-type" and "event-stream" in value for name, value in answer.headers)
        decoder = sse.Decoder()
        upcoming = _next(answer.chunks)
        try:
            while (chunk := await upcoming) is not None:
                upcoming = _next(answer.chunks)
                # Whoever has the end of a response may end this process: it is to be recorded by then.
                if not is_stream or any(event.done for event in decoder.feed(chunk)):
                    await asyncio.wait([upcoming], timeout=_ENDS)
                await self._chunk(chunk)
            await self._chunk(b"", more=False)
        except ConnectionError:
            await self._break()
        finally:
            await _end(upcoming)

    # --- what the client gets ---

    async def _start(self, status: int, headers: Iterable[tuple[str, str]], *, asked: str) -> None:
        raw = [
            (name.encode(), (self._link(value, asked) if _is_link(name) else value).encode()) for name, value in headers
        ]
        self._started = True
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def _chunk(self, data: bytes, *, more: bool = True) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def _break(self) -> None:
        """Break the connection, as the API's was broken."""
        await cut(self._incoming.scope, self._gone)

    async def _fail(self, status: int, code: str, message: str) -> None:
        response = JSONResponse({"error": {"code": code, "message": message}}, status)
        await response(self._incoming.scope, self._incoming.receive, self._send)

    def _link(self, value: str, asked: str) -> str:
        """The link `value` in the answer to a request to `asked`, leading through this server if it led to the API."""
        to, origin = urlsplit(urljoin(asked, value)), urlsplit(asked)
        if (to.scheme, to.netloc) != (origin.scheme, origin.netloc):
            return value
        here = str(self._incoming.base_url).rstrip("/") + self._prefix
        path = to.path.removeprefix(urlsplit(self._upstream.url).path)
        return here + to._replace(scheme="", netloc="", path=path).geturl()


def _is_link(name: str) -> bool:
    return name == "location" or (name.startswith("x-goog-upload-") and name.endswith("url"))


def _next(chunks: AsyncIterator[bytes]) -> asyncio.Task[bytes | None]:
    async def pull() -> bytes | None:
        return await anext(chunks, None)

    return asyncio.create_task(pull())


async def _end(task: asyncio.Task[Any]) -> None:
    """Cancel a task, wait for its end, and raise what it raised but for a broken connection."""
    task.cancel()
    with suppress(asyncio.CancelledError, ConnectionError):
        await task
