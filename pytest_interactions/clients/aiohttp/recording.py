"""What a server sends to aiohttp, kept on its way."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Never

from aiohttp import ClientConnectionError

from pytest_interactions.api import sse
from pytest_interactions.api.exchange import Cut, Response
from pytest_interactions.clients import wire
from pytest_interactions.clients.aiohttp import errors
from pytest_interactions.clients.aiohttp.playing import is_awaited, refuse_later

if TYPE_CHECKING:
    from aiohttp import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.http_parser import RawResponseMessage
    from aiohttp.streams import StreamReader

    from pytest_interactions.api.arrivals import Mark
    from pytest_interactions.api.exchange import Headers
    from pytest_interactions.cassette.recording import Recording

_END_OF_HEAD: Final = re.compile(rb"\r?\n\r?\n")  # aiohttp does not insist on carriage returns


class Tap(asyncio.Protocol):
    """Stands between a connection and aiohttp's end of it for the time of one exchange; all passes through at once."""

    def __init__(self, recording: Recording, request: ClientRequest, connection: Connection) -> None:
        self._recording = recording
        self._request = request
        self._handler: Any = connection.protocol
        self._transport = connection.transport
        self._received = bytearray()
        self._heads = 0
        self._head: RawResponseMessage | None = None
        self._content: StreamReader | None = None
        self._server_ended = False
        vars(self._handler)["feed_data"] = self._begun
        recording.is_awaited = False
        recording.asks = lambda: is_awaited(self._content)
        recording.leave = self._finish
        recording.refuse = partial(refuse_later, asyncio.get_running_loop(), self._refuse)
        connection.add_callback(self._take_off)
        self._send_to(self)

    def _send_to(self, protocol: asyncio.Protocol) -> None:
        with suppress(AttributeError):  # the connection is lost already
            self._transport.set_protocol(protocol)  # type: ignore[union-attr]

    # --- what passes ---

    def data_received(self, data: bytes) -> None:
        """Keep `data`, and pass it on."""
        self._recording.came(len(data))
        self._received += data
        self._handler.data_received(data)

    def eof_received(self) -> Any:
        """Pass on that the server sends no more."""
        self._server_ended = True
        return self._handler.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on that the connection is lost, and end with it; first, if the app's own session has closed it."""
        if exc is None and not self._server_ended:
            self._finish()
        self._handler.connection_lost(exc)
        self._finish()

    def pause_writing(self) -> None:
        """Pass on that the server does not keep up with what it is sent."""
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that it does again."""
        self._handler.resume_writing()

    def _begun(self, data: Any, *size: Any) -> None:
        """Pass on a response's head with its content; one that only announces another has none of its own."""
        head, content = data
        self._heads += 1
        if head.code >= HTTPStatus.OK or head.code == HTTPStatus.SWITCHING_PROTOCOLS:
            self._head, self._content = head, content
        type(self._handler).feed_data(self._handler, data, *size)

    # --- the end ---

    def _take_off(self) -> None:
        """Leave the connection to others: the client is done with it."""
        vars(self._handler).pop("feed_data", None)
        self._send_to(self._handler)
        try:
            self._finish()
        except Exception as error:  # noqa: BLE001 - aiohttp passes over it, so the cassette's end raises it
            self._recording.leave = partial(_raise, error)

    def _finish(self) -> None:
        with self._recording.turn:
            if self._recording.is_over:
                return
            error = self._broken() or errors.timed_out(self._request)
            cut = None if error is None else errors.cut(error, self._request)
            if self._head is not None and self._content is not None:
                response, cut = self._kept(self._head, self._content, cut)
                marks = self._marks(response, self._head) if response.is_stream else ()
                self._recording.finish(response, cut, marks)
            else:
                self._recording.finish(Response(status=0), cut or Cut(by="app"))

    def _refuse(self, error: Exception) -> None:
        self._handler.set_exception(error)
        if self._content is not None:
            self._content.set_exception(error)
        self._handler.close()

    def _broken(self) -> BaseException | None:
        """What the app gets instead of an answer, or of the rest of it."""
        if self._content is None:
            return self._handler.exception()  # type: ignore[no-any-return]
        error = self._content.exception()
        # This one, and no subclass of it, is what aiohttp sets where the app itself closes a response.
        return None if type(error) is ClientConnectionError else error

    def _kept(self, head: RawResponseMessage, content: StreamReader, cut: Cut | None) -> tuple[Response, Cut | None]:
        headers = _headers_of(head)
        reason = wire.text(head.reason.encode("utf-8", "surrogateescape"))
        response = wire.decoded(head.code, reason, headers, self._body(head), whole=content.is_eof())
        is_whole = content.is_eof() or (cut is None and sse.closes(response.body))
        return response, None if is_whole else cut or Cut(by="app")

    def _body(self, head: RawResponseMessage) -> bytes:
        """What has come of the body; the heads before it are read by aiohttp alone, which takes more than others do."""
        if not wire.has_body(self._request.method, head.code):
            return b""
        length = head.headers.get("content-length")
        body, _ = wire.unframed(self._framed(), is_chunked=head.chunked, length=None if length is None else int(length))
        return body

    def _framed(self) -> bytes:
        """What has come behind the heads."""
        raw = bytes(self._received)
        for _ in range(self._heads):
            raw = _END_OF_HEAD.split(raw.lstrip(), maxsplit=1)[-1]
        return raw

    def _marks(self, response: Response, head: RawResponseMessage) -> list[Mark]:
        """When the body of a stream came."""
        raw, marks = bytes(self._received), self._recording.marks
        before = len(raw) - len(self._framed())
        return wire.marks_in(response, _headers_of(head), raw, before, marks, is_chunked=head.chunked)


def _headers_of(head: RawResponseMessage) -> Headers:
    headers: Headers = {}
    for name, value in head.raw_headers:
        headers.setdefault(wire.text(name).lower(), []).append(wire.text(value))
    return headers


def _raise(error: Exception) -> Never:
    raise error
