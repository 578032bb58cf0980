"""Faults, compared with a server that does the same for real."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import pytest

from pytest_interactions import use_cassette
from pytest_interactions.server.emulator import Emulator
from tests.accepting import answering, refusing
from tests.cassette.clients import MODEL
from tests.faults.clients import CLIENTS, PROMPT

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

_JSON: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n" + b"{" + b" " * 199
_EVENT: Final = b'event: interaction.created\ndata: {"event_type": "interaction.created"}\n\n'
_STREAM: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    b"%x\r\n%b\r\n" % (len(_EVENT), _EVENT)
)
#: What goes wrong, by its fault: what a server sends before it closes, or `None` if it stays silent.
_REAL: Final[dict[str, tuple[dict[str, Any], bytes | None]]] = {
    "unanswered": ({"cut_after": 0}, b""),
    "read": ({"timeout": "read"}, None),
    "cut": ({"cut_after_bytes": 200}, _JSON),
    "cut-stream": ({"cut_after": 1}, _STREAM),
}


def _server(sent: bytes | None) -> AbstractContextManager[str]:
    """A server that takes a request, sends that, and closes; or is silent until its client has gone."""
    return answering(lambda connection: connection.recv(1) if sent is None else connection.sendall(sent))


def _raised(client: str, url: str, *, stream: bool) -> type[BaseException]:
    """Return what a client raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each has its own
        CLIENTS[client](url, stream, 0.2)
    return caught.type


@pytest.fixture(scope="module")
def cassettes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cassettes of an answer in JSON and of a stream."""
    directory = tmp_path_factory.mktemp("faults")
    with Emulator() as emulator:
        for stream in (False, True):
            with use_cassette(directory / f"{stream}.yaml", record_mode="once"):
                CLIENTS["httpx"](emulator.url, stream, 9)
    return directory


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("kind", _REAL)
def test_a_fault_is_like_the_real_thing(kind: str, client: str, cassettes: Path) -> None:
    """A client raises what it raises where a server does the same, whoever has recorded."""
    fault, sent = _REAL[kind]
    stream = kind == "cut-stream"
    with _server(sent) as url:
        real = _raised(client, url, stream=stream)
    with use_cassette(cassettes / f"{stream}.yaml", fault=fault, fast_forward=True):
        assert _raised(client, url, stream=stream) is real


@pytest.mark.parametrize("client", CLIENTS)
def test_a_refused_connection_is_like_a_real_one(client: str, cassettes: Path) -> None:
    """Nobody listens at the port: a client raises the same."""
    url = refusing()
    real = _raised(client, url, stream=False)
    with use_cassette(cassettes / "False.yaml", fault={"refused": True}):
        assert _raised(client, url, stream=False) is real


async def _asked(limits: aiohttp.ClientTimeout, url: str) -> None:
    async with aiohttp.ClientSession(timeout=limits) as session:
        async with session.post(f"{url}/v1beta/interactions", json={"model": MODEL, "input": PROMPT}) as response:
            await response.read()


@pytest.mark.parametrize(
    ("timeout", "expected"),
    [
        (aiohttp.ClientTimeout(total=0.1), TimeoutError),
        (aiohttp.ClientTimeout(total=9, sock_read=0.1), aiohttp.SocketTimeoutError),
    ],
    ids=["of the whole request", "of reading"],
)
def test_the_time_outs_of_aiohttp_are_like_real_ones(timeout: Any, expected: type[Exception], cassettes: Path) -> None:
    """It has one for the whole request, which is told by another exception."""
    with _server(None) as url, pytest.raises(TimeoutError) as real:
        asyncio.run(_asked(timeout, url))
    with use_cassette(cassettes / "False.yaml", fault={"timeout": "read"}), pytest.raises(TimeoutError) as played:
        asyncio.run(_asked(timeout, url))
    assert type(real.value) is type(played.value) is expected


def test_the_time_out_of_a_whole_request_takes_no_time_on_uvloop_either(cassettes: Path) -> None:
    """Its timers are real, so the player raises what aiohttp would."""
    uvloop = pytest.importorskip("uvloop", reason="there is none for Windows")
    with use_cassette(cassettes / "False.yaml", fault={"timeout": "read"}, fast_forward=True) as cassette:
        with pytest.raises(TimeoutError) as played:
            uvloop.run(_asked(aiohttp.ClientTimeout(total=30), "http://127.0.0.1:9"))
    assert type(played.value) is TimeoutError
    assert cassette.sleeps.seconds == pytest.approx(30, abs=0.5)
