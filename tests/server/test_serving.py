"""The socket that both servers listen on."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from pytest_interactions.server.serving import Serving

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_no_connection_waits_for_an_acknowledgement_before_it_sends(host: str) -> None:
    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        (connection,) = scope["state"]["connections"]
        accepted = connection.transport.get_extra_info("socket")
        no_delay = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": str(bool(no_delay)).encode()})

    with Serving(app, name="test", host=host) as serving, httpx.Client() as client:
        assert client.get(serving.url).text == "True"


def test_a_port_that_is_taken_is_an_error_and_leaves_no_socket_open() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None: ...

    with Serving(app, name="test") as serving, pytest.raises(OSError, match="in use"):
        Serving(app, name="second", port=serving.port)
