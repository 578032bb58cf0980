"""The older Live API, `BidiGenerateContent`, with the same model and the same scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_interactions.api.websocket import Closed, Frame
from pytest_interactions.server.emulator import interactions
from pytest_interactions.server.emulator.errors import ApiError
from pytest_interactions.server.emulator.live.older_words import in_camel_case, messages_of, request_of, said
from pytest_interactions.server.emulator.live.outbox import Outbox
from pytest_interactions.server.emulator.live.parts import of_answer
from pytest_interactions.server.emulator.script import Reply
from pytest_interactions.server.emulator.suited import LIVE
from pytest_interactions.server.emulator.turn import Turn, as_steps, since_model, usage
from pytest_interactions.server.emulator.validation import check_create, check_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_interactions.api.json_values import Json
    from pytest_interactions.server.emulator.state import Store
    from pytest_interactions.server.emulator.wire import Received
    from pytest_interactions.server.sockets import Caller

#: The messages of the server are binary ones, and each stands alone.
_BINARY: Final = {"binary": True, "batch": None}
_INVALID, _FAILED = 1007, 1011  # close codes (RFC 6455, section 7.4.1)
_SERVERS: Final = 500  # the first HTTP status of a server's own error
_LONGEST: Final = 123  # bytes of a reason


class OlderConnection:
    """One connection, which is one session."""

    def __init__(self, caller: Caller, store: Store, reply: Callable[[str, Turn], Reply], received: Received) -> None:
        self._caller = caller
        self._store = store
        self._reply = reply
        self._received = received
        self._outbox = Outbox(caller, received)
        self._request: Json | None = None
        self._history: list[Json] = []
        self._inputs: list[Json] = []  # for which no answer is due yet

    async def to_its_end(self) -> None:
        """Take what the app says until the connection ends."""
        try:
            while isinstance(heard := await self._caller.hear(), Frame):
                self._received.messages.append(heard)
                self._take(heard.json())
        finally:
            await self._outbox.end()

    def _take(self, message: Any) -> None:
        try:
            self._handle(message)
        except ApiError as error:  # this API tells of errors by closing the connection
            code = _INVALID if error.status < _SERVERS else _FAILED
            self._outbox.close(Closed(by_app=False, code=code, reason=_short(error.message)))

    def _handle(self, message: Any) -> None:
        if not isinstance(message, dict):
            raise ApiError(400, "Invalid JSON payload received. Expected an object.")
        check_text(message)
        message = in_camel_case(message)
        if self._request is None:
            self._request = check_create(request_of(message))
            self._say([{"setupComplete": {}}], Reply())
            return
        steps, is_due = said(message)
        self._inputs += steps
        if is_due:
            self._answer(self._request)

    def _answer(self, request: Json) -> None:
        steps, self._inputs = as_steps(self._inputs), []
        start = since_model(steps)
        history, inputs = [*self._history, *steps[:start]], steps[start:]
        body = {**request, "input": steps}
        turn = Turn(request=body, inputs=inputs, history=history, draw=self._store.draw(body), stream=True)
        reply = self._reply(LIVE, turn)
        if reply.failure is not None:
            raise reply.failure
        steps, _ = interactions.answered(turn, reply)
        self._say(list(messages_of(steps, reply.deltas, usage(turn, steps))), reply)
        self._history = [*history, *inputs, *steps]

    def _say(self, messages: list[Json], reply: Reply) -> None:
        asking = {"goAway": {"timeLeft": "0s"}}
        self._outbox.say(of_answer(messages, reply.model_copy(update=_BINARY), asking))


def _short(reason: str) -> str:
    """Return a reason with as many bytes as a close frame may have."""
    return reason.encode()[:_LONGEST].decode("utf-8", "ignore")
