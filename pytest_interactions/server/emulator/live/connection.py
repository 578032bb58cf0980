"""One WebSocket of a live interaction: the app's events are taken as they come, and the server's said in their time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.websocket import Closed, Frame
from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.live.outbox import Outbox
from pytest_interactions.server.emulator.live.parts import NORMAL, of_error, of_event
from pytest_interactions.server.emulator.validation import check_text
from pytest_interactions.server.emulator.wire import events_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.live.session import Session
    from pytest_interactions.server.emulator.live.sessions import Sessions
    from pytest_interactions.server.emulator.wire import Received
    from pytest_interactions.server.sockets import Caller

_REFUSED: Final = 1008  # the close code for what is not allowed (RFC 6455, section 7.4.1)
_HANDED_OVER: Final = Closed(by_app=False, code=1000, reason="another connection takes part in the interaction")
_SHOWN: Final = 100  # characters of what the app sent, in a message to it


class Connection:
    """One connection, which takes part in one interaction at most."""

    def __init__(self, caller: Caller, sessions: Sessions, received: Received) -> None:
        self._caller = caller
        self._sessions = sessions
        self._received = received
        self._session: Session | None = None
        self._outbox = Outbox(caller, received)

    async def to_its_end(self) -> None:
        """Take what the app says until the connection ends."""
        try:
            while isinstance(heard := await self._caller.hear(), Frame):
                self._received.messages.append(heard)
                for event in events_in(heard.json()):
                    self._take(event)
        finally:
            self._leave()
            await self._outbox.end()

    def hand_over(self) -> None:
        """End the connection, as another one takes part in its interaction now."""
        self._leave()
        self._outbox.begin_anew(_HANDED_OVER)

    # --- the app's events ---

    def _take(self, event: Any) -> None:
        try:
            self._handle(event)
        except ApiError as error:
            self._outbox.say([of_error(error)])

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
            self._outbox.close(Closed(by_app=False, code=_REFUSED, reason=error.code))
            raise
        if session.connection is not None:
            session.connection.hand_over()
        session.connection, self._session = self, session
        self._outbox.say([of_event(first), *session.rest()])
        if session.has_ended:
            self._outbox.close(NORMAL)

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
        self._outbox.say(session.hear(event["content"], self._received))

    def _complete(self, _event: Json) -> None:
        self._outbox.say(self._opened.complete())
        self._outbox.close(NORMAL)

    def _cancel(self, _event: Json) -> None:
        parts = self._opened.cancel()
        self._outbox.begin_anew(NORMAL, parts)

    def _disconnect(self, _event: Json) -> None:
        self._leave()
        self._outbox.begin_anew(NORMAL)

    def _of_world(self, event: Json) -> None:
        raise ApiError(400, f"'{event['event_type']}' is for models that simulate worlds, and the emulator has none.")

    def _leave(self) -> None:
        """Leave to the interaction what was not delivered."""
        session, self._session = self._session, None
        if session is not None and session.connection is self:
            session.connection = None
            session.undelivered += self._outbox.kept()


_EVENTS: Final[Mapping[str, Callable[[Connection, Json], None]]] = {
    "input": Connection._input,  # noqa: SLF001 - a table of the class's own methods
    "interaction.complete": Connection._complete,  # noqa: SLF001
    "interaction.cancel": Connection._cancel,  # noqa: SLF001
    "interaction.disconnect": Connection._disconnect,  # noqa: SLF001
    "user_action": Connection._of_world,  # noqa: SLF001
    "world_setup": Connection._of_world,  # noqa: SLF001
}
