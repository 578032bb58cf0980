"""The library's client for asyncio: how its connections are opened, and what its users are told."""

from __future__ import annotations

import asyncio
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Final

from websockets.exceptions import ConnectionClosed
from websockets.uri import parse_uri

from pytest_interactions.cassette import messages
from pytest_interactions.clients.replacing import Replaced
from pytest_interactions.clients.websockets import handshakes
from pytest_interactions.clients.websockets.asking import ask, check, refused
from pytest_interactions.clients.websockets.peer import Peer
from pytest_interactions.clients.websockets.tap import Playing, awaiting, tell
from pytest_interactions.clients.websockets.transport import Transport
from pytest_interactions.errors import UnsupportedClientError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractContextManager

    from pytest_interactions.cassette.guard import Answering
    from pytest_interactions.cassette.tape import Tape
    from pytest_interactions.clients.in_force import InForce
    from pytest_interactions.clients.websockets.asking import Asked

#: What opens a connection, by the version of the library: 17, and those before.
_OPENING = ("open_tcp_connection", "create_connection")


def patches(cassettes: InForce[Answering], module: Any) -> Iterator[AbstractContextManager[object]]:
    """Yield the patches of the module `websockets.asyncio.client`."""
    opening = next((name for name in _OPENING if name in vars(module.connect)), None)
    if opening is None:  # version 13.0
        yield Replaced(module.connect, "__init__", partial(_refusing, cassettes))
        return
    yield Replaced(module.connect, opening, partial(_opening, cassettes))
    yield Replaced(module.ClientConnection, "handshake", _shaking_hands)


def _refusing(cassettes: InForce[Answering], real: Callable[..., None]) -> Callable[..., None]:
    @wraps(real)
    def begin(self: Any, uri: str, **kwargs: Any) -> None:
        __tracebackhide__ = True
        address, cassette = parse_uri(uri), cassettes.innermost
        if cassette is not None and not cassette.passes(address.host, address.port):
            raise cassette.failed_with(UnsupportedClientError(messages.too_old(address.host, address.port)))
        real(self, uri, **kwargs)

    return begin


def _opening(cassettes: InForce[Answering], real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    async def open_connection(self: Any) -> Any:
        __tracebackhide__ = True  # a miss points at the app's call
        cassette = cassettes.innermost
        if cassette is None or _is_unix(self):
            return await real(self)
        made = _made(self)  # which alone knows the subprotocols
        asked = ask(cassette, self.uri, _added(self), made.protocol.available_subprotocols or ())
        if asked is None:
            return await real(self)
        recording = asked.recording
        if recording is None:
            return await _played(asked, made)
        try:
            connection = await real(self)
        except BaseException as error:
            refused(recording, error)
            raise
        handshakes.expect(connection, asked)
        return connection

    return open_connection


async def _answered(tape: Tape) -> None:
    """Wait until the app gives up, as it did when there was no answer; raise the error that came instead of one."""
    __tracebackhide__ = True
    if not tape.response.status and tape.lingers:
        try:
            await asyncio.sleep(tape.lingers + (tape.exchange.seconds or 0.0))
        except BaseException:
            tape.left()
            raise
    check(tape)


def _is_unix(opening: Any) -> bool:
    """Return whether it is a Unix socket that is opened: what is behind one is no API."""
    found = vars(opening)
    return bool((found.get("create_connection_kwargs") or found.get("connection_kwargs") or {}).get("unix"))


def _made(opening: Any) -> Any:
    """Return a connection of the class that the app wants, which leads nowhere yet."""
    uri = parse_uri(opening.uri)
    return opening.factory(uri) if hasattr(opening, "factory") else opening.protocol_factory(uri)


def _added(opening: Any) -> Any:
    """Return the headers that the app adds, which the library has in another place before version 14."""
    return opening.additional_headers if hasattr(opening, "additional_headers") else opening.handshake_args[0]


async def _played(asked: Asked, connection: Any) -> Any:
    __tracebackhide__ = True
    tape = asked.tape
    assert tape is not None, "it is played"  # noqa: S101 - for the type checker
    await _answered(tape)
    peer = Peer(tape, asked.cassette.redacted)
    transport = Transport(asyncio.get_running_loop(), connection, peer, tape)
    if tape.dialogue is not None:
        transport.tap = Playing(connection, transport.abort, tape.dialogue, transport)
    handshakes.expect(connection, asked)
    connection.connection_made(transport)
    return connection


def _shaking_hands(real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    async def handshake(self: Any, *args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        with handshakes.shaken(self, self.transport.abort, _TELLING):
            await real(self, *args, **kwargs)

    return handshake


def _sending(connection: Any, real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    async def send(*args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        try:
            await real(*args, **kwargs)
        except ConnectionClosed:
            tell(connection)
            raise
        tell(connection)

    return send


def _receiving(connection: Any, real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    async def recv(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        try:
            with awaiting(connection):
                return await real(*args, **kwargs)
        except ConnectionClosed:
            tell(connection)
            raise

    return recv


def _streaming(connection: Any, real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    async def recv_streaming(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        __tracebackhide__ = True
        pieces = real(*args, **kwargs)
        try:
            with awaiting(connection):
                async for piece in pieces:
                    yield piece
        except ConnectionClosed:
            tell(connection)
            raise

    return recv_streaming


_TELLING: Final[handshakes.Telling] = {"send": _sending, "recv": _receiving, "recv_streaming": _streaming}
