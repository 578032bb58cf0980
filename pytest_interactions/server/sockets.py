"""The WebSockets of a cassette: their handshakes are answered, and what comes then is played, or forwarded."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pytest_interactions.api.exchange import Cut
from pytest_interactions.api.websocket import Closed, Frame
from pytest_interactions.cassette.listening import Listening
from pytest_interactions.cassette.tape import Tape
from pytest_interactions.clients.websockets.peer import OF_CONNECTION, chosen
from pytest_interactions.server.connections import cut, failure
from pytest_interactions.server.dialling import RefusedHandshakeError, dial, opened
from pytest_interactions.server.playing import Changed, Playing
from pytest_interactions.server.proxy import BAD_GATEWAY, Call, end
from pytest_interactions.server.relaying import Relay
from pytest_interactions.server.upstream import HOP_BY_HOP

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from starlette.types import Message, Receive, Scope, Send
    from websockets.asyncio.client import ClientConnection

    from pytest_interactions.api.exchange import Headers, Request
    from pytest_interactions.api.websocket import Item
    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.cassette.recording import Recording
    from pytest_interactions.server.cassettes import OnItsWay, Route
    from pytest_interactions.server.upstream import Upstream

# How ASGI names the close code of a connection that had none, and of one that ended without a close frame.
_NO_CODE: Final = 1005
_NO_CLOSE: Final = 1006
# The close code for a message that is refused (RFC 6455, section 7.4.1), and how long a reason may be, in bytes.
_REFUSED: Final = 1008
_LONGEST: Final = 123


async def open_socket(
    scope: Scope, receive: Receive, send: Send, upstream: Upstream, find: Callable[[str], Awaitable[Route]]
) -> None:
    """Answer the handshake of a caller, and all that it says then, until one of both sides ends the connection."""
    caller = Caller(scope, receive, send)
    call = _SocketCall(upstream, scope, caller.gone, caller.refuse, caller=caller)
    answering = asyncio.ensure_future(call.answer(find))
    await asyncio.wait([caller.gone, answering], return_when=asyncio.FIRST_COMPLETED)
    if call.is_open:  # what the caller has said before it went is still to be taken
        await asyncio.wait([answering])
    caller.gone.cancel()
    await end(answering)


class Caller:
    """The caller of a WebSocket.

    Attributes:
        gone: Is done when the connection has ended.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._said: asyncio.Queue[Item | Cut | Changed] = asyncio.Queue()
        self.gone = asyncio.ensure_future(self._listen())

    async def _listen(self) -> None:
        while (message := await self._receive())["type"] != "websocket.disconnect":
            if message["type"] == "websocket.receive":
                self._said.put_nowait(Frame(sent=True, data=_data(message)))
        self._said.put_nowait(_ending(message))

    def change(self) -> None:
        """Have whoever listens hear `Changed`."""
        self._said.put_nowait(Changed())

    async def hear(self, seconds: float | None = None) -> Item | Cut | Changed | None:
        """Return what the caller says next; `Cut` if it has gone without a close frame.

        Waits for so many seconds, and returns `None` if nothing has come by then; without a number waits for ever.
        """
        if seconds == 0:
            await asyncio.sleep(0)  # the other connections have their turn
            return None if self._said.empty() else self._said.get_nowait()
        coming = asyncio.ensure_future(self._said.get())
        await asyncio.wait([coming], timeout=seconds)
        if coming.done():
            return coming.result()
        coming.cancel()
        return None

    async def accept(self, headers: Iterable[tuple[str, str]], subprotocol: str | None) -> None:
        """Open the connection."""
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        await self._tell({"type": "websocket.accept", "subprotocol": subprotocol, "headers": raw})

    async def say(self, item: Item) -> None:
        """Send a message, or close the connection."""
        await self._tell(_message_of(item))

    async def turn_away(self, error: Exception) -> None:
        """Close the connection, as what was said on it is refused."""
        headline = str(getattr(error, "headline", error))
        await self.say(Closed(by_app=False, code=_REFUSED, reason=_short(headline)))

    async def break_off(self) -> None:
        """End the connection without a close frame, when all is sent."""
        await cut(self._scope, self.gone)

    async def refuse(self, message: Message) -> None:
        """Send a part of an answer that opens nothing, in the form that it has over HTTP."""
        kind = message["type"]
        await self._tell({**message, "type": f"websocket.{kind}" if kind.startswith("http.") else kind})

    async def _tell(self, message: Message) -> None:
        # The caller has gone, as `hear` says too; or its connection has closed, as uvicorn says by a `RuntimeError`.
        with suppress(OSError, RuntimeError):
            await self._send(message)


@dataclass(eq=False, kw_only=True)
class _SocketCall(Call):
    """One handshake on its way to its answer, which may open a WebSocket."""

    caller: Caller
    is_open: bool = False

    def _request(self, path: str) -> Request:
        request = super()._request(f"/{path.lstrip('/')}")  # @google/genai begins it with two slashes
        own = {name: value for name, value in request.headers.items() if not name.startswith("sec-websocket-")}
        own.pop("accept-encoding")
        offered: list[str] = self.scope["subprotocols"]
        headers = {**own, "sec-websocket-protocol": offered} if offered else own
        return replace(request, uri=f"ws{request.uri.removeprefix('http')}", headers=headers)

    @property
    def _here(self) -> str:
        return f"ws{super()._here.removeprefix('http')}"

    async def _answer_from(self, cassette: Cassette, request: Request, on_its_way: OnItsWay) -> None:
        answer = cassette.answer(request, is_to_api=True)
        if not isinstance(answer, Tape):
            await self._dial(cassette, request, answer)
        elif answer.dialogue is None:
            await self._play(answer, on_its_way)
        else:
            await self._until_due(answer, answer.pause(None))
            await self._accept(answer.headers(), chosen(answer, self.scope["subprotocols"], cassette.redacted))
            await Playing(self.caller, answer.dialogue, on_its_way).to_its_end()

    async def _accept(self, headers: Iterable[tuple[str, str]], subprotocol: str | None) -> None:
        self.is_open = True
        of_peer = [each for each in headers if each[0] not in OF_CONNECTION and each[0] not in HOP_BY_HOP]
        await self.caller.accept(of_peer, subprotocol)

    # --- recording ---

    async def _dial(self, cassette: Cassette, request: Request, recording: Recording | None) -> None:
        try:
            connection = await dial(request, self.upstream.proxy)
        except RefusedHandshakeError as error:
            if recording is not None:
                recording.finish(error.response)
            await self._pass_on(error, request)
        except ConnectionError as error:
            if recording is not None:
                recording.drop()
            message = f"{self.upstream.url} gave no answer that could be recorded: {cassette.redacted(str(error))}"
            await self._respond(failure(BAD_GATEWAY, "unavailable", message))
        except BaseException:  # the caller has gone
            if recording is not None:
                recording.give_up()
            raise
        else:
            listening = None if recording is None else Listening(cassette, recording)
            await self._carry(connection, listening)

    async def _pass_on(self, error: RefusedHandshakeError, request: Request) -> None:
        headers = [each for each in error.headers if each[0] not in HOP_BY_HOP and each[0] != "content-length"]
        await self._start(error.response.status, headers, uri=request.uri)
        await self._chunk(error.body, more=False)

    async def _carry(self, connection: ClientConnection, listening: Listening | None) -> None:
        try:
            headers, reason = opened(connection)
            if listening is not None:
                listening.open(headers, reason)
            await self._accept(_pairs(headers), connection.subprotocol)
            await Relay(self.caller, connection, listening).to_its_end()
        finally:
            connection.transport.abort()


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    """Return a pair for each value."""
    return [pair for name, values in headers.items() for pair in zip([name] * len(values), values, strict=True)]


def _data(message: Message) -> str | bytes:
    text = message.get("text")
    data: str | bytes = message["bytes"] if text is None else text
    return data


def _ending(message: Message) -> Closed | Cut:
    """Return how a caller has ended its connection."""
    code = message["code"]
    if code == _NO_CLOSE:
        return Cut(by="app")
    return Closed(by_app=True, code=None if code == _NO_CODE else code, reason=message.get("reason") or "")


def _message_of(item: Item) -> Message:
    if isinstance(item, Closed):
        return {"type": "websocket.close", "code": item.code, "reason": item.reason}
    name = "text" if isinstance(item.data, str) else "bytes"
    return {"type": "websocket.send", name: item.data}


def _short(text: str) -> str:
    """Return a text, or its beginning if it is too long for the reason of a close frame."""
    data = text.encode()
    if len(data) <= _LONGEST:
        return text
    return data[: _LONGEST - 3].decode(errors="ignore") + "..."
