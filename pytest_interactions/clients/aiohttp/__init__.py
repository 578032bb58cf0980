"""aiohttp, below its sessions: connectors that play a tape, or keep what the server sends.

What goes over the wire is known here, and nothing more is done: aiohttp itself writes requests and reads responses,
follows redirects, decodes, times out and raises.
"""

from __future__ import annotations

from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from aiohttp import ClientTimeout, TCPConnector

from pytest_interactions.cassette.tape import Tape
from pytest_interactions.clients import upgrades
from pytest_interactions.clients.aiohttp import errors
from pytest_interactions.clients.aiohttp.playing import play
from pytest_interactions.clients.aiohttp.recording import Tap
from pytest_interactions.clients.aiohttp.sending import request_of
from pytest_interactions.clients.beneath import is_sent, is_vcrpys, sending
from pytest_interactions.clients.replacing import Replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from aiohttp import ClientRequest
    from aiohttp.connector import Connection

    from pytest_interactions.cassette.guard import Answering
    from pytest_interactions.clients.in_force import InForce


def patches(cassettes: InForce[Answering]) -> Iterator[AbstractContextManager[object]]:
    """Yield the patch that brings traffic to the cassette in force.

    Only connectors that open TCP sockets are patched, as what is behind a Unix socket is no API.
    """
    yield Replaced(TCPConnector, "connect", partial(_connect, cassettes))


def _connect(cassettes: InForce[Answering], real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    async def connect(connector: TCPConnector, req: ClientRequest, *args: Any, **kwargs: Any) -> Connection:
        __tracebackhide__ = True  # a miss points at the app's call
        cassette = cassettes.innermost
        if cassette is None or is_sent(req) or _passes(cassette, req):
            return await real(connector, req, *args, **kwargs)  # type: ignore[no-any-return]
        answer = upgrades.answer(cassette, await request_of(req), "aiohttp")
        if isinstance(answer, Tape):
            return await play(answer, connector, req, _timeout([*args, *kwargs.values()]))
        with errors.unanswered(answer, req), sending(req):
            connection: Connection = await real(connector, req, *args, **kwargs)
        if answer is not None:
            Tap(answer, req, connection)
        return connection

    return connect


def _timeout(told: Sequence[Any]) -> ClientTimeout:
    """The time-outs of a request, which `TCPConnector.connect` is told beside it."""
    return next((each for each in told if isinstance(each, ClientTimeout)), ClientTimeout())


def _passes(cassette: Answering, request: ClientRequest) -> bool:
    """Whether a request goes past the cassette."""
    return cassette.passes(request.url.host or "", request.url.port) or is_vcrpys()
