"""The connection of one caller: how it reached the server, what it sends, what goes wrong, and its end."""

from __future__ import annotations

import os
import socket
import struct
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse

from pytest_interactions.clients.failures import is_early
from pytest_interactions.errors import CassetteMissError, CassetteNotFoundError, InteractionsError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from starlette.requests import Request
    from starlette.types import Receive, Scope

    from pytest_interactions.api.exchange import Cut

#: The largest body of a request, and message of a WebSocket, in bytes: the API takes 100 MB of JSON, and clients upload
#: files in parts.
LARGEST_BODY: Final = 256 * 1024 * 1024

# The status and code of each error.
_ERRORS: Final[dict[type[InteractionsError], tuple[int, str]]] = {
    CassetteMissError: (404, "not_found"),
    CassetteNotFoundError: (404, "not_found"),
}
_OTHER_ERROR: Final = (400, "failed_precondition")
# How long the rest of what was sent lingers in a socket: on, and for no second. Windows has shorter numbers.
_AT_ONCE: Final = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class RefusedError(Exception):
    """A request that a server does not take: the HTTP status of the answer, and what its body says."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        super().__init__(message)


def failure(status: int, code: str, message: str) -> JSONResponse:
    """Return an error in the API's own shape, as an ASGI app."""
    return JSONResponse({"error": {"code": code, "message": message}}, status)


def failure_of(error: InteractionsError) -> JSONResponse:
    """Return the same for an error of this package's own; clients retry none of these by themselves."""
    return failure(*_ERRORS.get(type(error), _OTHER_ERROR), str(error))


def address(scope: Scope) -> str:
    """Return the server's own URL, without a slash at its end, as this caller reached it."""
    return str(scope["state"]["address"])


async def body_of(request: Request) -> bytes:
    """Return the body of a request.

    Raises:
        RefusedError: It is larger than `LARGEST_BODY`.
        ClientDisconnect: The caller went away.
    """
    _check_size(int(request.headers.get("content-length", 0)))  # a number: h11 has seen to that
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        _check_size(size)
        chunks.append(chunk)
    return b"".join(chunks)


def _check_size(size: int) -> None:
    if size > LARGEST_BODY:
        limit = f"{LARGEST_BODY >> 20} MiB"
        raise RefusedError(413, "invalid_request", f"The body is larger than {limit}, the most that is taken here.")


async def disconnected(receive: Receive) -> None:
    """Wait until the caller of a request or a handshake has gone; the request's body must have been read before."""
    while not (await receive())["type"].endswith(".disconnect"):
        ...


async def cut(scope: Scope, gone: asyncio.Future[None]) -> None:
    """Close the connection after the part of the answer that was sent; `gone` is `disconnected` as a task."""
    for connection in _connections(scope):
        connection.transport.close()
    await gone


async def broken(scope: Scope, gone: asyncio.Future[None], ending: Cut) -> None:
    """End the connection as another one ended; what came before there was one is a reset here, as this one stands."""
    if is_early(ending):
        for connection in _connections(scope):
            # Nothing lingers, so the system tells the caller of a reset, and not of an end.
            connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        abort(scope)
    await cut(scope, gone)


def abort(scope: Scope) -> None:
    """Break the connection at once; what was not sent is lost."""
    for connection in _connections(scope):
        connection.transport.abort()


def _connections(scope: Scope) -> Iterator[Any]:
    """Yield the caller's connection; none if it has gone."""
    return (each for each in list(scope["state"]["connections"]) if each.client == tuple(scope["client"]))
