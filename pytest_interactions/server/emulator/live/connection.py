"""One WebSocket of a live interaction: the app's events are taken as they come, and the server's said in their time."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.exchange import Cut
from pytest_interactions.api.websocket import Closed, Frame
from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.live.parts import NORMAL, of_error, of_event
from pytest_interactions.server.emulator.validation import check_text
from pytest_interactions.server.emulator.wire import events_in, pause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.live.parts import Part
    from pytest_interactions.server.emulator.live.session import Session
    from pytest_interactions.server.emulator.live.sessions import Sessions
    from pytest_interactions.server.emulator.wire import Received
    from pytest_interactions.server.sockets import Caller

_REFUSED: Final = 1008  # the close code for what is not allowed (RFC 6455, section 7.4.1)
_SHOWN: Final = 100  # characters of what the app sent, in a message to it


class Connection:
    """One connection, which takes part in one interaction at most."""

    def __init__(self, caller: Caller, sessions: Sessions, received: Received) -> None:
        self._caller = caller
        self._sessions = sessions
        self._received = received
        self._session: Session | None = None
        self._outbox: deque[Part] = deque()
        self._closing: Closed | None = None  # by which it ends when the outbox is empty
        self._is_over = False  # by the server's will
        self._more = asyncio.Event()
        self._sender = asyncio.ensure_future(self._deliver())

    async def to_its_end(self) -> None:
        """Take what the app says until the connection ends."""
        try:
            while isinstance(heard := await self._caller.hear(), Frame):
                self._received.messages.append(heard)
                for event in events_in(heard.json()):
                    self._take(event)
        finally:
            self._leave()
            if self._outbox and not self._is_over:
                self._received.disconnected.set()
            self._sender.cancel()
            await asyncio.wait([self._sender])

    def hand_over(self) -> None:
        """End the connection, as another one takes part in its interaction now."""
        self._leave()
        self._begin_anew(Closed(by_app=False, code=1000, reason="another connection takes part in the interaction"))

    # --- the app's events ---

    def _take(self, event: Any) -> None:
        try:
            self._handle(event)
        except ApiError as error:
            self._say([of_error(error)])

    def _handle(self, event: Any) -> None:
        kind = event.get("event_type") if isinstance(event, dict) else None
        if not isinstance(kind, str):
            raise ApiError(400, "Invalid JSON payload received. Expected an object with an 'event_type'.")
        check_text(event)
        if kind in ("interaction.create", "interaction.connect"):
            self._open(kind, event)
        elif kind in _EVENTS:
            _EVENTS[kind](self, event)
        else:
            raise ApiError(400, f"Invalid value at 'event_type': '{kind[:_SHOWN]}'.")

    def _open(self, kind: str, event: Json) -> None:
        if self._session is not None:
            raise ApiError(400, f"'{kind}' must be the first event of a connection.")
        try:
            if kind == "interaction.create":
                session = self._sessions.create(event, self._received)
                first: Json = {"event_type": "interaction.created", "interaction_id": session.name}
            else:
                session = self._sessions.find(event, self._received)
                first = {"event_type": "interaction.connected"}
        except ApiError as error:
            self._closing = Closed(by_app=False, code=_REFUSED, reason=error.code)
            raise
        if session.connection is not None:
            session.connection.hand_over()
        session.connection, self._session = self, session
        self._say([of_event(first), *session.rest()])
        if session.has_ended:
            self._close(NORMAL)

    @property
    def _opened(self) -> Session:
        if self._session is None:
            message = "The first event must be 'interaction.create' or 'interaction.connect'."
            raise ApiError(400, message, code="failed_precondition")
        return self._session

    def _input(self, event: Json) -> None:
        session = self._opened
        if event.get("content") is None:
            raise ApiError(400, "Missing required parameter 'content'.")
        self._say(session.hear(event["content"], self._received))

    def _complete(self, _event: Json) -> None:
        self._say(self._opened.complete())
        self._close(NORMAL)

    def _cancel(self, _event: Json) -> None:
        parts = self._opened.cancel()
        self._begin_anew(NORMAL, parts)

    def _disconnect(self, _event: Json) -> None:
        self._leave()
        self._begin_anew(NORMAL)

    def _of_world(self, event: Json) -> None:
        raise ApiError(400, f"'{event['event_type']}' is for models that simulate worlds, and the emulator has none.")

    # --- the server's events ---

    def _say(self, parts: Iterable[Part]) -> None:
        self._outbox.extend(parts)
        self._more.set()

    def _close(self, closing: Closed) -> None:
        self._closing = closing
        self._more.set()

    def _begin_anew(self, closing: Closed, parts: Iterable[Part] = ()) -> None:
        """Say these parts instead of all that is to be said, and close the connection."""
        self._sender.cancel()
        self._outbox.clear()
        self._say(parts)
        self._close(closing)
        self._sender = asyncio.ensure_future(self._deliver())

    def _leave(self) -> None:
        """Leave to the interaction what was not delivered."""
        session, self._session = self._session, None
        if session is not None and session.connection is self:
            session.connection = None
            session.undelivered += [part for part in self._outbox if part.is_kept]

    async def _deliver(self) -> None:
        while await self._next():
            part = self._outbox[0]
            await pause(part.wait, self._caller.gone)
            if part.hold is not None:
                await part.hold.passed(self._caller.gone)
            if self._caller.gone.done():
                return
            self._outbox.popleft()
            if isinstance(part.item, Cut):
                self._is_over = True
                await self._caller.break_off()
                return
            await self._caller.say(part.item)
            if isinstance(part.item, Closed):
                self._is_over = True
                return
            self._received.messages.append(part.item)
            self._received.events_sent += part.events

    async def _next(self) -> bool:
        """Wait until there is something to say; return whether there is, or say the last of all."""
        while not self._outbox:
            if self._closing is not None:
                self._is_over = True
                await self._caller.say(self._closing)
                return False
            self._more.clear()
            await self._more.wait()
        return True


_EVENTS: Final[Mapping[str, Callable[[Connection, Json], None]]] = {
    "input": Connection._input,  # noqa: SLF001 - a table of the class's own methods
    "interaction.complete": Connection._complete,  # noqa: SLF001
    "interaction.cancel": Connection._cancel,  # noqa: SLF001
    "interaction.disconnect": Connection._disconnect,  # noqa: SLF001
    "user_action": Connection._of_world,  # noqa: SLF001
    "world_setup": Connection._of_world,  # noqa: SLF001
}
