"""The real API behind a local server: requests are sent on to it, and its answers recorded on their way back."""

from __future__ import annotations

import inspect
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from pytest_interactions.api.hosts import is_loopback
from pytest_interactions.clients import beneath
from pytest_interactions.clients.httpx import clients
from pytest_interactions.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pytest_interactions.api.exchange import Request
    from pytest_interactions.cassette.recorder import Recording

#: Headers of one connection, not of what is sent over it, and those that the sender writes itself.
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
_CONNECT: Final = 30.0  # seconds; how long an answer takes is between the app and the API


@dataclass(frozen=True, slots=True)
class Answer:
    """A response whose body is still to come; `headers` are as they came, `chunks` raises `ConnectionError`."""

    status: int
    headers: list[tuple[str, str]]
    chunks: AsyncIterator[bytes]


class Upstream:
    """Sends requests to one API; for use in one event loop.

    Args:
        url: Where the API is, without a slash at its end; the proxies of the environment are respected.

    Raises:
        OptionError: The URL is none.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise OptionError(f"upstream: {url!r} is not a URL like https://generativelanguage.googleapis.com")
        direct = is_loopback(parts.hostname) or proxy_bypass(parts.hostname)
        proxies = {} if direct else getproxies()
        self._proxy = proxies.get(parts.scheme) or proxies.get("all")
        self._client = clients()[0]
        self._transport: Any = None

    @asynccontextmanager
    async def send(self, request: Request, recording: Recording | None) -> AsyncIterator[Answer]:
        """Send `request` and give its answer; leaving the context closes the connection if more is to come.

        The body comes with the encoding that the API chose. `recording` gets what was read of it.

        Raises:
            ConnectionError: The API could not be reached, or gave no answer.
        """
        http = self._client.http
        try:
            response = await self._handle(request)
        except http.TransportError as error:
            raise ConnectionError(f"{type(error).__name__}: {error}") from None
        if recording is not None:
            response.stream = self._client.AsyncRecorded(self._client, recording, response)
        headers = [(name.lower(), value) for name, value in response.headers.multi_items()]
        try:
            yield Answer(response.status_code, headers, self._chunks(response))
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        if self._transport is not None:
            await self._transport.aclose()

    async def _handle(self, request: Request) -> Any:
        """The response to `request`; through the bare transport, as httpx's client logs URLs, which may hold a key."""
        http = self._client.http
        if self._transport is None:
            self._transport = http.AsyncHTTPTransport(
                verify=self.url.startswith("https:"),  # loading the certificates takes its time
                limits=http.Limits(max_connections=None),
                proxy=self._proxy,
            )
        # The method itself, not the patch that a cassette in this process put in its place.
        handle = inspect.unwrap(http.AsyncHTTPTransport.handle_async_request)
        headers = [
            (name, value.encode("latin-1"))  # as ASGI decodes them
            for name, values in request.headers.items()
            if name not in HOP_BY_HOP and name != "content-length"
            for value in values
        ]
        message = http.Request(
            request.method,
            request.uri,
            headers=headers,
            content=request.body or None,
            extensions={"timeout": {"connect": _CONNECT}},
        )
        with beneath.sending():
            return await handle(self._transport, message)

    async def _chunks(self, response: Any) -> AsyncIterator[bytes]:
        try:
            async for chunk in response.stream:
                yield chunk
        except self._client.http.TransportError as error:
            raise ConnectionError(f"{type(error).__name__}: {error}") from None
