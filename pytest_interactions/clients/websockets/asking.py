"""What a cassette answers to a handshake, before there is a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_interactions.api.exchange import Cut, Headers, Request, Response
from pytest_interactions.cassette.tape import Tape
from pytest_interactions.clients.failures import failed, failure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_interactions.cassette.cassette import Cassette
    from pytest_interactions.cassette.guard import Answering
    from pytest_interactions.cassette.recording import Recording


class Asked(NamedTuple):
    """What a cassette answered: a tape to play, or a recording to make."""

    cassette: Cassette
    answer: Tape | Recording

    @property
    def tape(self) -> Tape | None:
        """Return the tape; `None` if it is recorded."""
        return self.answer if isinstance(self.answer, Tape) else None

    @property
    def recording(self) -> Recording | None:
        """Return the recording; `None` if it is played."""
        return None if isinstance(self.answer, Tape) else self.answer


def ask(cassette: Answering | None, uri: str, headers: Any, subprotocols: Iterable[str] = ()) -> Asked | None:
    """Ask a cassette for the answer to the handshake with a server.

    Args:
        cassette: The cassette in force, if any is.
        uri: The address of the server.
        headers: The headers that the app adds, in a form that the library takes.
        subprotocols: Those that it offers.

    Returns:
        What it answered; `None` if the connection is none of its business.

    Raises:
        CassetteMissError: There is no recording, and none may be made; and whatever else `Cassette.answer` raises.
    """
    __tracebackhide__ = True
    from websockets.uri import parse_uri

    address = parse_uri(uri)
    if cassette is None or cassette.passes(address.host, address.port):
        return None
    request = Request(method="GET", uri=_without_user(uri), headers=_headers(headers, subprotocols))
    answer = cassette.answer(request)
    if answer is None:
        return None
    return Asked(cassette, answer)  # type: ignore[arg-type] # a guard answers nothing


def check(tape: Tape) -> None:
    """Raise the error again that came instead of an answer.

    Raises:
        OSError: When this was recorded, there was no connection.
        StreamEndedError: The app gave up when this was recorded, and does not now.
    """
    __tracebackhide__ = True
    if not tape.response.status:
        tape.use.is_awaited = False
        raise tape.error(failure)


def refused(recording: Recording, error: BaseException) -> None:
    """Keep that there was no connection, or no answer to the handshake."""
    if isinstance(error, (OSError, EOFError)):
        recording.finish(Response(status=0), failed(error, connecting=True))
    elif isinstance(error, Exception):
        recording.finish(Response(status=0), Cut(by="connection", error=type(error).__name__, message=str(error)))
    else:  # a task was cancelled, or the app was interrupted
        recording.give_up()


def _without_user(uri: str) -> str:
    """Return an address without the password that some have in it; the library sends it in a header."""
    scheme, _, rest = uri.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def _headers(given: Any, subprotocols: Iterable[str]) -> Headers:
    from websockets.datastructures import Headers as Given

    headers: Headers = {}
    for name, value in Given(given or {}).raw_items():
        headers.setdefault(name.lower(), []).append(value)
    offered = list(subprotocols)  # each a value of its own, as some put a key into one
    return {**headers, "sec-websocket-protocol": offered} if offered else headers
