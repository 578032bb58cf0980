"""Requests that open a WebSocket, of clients that are seen where they send: they are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_interactions.api.exchange import Request
    from pytest_interactions.cassette.guard import Answering
    from pytest_interactions.cassette.recording import Recording
    from pytest_interactions.cassette.tape import Tape


def answer(cassette: Answering, live: Request, client: str) -> Tape | Recording | None:
    """Ask `cassette` for the answer to a request that `client` sends; the client is named in what is raised.

    Returns:
        What `Cassette.answer` returns; `None` if it opens a WebSocket that is none of the cassette's business.

    Raises:
        UnsupportedClientError: It opens a WebSocket that is; and whatever `Cassette.answer` raises.
    """
    __tracebackhide__ = True
    if "upgrade" in live.headers and _opens_socket(live):
        cassette.refuse_socket(live, client)
        return None
    return cassette.answer(live)


def _opens_socket(live: Request) -> bool:
    """Return whether a request asks for a WebSocket, maybe among other protocols (RFC 9110, section 7.8)."""
    offered = ",".join(live.headers["upgrade"]).lower().split(",")
    return any(each.strip() == "websocket" for each in offered)
