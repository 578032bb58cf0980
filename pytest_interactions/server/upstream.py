"""The real API behind a local server, which forwards requests to it and records the answers."""

from __future__ import annotations

import asyncio
import inspect
import logging
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.request import getproxies, proxy_bypass

from pytest_interactions.api.hosts import is_loopback
from pytest_interactions.clients import beneath
from pytest_interactions.clients.httpx import own_client
from pytest_interactions.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pytest_interactions.api.exchange import Request
    from pytest_interactions.cassette.recording import Recording

#: Headers that belong to one connection, and those that the sender writes itself.
HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# What httpcore logs of a request has all headers in it, cookies too. Those of this process's own requests stay.
_LOGGERS: Final = tuple(f"httpcore.{name}" for name in ("connection", "http11", "http2", "proxy", "socks"))
_OURS: Final = ContextVar("_OURS", default=False)
_LAST_PORT: Final = 65535
CONNECT: Final = 30.0  # seconds to connect; an answer may take as long as the app waits for it


def _is_not_ours(_: logging.LogRecord) -> bool:
    return not _OURS.get()


@dataclass(frozen=True, slots=True)
class Answer:
    """A response whose body is still to come; `headers` are unchanged, `chunks` may raise `ConnectionError`."""

    status: int
    headers: list[tuple[str, str]]
    chunks: AsyncIterator[bytes]


class Upstream:
    """The API at `url`, for use in one event loop; requests go through the proxies of the environment.

    Attributes:
        url: The address, without a slash at its end.
        proxy: The address of the proxy on the way to it; `None` if there is none.

    Raises:
        OptionError: `url` is no URL.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._client = own_client()
        self._base = self._parsed(url)
        direct = is_loopback(self._base.host) or proxy_bypass(self._base.host)
        proxies = {} if direct else getproxies()
        self.proxy = proxies.get(self._base.scheme) or proxies.get("all")
        self._transport: Any = None
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(_is_not_ours)

    def _parsed(self, url: str) -> Any:
        http = self._client.http
        with suppress(http.InvalidURL):
            base = http.URL(url)
            is_whole = base.scheme in {"http", "https"} and base.host and (base.port or 1) <= _LAST_PORT
            if is_whole and not (base.userinfo or base.query or base.fragment):
                return base
        shown = "what was given" if "@" in url else repr(url)  # it may hold a password
        raise OptionError(f"upstream: {shown} is not a URL like https://generativelanguage.googleapis.com")

    @asynccontextmanager
    async def send(self, request: Request, recording: Recording | None) -> AsyncIterator[Answer]:
        """Send `request` and yield its answer; the end of the context closes the connection if more is to come.

        The body has the encoding that the API chose. `recording` gets the part of it that was read.

        Raises:
            ConnectionError: The API could not be reached, or gave no answer.
        """
        http = self._client.http
        try:
            response = await self._handle(request)
        except http.TransportError as error:
            if recording is not None:
                recording.drop()
            raise ConnectionError(f"{type(error).__name__}: {error}") from None
        except BaseException:  # the client has gone
            if recording is not None:
                recording.give_up()
            raise
        if recording is not None:
            response.stream = self._client.AsyncRecorded(self._client, recording, response)
        headers = [(name.lower(), value) for name, value in response.headers.multi_items()]
        try:
            yield Answer(response.status_code, headers, self._chunks(response))
        finally:
            await asyncio.shield(response.aclose())  # to its end, or the connection stays open

    async def aclose(self) -> None:
        """Close all connections."""
        if self._transport is not None:
            await self._transport.aclose()

    async def _handle(self, request: Request) -> Any:
        """Return the response to `request` from a transport, as httpx's client logs URLs, which may hold a key."""
        http = self._client.http
        if self._transport is None:
            self._transport = http.AsyncHTTPTransport(
                verify=self.url.startswith("https:"),  # loading the certificates takes long
                limits=http.Limits(max_connections=None),
                proxy=self.proxy,
            )
        # The original method, as a cassette in this process may have patched it.
        handle = inspect.unwrap(http.AsyncHTTPTransport.handle_async_request)
        headers = []
        for name, values in request.headers.items():
            if name not in HOP_BY_HOP and name != "content-length":
                headers += [(name, value.encode("latin-1")) for value in values]  # as ASGI decodes them
        message = http.Request(
            request.method,
            # Made of parts, so that nothing of a caller's is taken for a host.
            self._base.copy_with(raw_path=f"/{request.uri.split('/', 3)[3]}".encode("latin-1")),
            headers=headers,
            content=request.body or None,
            extensions={"timeout": {"connect": CONNECT}},
        )
        token = _OURS.set(True)
        try:
            with beneath.sending(message):
                return await handle(self._transport, message)
        finally:
            _OURS.reset(token)

    async def _chunks(self, response: Any) -> AsyncIterator[bytes]:
        try:
            async for chunk in response.stream:
                yield chunk
        except self._client.http.TransportError as error:
            raise ConnectionError(f"{type(error).__name__}: {error}") from None
