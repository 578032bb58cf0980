"""WebSockets as the servers of this package speak them, which is as uvicorn does but for what it logs and tells."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent

#: The close code that stands for an end without a close frame (RFC 6455, section 7.1.5).
BROKEN: Final = 1006
#: What is logged has URLs in it, which may hold a key; and uvicorn takes a refused handshake for an error.
_SILENT: Final = logging.Logger("pytest_interactions.server", logging.CRITICAL)  # noqa: LOG001 - of no hierarchy


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket. Its app is told of each end of the connection: by a close frame, or by `BROKEN` without one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = self.conn.logger = _SILENT
        self._end: ASGIReceiveEvent | None = None

    def eof_received(self) -> None:
        """Send what is held to a caller that sends no more: its connection is closed after this."""
        self.transport.flush()  # type: ignore[attr-defined] # see `protocol`

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the app; uvicorn's own words are those for a close frame without a code."""
        self.queue.put_nowait({"type": "websocket.disconnect", "code": BROKEN})
        super().connection_lost(exc)

    def handle_parser_exception(self) -> None:
        """End the connection of a caller that does not keep to the protocol: the close frame is not the caller's."""
        self.queue.put_nowait({"type": "websocket.disconnect", "code": BROKEN})
        super().handle_parser_exception()
        self.disconnected = True  # so that nothing more is sent to it

    async def receive(self) -> ASGIReceiveEvent:
        """Return what comes next from the caller; once it has gone, say so as often as it is asked."""
        if self._end is not None:
            return self._end
        message = await super().receive()
        if message["type"] == "websocket.disconnect":
            self._end = message
        return message
