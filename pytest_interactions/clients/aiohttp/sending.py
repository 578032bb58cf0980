"""What an aiohttp request sends: read before it is sent, and then sent as it was read."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import ClientConnectionError, ClientRequest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_writer import StreamWriter
from aiohttp.payload import Payload

from pytest_interactions.api.exchange import Headers, Request
from pytest_interactions.clients.aiohttp.playing import Nowhere

# Before 3.12 the body was an attribute that is a property now, which changes headers when it is set; and it was
# written whole, whatever the header says of its length.
_BODY: Final = "_body" if hasattr(ClientRequest, "_body") else "body"
_HAS_LENGTH: Final = hasattr(Payload, "write_with_length")


async def request_of(request: ClientRequest) -> Request:
    """Read what `request` sends, whatever its body is made from.

    Raises:
        ClientConnectionError: Its body can't be made, which aiohttp finds out when it is to be sent.
    """
    body: Payload | None = getattr(request, _BODY) or None
    if body is not None:
        try:
            pieces = await _written(body, request)
        except Exception as error:
            raise ClientConnectionError(f"Failed to send bytes into the underlying connection: {error!r}") from error
        body = _Collected(pieces, body)
        setattr(request, _BODY, body)
    return Request(
        method=request.method.upper(),
        uri=str(request.url),
        headers=_headers(request),
        body=b"" if body is None else b"".join(body.pieces),
    )


async def _written(body: Payload, request: ClientRequest) -> list[bytes]:
    """The pieces in which a body writes itself."""
    pieces: list[bytes] = []

    async def keep(piece: Any) -> None:
        pieces.append(bytes(piece))

    protocol = BaseProtocol(request.loop)
    protocol.connection_made(Nowhere())
    writer = StreamWriter(protocol, request.loop, on_chunk_sent=keep)
    size = request.headers.get("content-length")
    length = None if size is None else int(size)
    await (body.write_with_length(writer, length) if _HAS_LENGTH else body.write(writer))
    return pieces


class _Collected(Payload):
    """A body that was read before it is sent, and is in all else the one that it was read from."""

    def __init__(self, pieces: list[bytes], original: Payload) -> None:
        super().__init__(pieces)
        self.pieces = pieces
        self._original = original
        self._consumed = getattr(original, "consumed", False)

    async def write(self, writer: Any) -> None:
        for piece in self.pieces:
            await writer.write(piece)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return b"".join(self.pieces).decode(encoding, errors)

    async def close(self) -> None:
        await self._original.close()


def _headers(request: ClientRequest) -> Headers:
    """The headers of a request, but for the encoding of a body that is encoded when it is sent."""
    headers: Headers = {}
    for name, value in request.headers.items():
        if not (request.compress and name.lower() == "content-encoding"):
            headers.setdefault(name.lower(), []).append(value)
    return headers
