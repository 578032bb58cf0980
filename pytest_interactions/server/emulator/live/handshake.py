"""The handshake that opens a WebSocket, or does not, as a script has it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from pytest_interactions.api.exchange import SWITCHED
from pytest_interactions.api.paths import socket_path
from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.live.sessions import Sessions
from pytest_interactions.server.emulator.suited import CONNECT
from pytest_interactions.server.emulator.wire import Answer, pause

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    from pytest_interactions.server.emulator.resources.operations import Resources
    from pytest_interactions.server.emulator.script import Reply
    from pytest_interactions.server.emulator.state import Store
    from pytest_interactions.server.emulator.turn import Turn
    from pytest_interactions.server.emulator.wire import Received
    from pytest_interactions.server.sockets import Caller


class Handshake(ABC):
    """The WebSockets at one path, as an ASGI app."""

    def __init__(
        self, store: Store, reply: Callable[[str, Turn | None], Reply], failure: Callable[[ApiError, Reply], Answer]
    ) -> None:
        """Serve with a store; `reply` finds a scripted answer, and `failure` makes the answer that is an error."""
        self._store = store
        self._reply = reply
        self._failure = failure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a handshake, and all that its caller says then.

        Raises:
            ApiError: The key does not let its owner in, or there is nothing at the path.
        """
        received: Received = scope["state"]["received"]
        self._check(received)
        reply = self._reply(CONNECT, None)
        if reply.failure is not None:
            await self._failure(reply.failure, reply)(scope, receive, send)
        elif reply.ending is not None:
            await Answer(SWITCHED, [], [b""], reply)(scope, receive, send)
        else:
            await self._open(reply, received, scope, receive, send)

    async def _open(self, reply: Reply, received: Received, scope: Scope, receive: Receive, send: Send) -> None:
        from pytest_interactions.server.sockets import Caller  # brings what speaks WebSockets

        caller = Caller(scope, receive, send)
        try:
            await pause(reply.delay, caller.gone)
            if reply.hold is not None:
                await reply.hold.passed(caller.gone)
            await caller.accept([], None)
            await self._talk(caller, received)
        finally:
            caller.gone.cancel()
            received.ended.set()

    @abstractmethod
    def _check(self, received: Received) -> None:
        """Check who asks for what; raise `ApiError` if that is refused."""

    @abstractmethod
    async def _talk(self, caller: Caller, received: Received) -> None:
        """Go on until the connection ends."""


class Live(Handshake):
    """Live interactions."""

    def __init__(self, resources: Resources, *args: Any) -> None:
        super().__init__(*args)
        self._sessions = Sessions(self._store, resources, self._reply)

    def _check(self, received: Received) -> None:
        self._sessions.check_key(received)

    async def _talk(self, caller: Caller, received: Received) -> None:
        from pytest_interactions.server.emulator.live.connection import Connection

        await Connection(caller, self._sessions, received).to_its_end()


class Older(Handshake):
    """The older Live API."""

    def _check(self, received: Received) -> None:
        if socket_path(received.path) is None:
            raise ApiError(404, f"Method not found: {received.method} {received.path}")

    async def _talk(self, caller: Caller, received: Received) -> None:
        from pytest_interactions.server.emulator.live.older import OlderConnection

        await OlderConnection(caller, self._store, self._reply, received).to_its_end()
