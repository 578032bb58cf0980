"""uvloop's own connections and look-ups during a replay."""

from __future__ import annotations

import asyncio
import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from pytest_interactions import NetworkBlockedError
from pytest_interactions.clients import uvloop as ours
from pytest_interactions.clients.isolation import Isolation, isolated
from tests.support import require

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from pytest_interactions.server.emulator import Emulator

Loop = Any


@pytest.fixture(autouse=True)
def _there() -> None:
    require("uvloop", found=find_spec("uvloop"), otherwise="uvloop is not installed")


@pytest.fixture
def isolation() -> Iterator[Isolation]:
    """What is in force."""
    found = Isolation(allowed=(), report=lambda _: None)
    with isolated(found):
        yield found


def _run(work: Callable[[Loop], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        return await work(asyncio.get_running_loop())

    with asyncio.Runner(loop_factory=importlib.import_module("uvloop").new_event_loop) as runner:
        return runner.run(main())


WAYS: dict[str, Callable[[Loop], Awaitable[Any]]] = {
    "by address": lambda loop: loop.create_connection(asyncio.Protocol, "192.0.2.1", 80),
    "by name": lambda loop: loop.create_connection(asyncio.Protocol, host="a.example", port=80),
    "from a name": lambda loop: loop.create_connection(asyncio.Protocol, "127.0.0.1", 80, local_addr=("a.example", 0)),
    "asyncio's streams": lambda _: asyncio.open_connection("192.0.2.1", 80),
    "datagrams": lambda loop: loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=("192.0.2.1", 80)),
    "datagrams from a name": lambda loop: loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("a.example", 0)),
    "a server by name": lambda loop: loop.create_server(asyncio.Protocol, "a.example", 0),
    "a server by names": lambda loop: loop.create_server(asyncio.Protocol, ["127.0.0.1", "a.example"], 0),
    "getaddrinfo": lambda loop: loop.getaddrinfo("a.example", 80),
    "getnameinfo": lambda loop: loop.getnameinfo(("192.0.2.1", 80)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.usefixtures("isolation")
def test_uvloop_is_refused_what_asyncio_is(way: str) -> None:
    with pytest.raises(NetworkBlockedError, match=r"192\.0\.2\.1|a\.example"):
        _run(WAYS[way])


def test_uvloop_reaches_this_machine_and_learns_addresses(isolation: Isolation, emulator: Emulator) -> None:
    port = int(emulator.url.rpartition(":")[2])

    async def work(loop: Loop) -> None:
        for server in (
            await loop.create_server(asyncio.Protocol, None, 0),
            await loop.create_server(asyncio.Protocol, "0.0.0.0", 0),
        ):
            server.close()
            await server.wait_closed()
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("0.0.0.0", 0))
        transport.close()
        transport, _ = await loop.create_connection(asyncio.Protocol, "127.0.0.1", port, local_addr=("0.0.0.0", 0))
        transport.close()
        assert await loop.getnameinfo(("127.0.0.1", 80))
        assert await loop.getaddrinfo("localhost", 80)

    _run(work)
    assert "127.0.0.1" in isolation.resolved


def test_uvloop_does_what_it_does_once_no_replay_is_in_force(emulator: Emulator) -> None:
    async def work(_: Loop) -> int:
        async with aiohttp.ClientSession() as session, session.get(f"{emulator.url}/none") as response:
            return response.status

    loop = importlib.import_module("uvloop").Loop
    before = {name: getattr(loop, name) for name in [*ours._TOLD, "getaddrinfo"]}
    with isolated(Isolation(allowed=(), report=lambda _: None)):
        assert all(getattr(loop, name) is not method for name, method in before.items())
    assert {name: getattr(loop, name) for name in before} == before
    assert _run(work) == 403  # as the emulator has it without a key
