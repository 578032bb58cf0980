"""WebSockets as the servers of this package speak them, which is as uvicorn does but for what it logs and tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from pytest_interactions.server.protocol import LOGGER

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent

#: The close code that stands for an end without a close frame (RFC 6455, section 7.1.5).
BROKEN = 1006


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket. Its app is told of each end of the connection: by a close frame, or by `BROKEN` without one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = LOGGER
        self.conn.logger = LOGGER
        self._end: ASGIReceiveEvent | None = None

    def eof_received(self) -> None:
        """Send what is held to a caller that sends no more: its connection is closed after this."""
        self.transport.flush()  # type: ignore[attr-defined] # see `protocol`

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the app; uvicorn's own words are those for a close frame without a code."""
        self.queue.put_nowait({"type": "websocket.disconnect", "code": BROKEN})
        super().connection_lost(exc)

    def handle_parser_exception(self) -> None:
        """End the connection of a caller that does not keep to the protocol; nothing more is sent to it."""
        super().handle_parser_exception()
        self.disconnected = True

    async def receive(self) -> ASGIReceiveEvent:
        """Return what comes next from the caller; once it has gone, say so as often as it is asked."""
        if self._end is not None:
            return self._end
        message = await super().receive()
        if message["type"] == "websocket.disconnect":
            self._end = message
        return message
