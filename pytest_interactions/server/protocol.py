"""HTTP as the servers of this package speak it on one connection, which is as uvicorn does but for a few things."""

from __future__ import annotations

import json
import logging
import socket
from typing import TYPE_CHECKING, Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

# The seconds for which a caller that speaks no HTTP may go on to speak.
_LINGERS: Final = 1.0
# How a head begins, and what the end of a chunked answer is.
_HEAD: Final = b"HTTP/1.1 "
_END: Final = b"0\r\n\r\n"
# The state of a connection on which an answer has not begun.
_UNANSWERED: Final = {h11.IDLE, h11.SEND_RESPONSE}
# The state of a caller that is in the middle of a request, or before one.
_UNFINISHED: Final = {h11.IDLE, h11.SEND_BODY}
# Makes an acknowledgement go out at once. Only Linux has it; elsewhere this is what is set anyway.
_QUICKACK: Final[int] = getattr(socket, "TCP_QUICKACK", socket.TCP_NODELAY)
_LOGGER: Final = logging.getLogger("uvicorn.error.interactions")
_LOGGER.setLevel(logging.ERROR)


class Protocol(H11Protocol):
    """HTTP as uvicorn speaks it, but for what it logs, for its answer to what is no HTTP, and for when it sends.

    Its log of requests holds URLs, which may hold a key, and pytest puts each log in its report. Its warnings are of
    what callers do wrong, who are told themselves.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False
        self.logger = _LOGGER
        self._is_over = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn's is no wider
        """Begin a connection."""
        super().connection_made(_Joining(transport, self.loop))  # type: ignore[arg-type] # it has all that is used

    def data_received(self, data: bytes) -> None:
        """Take what a caller sends, unless its connection is over.

        A caller that writes a request in two parts, as many do, may wait with the second until the first is
        acknowledged, which the system puts off for 40 ms.
        """
        if not self._is_over:
            super().data_received(data)
        if self.conn.their_state in _UNFINISHED and not self.transport.is_closing():
            self.transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)

    def _should_upgrade_to_ws(self) -> bool:
        """Return that a WebSocket may be opened."""
        return True

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Go on as a WebSocket; what speaks it is imported with the first one."""
        from pytest_interactions.server.websocket_protocol import WebSocketProtocol

        self.ws_protocol_class = WebSocketProtocol
        super().handle_websocket_upgrade(event)

    def eof_received(self) -> None:
        """Send what is held to a caller that sends no more: its connection is closed after this."""
        self.transport.flush()  # type: ignore[attr-defined] # see `connection_made`

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP in the API's own shape, unless another answer has begun, and end the connection.

        It is closed a little later: what was sent and not read would make it break before the caller has the answer.
        """
        self._is_over = True
        self.loop.call_later(_LINGERS, self.transport.close)
        if self.cycle is not None:
            self.cycle.disconnected = True  # so that nothing follows this
        if self.conn.our_state in _UNANSWERED:
            body = json.dumps({"error": {"code": "invalid_request", "message": msg}}).encode()
            headers = [("content-type", "application/json"), ("connection", "close")]
            for event in (
                h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.write_eof()


class _Joining:
    """A connection's transport that sends a head with what follows it, and the end of an answer with what is before it.

    Apart they would cost both sides a call of the system each, and wake the caller up for nothing that it can use. What
    is written last waits for no longer than until the loop's next step. A chunk of a stream is sent by itself.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""
        self._is_head = False  # what is held, and no more than that
        self._is_due = False  # to be sent in the loop's next step

    def write(self, data: bytes) -> None:
        if not data:
            return
        if not (data == _END or self._is_head):
            self.flush()
        self._is_head = not self._held and data.startswith(_HEAD)
        self._held += data
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._send_last)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def write_eof(self) -> None:
        self.flush()
        self._transport.write_eof()

    def abort(self) -> None:
        self._held = b""
        self._transport.abort()

    def _send_last(self) -> None:
        self._is_due = False
        self.flush()

    def flush(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
