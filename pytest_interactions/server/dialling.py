"""WebSockets of the API, which are opened to be recorded."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from pytest_interactions.clients.context import past_cassettes
from pytest_interactions.clients.websockets.handshakes import headers_of, refusal
from pytest_interactions.server.connections import LARGEST_BODY
from pytest_interactions.server.upstream import CONNECT, HOP_BY_HOP

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from pytest_interactions.api.exchange import Headers, Request

#: What the library logs has URLs in it, and messages.
_SILENT: Final = logging.Logger("pytest_interactions.websockets", logging.CRITICAL)  # noqa: LOG001 - of no hierarchy


class RefusedHandshakeError(Exception):
    """An answer of the API by which it opens no WebSocket.

    Attributes:
        response: It, to be recorded.
        headers: Its headers, as they came.
        body: Its body, as it came.
    """

    def __init__(self, error: InvalidStatus) -> None:
        self.response = refusal(error)
        self.headers = [(name.lower(), value) for name, value in error.response.headers.raw_items()]
        self.body = bytes(error.response.body or b"")
        super().__init__(f"status {self.response.status}")


class _Connect(connect):
    """Opens one WebSocket, of the address that it is given and no other."""

    def process_redirect(self, exc: Exception) -> Exception:
        """Return that no redirect is followed: the app is told."""
        return exc


async def dial(request: Request, proxy: str | None) -> ClientConnection:
    """Open a WebSocket of the API, past the cassettes of this process.

    Args:
        request: The handshake; its URI begins with `ws:` or `wss:`.
        proxy: The address of the proxy on the way, if there is one.

    Raises:
        RefusedHandshakeError: The API has answered, and opens none.
        ConnectionError: The API could not be reached, or gave no answer.
    """
    offered: Any = request.headers.get("sec-websocket-protocol")
    try:
        with past_cassettes():
            return await _Connect(
                request.uri,
                subprotocols=offered,
                compression=None,
                additional_headers=_headers(request.headers),
                user_agent_header=None,  # the app's own goes on
                proxy=proxy,
                open_timeout=CONNECT,
                max_size=LARGEST_BODY,
                logger=_SILENT,
            )
    except InvalidStatus as error:
        raise RefusedHandshakeError(error) from None
    except (OSError, EOFError, WebSocketException) as error:
        raise ConnectionError(f"{type(error).__name__}: {error}") from None


def opened(connection: ClientConnection) -> tuple[Headers, str]:
    """Return the answer that has opened a connection: its headers, and its reason phrase."""
    response = connection.response
    assert response is not None, "it is open"  # noqa: S101 - for the type checker
    return headers_of(response.headers), response.reason_phrase


def _headers(headers: Headers) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, values in headers.items():
        if name not in HOP_BY_HOP and name != "sec-websocket-protocol":
            pairs += [(name, value) for value in values]
    return pairs
