"""The other end of a connection that is played: the side of a server, in this process. No I/O happens here."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from pytest_interactions.api.websocket import Closed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_interactions.api.websocket import Item
    from pytest_interactions.cassette.tape import Tape

#: What the library logs of its own servers has keys in it, and is of no server here.
_SILENT: Final = logging.Logger("pytest_interactions.websockets", logging.CRITICAL)  # noqa: LOG001 - of no hierarchy
#: The headers of an answer that are made anew for each connection.
OF_CONNECTION: Final = frozenset(
    {"connection", "upgrade", "content-length", "sec-websocket-accept", "sec-websocket-extensions"}
    | {"sec-websocket-protocol", "transfer-encoding"}
)


class Peer:
    """A server that opens a connection as a tape says; what it sends then, it is told.

    Args:
        tape: The tape.
        redacted: Takes the secrets out of a text, as they were taken out of the subprotocol that the server chose.
    """

    def __init__(self, tape: Tape, redacted: Callable[[str], str]) -> None:
        self._tape = tape
        self._protocol = ServerProtocol(
            select_subprotocol=lambda _, offered: chosen(tape, offered, redacted), max_size=None, logger=_SILENT
        )
        self.is_open = False
        self.is_closed_by_app = False

    def receive(self, data: bytes) -> None:
        """Take what the client has sent: its handshake, then frames, of which messages are none of this."""
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._answer(event)
            elif isinstance(event, Frame) and event.opcode is Opcode.CLOSE:
                self.is_closed_by_app = True

    def receive_eof(self) -> None:
        """Take note that the client sends no more."""
        self._protocol.receive_eof()

    def send(self, item: Item) -> None:
        """Send a message, or close the connection."""
        if isinstance(item, Closed):
            self._protocol.send_close(*(() if item.code is None else (item.code, item.reason)))
        elif isinstance(item.data, str):
            self._protocol.send_text(item.data.encode())
        else:
            self._protocol.send_binary(item.data)

    def output(self) -> list[bytes]:
        """Return what is to be sent to the client, and was not returned before; `b""` ends the connection."""
        return self._protocol.data_to_send()

    def _answer(self, request: Request) -> None:
        recorded = self._tape.response
        headers = [(name, value) for name, value in self._tape.headers() if name not in OF_CONNECTION]
        if recorded.has_messages:
            response = self._protocol.accept(request)
            response.headers.update(headers)
            self.is_open = response.status_code == HTTPStatus.SWITCHING_PROTOCOLS
        else:
            body = b"".join(self._tape.chunks())
            framing = [("connection", "close"), ("content-length", str(len(body)))]
            response = Response(recorded.status, recorded.reason, Headers([*headers, *framing]), body)
        self._protocol.send_response(response)


def chosen(tape: Tape, offered: Sequence[Any], redacted: Callable[[str], str]) -> Any:
    """Return the subprotocol that the server chose among those that are offered, if it is among them."""
    recorded = tape.response.headers.get("sec-websocket-protocol", [])
    return next((each for each in offered if redacted(each) in recorded), None)
