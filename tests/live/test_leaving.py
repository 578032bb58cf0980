"""Apps that give up, and apps that leave when they have slept: what has come by then is the same in a replay."""

from __future__ import annotations

import asyncio
import base64
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.client import connect as connect_in_loop
from websockets.sync.client import connect

from pytest_interactions import CassetteFormatError, StreamEndedError
from pytest_interactions.cassette import life, tape
from pytest_interactions.files import storage
from tests.live.talk import event, serving
from tests.support import use_cassette

if TYPE_CHECKING:
    from pathlib import Path


# --- no answer to the handshake ---


def _late(*_: Any) -> None:
    time.sleep(0.3)


async def _limited(url: str) -> None:
    async with connect_in_loop(url, open_timeout=0.05):
        pass


async def _waited(url: str) -> None:
    await asyncio.wait_for(_open(url), 0.05)


async def _cancelled(url: str) -> None:
    opening = asyncio.create_task(_open(url))
    await asyncio.sleep(0.05)
    opening.cancel()
    await opening


async def _open(url: str) -> None:
    async with connect_in_loop(url):
        pass


@pytest.mark.parametrize("fast_forward", [True, False])
@pytest.mark.parametrize(
    ("app", "error"), [(_limited, TimeoutError), (_waited, TimeoutError), (_cancelled, asyncio.CancelledError)]
)
def test_who_gives_up_to_connect_does_so_again(app: Any, error: Any, fast_forward: bool, path: Path) -> None:
    """By the app's own limit, the library's, or as the task is cancelled; no answer comes in a replay either."""
    with serving(process_request=_late) as running, use_cassette(path, record_mode="once"), pytest.raises(error):
        asyncio.run(app(running.url))
    with use_cassette(path, fast_forward=fast_forward), pytest.raises(error):
        asyncio.run(app(running.url))


def test_who_waits_longer_for_a_connection_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows what would have come."""
    with serving(process_request=_late) as running, use_cassette(path, record_mode="once"):
        with pytest.raises(TimeoutError):
            asyncio.run(_waited(running.url))
    monkeypatch.setattr(tape, "READS_ON", 0.01)
    with pytest.raises(StreamEndedError, match="recorded only up to here"), use_cassette(path):
        asyncio.run(_open(running.url))


# --- an app that closes when it has slept ---


def _app_in_thread(url: str) -> list[Any]:
    heard: list[Any] = []
    with connect(url) as connection:
        listening = threading.Thread(target=lambda: heard.extend(connection))
        listening.start()
        for number in range(5):
            connection.send(f"{number}")
            time.sleep(0.02)
    listening.join()
    return heard


async def _app_in_loop(url: str) -> list[Any]:
    heard: list[Any] = []

    async def listen(connection: Any) -> None:
        async for message in connection:
            heard.append(message)  # noqa: PERF401 - it ends with the connection

    async with connect_in_loop(url) as connection:
        listening = asyncio.create_task(listen(connection))
        for number in range(5):
            await connection.send(f"{number}")
            await asyncio.sleep(0.02)
    await listening
    return heard


APPS: dict[str, Any] = {"threads": _app_in_thread, "asyncio": lambda url: asyncio.run(_app_in_loop(url))}


@pytest.mark.parametrize("pace", [0, 0.01, "recorded"])
@pytest.mark.parametrize("client", APPS)
def test_what_came_before_an_app_closed_comes_though_it_has_skipped_its_sleeps(
    client: str, pace: Any, path: Path
) -> None:
    """A busy thread beside it, of which nobody knows what it does, changes nothing."""
    app, is_over = APPS[client], threading.Event()
    with serving() as running, use_cassette(path, record_mode="once"):
        live = app(running.url)

    def spin() -> None:
        while not is_over.is_set():
            pass

    busy = threading.Thread(target=spin)
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0001)  # the busy thread holds nobody up
    busy.start()
    try:
        for _ in range(3):
            with use_cassette(path, pace=pace, fast_forward=True):
                assert app(running.url) == live == ["0", "1", "2", "3", "4"]
    finally:
        is_over.set()
        busy.join()
        sys.setswitchinterval(before)


@pytest.mark.parametrize("client", ["threads", "asyncio"])
def test_a_media_file_that_is_gone_is_named_as_the_app_closes(client: str, path: Path) -> None:
    """What was due by then can't come."""
    data = base64.b64encode(bytes(range(256)) * 8).decode()
    message = event("input", content=[{"type": "audio", "data": data, "mime_type": "audio/wav"}])

    def speak(connection: Any) -> None:
        connection.send(message)
        list(connection)

    def in_thread(url: str) -> None:
        with connect(url):
            threading.Event().wait(0.1)

    async def in_loop(url: str) -> None:
        async with connect_in_loop(url):
            await asyncio.to_thread(threading.Event().wait, 0.1)

    def app(url: str) -> None:
        in_thread(url) if client == "threads" else asyncio.run(in_loop(url))

    with serving(speak) as running, use_cassette(path, record_mode="once", media_threshold=100):
        app(running.url)
    for file in path.with_name("c.media").iterdir():
        file.unlink()
    with pytest.raises(CassetteFormatError, match="can't be read"), use_cassette(path, pace=60, fast_forward=True):
        app(running.url)


# --- an app that leaves its connection open ---


def test_a_connection_that_outlives_its_event_loop_is_no_error(path: Path) -> None:
    """Its loop has closed before the cassette does, perhaps with somebody who waits for a message."""
    _record(path)
    with use_cassette(path) as cassette:
        asyncio.run(_left_open(_uri(cassette)))
    loop = asyncio.new_event_loop()
    with use_cassette(path):
        waiting = loop.run_until_complete(_left_waiting(_uri(cassette)))
        loop.close()
        waiting.close()  # as the garbage collector does


def test_a_cassette_that_closes_tells_the_event_loop_of_another_thread(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits there for a message is told at once."""
    monkeypatch.setattr(life, "PATIENCE", 0.1)
    _record(path)
    loop = asyncio.new_event_loop()
    turning = threading.Thread(target=loop.run_forever)
    turning.start()
    try:
        with use_cassette(path) as cassette:
            connection = asyncio.run_coroutine_threadsafe(_left_open(_uri(cassette)), loop).result(5)
            waiting = asyncio.run_coroutine_threadsafe(connection.recv(), loop)
        with pytest.raises(StreamEndedError, match="has closed"):
            waiting.result(1)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        turning.join()
        loop.close()


def _record(path: Path) -> None:
    with serving() as running, use_cassette(path, record_mode="once"), connect(running.url) as connection:
        connection.send("one")
        connection.recv()


def _uri(cassette: Any) -> str:
    [exchange] = storage.load(cassette.path).exchanges
    return exchange.request.uri


async def _left_open(url: str) -> Any:
    connection = await connect_in_loop(url, ping_interval=None).__aenter__()
    await connection.send("one")
    assert await connection.recv() == "one"
    return connection


async def _left_waiting(url: str) -> Any:
    connection = await _left_open(url)
    waiting = connection.recv()
    waiting.send(None)  # so that it waits
    return waiting
