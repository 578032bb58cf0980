"""The API behind a local address that has the key, for code that must not have it, such as the tests of a fork.

Nothing is recorded here: the caller does that. What it may ask for is the Interactions API over HTTP, and no more.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request as Incoming
from starlette.responses import JSONResponse, PlainTextResponse

from pytest_interactions.api.exchange import Exchange, Headers, Request, Response
from pytest_interactions.api.usage import costs_of
from pytest_interactions.redaction import headers as recorded_headers
from pytest_interactions.server.callers import Callers
from pytest_interactions.server.connections import RefusedError, body_of, cut, disconnected, failure
from pytest_interactions.server.proxy import BAD_GATEWAY, end
from pytest_interactions.server.serving import Served, Serving
from pytest_interactions.server.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from starlette.types import Message, Receive, Scope, Send

    from pytest_interactions.server.upstream import Answer

#: The server's name, for its thread and its messages.
NAME: Final = "interactions-forwarder"
_FORBIDDEN: Final = 403  # which no client sends again by itself
# Each method with the paths it may have: no dots and no escapes that the API could take for another path.
_ID: Final = r"/(?!\.)[\w.=~-]+"
_PATHS: Final = {
    "POST": re.compile(rf"/v\d\w*/interactions(?:{_ID}/cancel)?", re.ASCII),
    "GET": re.compile(rf"/v\d\w*/interactions{_ID}", re.ASCII),
    "DELETE": re.compile(rf"/v\d\w*/interactions{_ID}", re.ASCII),
}
_HEADERS: Final = frozenset({"accept", "api-revision", "content-type", "user-agent", "x-goog-api-client"})
_QUERY: Final = frozenset({"alt", "include_input", "last_event_id", "starting_after", "stream"})
# How a caller logs in, which is left out: the login here is another one.
_LOGINS: Final = frozenset({"access_token", "key"})
# Links of the API lead past this server, and cookies would be a login.
_LEFT_OUT: Final = frozenset(
    {"content-location", "link", "location", "operation-location", "refresh", "set-cookie", "set-cookie2"}
)


class Allowance:
    """What callers may still ask for, and what they were refused.

    Args:
        max_requests: How many requests are forwarded; `None` for any number.
        max_tokens: After how many tokens none is; `None` for any number. Those of an answer count when it has come.
    """

    def __init__(self, max_requests: int | None = None, max_tokens: int | None = None) -> None:
        self._max_requests = max_requests
        self._max_tokens = max_tokens
        self._tokens: dict[str, int] = {}
        #: The requests that were forwarded.
        self.requests = 0
        #: Why requests were refused, and how many were.
        self.refused: Counter[str] = Counter()

    @property
    def tokens(self) -> int:
        """Return how many tokens the answers have cost, as the API says."""
        return sum(self._tokens.values())

    def take(self) -> None:
        """Take one request.

        Raises:
            RefusedError: As many requests were forwarded, or tokens spent, as may be.
        """
        for limit, used, what in (
            (self._max_requests, self.requests, "requests"),
            (self._max_tokens, self.tokens, "tokens"),
        ):
            if limit is not None and used >= limit:
                raise self.refusal(f"the limit of {limit:,} {what} is reached: --max-{what} sets it.")
        self.requests += 1

    def spend(self, exchange: Exchange) -> None:
        """Count what an answer has cost; an interaction that is asked for again counts once."""
        self._tokens |= costs_of(exchange, otherwise=str(self.requests))

    def refusal(self, reason: str) -> RefusedError:
        """Return the error for a request that is not forwarded, and remember it."""
        self.refused[reason] += 1
        return RefusedError(_FORBIDDEN, "permission_denied", f"Not forwarded: {reason}")


class Forwarder(Served):
    """A server that puts `key` into requests for the API, from its creation until `stop()`.

    Args:
        key: The key of the API.
        upstream: The address of the API.
        allowance: How much may be asked for.
        host: The address to listen on.
        port: The TCP port; 0 chooses a free one.

    Raises:
        OSError: The port is taken.
        OptionError: `upstream` is no URL.
    """

    def __init__(
        self, key: str, *, upstream: str, allowance: Allowance, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        remote = Upstream(upstream)
        self._callers = Callers(_Forwarding(key, remote, allowance), name=NAME, host=host)
        self._serving = Serving(self._callers, name=NAME, host=host, port=port, closing=remote.aclose)


class _Forwarding:
    """The ASGI application."""

    def __init__(self, key: str, upstream: Upstream, allowance: Allowance) -> None:
        self._key = key
        self._upstream = upstream
        self._allowance = allowance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            raise self._allowance.refusal("WebSockets are not forwarded.")
        incoming = Incoming(scope, receive)
        if scope["raw_path"] == b"/healthz":
            await PlainTextResponse("ok\n")(scope, receive, send)
            return
        request = self._request(incoming, await body_of(incoming))
        self._allowance.take()
        gone = asyncio.ensure_future(disconnected(receive))
        answering = asyncio.ensure_future(self._forward(request, scope, gone, send))
        await asyncio.wait([gone, answering], return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        await end(answering)

    def _request(self, incoming: Incoming, body: bytes) -> Request:
        """Return the request that the API gets, with the key.

        Raises:
            RefusedError: It is none of the Interactions API.
        """
        path = incoming.scope["raw_path"].decode("latin-1")
        allowed = _PATHS.get(incoming.method)
        if allowed is None or not allowed.fullmatch(path):
            raise self._allowance.refusal("only requests of the Interactions API are forwarded, by their plain paths.")
        query = parse_qsl(incoming.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        query = [(name, value) for name, value in query if name not in _LOGINS]
        if not _QUERY.issuperset(name for name, _ in query):
            raise self._allowance.refusal(f"a query may have {', '.join(sorted(_QUERY))}, and nothing else.")
        headers: Headers = {name: [value] for name, value in incoming.headers.items() if name in _HEADERS}
        headers |= {"accept-encoding": ["identity"], "x-goog-api-key": [self._key]}  # so that the key would be seen
        uri = self._upstream.url + path + (f"?{urlencode(query)}" if query else "")
        return Request(method=incoming.method, uri=uri, headers=headers, body=body)

    async def _forward(self, request: Request, scope: Scope, gone: asyncio.Future[None], send: Send) -> None:
        passage = _Passage(self._key.encode(), scope, gone, send)
        try:
            async with self._upstream.send(request, None) as answer:
                came = Response(status=answer.status, headers=_by_name(answer.headers))
                try:
                    async for body in passage.pass_on(answer, came):
                        self._allowance.spend(Exchange(request=request, response=came.with_body(body)))
                finally:  # also if the caller goes away when it has all that it wants
                    self._allowance.spend(Exchange(request=request, response=came.with_body(bytes(passage.body))))
        except ConnectionError as error:
            await passage.fail(f"{self._upstream.url} gave no answer: {error}")
        except _LeakError:
            self._allowance.refusal("an answer of the API had the key in it.")
            await passage.fail("The answer has the key in it, and is not passed on.")


class _LeakError(Exception):
    """What comes has the key in it."""


class _Passage:
    """One answer on its way to the caller, of which no part goes on that has the key in it."""

    def __init__(self, key: bytes, scope: Scope, gone: asyncio.Future[None], send: Send) -> None:
        self._key = key
        self._scope = scope
        self._gone = gone
        self._send = send
        self._started = False
        #: What has come.
        self.body = bytearray()
        self._sent = 0

    async def pass_on(self, answer: Answer, head: Response) -> AsyncIterator[bytes]:
        """Pass an answer on: a stream as it comes, any other whole; yield what has come before it goes on.

        Raises:
            ConnectionError: It breaks off.
            _LeakError: It has the key in it, or an encoding in which that can't be seen.
        """
        kept = recorded_headers.of_response(head.headers) - _LEFT_OUT
        raw = [(name.encode(), value.encode()) for name, value in answer.headers if name in kept]
        is_plain = head.headers.get("content-encoding", ["identity"]) == ["identity"]
        if not is_plain or any(self._key in value for _, value in raw):
            raise _LeakError
        async for chunk in answer.chunks:
            self._take(chunk)
            if head.is_stream:
                yield bytes(self.body) if b"total_tokens" in self.body else b""
                await self._start(answer.status, raw)
                await self._send_up_to(len(self.body) - self._begun())
        yield bytes(self.body)
        await self._start(answer.status, raw)
        await self._send_up_to(len(self.body))
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _start(self, status: int, raw: Sequence[tuple[bytes, bytes]]) -> None:
        if not self._started:
            self._started = True
            await self._send({"type": "http.response.start", "status": status, "headers": raw})

    def _take(self, chunk: bytes) -> None:
        start = max(0, len(self.body) - len(self._key))
        self.body += chunk
        if self.body.find(self._key, start) >= 0:
            raise _LeakError

    def _begun(self) -> int:
        """Return how many bytes at the end may be the beginning of the key, which wait for what follows."""
        longest = min(len(self._key) - 1, len(self.body))
        return next((size for size in range(longest, 0, -1) if self.body.endswith(self._key[:size])), 0)

    async def _send_up_to(self, place: int) -> None:
        if place > self._sent:
            part, self._sent = bytes(self.body[self._sent : place]), place
            await self._send({"type": "http.response.body", "body": part, "more_body": True})

    async def fail(self, message: str) -> None:
        """Say what is wrong if the answer has not begun, else break it off."""
        if self._started:
            await cut(self._scope, self._gone)
        else:
            response: JSONResponse = failure(BAD_GATEWAY, "unavailable", message)
            await response(self._scope, _receive_nothing, self._send)


def _by_name(pairs: Sequence[tuple[str, str]]) -> Headers:
    headers: Headers = {}
    for name, value in pairs:
        headers.setdefault(name, []).append(value)
    return headers


async def _receive_nothing() -> Message:  # pragma: no cover - an answer that is there does not ask
    return {}
