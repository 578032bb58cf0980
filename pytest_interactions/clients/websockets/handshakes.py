"""The handshakes of the library's clients: what they bring is played, or kept."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from websockets.exceptions import InvalidStatus

from pytest_interactions.api.encodings import stored
from pytest_interactions.api.exchange import Response
from pytest_interactions.cassette.listening import Listening
from pytest_interactions.clients.websockets import tap
from pytest_interactions.clients.websockets.asking import refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_interactions.api.exchange import Headers
    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.cassette.recording import Recording
    from pytest_interactions.cassette.tape import Tape
    from pytest_interactions.clients.websockets.asking import Asked

#: What users call: what stands for a method, made of a connection and the method itself.
Telling: TypeAlias = "Mapping[str, Callable[[Any, Callable[..., Any]], Callable[..., Any]]]"

#: The attribute of a connection that says what its handshake is answered with, or recorded as.
_ATTRIBUTE: Final = "_pytest_interactions_asked"


def expect(connection: Any, asked: Asked) -> None:
    """Take note of what a cassette answered, before the handshake of a connection."""
    vars(connection)[_ATTRIBUTE] = asked


@contextmanager
def shaken(connection: Any, end: Callable[[], None], telling: Telling) -> Iterator[None]:
    """Have the library shake hands inside the block.

    Args:
        connection: The connection.
        end: Breaks it off.
        telling: Stands for methods of a connection with a cassette, by their names, for as long as that is there: they
            raise our error by which it has ended.

    Raises:
        StreamEndedError: The answer has come when the cassette had closed.
    """
    __tracebackhide__ = True
    asked: Asked | None = vars(connection).pop(_ATTRIBUTE, None)
    if asked is None:
        yield
        return
    for name, make in telling.items():
        vars(connection)[name] = make(connection, getattr(connection, name))
    if asked.tape is not None:
        with _played(asked.tape):
            yield
    elif asked.recording is not None:
        with _recorded(connection, end, asked.cassette, asked.recording):
            yield


@contextmanager
def _played(tape: Tape) -> Iterator[None]:
    try:
        yield
    finally:
        tape.use.is_awaited = False
        if tape.dialogue is None:
            tape.left()


@contextmanager
def _recorded(connection: Any, end: Callable[[], None], cassette: Cassette, recording: Recording) -> Iterator[None]:
    __tracebackhide__ = True
    listening = Listening(cassette, recording)
    tap.Recording(connection, end, listening)  # before, as messages may come with the answer
    try:
        yield
    except InvalidStatus as error:
        recording.finish(refusal(error))
        raise
    except BaseException as error:
        refused(recording, error)
        raise
    listening.open(headers_of(connection.response.headers), connection.response.reason_phrase)


def refusal(error: InvalidStatus) -> Response:
    """Return the answer by which a server has refused to open a WebSocket."""
    answer = error.response
    headers, body = stored(headers_of(answer.headers), bytes(answer.body or b""), whole=True)
    return Response(status=answer.status_code, reason=answer.reason_phrase, headers=headers, body=body)


def headers_of(given: Any) -> Headers:
    """Return headers of the library's as those of an exchange."""
    headers: Headers = {}
    for name, value in given.raw_items():
        headers.setdefault(name.lower(), []).append(value)
    return headers
