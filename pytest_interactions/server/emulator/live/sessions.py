"""The live interactions of one emulator, and the handshakes of those who take part in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.server.emulator import interactions
from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.live.session import Session
from pytest_interactions.server.emulator.resources.auth_tokens import PREFIX
from pytest_interactions.server.emulator.state import Recent, interaction_id
from pytest_interactions.server.emulator.validation import check_create, key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.resources.operations import Resources
    from pytest_interactions.server.emulator.script import Reply
    from pytest_interactions.server.emulator.state import Store
    from pytest_interactions.server.emulator.turn import Turn
    from pytest_interactions.server.emulator.wire import Received

#: What a create request over HTTP may have, and an `interaction.create` may not.
_NOT_LIVE: Final = ("background", "continuation_token", "environment", "input", "stream", "webhook_config")


class Sessions:
    """The live interactions: those begun on a WebSocket, and those that were begun over HTTP and go on here."""

    def __init__(self, store: Store, resources: Resources, reply: Callable[[str, Turn], Reply]) -> None:
        self._store = store
        self._resources = resources
        self._reply = reply
        self._sessions: Recent[str, Session] = Recent(store.keep)

    def check_key(self, received: Received) -> None:
        """Check a key that is the token of an interaction.

        Raises:
            ApiError: It was not given, or is no longer good.
        """
        self._only(received)

    def create(self, event: Json, received: Received) -> Session:
        """Begin an interaction, as an `interaction.create` asks for it.

        Raises:
            ApiError: A field is wrong.
        """
        if self._only(received) is not None:
            raise ApiError(403, "An auth token lets its owner take part in its own interaction alone.")
        fields = {key: value for key, value in event.items() if key != "event_type" and value is not None}
        for key in _NOT_LIVE:
            if key in fields:
                raise ApiError(400, f"Unknown parameter '{key}'.")
        body = self._resources.agents.applied(check_create({**fields, "input": []}))
        record = interactions.begin(body, self._store)
        name = record.resource.get("id") or interaction_id(record.root, self._store.draw(body).token())
        session = self._sessions[name] = Session(name, record, self._store, self._reply)
        return session

    def find(self, event: Json, received: Received) -> Session:
        """Return the interaction that an `interaction.connect` names.

        Raises:
            ApiError: There is none, or it is not the caller's.
        """
        name, only = event.get("id"), self._only(received)
        if not isinstance(name, str) or not name:
            raise ApiError(400, "Missing required parameter 'id'.")
        if only not in (None, name):
            raise ApiError(403, "An auth token lets its owner take part in its own interaction alone.")
        known = self._sessions.get(name)
        if known is not None and "id" not in known.record.resource:
            return known
        record = self._store.find(name)
        if known is None or known.record is not record:
            known = Session(name, record, self._store, self._reply)
        self._sessions[name] = known  # it is used
        return known

    def _only(self, received: Received) -> str | None:
        """Return the one interaction that the key is for; `None` if it is for all."""
        key: Any = key_of(received)
        return self._resources.tokens.interaction_of(key) if key.startswith(PREFIX) else None
